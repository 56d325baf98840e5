"""What stands in the place of a live component where no script runs: a still that carries the page's point.

They are as wide as a phone's column, for a component has no second, narrower picture.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from scipy.special import softmax

from experiments.answers.registry import figure
from experiments.answers.sources import REFERENCE, Sources
from figures.head import HEADS, arrays
from figures.noise import STUDY, figures_of
from figures.receptive_digits import accent, draw_box, draw_digit, ink, soft, warm
from figures.receptive_digits import arrays as receptive
from figures.receptive_digits import reference as field
from s6core.style import colour

WIDTH = 3.7  # inches
SMALL = 8.5  # points: 11 pixels where the picture fills a phone's column
CELL_ROWS, CELL_COLUMNS = (2, 6), (2, 6, 9)  # of the six cells that <be-the-cell> would ask about
LEAD, TRIES = 0.1, 10  # points that win in <luck-machine>, and how often A may try there


def draw_shares(ax: Axes, scores: Any, tone: str, title: str) -> None:
    """Draw the share of each class as a bar, the winner's with its number."""
    part = softmax(scores)
    best = int(part.argmax())
    ax.barh(range(10), part, color=[tone if c == best else soft() for c in range(10)], height=0.72)
    ax.set_title(f"{title} {best} ({100 * part[best]:.1f}%)", size=10, color=tone)
    ax.set(xlim=(0, 1), ylim=(9.6, -0.6), xticks=[])
    ax.set_yticks(range(10), [str(c) for c in range(10)], size=SMALL)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.grid(False)


def draw_votes(ax: Axes, found: Any, tone: str, title: str) -> None:
    """Write each cell's vote at its place, those for the winner in the tone of the head."""
    votes, best = found.argmax(0), int(found.sum((1, 2)).argmax())
    for i, j in np.ndindex(votes.shape):
        agrees = votes[i, j] == best
        ax.text(
            j, i, str(votes[i, j]), ha="center", va="center", size=SMALL, in_layout=False,
            color=tone if agrees else soft(), weight="bold" if agrees else "normal",
        )  # fmt: skip
    ax.set(xlim=(-0.7, 11.7), ylim=(11.7, -0.7), aspect="equal", xticks=[], yticks=[])
    ax.set_title(f"{title}: {int((votes == best).sum())} of 144 say {best}", size=9.5, color=tone)
    ax.spines[:].set_visible(True)
    ax.grid(False)


@figure
def still_read(sources: Sources) -> Any:
    """A test digit, and what the reference net reads."""
    stored = arrays(sources)
    picture, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.1))
    draw_digit(left, stored["digits"][0])
    scores = stored["reference"][0].astype(float).sum((1, 2)) + stored["reference-bias"]
    draw_shares(right, scores, colour(REFERENCE), "The net reads")
    return picture


@figure
def still_draw(sources: Sources) -> Any:
    """A test digit, the answers of both heads, and the votes of the cells of each."""
    stored = arrays(sources)
    picture, axes = plt.subplot_mosaic(
        [["digit", "digit"], ["reference", "fc"], ["reference-votes", "fc-votes"]], figsize=(WIDTH, 5.6)
    )
    draw_digit(axes["digit"], stored["digits"][0])
    for head, name in HEADS.items():
        found, bias = stored[head][0].astype(float), stored[f"{head}-bias"].astype(float)
        draw_shares(axes[head], found.sum((1, 2)) + bias, colour(head), f"{name} reads")
        draw_votes(axes[f"{head}-votes"], found + bias[:, None, None] / found[0].size, colour(head), name)
    return picture


@figure
def still_push(sources: Sources) -> Any:
    """Accuracy of both heads on digits that are moved, and on digits that are turned."""
    moved = sources.table("evidence/shifts.csv").rename(columns={"pixels": "by"})
    turned = sources.table("live/pushes.csv").query("way == 'turned'")
    picture, axes = plt.subplots(2, 1, figsize=(WIDTH, 4.6))
    for ax, table, words in zip(axes, (moved, turned), ("moved by pixels", "turned by degrees"), strict=True):
        for head, name in HEADS.items():
            line = table[table["variant"] == head].groupby("by")["accuracy"].mean()
            ax.plot(line.index, line, color=colour(head), linestyle="-" if name == "GAP" else "--")
            end = line.index[-1]
            ax.annotate(f" {name}", (end, line.loc[end]), color=colour(head), weight="bold", va="center", size=10)
        ax.set(xlabel=words, ylabel="read rightly (%)", ylim=(0, 102))
        ax.margins(x=0.02)
    return picture


@figure
def still_cell(sources: Sources, *, digit: int = 4) -> Any:
    """What six cells see and vote, and the whole digit with what all cells say together."""
    stored, seen = receptive(sources), field("norm-logits")
    pixels, maps = stored["examples"][digit], stored["maps"][digit].astype(float)
    cells = list(product(CELL_ROWS, CELL_COLUMNS))
    names = [f"cell{n}" for n in range(len(cells))]
    picture, axes = plt.subplot_mosaic(
        [names[:3], names[3:], ["whole", "whole", "answer"]], figsize=(WIDTH, 4.6), height_ratios=[1, 1, 1.5]
    )
    draw_digit(axes["whole"], pixels)
    for name, (i, j) in zip(names, cells, strict=True):
        box = seen.unit(i, j).clipped
        draw_digit(axes[name], pixels[box.slices])
        axes[name].set_title(f"votes {int(maps[:, i, j].argmax())}", size=9.5, loc="center", pad=3)
        draw_box(axes["whole"], box, warm(), linewidth=1.1)
    axes["whole"].set_title("where they look", size=9.5, loc="center", pad=3)
    draw_shares(axes["answer"], maps.mean((1, 2)), accent(), "all 144:")
    return picture


def leads(pool: Any, tries: int) -> tuple[Any, Any]:
    """Return every lead that A can have over B, and how likely each is, if A reports the best of some tries."""
    ordered = np.sort(pool)
    steps = np.arange(len(ordered) + 1) / len(ordered)
    best = np.diff(steps**tries)  # how likely the best of the tries is the k-th of the runs
    return np.subtract.outer(ordered, ordered).ravel(), np.repeat(best / len(ordered), len(ordered))


@figure
def still_luck(sources: Sources) -> Any:
    """How often one and the same net "wins" against itself: once tried, and with the best of ten tries."""
    pool = figures_of(sources, STUDY).to_numpy()
    picture, axes = plt.subplots(2, 1, figsize=(WIDTH, 4.4), sharex=True)
    for ax, tries in zip(axes, (1, TRIES), strict=True):
        lead, weight = leads(pool, tries)
        edges = np.arange(-0.305, 0.31, 0.01)
        height, _ = np.histogram(lead.clip(-0.3, 0.3), edges, weights=100 * weight)
        middle = (edges[1:] + edges[:-1]) / 2
        ax.bar(middle, height, 0.009, color=[accent() if abs(m) >= LEAD - 1e-9 else soft() for m in middle])
        wins = 100 * weight[lead >= LEAD - 1e-9].sum()
        words = "One try" if tries == 1 else f"The best of {tries} tries"
        ax.set_title(f"{words}: A “wins” {wins:.0f}%", size=10)
        ax.set_ylabel("contests (%)", size=9.5)
    axes[1].set_xlabel("lead of A over B (points)", color=ink())
    return picture
