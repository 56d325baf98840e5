"""Pictures of nets and of images: rows or arrays in, axes out. See `s6core.plots` for pictures of results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from numpy.typing import ArrayLike

from s6core.layers import Layer
from s6core.operations import OPERATIONS
from s6core.plots.ink import accent, axes, narrow, paper, soft, warm
from s6core.receptive import Field, fields

STEP = 1.55  # from one stack of maps to the next; a stack is at most 1 wide
DOWN = 1.42  # the same on a phone, where they stand one above the other


def plot_net(rows: Sequence[Layer], *, image: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """Draw a net: its feature maps to scale, from left to right, and below each what one of its units sees.

    On a phone it is drawn from top to bottom. `image` (H, W) is shown behind the receptive fields; without it only its
    outline is.
    """
    stages = _stages(rows)
    ax = ax or axes(1.3 * len(stages), 0.8 * DOWN * len(stages) if narrow() else 4.0)
    side = max(rows[0].input[1:])
    for place, (words, shape, seen) in enumerate(stages):
        x, y = (1.55, -DOWN * place) if narrow() else (place * STEP, 0.0)
        _maps(ax, x, y, shape, side, accent())
        beside = (y - 0.53, "top") if narrow() else (0.78, "bottom")
        ax.text(x, beside[0], " × ".join(map(str, shape)), ha="center", va=beside[1], size=11)
        _field(ax, *((3.25, y + 0.48) if narrow() else (x, -1.9)), rows[0].input[1:], seen, image, warm())
        if place and narrow():
            ax.text(-0.62, y, f"↓ {words}", va="center", size=10, color=soft(), linespacing=1.2)
        elif place:
            arrow = FancyArrowPatch(
                (x - STEP + 0.66, 0), (x - 0.62, 0), arrowstyle="-|>", mutation_scale=9, color=soft(), linewidth=1.1
            )
            ax.add_patch(arrow)
            ax.text(x - STEP / 2, -0.82, words, ha="center", va="top", size=11, color=soft(), linespacing=1.2)
    heads = ((-0.62, 1.12, "feature maps (channels × height × width)"), (-0.62, -1.78, "what one unit sees"))
    if narrow():
        heads = ((-0.62, 0.68, "feature maps (channels\n× height × width)"), (2.7, 0.68, "what one\nunit sees"))
    for x, y, words in heads:
        ax.text(x, y, words, va="bottom", size=11 if narrow() else 12.5, weight="bold")
    wide, deep = ((-0.7, (len(stages) - 1) * STEP + 0.75), (-3.25, 1.4))
    if narrow():
        wide, deep = (-0.7, 4.05), (-DOWN * (len(stages) - 1) - 0.8, 1.15)
    ax.set(xlim=wide, ylim=deep, aspect="equal")
    ax.axis("off")
    return ax


def plot_mistakes(images: ArrayLike, mistakes: pd.DataFrame, *, columns: int = 8, ax: Axes | None = None) -> Axes:
    """Draw misread images in a grid, dark ink on light paper, each with its label and what it was taken for.

    `images` is (N, H, W), or bytes (N, 3, H, W) in colour, one per row of `mistakes`, which has the columns label,
    predicted, wrong and seeds (`s6core.report.mistakes`): how many of the seeds were wrong.
    """
    pictures = np.asarray(images, float)
    if len(pictures) != len(mistakes):
        raise ValueError(f"images: {len(pictures)} of them, but {len(mistakes)} rows of mistakes")
    columns = min(columns, 4) if narrow() else columns
    lines = -(-len(pictures) // columns)
    ax = ax or axes(0.95 * columns, 1.3 * lines)
    if pictures.ndim == 4:  # colour, which matplotlib wants last and from 0 to 1
        pictures = np.moveaxis(pictures, 1, -1) / 255
    height, width = pictures.shape[1:3]
    for number, (picture, row) in enumerate(zip(pictures, mistakes.to_dict("records"), strict=True)):
        left, top = number % columns * (width + 5), number // columns * (height + 17)
        ax.imshow(picture, cmap="gray_r", extent=(left, left + width, top + height, top), interpolation="nearest")
        ax.add_patch(Rectangle((left, top), width, height, fill=False, color=soft(), linewidth=0.6))
        middle = left + width / 2
        ax.text(middle, top - 1.5, f"{row['label']} read as {row['predicted']}", ha="center", va="bottom", size=8.5)
        often = f"{row['wrong']} of {row['seeds']}"
        ax.text(middle, top + height + 1.2, often, ha="center", va="top", size=8.5 if narrow() else 7.5, color=soft())
    ax.set(xlim=(-2, columns * (width + 5) - 3), ylim=(lines * (height + 17) - 9, -8), aspect="equal")
    ax.axis("off")
    return ax


def _stages(rows: Sequence[Layer]) -> list[tuple[str, tuple[int, ...], Field | None]]:
    """Return the image and then each row that changes a shape or a field, with the words of what leads there."""
    stages: list[tuple[str, tuple[int, ...], Field | None]] = [("", rows[0].input, None)]
    for row, seen in zip(rows, fields(rows), strict=True):
        operation = OPERATIONS[row.op]
        if operation.reach in ("window", "whole"):
            kernel = f" {row.kernel[0]}×{row.kernel[1]}" if operation.reach == "window" else ""
            stages.append((operation.drawn + kernel, row.output, seen))
        else:
            words, shape, before = stages[-1]
            more = f"dropout {row.rate:g}" if row.rate else operation.drawn
            stages[-1] = (f"{words}\n{more}", shape, before)
    return stages


def _maps(ax: Axes, x: float, y: float, shape: tuple[int, ...], side: int, tint: str) -> None:
    """Draw a stack of maps around a point: as large as they are, as many as the logarithm of the channels tells."""
    sheets = 1 + round(np.log2(shape[0]))
    height, width = (max(0.09, 0.8 * n / side) for n in shape[1:])
    for sheet in reversed(range(sheets)):
        shift = 0.042 * (sheet - (sheets - 1) / 2)
        corner = (x - width / 2 + shift, y - height / 2 + shift)
        # the sheet behind must not shine through, so each is drawn on paper of its own
        ax.add_patch(Rectangle(corner, width, height, facecolor=paper(), edgecolor="none"))
        ax.add_patch(Rectangle(corner, width, height, facecolor=tint, alpha=0.28, edgecolor="none"))
        ax.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=tint, linewidth=0.9))


def _field(
    ax: Axes, x: float, top: float, size: tuple[int, ...], seen: Field | None, image: ArrayLike | None, tint: str
) -> None:
    """Draw the image's outline below `top` with the middle unit's field in it, clipped as it is at the border."""
    height, width = size
    scale = 1.0 / max(size)
    left = x - width * scale / 2
    if image is not None:
        extent = (left, left + width * scale, top - height * scale, top)
        ax.imshow(np.asarray(image), cmap="gray_r", extent=extent, interpolation="nearest", zorder=0)
    ax.add_patch(
        Rectangle((left, top - height * scale), width * scale, height * scale, fill=False, color=soft(), linewidth=0.9)
    )
    if seen is None:
        words = f"{height} × {width} pixels"
    else:
        rows, columns = seen.units
        box = seen.unit(rows // 2, columns // 2).clipped
        corner = (left + box.left * scale, top - box.bottom * scale)
        across, down = (box.right - box.left) * scale, (box.bottom - box.top) * scale
        ax.add_patch(Rectangle(corner, across, down, facecolor=tint, alpha=0.35, edgecolor="none"))
        ax.add_patch(Rectangle(corner, across, down, fill=False, edgecolor=tint, linewidth=1.4))
        words = " × ".join(map(str, seen.size))
    ax.text(x, top - height * scale - 0.06, words, ha="center", va="top", size=11 if narrow() else 12)
