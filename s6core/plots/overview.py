"""All questions in one figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from s6core import stats
from s6core.plots.ink import axes, ink, soft
from s6core.plots.scales import plain_log
from s6core.style import OKABE_ITO

SHADES = {"helps": OKABE_ITO[2], "hurts": OKABE_ITO[3]}


def plot_overview(topics: Mapping[str, pd.DataFrame], *, named: int = 8, ax: Axes | None = None) -> Axes:
    """Draw every effect of every topic (`s6core.stats.effects`, by the topic's name), a line per topic.

    The `named` largest effects that are decided have their names above them, one each way in a line. A variant of
    which all runs failed has no ratio and stands at the right edge.
    """
    shown = {name: table for name, table in topics.items() if (table["n"] > 0).any()}
    ax = ax or axes(height=1.1 + 0.42 * max(len(shown), 1))
    ratios = pd.concat([table["ratio"] for table in shown.values()]).dropna() if shown else pd.Series([1.0])
    low, high = min(1 / 1.3, ratios.min()) / 1.4, max(1.3, ratios.max()) * 1.6
    ax.set_xlim(low, high)
    ax.axvspan(1 / stats.EQUIVALENT, stats.EQUIVALENT, color=soft(), alpha=0.16, linewidth=0, zorder=0)
    ax.axvline(1, color=soft(), linewidth=1.2, zorder=1)
    names = _largest(shown, named)
    for place, (topic, table) in enumerate(shown.items()):
        for _, row in table[table["n"] > 0].iterrows():
            x = row["ratio"] if np.isfinite(row["ratio"]) else high / 1.06
            colour = SHADES.get(row["verdict"], soft())
            ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.6, alpha=0.5, zorder=2)
            mark = "D" if np.isfinite(row["ratio"]) else "X"
            ax.plot(x, place, mark, color=colour, markersize=6.5, markeredgewidth=0, alpha=0.9, zorder=3)
            if row["variant"] in names.get(topic, ()):
                ax.annotate(
                    row["variant"], (x, place), xytext=(0, 5), textcoords="offset points", ha="center", va="bottom",
                    size=9, color=ink(),
                )  # fmt: skip
    ax.set_yticks(range(len(shown)), list(shown))
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    plain_log(ax, "x")
    ax.set_xlabel("errors, as a multiple of the base's (left: fewer)")
    return ax


def _largest(topics: Mapping[str, pd.DataFrame], most: int) -> dict[str, list[str]]:
    """Return the decided effects farthest from 1, by topic: each variant once, no two on one side of a line."""
    found = []
    for topic, table in topics.items():
        for _, row in table[table["verdict"].isin(["helps", "hurts"])].iterrows():
            size = abs(np.log(row["ratio"])) if np.isfinite(row["ratio"]) else np.inf
            found.append((size, topic, row["variant"], row["verdict"]))
    named: dict[str, list[str]] = {}
    sides: set[tuple[str, str]] = set()
    for _, topic, variant, verdict in sorted(found, key=lambda one: -one[0]):
        if (topic, verdict) in sides or any(variant in names for names in named.values()) or len(sides) == most:
            continue
        sides.add((topic, verdict))
        named.setdefault(topic, []).append(variant)
    return named
