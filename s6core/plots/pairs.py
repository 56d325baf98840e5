"""Differences by the first plan, paired seed by seed: for the chapters that still show them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from s6core import stats
from s6core.plots.ink import axes, bar, ink, order, require_columns, soft
from s6core.style import colours


def plot_differences(
    runs: pd.DataFrame,
    *,
    reference: str = "reference",
    metric: str = "test_accuracy",
    variants: Iterable[str] | None = None,
    margin: float = stats.MARGIN,
    family: Iterable[str] = (),
    comparison: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each variant's paired differences from the reference: a dot per seed, the mean, its interval, the margin.

    The drawn variants are judged together with those that `family` names beside them, drawn or not, trained or not. Or
    give `comparison`, a table of `stats.compare` indexed by variant: where the drawn ones are of several families.
    """
    require_columns(runs, "variant", "seed", metric)
    chosen = [v for v in order(runs, variants) if v != reference]
    ax = ax or axes(height=1.3 + 0.55 * len(chosen))
    table = comparison
    if table is None:
        judged, rng = [*chosen, *family], np.random.default_rng(0)
        table = stats.compare(runs, reference=reference, metric=metric, family=judged, margin=margin, rng=rng)
        table = table.set_index("variant")
    drawn = runs[runs["variant"].isin([reference, *chosen])]
    pairs = stats.paired_differences(drawn, reference=reference, metric=metric)
    ax.axvspan(-margin, margin, color=soft(), alpha=0.16, linewidth=0, zorder=0)
    ax.axvline(0, color=soft(), linewidth=1.2, zorder=1)
    for line, (variant, colour) in enumerate(colours([reference, *chosen]).items()):
        if variant == reference:
            continue
        place = line - 1
        each = pairs.loc[pairs["variant"] == variant, "difference"].dropna()
        row = table.loc[variant]
        bar(ax, [row["low"], row["high"]], [place, place], colour)
        ax.plot(each, [place + 0.26] * len(each), "o", color=colour, alpha=0.65, markersize=5, markeredgewidth=0)
        ax.plot(row["difference"], place, "D", color=colour, markersize=8, markeredgecolor=ink(), markeredgewidth=0.8)
        if row["n_diverged"]:
            note = f"{row['n_diverged']} of {row['n'] + row['n_diverged']} diverged"
            ax.annotate(note, (0.02, place), xycoords=("axes fraction", "data"), va="center", size=9, color=colour)
        ax.annotate(
            str(row["verdict"]), (1.02, place), xycoords=("axes fraction", "data"), va="center", size=10, color=ink()
        )
    ax.set_yticks(range(len(chosen)), chosen)
    ax.set_ylim(len(chosen) - 0.5, -0.5)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    scale = _stretch(ax, pairs["difference"].abs().max(), margin)
    ax.set_xlabel(
        f"difference from {reference} (percentage points{scale})\nshaded: within ±{margin:g}, too small to matter"
    )
    return ax


def _stretch(ax: Axes, most: float, margin: float) -> str:
    """Where the largest difference would leave the margin too thin to see, make the axis logarithmic, and say so."""
    linear = 2 * margin
    if not most > 10 * linear:
        return ""
    ax.set_xscale("symlog", linthresh=linear, linscale=0.6)
    steps = (1, 3, 10, 30, 100) if most < 100 * linear else (1, 10, 100, 1000)  # as many as can be read
    ticks = [linear * step for step in steps if linear * step <= 1.5 * most]
    ax.xaxis.set_major_locator(FixedLocator([*(-tick for tick in ticks), 0, *ticks]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.margins(x=0.08)  # or the outermost dot is cut in half
    return f", logarithmic beyond ±{linear:g}"
