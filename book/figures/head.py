"""What each head costs, and where it finds its evidence: results/evidence/, see experiments/measure/evidence.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from experiments.answers.frames import frame
from experiments.answers.registry import figure, table
from experiments.answers.sources import Sources
from figures.receptive_digits import SIDE, centre, draw_digit, reference
from s6core.config import NetConfig
from s6core.layers import layers
from s6core.plots.ink import accent, axes, legend, narrow, panels, ramp, soft, warm
from s6core.style import colours, marker

HEADS = {"reference": "GAP", "fc": "FC"}
MIDDLE = slice(4, 8)  # the 4 × 4 places in the middle of 12 × 12


def arrays(sources: Sources) -> Any:
    path = sources.folder / "evidence" / "digits.npz"
    sources.used.add(path)
    if not path.is_file():
        raise KeyError("results/evidence/digits.npz is missing: `s6 measure evidence` makes it")
    return np.load(path)


@table
def head_parameters(sources: Sources) -> pd.DataFrame:
    """What follows the last block, head by head: the layers that have parameters, counted by hand, and their sum."""
    rows = []
    for head in ("gap", "max", "gap-fc", "fc", "conv"):
        net = layers(NetConfig(head=head))  # type: ignore[arg-type]
        names = [row.name for row in net]
        own = [row for row in net[names.index("norm4") + 1 :] if row.parameters]
        rows.append({
            "head": head,
            "counted by hand": "; ".join(f"{row.name}: {_sum(row)}" for row in own),
            "of the head": sum(row.parameters for row in own),
            "of the whole net": sum(row.parameters for row in net),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _sum(row: Any) -> str:
    into, out = row.input[0], row.output[0]
    if row.op == "batch-norm":
        return f"2 · {out} = {row.parameters}"
    window = f" · {row.kernel[0]} · {row.kernel[1]}" if max(row.kernel) > 1 else ""
    return f"({into:,}{window} + 1) · {out} = {row.parameters:,}"


@frame
def fc_weights(sources: Sources) -> pd.DataFrame:
    """How large the fully connected head's weights are, in the middle 4 × 4 places, on the border and at the start."""
    weights = sources.table("evidence/weights.csv")
    grid = weights.pivot_table(index="row", columns="column", values="size").to_numpy()
    border = np.ones_like(grid, bool)
    border[1:-1, 1:-1] = False
    middle, edge, initial = grid[MIDDLE, MIDDLE].mean(), grid[border].mean(), weights["initial"].mean()
    row = {
        "middle": middle, "border": edge, "initial": initial, "middle_grown": middle / initial,
        "border_grown": edge / initial, "ratio": middle / edge,
    }  # fmt: skip
    found = pd.DataFrame([row], index=["all"])
    kinds = dict.fromkeys(("middle_grown", "border_grown", "ratio"), "times")
    found.attrs = {"kinds": kinds, "note": "one net, seed 0, results/evidence/weights.csv"}
    return found


@frame
def moved(sources: Sources) -> pd.DataFrame:
    """Accuracy with the digits moved by 0 to 6 pixels, a mean over the four directions, and what the moves cost."""
    shifts = sources.table("evidence/shifts.csv")
    found = shifts.pivot_table(index="variant", columns="pixels", values="accuracy")
    drops = {f"drop{n}": found[n] - found[0] for n in found.columns}
    found = found.rename(columns=lambda n: f"at{n}").assign(**drops)
    images = shifts["images"].iloc[0]
    note = f"one net, seed 0, {images:,} test images, mean over four directions, results/evidence/shifts.csv"
    kinds = {name: "percent" if name.startswith("at") else "points" for name in found}
    found.attrs = {"kinds": kinds, "note": note}
    return found


@frame
def ink(sources: Sources) -> pd.DataFrame:
    """Share of the ink (%) that left the image when the digits moved, by pixels: mean of four directions, and most."""
    shifts = sources.table("evidence/shifts.csv")
    lost = shifts[shifts["variant"] == "reference"].groupby("pixels")["ink_lost"].agg(["mean", "max"])
    return lost.set_axis(["lost", "most"], axis=1).set_axis(lost.index.astype(str))


