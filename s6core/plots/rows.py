"""Many things compared: a line for each, with its name, its interval, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from s6core import stats
from s6core.plots.ink import axes, ink, narrow, soft
from s6core.plots.scales import plain_log

ROOM = 16  # letters beside a phone's axis; longer names stand above their lines


def rows(names: Sequence[str], said: Sequence[str] = (), *, step: float = 0.5, ax: Axes | None = None) -> Axes:
    """Return axes with a line for each name, at 0, 1, 2 … from the top, and what is `said` of it at its right end.

    `step` is the height of a line in inches. On a phone names and words stand above their lines where they are long.
    """
    above = narrow() and max(map(len, names), default=0) + max(map(len, said), default=0) > ROOM
    step = max(step, 0.55) if above else step
    ax = ax or axes(height=1.25 + step * max(len(names), 1))
    ax.set_yticks(range(len(names)), [""] * len(names) if above else names)
    ax.set_ylim(len(names) - 0.45, -0.72 if above else -0.55)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    along = ax.get_yaxis_transform()
    for place, name in enumerate(names if above else ()):
        ax.text(0, place - 0.3, name, transform=along, va="bottom", size=10, zorder=5)
    for place, words in enumerate(said):
        if above:
            ax.text(1, place - 0.3, words.replace("\n", ", "), transform=along, ha="right", va="bottom", size=10)
        else:
            ax.annotate(words, (1.02, place), xycoords=along, va="center", size=10, color=ink())
    return ax


def ratios(ax: Axes, low: float, high: float, words: str) -> None:
    """Make the x axis one of ratios, with 1 and the band around it in which a difference is too small to matter."""
    ax.set_xlim(low, high)
    ax.axvspan(1 / stats.EQUIVALENT, stats.EQUIVALENT, color=soft(), alpha=0.16, linewidth=0, zorder=0)
    ax.axvline(1, color=soft(), linewidth=1.2, zorder=1)
    plain_log(ax, "x")
    ax.set_xlabel(words)
