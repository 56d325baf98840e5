"""Logarithmic axes with plain numbers: errors, ratios of errors, learning rates, numbers of images."""

from __future__ import annotations

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from s6core.plots.ink import narrow

STEPS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8))


def plain_log(ax: Axes, which: Literal["x", "y"], *, most: int | None = None) -> None:
    """Make an axis logarithmic over its present limits, with at most `most` round numbers written out.

    Without `most` as many as there is room for.
    """
    most = most or (4 if which == "x" and narrow() else 7)
    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = axis.get_view_interval()
    if not 0 < low < high:
        raise ValueError(f"a logarithmic axis needs limits above 0, not {low:g} to {high:g}")
    getattr(ax, f"set_{which}scale")("log")
    getattr(ax, f"set_{which}lim")(low, high)
    axis.set_major_locator(FixedLocator(round_ticks(low, high, most)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Return the round numbers from `low` to `high`: at most `most`, but all powers of ten."""
    found: list[float] = []
    for steps in STEPS:
        ticks = [float(f"{step}e{power}") for power in range(-6, 9) for step in steps]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) > most and found:
            break
        found = inside
    return found
