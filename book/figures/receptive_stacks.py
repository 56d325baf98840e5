"""Pictures of what one unit sees, of any stack: `receptive-side stack=conv3,conv3s2/conv3,max2`. No net runs here."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle

from experiments.answers.questions import STUDY
from experiments.answers.registry import figure, table
from experiments.answers.sources import Sources
from experiments.answers.topics import planned
from s6core.config import NetConfig
from s6core.layers import Layer, layers, parameters
from s6core.plots.ink import accent, ink, narrow, paper, ramp, soft, warm
from s6core.receptive import Field, fields, receptive_field

LAYER = re.compile(r"(conv|max|avg|gap)(\d*)((?:[spd]\d+)*)")
OPS = {"conv": "conv", "max": "max-pool", "avg": "average-pool", "gap": "global-average"}


def stacks(value: str | list[str]) -> list[str]:
    """Return the stacks of an argument: layers stand between commas, stacks between strokes."""
    text = value if isinstance(value, str) else ",".join(map(str, value))
    return text.split("/")


def rows_of(text: str, size: int) -> list[Layer]:
    """Read a stack of one channel, "conv3p1,max2,conv5s2d2,gap", as the explorer writes it."""
    rows: list[Layer] = []
    for number, word in enumerate(text.split(","), 1):
        match = LAYER.fullmatch(word)
        if not match:
            raise ValueError(f"{word!r}: write conv3s2p1d2, max2, avg2s2 or gap")
        length = rows[-1].output[1] if rows else size
        kernel = length if match[1] == "gap" else int(match[2] or (3 if match[1] == "conv" else 2))
        given = {letter: int(count) for letter, count in re.findall(r"([spd])(\d+)", match[3])}
        stride = given.get("s", 1 if match[1] == "conv" else kernel)
        padding, dilation = given.get("p", 0), given.get("d", 1)
        units = (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        if units < 1:
            raise ValueError(f"{word!r}: does not fit into maps of {length}")
        rows.append(Layer(
            name=f"{match[1]}{number}", op=OPS[match[1]], input=(1, length, length), output=(1, units, units),
            kernel=(kernel,) * 2, stride=(stride,) * 2, padding=(padding,) * 2, dilation=(dilation,) * 2,
        ))  # type: ignore[arg-type]  # fmt: skip
    return rows


def reads(row: Layer, index: int) -> range:
    """Return the units below that a unit reads; those of no map lie in the padding."""
    first = index * row.stride[0] - row.padding[0]
    return range(first, first + row.dilation[0] * (row.kernel[0] - 1) + 1, row.dilation[0])


def read_back(rows: list[Layer], unit: int) -> list[dict[int, int]]:
    """Return for the image and each layer the indices that a unit of the last layer reads, with their paths."""
    levels = [{unit: 1}]
    for row in reversed(rows):
        below: dict[int, int] = {}
        for index, paths in levels[0].items():
            for place in reads(row, index):
                below[place] = below.get(place, 0) + paths
        length = row.input[1]
        if row is not rows[0]:  # beyond the end of a map lies padding, which reads nothing
            levels.insert(0, {k: n for k, n in below.items() if 0 <= k < length})
        else:
            levels.insert(0, below)
    return levels


RISE = 1.6  # pixels from a line of units to the next, if the words beside them need no more
LETTER, LINE = 0.078, 0.19  # inches


@figure
def receptive_side(
    sources: Sources, *, stack: Any, pixels: int = 11, unit: int | None = None, blank: bool = False
) -> Any:
    """Side views of stacks, one above the other: a unit of the last layer, and all that it reads down to the pixels.

    `blank` shows the unit alone: a sheet to draw into.
    """
    views = [rows_of(text, pixels) for text in stacks(stack)]
    edge, inches = max(row.padding[0] for rows in views for row in rows), 3.7 if narrow() else 4.8
    said = [[["pixels"], *(_said(row, seen, blank) for row, seen in zip(v, fields(v), strict=True))] for v in views]
    lines = [line for view in said for level in view for line in level]
    words = LETTER * max(map(len, lines))
    pixel = (inches - words) / (pixels + 3 * edge + 0.4)
    rise = max(RISE, LINE * max(len(level) for view in said for level in view) / pixel)
    highs = [rise * len(rows) + 1.4 for rows in views]
    picture, axes = plt.subplots(
        len(views), 1, figsize=(inches, pixel * sum(highs) + 0.2 * len(views)), squeeze=False, height_ratios=highs,
        gridspec_kw={"hspace": 0.12},
    )  # fmt: skip
    left = -words / pixel - 2 * edge
    for ax, rows, high, view in zip(axes[:, 0], views, highs, said, strict=True):
        _side(ax, rows, pixels, unit, blank, rise)
        for level, (first, *more) in enumerate(view):
            middle = level * rise + 0.8 * LINE / pixel * (len(more) - 1) / 2
            ax.text(left, middle + 0.04, first, va="bottom" if more else "center", size=9.5, color=soft())
            ax.text(left, middle - 0.04, "\n".join(more), va="top", size=9.5, weight="bold", color=ink())
        ax.set(xlim=(left, pixels + edge - 0.4), ylim=(-0.7, high - 0.7), aspect="equal", anchor="W")
        ax.axis("off")
    return picture


def _said(row: Layer, seen: Field, blank: bool) -> list[str]:
    """Return what stands beside a line of units: the layer, then what its units see."""
    strides = seen.stride[0] > 1 and seen.units[0] > 1
    if blank:
        return [_words(row), "sees"]
    return [_words(row), f"sees {seen.size[0]}", *([f"effective stride {seen.stride[0]}"] if strides else [])]


def _side(ax: Axes, rows: list[Layer], pixels: int, unit: int | None, blank: bool, rise: float) -> None:
    seen = fields(rows)
    unit = rows[-1].output[1] // 2 if unit is None else unit
    levels = read_back(rows, unit)
    for level in () if blank else range(len(rows)):
        field, row = seen[level], rows[level]
        for index in levels[level + 1]:
            for below in reads(row, index):
                x = [_place(field, index), _place(seen[level - 1], below) if level else below]
                ax.plot(x, [(level + 1) * rise, level * rise], color=accent(), linewidth=0.9, alpha=0.55, zorder=1)
    for level, length in enumerate([pixels, *(row.output[1] for row in rows)]):
        padding = rows[level].padding[0] if level < len(rows) else 0
        for index in range(-padding, length + padding):
            x = float(index) if level == 0 else _place(seen[level - 1], index)
            outside = not 0 <= index < length
            read = index in levels[level] and not outside and not (blank and level < len(rows))
            colour = warm() if level == len(rows) and index == unit else accent()
            style = {"facecolor": colour if read else paper(), "zorder": 3}
            style |= {"edgecolor": colour if read else soft(), "linewidth": 0.9}
            if outside:
                style |= {"linestyle": (0, (2, 2)), "alpha": 0.7}
            if level == 0:
                ax.add_patch(Rectangle((x - 0.38, -0.38), 0.76, 0.76, **style))
            else:
                ax.add_patch(Circle((x, level * rise), 0.3, **style))


def _place(field: Field, index: int) -> float:
    return float(-field.padding[0] + index * field.stride[0] + (field.size[0] - 1) / 2)


def _words(row: Layer) -> str:
    if row.op == "global-average":
        return "average of all"
    kind = {"conv": "conv", "max-pool": "max-pool", "average-pool": "average"}[row.op]
    words = f"{kind} {row.kernel[0]}×{row.kernel[0]}"
    if row.stride[0] != (1 if row.op == "conv" else row.kernel[0]):
        words += f", stride {row.stride[0]}"
    if row.padding[0]:
        words += f", padding {row.padding[0]}"
    return words + (f", dilation {row.dilation[0]}" if row.dilation[0] > 1 else "")


@figure
def receptive_paths(sources: Sources, *, stack: Any) -> Any:
    """How many paths lead from each pixel to one unit, seen from above; what is not read stays empty."""
    views = [rows_of(text, 64) for text in stacks(stack)]
    maps = []
    for rows in views:
        counts = read_back(rows, 4)[0]
        line = np.array([counts.get(k, 0) for k in range(min(counts), max(counts) + 1)], float)
        maps.append(np.outer(line, line))
    sides = [max(len(paths), 12 if narrow() else 9) for paths in maps]  # a small box still needs room for its words
    inches, size = (3.7, 9) if narrow() else (6.4, 11)
    picture, axes = plt.subplots(
        1, len(maps), figsize=(inches, inches * (max(sides) + 6) / (sum(sides) + 2)), squeeze=False,
        width_ratios=sides, gridspec_kw={"wspace": 0.06},
    )  # fmt: skip
    for ax, rows, paths, side in zip(axes[0], views, maps, sides, strict=True):
        n, read = len(paths), int((paths > 0).sum())
        shown = np.ma.masked_equal(paths / paths.max(), 0)
        ax.imshow(shown, cmap=ramp((accent(), 0.1), (accent(), 1.0)), vmin=0, vmax=1, extent=(0, n, n, 0))
        for k in range(n + 1):
            ax.plot([k, k], [0, n], color=soft(), linewidth=0.35)
            ax.plot([0, n], [k, k], color=soft(), linewidth=0.35)
        rates = ", ".join(str(row.dilation[0]) for row in rows)
        ax.text(n / 2, -0.5, f"dilation\n{rates}", ha="center", va="bottom", size=size, weight="bold")
        ax.text(n / 2, n + 0.5, f"{n} × {n} pixels,\n{read} read", ha="center", va="top", size=size)
        ax.set(xlim=((n - side) / 2 - 0.2, (n + side) / 2 + 0.2), aspect="equal")
        ax.set(ylim=((n + max(sides)) / 2 + 2.8, (n - max(sides)) / 2 - 2.8))
        ax.axis("off")
    return picture


@table
def receptive_stack(sources: Sources, *, stack: Any, pixels: int = 28) -> pd.DataFrame:
    """A stack layer by layer: output, field, effective stride and padding."""
    rows = rows_of(stacks(stack)[0], pixels)
    return _frame([
        {"layer": _words(row), "output": f"{row.output[1]} × {row.output[2]}", "field": seen.size[0],
         "effective stride": seen.stride[0], "effective padding": seen.padding[0]}
        for row, seen in zip(rows, fields(rows), strict=True)
    ])  # fmt: skip


@table
def receptive_border(sources: Sources, **given: Any) -> pd.DataFrame:
    """For each layer of the reference net: how many units look past the image, and how few pixels the poorest sees."""
    lines, rows = [], layers(replace(NetConfig(), **given))
    for row, seen in zip(rows, fields(rows), strict=True):
        if row.op not in ("conv", "max-pool", "global-average"):
            continue
        units = [seen.unit(*place) for place in np.ndindex(*seen.units)]
        seen_pixels = [u.clipped.size[0] * u.clipped.size[1] for u in units]
        lines.append({
            "layer": row.name, "field": seen.size[0], "units": len(units),
            "look past the border": sum(u.clipped != u.unclipped for u in units),
            "pixels seen in the corner": seen_pixels[0], "pixels seen in the middle": max(seen_pixels),
        })  # fmt: skip
    return _frame(lines)


def _frame(lines: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(lines)
    frame.attrs["right"] = ("output",)
    return frame


@table
def border_prediction(sources: Sources, *, variants: list[str]) -> pd.DataFrame:
    """What the engine says about nets of the study: where the border lies, and which blocks stand behind it."""
    lines = []
    for name in variants:
        config = planned(name, STUDY).net
        seen = receptive_field(config)
        behind = [field.name for field in seen.unproductive_layers() if field.name in blocks_of(config)]
        lines.append({
            "net": name,
            "blocks": len(config.channels),
            "its last block sees": seen[blocks_of(config)[-1]].size[0],
            "blocks behind the border": ", ".join(behind) or "none",
            "parameters": parameters(layers(config)),
        })  # fmt: skip
    return pd.DataFrame(lines)


def blocks_of(config: NetConfig) -> list[str]:
    return [f"conv{number}" for number in range(1, len(config.channels) + 1)]
