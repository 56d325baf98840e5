"""Dropout: what it switches off, the gap between training and test, when it opens, and what it does to the norms."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from experiments.answers.effects import trained
from experiments.answers.frames import frame
from experiments.answers.questions import STUDY
from experiments.answers.registry import figure, table
from experiments.answers.sources import Sources
from experiments.answers.topics import check
from s6core import stats
from s6core.plots.ink import accent, axes, bar, ink, legend, narrow, panels, ramp, soft
from s6core.plots.rows import rows
from s6core.style import colour, colours, marker


@frame
def overfitting(sources: Sources) -> pd.DataFrame:
    """One row, `reference`: when the long recipe's test loss is lowest, and when it leaves the training loss behind.

    `parted` is the first epoch from which on every seed's test loss is above its training loss, `earlier` how many of
    the `n` seeds have their own lowest test loss before the last epoch, `rise` what the mean rises by from its lowest.
    """
    epochs = sources.epochs("reference")
    mean = epochs.groupby("epoch")[["train_loss", "test_loss"]].mean()
    below = epochs[epochs["test_loss"] <= epochs["train_loss"]]["epoch"]
    lowest, last = int(mean["test_loss"].idxmin()), int(mean.index.max())
    own = epochs.pivot(index="epoch", columns="seed", values="test_loss").idxmin()
    row = {
        "lowest": lowest, "last": last, "n": len(own), "earlier": int((own < last).sum()),
        "parted": 1 + (int(below.max()) if len(below) else 0), "lowest_loss": mean["test_loss"][lowest],
        "last_train_loss": mean["train_loss"][last], "rise": mean["test_loss"][last] - mean["test_loss"][lowest],
        "ratio": mean["test_loss"][last] / mean["train_loss"][last],
        "half_ratio": mean["test_loss"][last // 2] / mean["train_loss"][last // 2],
    }  # fmt: skip
    found = pd.DataFrame([row], index=["reference"])
    kinds = {"rise": "nats", "ratio": "times", "half_ratio": "times", "earlier": "count"}
    found.attrs = {"kinds": kinds, "note": f"mean over {len(own)} seeds, results/reference/epochs.csv"}
    return found


@frame
def variance_shift(sources: Sources) -> pd.DataFrame:
    """By variant: the variance behind a dropout over the one that the norms learnt, and what new statistics bring."""
    found = sources.table("evidence/variance.csv")
    behind = found["layer"] != "norm1"
    rows = pd.DataFrame({
        "behind": found[behind].groupby("variant")["ratio"].mean(),
        "moved": found[behind].groupby("variant")["moved"].mean(),
    })  # fmt: skip
    scores = sources.table("evidence/recalibrated.csv").set_index("variant")
    rows = rows.join(scores).assign(gain=scores["recalibrated"] - scores["accuracy"])
    percents = ("accuracy", "recalibrated", "train_accuracy", "train_recalibrated")
    kinds = dict.fromkeys(("behind", "moved"), "times") | dict.fromkeys(percents, "percent")
    kinds["gain"] = "points"
    rows.attrs = {"kinds": kinds, "note": "one net each, seed 0, results/evidence/variance.csv and recalibrated.csv"}
    return rows


@figure
def dropout_masks(sources: Sources, *, rate: float = 0.25) -> Any:
    """The same four maps under element dropout, under channel dropout and in eval mode."""
    draw = np.random.default_rng(5)
    maps = draw.uniform(0.2, 1 - rate, (4, 6, 6))
    element = draw.random((4, 6, 6)) >= rate
    channel = np.ones((4, 1, 1), bool)
    channel[2] = False
    axes = panels(12, across=(4, 4), high=(1.73, 1.1), width=6.2)
    shades = ramp((accent(), 0.05), (accent(), 0.95))
    for line, (name, kept) in enumerate((("element", element), ("channel", channel), ("eval mode", np.ones(1, bool)))):
        for number, ax in enumerate(axes[4 * line : 4 * line + 4]):
            alive = np.broadcast_to(kept, maps.shape)[number] if kept.ndim > 1 else np.ones((6, 6), bool)
            scale = 1.0 if name == "eval mode" else 1 / (1 - rate)
            ax.imshow(np.where(alive, scale * maps[number], np.nan), cmap=shades, vmin=0, vmax=1)
            for i, j in np.argwhere(~alive):
                ax.plot(j, i, "x", color=ink(), markersize=4 if narrow() else 5, markeredgewidth=1.1)
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.spines[:].set_visible(True)
            if line == 0:
                ax.set_title(f"channel {number + 1}", size=10, weight="normal", loc="center", pad=4)
        axes[4 * line].set_ylabel(name, size=11)
    return axes[0]


@figure
def dropout_gap(sources: Sources, *, topic: str) -> Any:
    """The gap between training and test by variant of a topic, a dot per seed: of accuracy, and of loss."""
    runs, chosen = sources.runs(STUDY), trained(check(topic), sources)
    done = runs[runs["status"] == "finished"]
    high = 1.4 + 0.5 * len(chosen)
    both = panels(2, across=(2, 1), high=(high, 1.0 + 0.55 * len(chosen)), width=6.8)
    shown = (
        (done["train_accuracy"] - done["test_accuracy"], "training − test accuracy\n(percentage points)"),
        (done["test_loss"] - done["train_loss"], "test − training loss (nats)\n"),
    )
    for ax, (gaps, words) in zip(both, shown, strict=True):
        rows(chosen, ax=ax)
        ax.axvline(0, color=soft(), linewidth=1.2, zorder=1)
        for place, (variant, tint) in enumerate(colours(chosen).items()):
            own = gaps[done["variant"] == variant]
            found = stats.mean_interval(own)
            bar(ax, [found.low, found.high], [place] * 2, tint)
            ax.plot(own, [place + 0.25] * len(own), "o", color=tint, alpha=0.65, markersize=5, markeredgewidth=0)
            ax.plot(found.mean, place, marker(variant), color=tint, markersize=8)
        ax.set_xlabel(words)
        ax.xaxis.set_major_locator(MaxNLocator(5))
    if not narrow():
        both[1].tick_params(labelleft=False)  # the names stand at the first
    return both[0]


@figure
def dropout_overfitting(sources: Sources) -> Any:
    """Training and test loss of the long recipe over its epochs, and where the test loss is lowest."""
    epochs, found = sources.epochs("reference"), overfitting(sources).loc["reference"]
    ax, own = axes(), colour("reference")
    for name, words, tint in (("test_loss", "test", own), ("train_loss", "training", soft())):
        by = epochs.groupby("epoch")[name]
        ax.fill_between(by.min().index, by.min(), by.max(), color=tint, alpha=0.18, linewidth=0)
        ax.plot(by.mean(), color=tint, label=f"{words} loss", marker="o" if words == "test" else "s", markersize=4.5)
    lowest = int(found["lowest"])
    ax.plot(lowest, found["lowest_loss"], "*", markersize=16, color=own, markeredgecolor=ink())
    ax.annotate(
        f"lowest test loss:\nepoch {lowest}", (lowest, found["lowest_loss"]),
        xytext=(0, 42), textcoords="offset points",
        ha="right" if lowest > found["last"] / 2 else "left", size=10,
        arrowprops={"arrowstyle": "-", "color": soft(), "shrinkB": 8},
    )  # fmt: skip
    ax.set_yscale("log")
    ticks = [
        t for t in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if t > 0.6 * epochs[["train_loss", "test_loss"]].min().min()
    ]
    ax.yaxis.set_major_locator(mpl.ticker.FixedLocator(ticks))
    ax.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(mpl.ticker.NullLocator())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel="loss (nats)")
    legend(ax, loc="lower left")
    return ax


@figure
def dropout_variance(sources: Sources) -> Any:
    """Variance of a norm's inputs without dropout, over the variance that it learnt under dropout, norm by norm."""
    found = sources.table("evidence/variance.csv")
    found = found[~found["variant"].str.contains("+", regex=False)]  # the reference net's own variants
    ax = axes(height=3.7)
    ax.axhline(1, color=soft(), linewidth=1.2, zorder=1)
    for variant, tint in colours(dict.fromkeys(found["variant"])).items():
        own = found[found["variant"] == variant]
        layers = [name.removeprefix("norm").removeprefix("-") for name in own["layer"]]
        ax.plot(layers, own["ratio"], marker(variant), linestyle="-", color=tint, label=variant, markersize=7)
    ax.set(xlabel="norm", ylabel="variance without dropout,\nover the one learnt with it")
    legend(ax, loc="best", ncols=2)
    return ax


@table
def dropout_recalibrated(sources: Sources) -> pd.DataFrame:
    """Accuracy of the stored nets, and with the norms' statistics taken anew without dropout."""
    found = variance_shift(sources).loc[list(sources.table("evidence/recalibrated.csv")["variant"])]
    rows = pd.DataFrame({
        "variant": found.index, "test, as trained (%)": list(found["accuracy"]),
        "test, anew (%)": list(found["recalibrated"]), "difference": list(found["gain"]),
        "training, as trained (%)": list(found["train_accuracy"]),
        "training, anew (%)": list(found["train_recalibrated"]),
    })  # fmt: skip
    rows.attrs["formats"] = {column: ".2f" for column in rows if "%" in column} | {"difference": "+.2f"}
    return rows
