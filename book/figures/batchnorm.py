"""Batch normalisation: what it does to a map, what goes through a net with and without it, what its rivals do."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments.answers.frames import frame
from experiments.answers.registry import figure
from experiments.answers.sources import Sources
from s6core.plots.ink import accent, legend, narrow, panels, paper, ramp, warm
from s6core.style import colour, marker

NETS = {"reference": "with batch norm", "no-bn": "without"}
DASHES = {"reference": "-", "no-bn": (0, (4, 1.5))}


@frame
def inside_start(sources: Sources) -> pd.DataFrame:
    """By net: how signal and gradient change from the first to the last convolution before training, over the seeds."""
    return _inside(sources, "start")


@frame
def inside_trained(sources: Sources) -> pd.DataFrame:
    """The same of the trained nets of seed 0."""
    return _inside(sources, "trained")


def _inside(sources: Sources, state: str) -> pd.DataFrame:
    """Take means over the seeds, geometric ones of what the chapter draws on logarithmic axes."""
    states = sources.table("inside/states.csv")
    rows = {}
    for net in NETS:
        own = states[(states["variant"] == net) & (states["state"] == state)]
        layers = list(dict.fromkeys(own["layer"]))
        first, hidden, last = (own[own["layer"].isin(some)] for some in (layers[:1], layers[1:], layers[-1:]))
        rows[net] = {
            "n": own["seed"].nunique(), "input_sd": _typical(last["input_sd"]), "shift": hidden["shift"].mean(),
            "gradient": _typical(_norm(own.groupby("seed")["gradient"])),
            "first_gradient": _typical(first["gradient"]), "zeros": hidden["zeros"].mean(),
            "dead_logits": last["dead"].mean(), "dead_logits_most": last["dead"].max(),
        }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.attrs = {"note": f"{'initial weights' if state == 'start' else 'seed 0'}, results/inside/states.csv"}
    return found


def _typical(values: pd.Series) -> float:
    return float(np.exp(np.log(values).mean()))


@frame
def inside_steps(sources: Sources) -> pd.DataFrame:
    """By net: the mean loss of the seeds at the first and the last step that was followed, and the rates there."""
    steps = totals(sources)
    rows = {}
    for net in NETS:
        own = steps[steps["variant"] == net]
        start, end = (own[own["step"] == step] for step in (own["step"].min(), own["step"].max()))
        rows[net] = {
            "n": own["seed"].nunique(), "last": own["step"].max(), "first_lr": start["lr"].iloc[0],
            "lr": end["lr"].iloc[0], "start_loss": start["loss"].mean(), "end_loss": end["loss"].mean(),
        }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index")
    kinds = {"n": "count", "last": "count", "start_loss": "times", "end_loss": "times"}
    found.attrs = {"kinds": kinds, "note": "means over the seeds followed, results/inside/steps.csv"}
    return found


def totals(sources: Sources) -> pd.DataFrame:
    """Return a row per net, seed and step: the gradient's norm over all convolutions, the rest of the last of them."""
    steps = sources.table("inside/steps.csv")
    keys = ["variant", "seed", "step"]
    last = steps.groupby(keys, sort=False).last()
    return last.assign(gradient=_norm(steps.groupby(keys, sort=False)["gradient"])).reset_index()


def _norm(norms: Any) -> pd.Series:
    """Return the norm of each group's parts together, from the parts' own norms."""
    return norms.agg(lambda parts: float(np.sqrt((parts**2).sum())))


