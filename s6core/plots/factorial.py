"""Two factors at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from s6core import stats
from s6core.plots.ink import LABELS, axes, bar, legend, require_columns, spread
from s6core.style import colours, marker


def plot_interaction(
    runs: pd.DataFrame,
    *,
    x: str,
    hue: str,
    metric: str = "test_accuracy",
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a factorial: one line per level of `hue` over the levels of `x`, its means with 95% intervals, its seeds.

    `runs` has one row per run with the factors as columns; categories give the levels' order. Parallel lines mean that
    the two factors do not interact. `log` takes means and intervals of the logarithms, on a logarithmic axis, where
    parallel lines mean that the one multiplies the metric alike at every level of the other.
    """
    require_columns(runs, x, hue, "seed", metric)
    ax = ax or axes()
    levels, groups = _levels(runs[x]), _levels(runs[hue])
    to, back = (np.log, np.exp) if log else (np.asarray, np.asarray)
    for shift, (level, colour) in zip(spread(len(groups), 0.07), colours(map(str, groups)).items(), strict=True):
        rows = runs[runs[hue].astype(str) == level].dropna(subset=[metric])
        by = rows.groupby(x, sort=False, observed=True)[metric]
        cells = {levels.index(v): (values, stats.mean_interval(to(values))) for v, values in by}
        for place, (values, interval) in cells.items():
            bar(ax, [place + shift] * 2, [float(back(interval.low)), float(back(interval.high))], colour)
            beside = [place + shift + np.copysign(0.05, shift)] * len(values)
            ax.plot(beside, values, "o", color=colour, markersize=4, markeredgewidth=0, alpha=0.55)
        places = sorted(cells)
        means = [float(back(cells[place][1].mean)) for place in places]
        label = f"{hue} = {level}"
        ax.plot(np.add(places, shift), means, marker=marker(level), color=colour, markersize=7, label=label)
    if log:
        ax.set_yscale("log")
    ax.set_xticks(range(len(levels)), [str(v) for v in levels])
    ax.set_xlim(-0.4, len(levels) - 0.6)
    ax.set(xlabel=x, ylabel=LABELS.get(metric, metric))
    if not ax.figure.legends:  # a phone's panels share one
        legend(ax)
    return ax


def _levels(column: pd.Series) -> list[object]:
    return list(column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else dict.fromkeys(column))
