"""What the cells of the trained reference net see and say, from results/receptive/ (see `s6 measure receptive`)."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from experiments.answers.registry import figure, table
from experiments.answers.sources import Sources
from s6core.config import NetConfig
from s6core.layers import layers
from s6core.plots.ink import accent, axes, ink, legend, narrow, panels, paper, ramp, soft, warm
from s6core.receptive import Box, Field, fields
from s6core.style import OKABE_ITO

SIDE = 28


def arrays(sources: Sources) -> Any:
    path = sources.folder / "receptive" / "digits.npz"
    sources.used.add(path)
    if not path.is_file():
        raise KeyError("results/receptive/digits.npz is missing: `s6 measure receptive` makes it")
    return np.load(path)


def reference(name: str) -> Field:
    return next(field for field in fields(layers(NetConfig())) if field.name == name)


def draw_digit(ax: Axes, pixels: Any, strength: float = 1.0) -> None:
    """Draw a digit in the page's ink, on the page's paper, with pixel i between i and i + 1."""
    height, width = pixels.shape
    extent = (0, width, height, 0)
    ax.imshow(
        pixels, cmap=ramp((ink(), 0.0), (ink(), strength)), vmin=0, vmax=255, extent=extent, interpolation="nearest"
    )
    ax.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor=soft(), linewidth=0.8))
    ax.set(xlim=(-0.4, width + 0.4), ylim=(height + 0.4, -0.4), aspect="equal")
    ax.axis("off")


def draw_box(ax: Axes, box: Box, colour: str, *, fill: float = 0.0, **style: Any) -> None:
    corner, (height, width) = (box.left, box.top), box.size
    if fill:
        ax.add_patch(Rectangle(corner, width, height, facecolor=colour, alpha=fill, edgecolor="none"))
    ax.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=colour, **{"linewidth": 1.8, **style}))


def _on_edge(box: Box, x: float, y: float) -> bool:
    on_side = min(abs(x - box.left), abs(x - box.right)) < 1 and box.top - 1 < y < box.bottom + 1
    return on_side or (min(abs(y - box.top), abs(y - box.bottom)) < 1 and box.left - 1 < x < box.right + 1)


def centre(seen: Field, i: int) -> float:
    """Return the middle of unit i's field, on an axis where pixel p lies between p and p + 1."""
    return float(-seen.padding[0] + i * seen.stride[0] + seen.size[0] / 2)