@figure
def batchnorm_maps(sources: Sources) -> Any:
    """Four maps of a digit as ReLU leaves them, normalised, and scaled and shifted; grey is zero."""
    with np.load(_arrays(sources)) as arrays:
        digit, stages = arrays["digit"], [arrays[name].astype(float) for name in ("relu", "normalised", "norm")]
    words = ("what ReLU\npasses on", "normalised", "scaled\nand shifted")
    picture, axes = plt.subplots(3, 5, figsize=(3.7, 3.4) if narrow() else (7.2, 4.6))
    shades = ramp((accent(), 1.0), (accent(), 0.8), (paper(), 1.0), (warm(), 0.8), (warm(), 1.0))
    most = max(float(np.abs(maps).max()) for maps in stages)
    for line, maps, word in zip(axes, stages, words, strict=True):
        for ax, map_ in zip(line[1:], maps, strict=True):
            drawn = ax.imshow(map_, cmap=shades, vmin=-most, vmax=most)
        line[0].text(0.95, 0.5, word, ha="right", va="center", size=10, transform=line[0].transAxes)
        line[0].set_axis_off()
    for number, ax in enumerate(axes[0, 1:], start=1):
        ax.set_title(f"channel {number}", size=10, weight="normal", loc="center", pad=4)
    for ax in axes[:, 1:].flat:
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.spines[:].set_visible(True)
    inset = axes[0, 0].inset_axes([0.35, 0.72, 0.3, 0.3])
    inset.imshow(digit, cmap="gray")
    inset.set_axis_off()
    place = {"ax": axes, "location": "bottom", "aspect": 30} if narrow() else {"ax": axes[:, 1:]}
    bar = picture.colorbar(drawn, shrink=0.8, pad=0.02, **place)
    bar.outline.set_visible(False)
    bar.set_label("value")
    return picture


def _arrays(sources: Sources) -> Any:
    path = sources.folder / "inside" / "maps.npz"
    sources.used.add(path)
    if not path.is_file():
        raise KeyError(f"no {path.name} in results/inside: `s6 measure inside` writes it")
    return path


@figure
def batchnorm_layers(sources: Sources, *, state: str = "start") -> Any:
    """Layer by layer: deviation of what enters each convolution, shift of its channels, norm of its gradient."""
    found = sources.table("inside/states.csv")
    found = found[found["state"] == state]
    axes = _three()
    shown = (
        ("input_sd", "deviation of\nthe inputs", True), ("shift", "shift of the\ninputs' channels", False),
        ("gradient", "norm of\nthe gradient", True),
    )  # fmt: skip
    for ax, (column, words, log) in zip(axes, shown, strict=True):
        for net, label in NETS.items():
            own = found[found["variant"] == net]
            layers = list(dict.fromkeys(own["layer"]))
            for _, each in own.groupby("seed"):
                ax.plot(range(len(layers)), each[column], color=colour(net), alpha=0.35, linewidth=0.9)
            middle = own.groupby("layer", sort=False)[column].agg(_typical if log else "mean")
            ax.plot(
                range(len(layers)), middle, marker=marker(net), linestyle=DASHES[net], color=colour(net), label=label
            )
        if log:
            ax.set_yscale("log")
            _plain(ax)
        else:
            ax.set_ylim(bottom=0)
        ax.set_xticks(range(len(layers)), [name.removeprefix("conv") for name in layers])
        ax.set_title(words, size=11)
        ax.set_xlabel("convolution")
    legend(axes[0], above=True)
    return axes[0]


@figure
def batchnorm_steps(sources: Sources) -> Any:
    """Loss, gradient norm and deviation of what reaches the last convolution over the first steps, a line per seed."""
    found = totals(sources)
    axes = _three()
    shown = (
        ("loss", "loss (nats)"),
        ("gradient", "norm of the\nwhole gradient"),
        ("input_sd", "deviation of\nthe last inputs"),
    )
    for ax, (column, words) in zip(axes, shown, strict=True):
        for net, label in NETS.items():
            for number, (_, own) in enumerate(found[found["variant"] == net].groupby("seed")):
                ax.plot(
                    own["step"], own[column], color=colour(net), linestyle=DASHES[net], linewidth=1.5, alpha=0.85,
                    label=label if number == 0 else None,
                )  # fmt: skip
        if column != "loss":
            ax.set_yscale("log")
            _plain(ax)
        else:
            ax.set_ylim(bottom=0)
        ax.set_title(words, size=11)
        ax.set_xlabel("step")
    legend(axes[0], above=True)
    return axes[0]


def _three() -> list[Axes]:
    return panels(3, across=(3, 1), high=(2.8, 2.2), width=7.6)


def _plain(ax: Axes) -> None:
    """Write the ticks of a logarithmic axis as plain numbers, 1, 2 and 5 where there is room for them."""
    low, high = ax.get_ylim()
    steps = (1, 2, 5) if high / low < 100 else (1,)
    ticks = [step * 10.0**power for power in range(-8, 6) for step in steps]
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
