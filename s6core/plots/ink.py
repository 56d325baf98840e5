"""What every statistical picture is made of: axes, the theme's inks, interval bars, bands, and frames in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

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


def axes(width: float = 6.6, height: float = 3.9) -> Axes:
    return plt.figure(figsize=(width, height)).add_subplot()


def ink() -> str:
    return mpl.rcParams["text.color"]


def soft() -> str:
    return mpl.rcParams["axes.edgecolor"]


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