@figure
def receptive_border_units(sources: Sources, *, layer: str = "conv4", digit: int = 4) -> Any:
    """A unit in the corner, one at the edge, one in the middle: what the formula gives, and what is really there."""
    pixels, seen = arrays(sources)["examples"][digit], reference(layer)
    last = seen.units[0] - 1
    places = panels(3, across=(3, 3), high=(2.7, 1.85), width=6.8)
    past = int(seen.padding[0])
    for ax, unit in zip(places, ((0, 0), (last // 2, last), (last // 2, last // 2)), strict=True):
        draw_digit(ax, pixels, 0.85)
        found = seen.unit(*unit)
        draw_box(ax, found.unclipped, warm(), linestyle=(0, (3, 2)), linewidth=1.2)
        draw_box(ax, found.clipped, accent(), fill=0.3)
        height, width = found.clipped.size
        ax.set_title(f"unit ({unit[0]}, {unit[1]})", size=10)
        words = f"sees {height} × {width}{chr(10) if narrow() else ' '}= {height * width}"
        ax.text(SIDE / 2, SIDE + past + 1, words, ha="center", va="top", size=10)
        ax.set(xlim=(-past - 0.6, SIDE + past + 0.6), ylim=(SIDE + past + 0.6, -past - 0.6))
    return places[0]


@figure
def receptive_votes(sources: Sources, *, digits: list[int] | None = None) -> Any:
    """Each cell's own answer, written where it looks, over the digit; the right ones in the stronger colour."""
    stored, lines = arrays(sources), sources.table("receptive/examples.csv")
    seen, chosen = reference("norm-logits"), digits or [0, 4, 9]
    places = panels(len(chosen), across=(len(chosen), 1), high=(3.0, 3.3), width=2.6 * len(chosen))
    for ax, number in zip(places, chosen, strict=True):
        label, answers = int(lines["label"][number]), stored["maps"][number].argmax(0)
        draw_digit(ax, stored["examples"][number], 0.22)
        for i, j in np.ndindex(answers.shape):
            right = answers[i, j] == label
            ax.text(
                centre(seen, j), centre(seen, i), str(answers[i, j]), ha="center", va="center_baseline", size=9,
                color=accent() if right else warm(), weight="bold" if right else "normal", alpha=1 if right else 0.85,
                in_layout=False,  # hundreds of texts to lay out would take seconds
            )  # fmt: skip
        read = int(lines["read"][number])
        words = f"a {label}, read as {read}" if read != label else f"a {label}, read as such"
        ax.set_title(f"{words}\n{int((answers == label).sum())} of {answers.size} say {label}", size=10.5)
    return places[0]


@figure
def receptive_evidence(sources: Sources, *, digit: int = 4) -> Any:
    """The ten maps of one digit: where each class finds what speaks for it, against the mean of all ten classes."""
    stored, lines = arrays(sources), sources.table("receptive/examples.csv")
    pixels, maps = stored["examples"][digit], stored["maps"][digit].astype(float)
    evidence = maps - maps.mean(0)
    seen, label = reference("norm-logits"), int(lines["label"][digit])
    most = np.abs(evidence).max()
    colours = ramp((warm(), 0.95), (warm(), 0.0), (accent(), 0.0), (accent(), 0.95))
    low = centre(seen, 0) - 1
    extent = (low, low + 2 * maps.shape[2], low + 2 * maps.shape[1], low)
    places = panels(10, across=(5, 4), high=(1.85, 1.2), width=7.4)
    scores = evidence.mean((1, 2))
    for c, ax in enumerate(places):
        draw_digit(ax, pixels, 0.4)
        ax.imshow(evidence[c], cmap=colours, vmin=-most, vmax=most, extent=extent, interpolation="nearest", zorder=2)
        i, j = divmod(int(evidence[c].argmax()), maps.shape[2])
        draw_box(ax, seen.unit(i, j).clipped, ink(), linewidth=1.2, zorder=3)
        words = f"for {c}: {scores[c]:+.2f}".replace("-", "−")
        ax.set_title(words, size=8.5 if narrow() else 10.5, color=accent() if c == label else ink())
        ax.set(xlim=(-0.4, SIDE + 0.4), ylim=(SIDE + 0.4, -0.4))
    return places[0]


@figure
def receptive_cells(sources: Sources) -> Any:
    """How often each cell alone names the digit, written at the middle of what it sees."""
    cells, seen = sources.table("receptive/cells.csv"), reference("norm-logits")
    grid = cells.pivot(index="row", columns="column", values="accuracy").to_numpy()
    ax = axes(4.8, 3.6 if narrow() else 4.8)
    low = centre(seen, 0) - 1
    behind = {"facecolor": paper(), "edgecolor": "none", "alpha": 0.8, "pad": 0.8}
    extent = (low, low + 2 * grid.shape[1], low + 2 * grid.shape[0], low)
    ax.imshow(grid, cmap=ramp((accent(), 0.03), (accent(), 0.75)), extent=extent, interpolation="nearest", vmin=10)
    best = np.unravel_index(grid.argmax(), grid.shape)
    boxes = [seen.unit(int(i), int(j)).clipped for i, j in ((0, 0), best)]
    for box, colour in zip(boxes, (warm(), ink()), strict=True):
        draw_box(ax, box, colour, linewidth=1.4)
    for i, j in np.ndindex(grid.shape):
        x, y = centre(seen, j), centre(seen, i)
        struck = any(_on_edge(box, x, y) for box in boxes)  # by a line of a box
        ax.text(
            x,
            y,
            f"{grid[i, j]:.0f}",
            ha="center",
            va="center",
            size=9,
            in_layout=False,
            bbox=behind if struck else None,
        )
    ax.add_patch(Rectangle((0, 0), SIDE, SIDE, fill=False, edgecolor=soft(), linewidth=0.9))
    ax.set(xlim=(-0.4, SIDE + 0.4), ylim=(SIDE + 0.4, -0.4), aspect="equal")
    ax.axis("off")
    return ax


@figure
def receptive_windows(sources: Sources) -> Any:
    """Accuracy against the side of the middle square that is seen: the net's cells, and nearest neighbours."""
    frame, cells = sources.table("receptive/windows.csv"), sources.table("receptive/cells.csv")
    ax = axes()
    net, near = (frame[frame["who"] == who] for who in ("net", "nearest neighbour"))
    ax.plot(near["side"], near["accuracy"], color=warm(), marker="s", label="nearest neighbour in that square")
    ax.plot(net["side"], net["accuracy"], color=accent(), marker="D", label="the net's middle cells, averaged")
    best = cells.loc[cells["accuracy"].idxmax()]
    ax.plot(best["height"], best["accuracy"], "*", markersize=13, color=accent(), label="its best single cell")
    ax.set(xlabel="side of the square that is seen (pixels)", ylabel="test accuracy (%)")
    ax.set(xlim=(2.5, 29), ylim=(None, 101.5))
    legend(ax, loc="lower right")
    return ax


@figure
def receptive_pairs(sources: Sources) -> Any:
    """Pairs of digits of two classes that look alike inside one box: each whole, and what the box shows of it."""
    stored, frame = arrays(sources), sources.table("receptive/pairs.csv")
    seen, shown = reference("norm-logits"), [int(n) for n in stored["shown"]]
    columns = 2 * (2 if narrow() else len(shown))  # two for a pair, its digits above what the box shows of them
    places = np.reshape(panels(4 * len(shown), across=(columns,) * 2, high=1.15, width=7.4), (-1, columns))  # type: ignore[arg-type]
    for number, row in enumerate(shown):
        line = frame.loc[row]
        box = seen.unit(int(line["row"]), int(line["column"])).clipped
        for side, (name, colour) in enumerate((("one", accent()), ("other", warm()))):
            down, right = divmod(2 * number + side, columns)
            whole, cut = places[2 * down, right], places[2 * down + 1, right]
            pixels = stored["pairs"][number, side]
            draw_digit(whole, pixels, 0.8)
            draw_box(whole, box, colour, linewidth=1.6)
            whole.set_title(f"a {int(line[name])}", size=11)
            draw_digit(cut, pixels[box.slices], 0.9)
            draw_box(cut, Box(0, 0, *box.size), colour)
    return places[0, 0]


@figure
def receptive_effective(sources: Sources, *, layers: list[str] | None = None) -> Any:
    """Effective fields before and after training, each on its own scale, with the theoretical box."""
    stored, frame = arrays(sources), sources.table("receptive/effective.csv")
    names = layers or ["conv2", "conv3", "conv4", "gap"]
    across = len(names), len(names)
    places = np.reshape(panels(2 * len(names), across=across, high=(2.35, 1.35), width=2.0 * len(names)), (2, -1))  # type: ignore[arg-type]
    for line, state in zip(places, ("untrained", "trained"), strict=True):
        for ax, name in zip(line, names, strict=True):
            gradient = stored[f"{state}-{name}"]
            found = frame[(frame["state"] == state) & (frame["seed"] == 0) & (frame["layer"] == name)].iloc[0]
            ax.imshow(
                gradient / gradient.max(), cmap=ramp((accent(), 0.0), (accent(), 1.0)), vmin=0, vmax=1,
                extent=(0, SIDE, SIDE, 0), interpolation="nearest",
            )  # fmt: skip
            side = int(found["side"])
            box = Box(int(found["top"]), int(found["left"]), int(found["top"]) + side, int(found["left"]) + side)
            draw_box(ax, box, warm(), linewidth=1.3)
            ax.add_patch(Rectangle((0, 0), SIDE, SIDE, fill=False, edgecolor=soft(), linewidth=0.7))
            ax.set(xlim=(-0.4, SIDE + 0.4), ylim=(SIDE + 0.4, -0.4), aspect="equal", xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            if state == "untrained":
                ax.set_title(name, size=11)
            ax.set_xlabel(f"{found['area']:.0f} of {found['pixels']:.0f}", size=9 if narrow() else 10)
        line[0].set_ylabel(state, size=11)
    return places[0, 0]


@table
def receptive_effective_table(sources: Sources) -> pd.DataFrame:
    """Theoretical pixels and equivalent area, untrained and trained, layer by layer."""
    frame = sources.table("receptive/effective.csv")
    own = frame[frame["seed"] == 0].pivot(index="layer", columns="state", values="area")
    pixels = frame[frame["state"] == "trained"].set_index("layer")["pixels"]
    lines = [
        {"layer": name, "theoretical field (pixels)": int(pixels[name]),
         "untrained: equivalent pixels": row["untrained"], "trained: equivalent pixels": row["trained"],
         "trained: share (%)": 100 * row["trained"] / pixels[name]}
        for name, row in own.loc[pixels.index].iterrows()
    ]  # fmt: skip
    table = pd.DataFrame(lines)
    table.attrs["formats"] = {c: ".0f" for c in table.columns[1:]}
    return table


@figure
def receptive_known_nets(sources: Sources, *, nets: list[str] | None = None) -> Any:
    """The field after each convolution of the nets everybody knows, on a logarithmic scale, beside their image."""
    frame = sources.table("receptive/growth.csv")
    chosen = nets or ["alexnet", "vgg16", "resnet18", "resnet50", "resnet152", "mobilenet_v2"]
    ax = axes(7.0, 4.3)
    for name, colour, mark in zip(chosen, OKABE_ITO[1:], "s^DvPX", strict=False):  # blue and round is the reference
        own = frame[(frame["net"] == name)].drop_duplicates("number", keep="first")
        own = own[own["size"].cummax() == own["size"]]  # a shortcut's 1×1 looks back at less
        ax.plot(own["number"], own["size"], color=colour, linewidth=1.7)
        end = own.iloc[-1]
        ax.plot(end["number"], end["size"], mark, color=colour, markersize=7, label=end["title"])
    ax.axhline(224, color=soft(), linestyle=(0, (4, 3)), linewidth=1.1)
    ax.text(150, 224 * 0.95, "the image: 224", ha="right", va="top", size=9.5, color=soft())
    ax.set(xscale="log", yscale="log", xlabel="number of convolutions so far", ylabel="receptive field (pixels)")
    for axis, ticks in ((ax.xaxis, (1, 2, 5, 10, 20, 50, 150)), (ax.yaxis, (3, 10, 30, 100, 300, 1000))):
        axis.set_major_locator(mpl.ticker.FixedLocator(ticks))
        axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axis.set_minor_locator(mpl.ticker.NullLocator())
    legend(ax, loc="lower right")
    return ax


@table
def receptive_speed(sources: Sources) -> pd.DataFrame:
    """Milliseconds of the engine and of hooks in a forward pass, and the field that each of them finds."""
    frame = sources.table("receptive/speed.csv")
    table = pd.DataFrame({
        "net": frame["title"], **{f"{who} (ms)": frame[f"{who}_ms"].map(_short) for who in ("engine", "hooks")},
        "hooks / engine": frame["ratio"],
        "lowest–highest": [f"{a:.2g}–{b:.2g}" for a, b in zip(frame["ratio_low"], frame["ratio_high"], strict=True)],
        "field: engine": frame["engine_size"], "field: hooks": frame["hooks_size"],
    })  # fmt: skip
    table.attrs["formats"] = {"hooks / engine": ".2g"}
    table.attrs["right"] = ("engine (ms)", "hooks (ms)", "lowest–highest")
    return table


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}"


@table
def receptive_nets(sources: Sources) -> pd.DataFrame:
    """The last maps of the nets everybody knows, from the engine, in the order of their years."""
    frame = sources.table("receptive/nets.csv")
    lines = [
        {"net": row["title"], "year": str(row["year"]), "image": row["input"], "convolutions": row["convolutions"],
         "field": row["size"], "effective stride": row["stride"], "padding": row["padding"],
         "field / image": f"{row['size'] / row['input']:.2f}",
         "units that see all": f"{row['whole']} of {row['total']}",
         "really global": "yes" if row["global_layers"] else "no"}
        for _, row in frame.sort_values("year", kind="stable").iterrows()
    ]  # fmt: skip
    table = pd.DataFrame(lines)
    table.attrs["formats"] = {"field": ",", "padding": ","}
    table.attrs["right"] = ("year", "field / image", "units that see all")
    return table
