"""All questions in one figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from s6core.plots.effects import BAND
from s6core.plots.ink import axes, ink, soft
from s6core.plots.scales import plain_log
from s6core.style import OKABE_ITO

SHADES = {"helps": OKABE_ITO[2], "hurts": OKABE_ITO[3]}


def plot_overview(topics: Mapping[str, pd.DataFrame], *, named: int = 8, ax: Axes | None = None) -> Axes:
    """Draw every effect of every topic (`s6core.stats.effects`, by the topic's name), a line per topic.

    The `named` largest effects that are decided have their names beside them. A variant of which all runs failed has no
    ratio and stands at the right edge.
    """
    shown = {name: table for name, table in topics.items() if (table["n"] + table["n_failed"] > 0).any()}
    ax = ax or axes(height=1.1 + 0.36 * max(len(shown), 1))
    ratios = pd.concat([table["ratio"] for table in shown.values()]).dropna() if shown else pd.Series([1.0])
    low, high = min(1 / 1.3, ratios.min()) / 1.15, max(1.3, ratios.max()) * 1.6
    ax.set_xlim(low, high)
    ax.axvspan(1 / BAND, BAND, color=soft(), alpha=0.16, linewidth=0, zorder=0)
    ax.axvline(1, color=soft(), linewidth=1.2, zorder=1)
    largest = set(_largest(shown, named))
    for place, (topic, table) in enumerate(shown.items()):
        for _, row in table[table["n"] + table["n_failed"] > 0].iterrows():
            x = row["ratio"] if np.isfinite(row["ratio"]) else high / 1.06
            colour = SHADES.get(row["verdict"], soft())
            ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.6, alpha=0.5, zorder=2)
            mark = "D" if np.isfinite(row["ratio"]) else "X"
            ax.plot(x, place, mark, color=colour, markersize=6.5, markeredgewidth=0, alpha=0.9, zorder=3)
            if (topic, row["variant"]) in largest:
                left = x < 1
                ax.annotate(
                    row["variant"], (x, place), xytext=(-8 if left else 8, 0), textcoords="offset points",
                    ha="right" if left else "left", va="center", size=9, color=ink(),
                )  # fmt: skip
    ax.set_yticks(range(len(shown)), list(shown))
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    plain_log(ax, "x")
    ax.set_xlabel("errors, as a multiple of the base's (left: fewer)")
    return ax


def _largest(topics: Mapping[str, pd.DataFrame], most: int) -> list[tuple[str, str]]:
    """Return the decided effects that are farthest from 1, each variant once."""
    found: dict[str, tuple[float, str]] = {}
    for topic, table in topics.items():
        for _, row in table[table["verdict"].isin(["helps", "hurts"])].iterrows():
            size = abs(np.log(row["ratio"])) if np.isfinite(row["ratio"]) else np.inf
            if size > found.get(row["variant"], (0.0, ""))[0]:
                found[row["variant"]] = (size, topic)
    ordered = sorted(found.items(), key=lambda item: -item[1][0])
    return [(topic, variant) for variant, (_, topic) in ordered[:most]]
