"""Figures over the epochs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from s6core.plots.ink import LABELS, axes, order, require_columns
from s6core.plots.labels import label
from s6core.plots.scales import plain_log
from s6core.style import colours, marker


def plot_curves(
    epochs: pd.DataFrame,
    *,
    metric: str = "test_accuracy",
    variants: Iterable[str] | None = None,
    first: int = 1,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a column of `epochs.csv` over the epochs: the mean of each variant's seeds, a band from lowest to highest.

    `first` leaves out the epochs before it, where the early rise would flatten everything else; `log` takes geometric
    means, on a logarithmic axis.
    """
    require_columns(epochs, "variant", "seed", "epoch", metric)
    ax = ax or axes()
    chosen = order(epochs, variants)
    rows = epochs[epochs["variant"].isin(chosen) & (epochs["epoch"] >= first)]
    palette, middle = colours(chosen), geometric if log else pd.Series.mean
    sns.lineplot(
        rows, x="epoch", y=metric, ax=ax, legend=False, errorbar=("pi", 100), err_kws={"alpha": 0.18, "linewidth": 0},
        estimator=middle, hue="variant", hue_order=chosen, palette=palette,
        style="variant", style_order=chosen, dashes=False, markers={v: marker(v) for v in chosen},
        markersize=5.5, markeredgewidth=0,
    )  # fmt: skip
    for drawn, variant in zip(ax.lines[-len(chosen) :], chosen, strict=True):
        drawn.set_label(variant)  # seaborn names its lines only in a legend of its own
    means = rows.groupby(["variant", "epoch"])[metric].agg(middle)
    ends = [(v, palette[v], float(means[v].index[-1]), float(means[v].iloc[-1])) for v in chosen]
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel=LABELS.get(metric, metric))
    if log:
        ax.set_ylim(rows[metric].min() / 1.06, rows[metric].max() * 1.06)
        plain_log(ax, "y")
    if len(ends) > 1:  # a single line needs no name beside what the page says of it
        label(ax, ends, at=1.02, axis="axes fraction")
    return ax


def geometric(values: pd.Series) -> float:
    """Return the geometric mean of values above zero."""
    return float(np.exp(np.log(values).mean()))