@figure
def head_evidence(sources: Sources, *, right: str = "both") -> Any:
    """What each place adds to the true class and to its strongest rival, under both heads, over the digit."""
    stored, lines = arrays(sources), sources.table("evidence/examples.csv")
    shown = lines.index[(lines["right"] == "both") == (right == "both")]
    places = panels(4 * len(shown), across=(4, 4), high=(2.05, 1.35), width=6.2)
    for at, number in enumerate(shown):
        line, label = places[4 * at : 4 * at + 4], int(lines.loc[number, "label"])
        for pair, head in zip((line[:2], line[2:]), HEADS, strict=True):
            found, bias = stored[head][number].astype(float), stored[f"{head}-bias"].astype(float)
            found, bias = found - found.mean(0), bias - bias.mean()  # what all classes share decides nothing
            scores = found.sum((1, 2)) + bias
            rival = next(int(c) for c in np.argsort(-scores) if c != label)
            most = np.abs(found[[label, rival]]).max()
            for ax, c in zip(pair, (label, rival), strict=True):
                _over(ax, stored["digits"][number], found[c], most)
                won = scores[c] == scores.max()
                words = f"{HEADS[head]}, for {c}\n{scores[c]:+.1f}".replace("-", "−")
                ax.set_title(words, size=10, weight="bold" if won else "normal", loc="center", pad=4)
    return places[0]


def _over(ax: Axes, pixels: Any, found: Any, most: float) -> None:
    """Draw what each place adds over the digit, in the middle of what it sees; by its root, or weak places vanish."""
    shades = ramp((warm(), 0.95), (warm(), 0.0), (accent(), 0.0), (accent(), 0.95))
    low = centre(reference("norm-logits"), 0) - 1
    extent = (low, low + 2 * found.shape[1], low + 2 * found.shape[0], low)
    draw_digit(ax, pixels, 0.4)
    roots = np.sign(found) * np.sqrt(np.abs(found) / most)
    ax.imshow(roots, cmap=shades, vmin=-1, vmax=1, extent=extent, interpolation="nearest", zorder=2)
    ax.set(xlim=(-0.4, SIDE + 0.4), ylim=(SIDE + 0.4, -0.4))


@figure
def head_weights(sources: Sources) -> Any:
    """The mean size of the fully connected weights at each place, class by class, over the mean digit of the class."""
    weights, means = sources.table("evidence/weights.csv"), arrays(sources)["means"]
    low = centre(reference("norm-logits"), 0) - 1
    places = panels(10, across=(5, 4), high=(1.6, 1.15))
    top, start = weights["size"].max(), weights["initial"].mean()
    shades = ramp((accent(), 0.0), (accent(), 0.9))
    for c, ax in enumerate(places):
        own = weights[weights["class"] == c].pivot(index="row", columns="column", values="size").to_numpy()
        draw_digit(ax, means[c], 0.75)
        extent = (low, low + 2 * own.shape[1], low + 2 * own.shape[0], low)
        drawn = ax.imshow(own, cmap=shades, vmin=start, vmax=top, extent=extent, interpolation="nearest", zorder=2)
        ax.set(xlim=(-0.4, SIDE + 0.4), ylim=(SIDE + 0.4, -0.4))
        ax.set_title(f"for {c}", size=10, loc="center", pad=3, weight="normal")
    where = {"location": "bottom", "aspect": 30} if narrow() else {"aspect": 18}
    bar = places[0].figure.colorbar(drawn, ax=places, shrink=0.8, pad=0.02, **where)
    bar.set_label("mean size of a weight")
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(4)
    return places[0]


@figure
def head_shifts(sources: Sources) -> Any:
    """Accuracy against how far the digits were moved: the mean over four directions, and each of them."""
    shifts = sources.table("evidence/shifts.csv")
    ax = axes()
    for variant, colour in colours(dict.fromkeys(shifts["variant"])).items():
        own = shifts[shifts["variant"] == variant]
        for _, one in own.groupby("direction"):
            ax.plot(one["pixels"], one["accuracy"], color=colour, linewidth=0.9, alpha=0.5)
        mean = own.groupby("pixels")["accuracy"].mean()
        ax.plot(mean.index, mean, marker(variant), linestyle="-", color=colour, label=variant, markersize=7)
    lost = ink(sources)["lost"]
    gone = [int(pixels) for pixels, share in lost.items() if share > 0.5]
    if gone:
        ax.axvspan(min(gone) - 0.5, shifts["pixels"].max() + 0.3, color=soft(), alpha=0.14, linewidth=0, zorder=0)
        ax.annotate(
            "ink leaves the image", (shifts["pixels"].max() + 0.3, 1.01), xycoords=("data", "axes fraction"),
            ha="right", va="bottom", size=9.5,
        )  # fmt: skip
    ax.set(xlabel="digits moved by (pixels)", ylabel="test accuracy (%)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlim(-0.3, shifts["pixels"].max() + 0.3)
    legend(ax, loc="lower left")
    return ax
