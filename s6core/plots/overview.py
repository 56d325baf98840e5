"""All questions in one figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from s6core.plots.ink import ink, narrow, soft
from s6core.plots.rows import ratios, rows
from s6core.style import OKABE_ITO

DECIDED = {"helps": OKABE_ITO[2], "hurts": OKABE_ITO[3]}
"""The verdicts that say a direction, and their colours."""


def plot_overview(topics: Mapping[str, pd.DataFrame], *, named: int = 8, ax: Axes | None = None) -> Axes:
    """Draw every effect of every topic (`s6core.stats.effects`, by the topic's name), a line per topic.

    The topic with the largest decided effect comes first, those that decide nothing last. The `named` largest decided
    effects have their names above them, one each way in a line; on a phone they stand at its right end. A variant of
    which all runs failed has no ratio and stands at the right edge.
    """
    shown = {name: table for name, table in topics.items() if (table["n"] > 0).any()}
    shown = dict(sorted(shown.items(), key=lambda item: _size(item[1]), reverse=True))
    names = _largest(shown, named)
    beside = [", ".join(names.get(topic, ())) for topic in shown] if narrow() else ()
    ax = rows(list(shown), beside, step=0.42, ax=ax)
    every = pd.concat([table["ratio"] for table in shown.values()]).dropna() if shown else pd.Series([1.0])
    low, high = min(1 / 1.3, every.min()) / 1.4, max(1.3, every.max()) * 1.6
    ratios(ax, low, high, "errors, as a multiple of the base's (left: fewer)")
    for place, (topic, table) in enumerate(shown.items()):
        for _, row in table[table["n"] > 0].iterrows():
            x = row["ratio"] if np.isfinite(row["ratio"]) else high / 1.06
            colour = DECIDED.get(row["verdict"], soft())
            ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.6, alpha=0.5, zorder=2)
            mark = "D" if np.isfinite(row["ratio"]) else "X"
            ax.plot(x, place, mark, color=colour, markersize=6.5, markeredgewidth=0, alpha=0.9, zorder=3)
            if not narrow() and row["variant"] in names.get(topic, ()):
                ax.annotate(
                    row["variant"], (x, place), xytext=(0, 5), textcoords="offset points", ha="center", va="bottom",
                    size=9, color=ink(),
                )  # fmt: skip
    return ax


def _size(table: pd.DataFrame) -> tuple[float, float]:
    """Return how far from 1 a topic's effects are at most, first the decided ones alone, then all; failures are inf."""
    trained = table[table["n"] > 0]
    sizes = np.log(trained["ratio"]).abs().fillna(np.inf)
    decided = sizes[trained["verdict"].isin(DECIDED)]
    return decided.max() if len(decided) else 0.0, sizes.max()


def _largest(topics: Mapping[str, pd.DataFrame], most: int) -> dict[str, list[str]]:
    """Return the decided effects farthest from 1, by topic: each variant once, no two on one side of a line.

    A phone has room for one in a line.
    """
    found = []
    for topic, table in topics.items():
        for _, row in table[table["verdict"].isin(DECIDED)].iterrows():
            size = abs(np.log(row["ratio"])) if np.isfinite(row["ratio"]) else np.inf
            found.append((size, topic, row["variant"], row["verdict"]))
    named: dict[str, list[str]] = {}
    sides: set[tuple[str, str]] = set()
    for _, topic, variant, verdict in sorted(found, key=lambda one: -one[0]):
        side = (topic, "" if narrow() else verdict)
        if side in sides or any(variant in names for names in named.values()) or len(sides) == most:
            continue
        sides.add(side)
        named.setdefault(topic, []).append(variant)
    return named
