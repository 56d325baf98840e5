"""A comparison as a picture: every run of both sides, and the ratio of their errors with its interval."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from s6core.compare import Comparison, Side
from s6core.stats import EQUIVALENT
from s6core.style import colours


def plot_comparison(found: Comparison) -> Axes:
    """Draw both sides' runs above the ratio of their errors. A run that diverged is drawn as one that guesses, 10%."""
    figure, (runs, ratio) = plt.subplots(2, 1, figsize=(6.6, 3.9), height_ratios=(2, 1))
    tint = colours([_variant(found.a), _variant(found.b)])
    for place, one in enumerate((found.a, found.b)):
        _runs(runs, one, 1 - place, tint[_variant(one)])
    runs.set_yticks([1, 0], [_short(found.a.name), _short(found.b.name)])
    runs.set_title(_title(found))
    runs.set_ylim(-0.6, 1.6)
    runs.set_xlabel("test accuracy (%): every run, and their mean")
    runs.xaxis.set_major_locator(MaxNLocator(6))
    runs.grid(axis="y", visible=False)
    _ratio(ratio, found, tint[_variant(found.a)])
    return runs


def _runs(ax: Axes, one: Side, place: float, colour: str) -> None:
    values = np.array([10.0 if math.isnan(value) else value for value in one.accuracies])
    lift = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(1)
    ax.plot(values, place + lift, "o", color=colour, alpha=0.6, markersize=5, markeredgewidth=0)
    if not math.isnan(one.mean):
        ax.plot([one.mean] * 2, [place - 0.32, place + 0.32], color=colour, linewidth=2.5)


def _ratio(ax: Axes, found: Comparison, colour: str) -> None:
    it = found.effect
    ax.axvspan(1 / EQUIVALENT, EQUIVALENT, alpha=0.15, color="gray", linewidth=0)
    ax.axvline(1, color="gray", linewidth=1)
    if not math.isnan(it.ratio):
        ax.plot([it.low, it.high], [0, 0], color=colour, linewidth=2.5)
        ax.plot(it.ratio, 0, "o", color=colour)
        ax.set_xscale("log")
        ends = [1 / EQUIVALENT, EQUIVALENT, it.ratio, *(x for x in (it.low, it.high) if math.isfinite(x) and x > 0)]
        ax.set_xlim(max(min(ends) / 1.1, 1e-3), min(max(ends) * 1.1, 1e3))
        ax.xaxis.set_major_locator(MaxNLocator(6))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticks([])
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("errors of a, times those of b (in the band: too close to matter)")


def _title(found: Comparison) -> str:
    it = found.effect
    if math.isnan(it.ratio):
        return it.verdict
    known = f" ({it.low:.2f}–{it.high:.2f})" if math.isfinite(it.low) else ""
    return f"{it.verdict}: {it.ratio:.2f} times the errors{known}"


def _variant(side: Side) -> str:
    """Return the name that has a colour in every figure: of `ablations/fc` that is `fc`."""
    return side.name.rpartition("/")[2]


def _short(name: str, most: int = 28) -> str:
    return name if len(name) <= most else f"…{name[-most + 1 :]}"
