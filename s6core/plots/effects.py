"""One question's figure: ratios of errors, each run a dot; or, along an axis, the errors themselves."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from s6core import stats
from s6core.plots.ink import axes, bar, ink, require_columns, soft
from s6core.plots.rows import ratios, rows
from s6core.plots.scales import plain_log
from s6core.style import colours, marker

LEAST = 0.005
"""Half an image of 10,000, in per cent: where a run without an error stands on a logarithmic axis."""


def errors(runs: pd.DataFrame, metric: str = "test_accuracy") -> pd.Series:
    """Return each run's errors in per cent, above zero; NaN where it diverged."""
    return (100 - runs[metric]).clip(lower=LEAST)


def plot_effects(
    runs: pd.DataFrame,
    effects: pd.DataFrame,
    *,
    base: str = "reference",
    names: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the ratio of errors of every row of `effects` (see `s6core.stats.effects`) on a logarithmic axis.

    A dot is a run over the base's geometric mean, the larger mark the ratio, the bar its interval; runs that failed are
    crosses at the right edge. Variants without a run keep their line. `names` writes variants otherwise.
    """
    require_columns(runs, "variant", "status", "test_accuracy")
    require_columns(effects, "variant", "ratio", "low", "high", "verdict", "n", "n_failed")
    variants = [base, *effects["variant"]]
    ax = rows([(names or {}).get(v, v) for v in variants], ["", *map(_said, effects.to_dict("records"))], ax=ax)
    own = errors(runs) / centre(runs, base)
    every = [*own[runs["variant"].isin(variants) & learned(runs)], *effects["low"].dropna(), *effects["high"].dropna()]
    words = f"errors, as a multiple of those of {base}\nshaded: within ±15%, too small to matter"
    ratios(ax, min([1 / 1.3, *every]) / 1.08, max([1.3, *every]) * 1.08, words)
    found = effects.set_index("variant")
    for place, (variant, colour) in enumerate(colours(variants).items()):
        mine = runs["variant"] == variant
        each = own[mine & learned(runs)]
        above = place + (0.24 if variant != base else 0.0)
        ax.plot(each, [above] * len(each), "o", color=colour, alpha=0.6, markersize=5, markeredgewidth=0)
        if variant != base:
            _effect(ax, found.loc[variant], variant, place, colour)
    return ax


def _said(row: Mapping[Hashable, Any]) -> str:
    """Return a variant's verdict, or what it lacks."""
    if row["n"] == 0:
        return "not trained yet"
    failed = f"\n{row['n_failed']} of {row['n']} failed" if row["n_failed"] else ""
    return f"{row['verdict']}{failed}"


def _effect(ax: Axes, row: pd.Series, variant: str, place: int, colour: str) -> None:
    """Draw a variant's ratio and interval, and its runs that failed."""
    failed = int(row["n_failed"])
    if np.isfinite(row["ratio"]):
        bar(ax, [row["low"], row["high"]], [place, place], colour)
        ax.plot(row["ratio"], place, marker(variant), color=colour, markersize=9, markeredgecolor=ink(),
                markeredgewidth=0.8)  # fmt: skip
    if failed:
        ax.plot(np.linspace(0.93, 0.985, failed), [place + 0.24] * failed, "x", color=colour, markersize=6,
                markeredgewidth=1.6, transform=ax.get_yaxis_transform())  # fmt: skip


def plot_sweep(
    runs: pd.DataFrame,
    along: Mapping[str, float],
    *,
    words: str,
    base: str = "reference",
    ax: Axes | None = None,
) -> Axes:
    """Draw the errors of variants over a number that each of them has: a dot a run, the geometric mean, its interval.

    `along` gives each variant's place, `words` names the axis. A variant without a run is a mark on the axis. The
    shaded band is ±15% around the base.
    """
    require_columns(runs, "variant", "status", "test_accuracy")
    ax = ax or axes()
    found = errors(runs)
    middle = centre(runs, base)
    means, ends, tint = {}, [], colours(along)
    beside = ax.transData + ScaledTranslation(9 / 72, 0, ax.figure.dpi_scale_trans)  # or the bar hides the runs
    for variant, x in along.items():
        each, colour = found[(runs["variant"] == variant) & learned(runs)], tint[variant]
        if each.empty:
            ax.plot(x, 0.015, marker="|", color=soft(), markersize=12, transform=ax.get_xaxis_transform())
            continue
        interval = stats.mean_interval(np.log(each))
        bar(ax, [x, x], [float(np.exp(interval.low)), float(np.exp(interval.high))], colour)
        ends += np.exp([interval.low, interval.high]).tolist()
        ax.plot([x] * len(each), each, "o", color=colour, alpha=0.55, markersize=4.5, markeredgewidth=0,
                transform=beside)  # fmt: skip
        means[x] = float(np.exp(interval.mean))
        ax.plot(x, means[x], marker(variant), color=colour, markersize=9,
                markeredgecolor=ink(), markeredgewidth=0.8, zorder=4)  # fmt: skip
    places = sorted(means)
    ax.plot(places, [means[x] for x in places], color=soft(), linewidth=1.2, zorder=1)
    if np.isfinite(middle):
        band = middle / stats.EQUIVALENT, middle * stats.EQUIVALENT
        ax.axhspan(*band, color=soft(), alpha=0.16, linewidth=0, zorder=0)
        bounds = [*found[runs["variant"].isin(along) & learned(runs)], *np.array(ends)[np.isfinite(ends)], *band]
        ax.set_ylim(min(bounds) / 1.1, max(bounds) * 1.1)
        plain_log(ax, "y")
    low, high = min(along.values()), max(along.values())
    if low > 0 and high / low >= 5:
        ax.set_xlim(low / 1.25, high * 1.25)
        plain_log(ax, "x")
    elif high > low:
        ax.set_xlim(low - 0.06 * (high - low), high + 0.06 * (high - low))
        if all(float(x).is_integer() for x in along.values()):
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))  # no half layers
    ax.set(xlabel=words, ylabel="test errors (%)")
    return ax


def learned(runs: pd.DataFrame) -> pd.Series:
    """Return which runs have a place on the axis: they finished, and better than by chance."""
    return (runs["status"] == "finished") & ~stats.did_not_learn(runs)


def centre(runs: pd.DataFrame, variant: str) -> float:
    """Return the geometric mean of a variant's errors over the runs that finished, NaN without one."""
    each = errors(runs)[(runs["variant"] == variant) & learned(runs)]
    return float(np.exp(np.log(each).mean())) if len(each) else float("nan")
