"""Names beside what they name, moved apart where two would overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from s6core.plots.ink import ink, legend, narrow


def label(ax: Axes, points: Sequence[tuple[str, str, float, float]], *, at: float, axis: str) -> None:
    """Write each point's name (name, colour, x, y) in a column at `at`, moved apart where two would overlap.

    On a phone there is no room for a column: a legend says the names of the axes' lines.
    """
    if narrow():
        if not ax.figure.legends:
            legend(ax)
        return
    ax.margins(y=0.08)
    ordered = sorted(points, key=lambda point: point[3])
    on_paper = ax.yaxis.get_transform().transform  # a logarithmic axis moves names apart as it is drawn
    low, high = on_paper(np.array(ax.get_ylim()))
    heights = ((on_paper(np.array([point[3] for point in ordered])) - low) / (high - low)).tolist()
    for (name, colour, x, y), place in zip(ordered, apart(heights, 0.068), strict=True):
        ax.annotate(
            name, (x, y), xytext=(at, place), textcoords=(axis, "axes fraction"), va="center", color=ink(), size=10,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": colour, "linewidth": 1.0, "shrinkA": 1, "shrinkB": 5, "relpos": (0, 0.5),
            },  # from the left of the name: from its middle the line would run through its neighbours
        )  # fmt: skip


def apart(ys: Sequence[float], gap: float) -> list[float]:
    """Move ascending places just far enough that no two are closer than `gap`; each cluster keeps its centre."""
    clusters: list[list[float]] = []  # each the places that its members would like
    for y in ys:
        clusters.append([y])
        while len(clusters) > 1 and _ends(clusters[-2], gap)[1] + gap > _ends(clusters[-1], gap)[0]:
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    return [_ends(cluster, gap)[0] + i * gap for cluster in clusters for i in range(len(cluster))]


def _ends(cluster: Sequence[float], gap: float) -> tuple[float, float]:
    centre, half = sum(cluster) / len(cluster), gap * (len(cluster) - 1) / 2
    return centre - half, centre + half
