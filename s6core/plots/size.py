"""Accuracy against the number of parameters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from s6core import stats
from s6core.plots.ink import LABELS, axes, bar, order, require_columns, soft, spread
from s6core.plots.labels import label
from s6core.style import colours, marker


def plot_accuracy_parameters(
    runs: pd.DataFrame,
    *,
    metric: str = "test_accuracy",
    variants: Iterable[str] | None = None,
    target: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each variant's accuracy against its parameters: a dot per seed, the mean, and its 95% interval.

    `target` draws the accuracy that was asked for as a line.
    """
    require_columns(runs, "variant", "seed", "parameters", metric)
    ax = ax or axes()
    chosen = order(runs, variants)
    summary = stats.summary(runs[runs["variant"].isin(chosen)], metric=metric).set_index("variant")
    counts = runs.groupby("variant")["parameters"].first()[chosen]
    tint = colours(chosen)
    groups = []
    for group in _neighbours(counts):
        labels = []
        for variant, shift in zip(group, spread(len(group), 0.011 * (len(group) - 1)), strict=True):
            x, row = counts[variant] * 10**shift, summary.loc[variant]
            each = runs.loc[(runs["variant"] == variant) & runs[metric].notna(), metric]
            # no accuracy lies beyond 0 or 100%: Student's t does not know that
            bar(ax, [x, x], np.clip([row["low"], row["high"]], 0, 100).tolist(), tint[variant])
            beside = [x * 10**-0.007] * len(each)
            ax.plot(beside, each, "o", color=tint[variant], markersize=4.5, markeredgewidth=0, alpha=0.55)
            ax.plot(x, row["mean"], marker(variant), color=tint[variant], markersize=9, label=variant)
            labels.append((variant, tint[variant], x, row["mean"]))
        groups.append((labels, counts[group].max() * 10 ** (0.011 * len(group) + 0.02)))
    for labels, at in groups:
        label(ax, labels, at=at, axis="data")
    if target is not None:
        ax.axhline(target, color=soft(), linestyle=(0, (4, 3)), linewidth=1.2, zorder=1)
        ax.annotate(
            f"{target:.2f}%", (1, target), xycoords=("axes fraction", "data"), xytext=(0, 3),
            textcoords="offset points", ha="right", va="bottom", color=soft(), size=9,
        )  # fmt: skip
    _parameter_axis(ax, counts)
    ax.set(xlabel="parameters", ylabel=LABELS.get(metric, metric))
    return ax


def _neighbours(counts: pd.Series) -> list[list[str]]:
    """Return the variants in groups whose parameter counts are too close to be drawn side by side as they are."""
    groups: list[list[str]] = []
    for variant, count in counts.sort_values(kind="stable").items():
        if groups and count <= 1.05 * counts[groups[-1][-1]]:
            groups[-1].append(str(variant))
        else:
            groups.append([str(variant)])
    return groups


def _parameter_axis(ax: Axes, counts: pd.Series) -> None:
    """Make a logarithmic axis with plain, round numbers."""
    ax.set_xscale("log")
    low, high = counts.min() / 1.3, counts.max() * 1.7
    ax.set_xlim(low, high)
    steps = (1, 2, 5) if high / low > 8 else (1, 1.5, 2, 3, 4, 5, 7)
    ticks = [step * 10**power for power in range(1, 9) for step in steps]
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
