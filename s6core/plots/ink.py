"""What every picture is made of: panels for a wide screen or a phone, the theme's inks, bars, and frames in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from s6core.style import ACCENT, INCHES, INK, PAPER, WARM

LABELS = {
    "test_accuracy": "test accuracy (%)",
    "train_accuracy": "training accuracy (%)",
    "validation_accuracy": "validation accuracy (%)",
    "test_error": "test errors (%)",
    "test_loss": "test loss (nats)",
    "train_loss": "training loss (nats)",
    "validation_loss": "validation loss (nats)",
    "lr": "learning rate",
    "parameters": "parameters",
    "seconds": "seconds",
}


def narrow() -> bool:
    """Return whether the picture is for a phone, as `s6core.style.style` was told."""
    return bool(mpl.rcParams["figure.figsize"][0] <= INCHES["narrow"])


def axes(width: float = INCHES["wide"], height: float = 3.9) -> Axes:
    """Return one panel of a size in inches; on a phone it is as wide as that."""
    return panels(1, high=height, width=width)[0]


def panels(
    count: int,
    *,
    across: tuple[int, int] = (1, 1),
    high: float | tuple[float, float],
    width: float = INCHES["wide"],
    **options: Any,
) -> list[Axes]:
    """Return `count` panels in reading order; `options` go to `plt.subplots`.

    `across` says how many stand side by side, and `high` how many inches a row of them is high, each for a wide screen
    and for a phone.
    """
    columns = across[narrow()]
    rows = -(-count // columns)
    each = high if isinstance(high, float | int) else high[narrow()]
    size = (INCHES["narrow"] if narrow() else width, rows * each)
    found = list(plt.subplots(rows, columns, figsize=size, squeeze=False, **options)[1].flat)
    for spare in found[count:]:
        spare.remove()
    return found[:count]


def legend(ax: Axes, *, above: bool = False, **options: Any) -> None:
    """Say what the lines of `ax` are: where `options` of `Axes.legend` put it; on a phone `above` the whole figure."""
    handles, names = ax.get_legend_handles_labels()
    if narrow() or above:
        columns = len(names) if not narrow() else 2 if max(map(len, names), default=0) <= 17 else 1
        picture: Any = ax.figure
        picture.set_figheight(picture.get_figheight() + 0.2 * -(-len(names) // columns))
        picture.legend(handles, names, loc="outside upper left", ncols=columns, columnspacing=1.4, borderpad=0)
    else:
        ax.legend(**options)


def ink() -> str:
    return str(mpl.rcParams["text.color"])


def soft() -> str:
    return str(mpl.rcParams["axes.edgecolor"])


def accent() -> str:
    return ACCENT[_theme()]


def warm() -> str:
    return WARM[_theme()]


def paper() -> str:
    """Return the page's colour: the figure itself has none."""
    return PAPER[_theme()]


def ramp(*stops: tuple[str, float]) -> Any:
    """Return a colour map between colours with their opacities: the page shows through."""
    return mpl.colors.LinearSegmentedColormap.from_list("ramp", [mpl.colors.to_rgba(*stop) for stop in stops])


def _theme() -> str:
    return "dark" if ink() == INK["dark"] else "light"


def bar(ax: Axes, xs: Sequence[float], ys: Sequence[float], colour: str) -> None:
    if np.isfinite([*xs, *ys]).all():  # one seed has no interval, and none is drawn
        ax.plot(xs, ys, color=colour, linewidth=2.4, solid_capstyle="round", zorder=2)


def spread(n: int, width: float = 0.12) -> np.ndarray:
    return np.linspace(-width, width, n) if n > 1 else np.zeros(n)


def order(frame: pd.DataFrame, variants: Iterable[str] | None) -> list[str]:
    known = list(dict.fromkeys(frame["variant"]))
    chosen = known if variants is None else list(variants)
    for variant in chosen:
        if variant not in known:
            raise ValueError(f"variant {variant!r} is not in the frame: it holds {', '.join(map(str, known))}")
    return chosen


def require_columns(frame: pd.DataFrame, *names: str) -> None:
    if missing := [name for name in names if name not in frame]:
        raise ValueError(f"missing column {', '.join(missing)}: the frame has {', '.join(map(str, frame.columns))}")
