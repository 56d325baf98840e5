"""How early a run tells how it will end: order of variants and of seeds after each epoch, and starts that look dead."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from experiments.answers.frames import frame
from experiments.answers.registry import figure
from experiments.answers.sources import REFERENCE, Sources
from s6core import stats
from s6core.plots.effects import errors
from s6core.plots.ink import axes, legend, soft
from s6core.plots.scales import plain_log
from s6core.style import colours

STUDY = "ablations"
CLOSE, FAR = 1.2, 2.0  # ratios of the final errors that part the pairs of variants
GROUPS = {
    "far": f"{FAR:.0f} times apart, or more",
    "middle": f"{CLOSE} to {FAR:.0f} times apart",
    "close": f"closer than {CLOSE} times",
    "seeds": "two seeds of the reference",
}
CROSSING = ("no-bn+fc+dropout-0.10", "linear-logits", "layer", "dropout-0.05", "gap-fc")


def curves(sources: Sources) -> pd.DataFrame:
    """Return the log of the test errors of every finished run: a row per (variant, seed), a column per epoch."""
    epochs = sources.epochs(STUDY)
    wide = epochs.assign(log=np.log(errors(epochs))).pivot(index=["variant", "seed"], columns="epoch", values="log")
    return wide.dropna()


def _kept(logs: pd.DataFrame, pairs: list[tuple[Any, Any]]) -> pd.Series:
    """Return, by epoch, in what share (%) of the pairs the order is that of the last epoch."""
    signs = pd.DataFrame([np.sign(logs.loc[one] - logs.loc[other]) for one, other in pairs])
    return 100 * signs.eq(signs.iloc[:, -1], axis=0).mean()


def _grouped(means: pd.DataFrame) -> dict[str, list[tuple[Any, Any]]]:
    """Return the pairs of variants by how far apart they end."""
    last = means.iloc[:, -1]
    pairs: dict[str, list[tuple[Any, Any]]] = {"far": [], "middle": [], "close": []}
    for one, other in combinations(means.index, 2):
        ratio = np.exp(abs(last[one] - last[other]))
        pairs["close" if ratio < CLOSE else "far" if ratio >= FAR else "middle"].append((one, other))
    return pairs


@frame
def early_order(sources: Sources) -> pd.DataFrame:
    """By how far apart two variants end: the share (%) of pairs whose order after epoch k is the last one, `epoch_k`.

    Variants are compared by their means over seeds. The row `seeds` compares the reference's own runs.
    """
    logs = curves(sources)
    means, own = logs.groupby("variant").mean(), logs.loc[REFERENCE]
    pairs = _grouped(means) | {"seeds": list(combinations(own.index, 2))}
    kept = {name: _kept(own if name == "seeds" else means, some) for name, some in pairs.items()}
    found = pd.DataFrame(kept).T.add_prefix("epoch_")
    found.insert(0, "pairs", [len(some) for some in pairs.values()])
    found.insert(1, "variants", len(means))
    kinds = dict.fromkeys(found.columns, "share") | {"pairs": "count", "variants": "count"}
    found.attrs = {"kinds": kinds, "note": f"every finished run, results/{STUDY}/epochs.csv"}
    return found


@frame
def early_without(sources: Sources) -> pd.DataFrame:
    """One row, `close`: the least and the most of its shares in `early_order` when any one variant is left out."""
    means = curves(sources).groupby("variant").mean()
    pairs = _grouped(means)["close"]
    shares = pd.DataFrame([_kept(means, [pair for pair in pairs if variant not in pair]) for variant in means.index])
    ends = {"low": shares.min().add_prefix("epoch_"), "high": shares.max().add_prefix("epoch_")}
    row = {f"{epoch}_{end}": share for end, found in ends.items() for epoch, share in found.items()}
    found = pd.DataFrame([row], index=["close"])
    found.attrs = {"kinds": dict.fromkeys(row, "share"), "note": f"every finished run, results/{STUDY}/epochs.csv"}
    return found


@frame
def early_scatter(sources: Sources) -> pd.DataFrame:
    """By variant: how much its runs' errors scatter over the seeds after epoch k, `epoch_k`: sd of log errors, in %."""
    found = (100 * curves(sources).groupby("variant").std()).add_prefix("epoch_")
    found.attrs = {"kinds": dict.fromkeys(found.columns, "share"), "note": f"results/{STUDY}/epochs.csv"}
    return found


@frame
def early_starts(sources: Sources) -> pd.DataFrame:
    """One row, `all`: the runs that guess after the first epoch, and what became of them by the last one."""
    final = 100 - np.exp(curves(sources))
    guessing = final[stats.ended_at_chance(final.iloc[:, 0])]
    dead = stats.ended_at_chance(guessing.iloc[:, -1])
    row = {
        "runs": len(final), "guessing": len(guessing), "dead": int(dead.sum()), "recovered": int((~dead).sum()),
        "share": 100 * float((~dead).mean()), "least": guessing.iloc[:, -1][~dead].min(),
        "with_norm": int(_normed(sources, guessing).sum()),
    }  # fmt: skip
    found = pd.DataFrame([row], index=["all"])
    kinds = dict.fromkeys(row, "count") | {"least": "percent", "share": "share"}
    found.attrs = {"kinds": kinds, "note": f"every finished run, results/{STUDY}/epochs.csv"}
    return found


def _normed(sources: Sources, runs: pd.DataFrame) -> pd.Series:
    norms = sources.runs(STUDY).groupby("variant")["norm"].first()
    return runs.index.get_level_values("variant").map(norms) != "none"


@figure
def early_kept(sources: Sources) -> Any:
    """In what share of pairs the order after each epoch is that of the last one, by how far apart the pairs end."""
    found = early_order(sources)
    ax = axes(6.8, 3.9)
    tint = colours(GROUPS)
    for (name, words), mark in zip(GROUPS.items(), "os^D", strict=True):
        shares = found.loc[name].filter(like="epoch_")
        dashes = "--" if name == "seeds" else "-"
        ax.plot(range(1, len(shares) + 1), shares, f"{dashes}{mark}", color=tint[name], label=words)
    ax.axhline(50, color=soft(), linewidth=1.1, zorder=1)
    ax.text(1, 48.5, "a coin", va="top", size=9, color=soft())
    ax.set(
        xlabel="epoch",
        ylabel="pairs in their final order (%)",
        ylim=(min(30, found.filter(like="epoch_").min().min() - 5), 103),
    )
    legend(ax, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
    return ax


@frame
def early_against(sources: Sources) -> pd.DataFrame:
    """By variant: its errors after epoch k as a multiple of the reference's, `epoch_k`; geometric means over seeds."""
    means = curves(sources).groupby("variant").mean()
    found = np.exp(means - means.loc[REFERENCE]).add_prefix("epoch_")
    found.attrs = {"kinds": dict.fromkeys(found.columns, "times"), "note": f"results/{STUDY}/epochs.csv"}
    return found


@figure
def early_ratios(sources: Sources) -> Any:
    """Errors after each epoch as a multiple of the reference's: means over seeds, for variants whose lines cross."""
    ratios = early_against(sources)
    ax = axes(6.8, 3.9)
    tint = colours([REFERENCE, *CROSSING])
    for name, mark in zip((REFERENCE, *CROSSING), "os^Dvp", strict=True):
        ax.plot(range(1, ratios.shape[1] + 1), ratios.loc[name], f"-{mark}", color=tint[name], label=name)
    plain_log(ax, "y")
    ax.set(xlabel="epoch", ylabel="errors, times the reference's")
    legend(ax, loc="upper right")
    return ax
