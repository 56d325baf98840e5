"""The learning rates that a net bears with batch normalisation and without, and a rate of its own for the latter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments.answers.frames import frame
from experiments.answers.registry import figure, table
from experiments.answers.sources import Sources
from figures.batchnorm import DASHES, NETS
from s6core.config import TrainConfig
from s6core.plots.ink import axes, ink, legend, narrow, soft
from s6core.style import colour, marker

RATES = "learning-rates"
USABLE = 90.0  # a rate is usable if every seed of it is at least this accurate (%) after the study's one epoch
GUESSING = 15.0  # below it (%) a net has learnt nothing to speak of
OWN = "no-bn-recipe"
BARE = "no-bn+linear-logits"
RATE_NETS = {"bn": "reference", "no-bn": "no-bn"}  # the study's words for the two nets
SEARCH_KINDS = dict.fromkeys(("tried", "seeds", "runs", "chance", "diverged"), "count") | dict.fromkeys(
    ("accuracy", "worst", "study"), "percent"
)


@frame
def usable_rates(sources: Sources) -> pd.DataFrame:
    """By net (`bn`, `no-bn`): the learning rates at which every seed is usable, how many, and the best of them."""
    runs = rates(sources)
    rows = {}
    for net in RATE_NETS:
        own = runs[runs["net"] == net]
        by = own.groupby("lr")["test_accuracy"]
        whole = by.apply(lambda values: bool((values >= USABLE).all()))  # a run that diverged has NaN, and is not
        good = list(whole[whole].index)
        left = by.apply(lambda values: bool((values >= GUESSING).all()))
        silent = own[np.isclose(own["test_loss"], np.log(10), atol=1e-5)]  # ten equal scores, whatever the image
        rows[net] = {
            **_search(own, "test_accuracy"),
            "usable": len(good), "learning": int(left.sum()), "lowest": min(good, default=np.nan),
            "highest": max(good, default=np.nan), "slow": _means(own, "test_accuracy").iloc[0],
            "fast": int((own.loc[own["lr"] == own["lr"].max(), "test_accuracy"] >= GUESSING).sum()),
            "threshold": USABLE, "guessing": GUESSING,
            "silent": len(silent), "silent_from": silent["lr"].min(),
        }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index")
    for column, which in (("gap", "study"), ("best_gap", "accuracy")):
        found[column] = found.loc["no-bn", which] - found.loc["bn", which]
    kinds = dict.fromkeys(("usable", "learning", "fast", "silent"), "count")
    kinds |= {"gap": "points", "best_gap": "points"}
    found.attrs = {"kinds": SEARCH_KINDS | kinds, "note": f"after one epoch, results/{RATES}/runs.csv"}
    return found


def rates(sources: Sources) -> pd.DataFrame:
    """Return the runs of the study of learning rates, each with the word for its net."""
    runs = sources.runs(RATES)
    return runs.assign(net=np.where(runs["norm"] == "none", "no-bn", "bn"))


@frame
def own_rate(sources: Sources) -> pd.DataFrame:
    """By its logits (`relu`, `linear`): the rate that validates best without batch norm, by the mean over the seeds.

    `worst` is its lowest seed, `study` the mean at the study's rate.
    """
    rows = {net: _search(own, "validation_accuracy") for net, own in own_rates(sources).groupby("net")}
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.attrs = {"kinds": SEARCH_KINDS, "note": f"5,000 validation images, results/{OWN}/runs.csv"}
    return found


def own_rates(sources: Sources) -> pd.DataFrame:
    """Return the runs of the search, all without batch norm, each with the word for its logits."""
    runs = sources.runs(OWN)
    return runs.assign(net=np.where(runs["logit_activation"].astype(bool), "relu", "linear"))


def _search(own: pd.DataFrame, column: str) -> dict[str, float]:
    """Return the rate with the best mean over the seeds, its accuracy and worst seed, and how many runs went wrong."""
    means = _means(own, column)
    best = float(means.idxmax()) if means.notna().any() else np.nan
    return {
        "best": best, "accuracy": means.max(), "worst": own.loc[own["lr"] == best, column].min(),
        "study": means.get(TrainConfig().lr, np.nan),
        "tried": len(means), "seeds": own["seed"].nunique(), "runs": len(own),
        "chance": int((own[column] < GUESSING).sum()), "diverged": int((own["status"] == "diverged").sum()),
    }  # fmt: skip


def _means(own: pd.DataFrame, column: str) -> pd.Series:
    """Return the mean over the seeds by rate; none where a run diverged."""
    return own.groupby("lr")[column].agg(lambda values: values.mean(skipna=False))


@figure
def batchnorm_rates(sources: Sources) -> Any:
    """Accuracy after one epoch against the learning rate, every seed, and runs that diverged."""
    series = {net: (variant, NETS[variant]) for net, variant in RATE_NETS.items()}
    ax = _against_rates(rates(sources), "test_accuracy", series)
    ax.set_ylabel("test accuracy after one epoch (%)")
    return ax


@figure
def batchnorm_own_rates(sources: Sources) -> Any:
    """Validation accuracy of the net without batch norm against the learning rate, logits with ReLU and without."""
    ax = _against_rates(
        own_rates(sources),
        "validation_accuracy",
        {"relu": ("no-bn", "ReLU on the logits"), "linear": (BARE, "without ReLU")},
    )
    ax.set_ylabel("validation accuracy after the last epoch (%)")
    return ax


def _against_rates(found: pd.DataFrame, column: str, series: dict[str, tuple[str, str]]) -> Axes:
    """Draw every run's accuracy against its rate, a line through the means, and crosses for what diverged.

    `series` gives each `net` of the frame the variant whose colour it has, and its name.
    """
    ax = axes(6.8, 4.3)
    for number, (net, (variant, label)) in enumerate(series.items()):
        own, tint, shift = found[found["net"] == net], colour(variant), (0.94, 1.06)[number]
        done = own.dropna(subset=[column])
        share = done[column].clip(1, 99.9) / 100
        ax.plot(shift * done["lr"], share, marker(variant), color=tint, alpha=0.7, markersize=6, markeredgewidth=0)
        middle = _means(own, column).dropna().clip(1, 99.9) / 100
        ax.plot(shift * middle.index, middle, color=tint, linestyle=DASHES.get(variant, (0, (1, 1.2))), label=label)
        lost = own[own[column].isna()].groupby("lr").size()
        row = (0.07, 0.025)[number]
        for lr, count in lost.items():
            ax.plot(shift * lr, row, "x", color=tint, transform=ax.get_xaxis_transform(), markersize=8, clip_on=False)
            ax.annotate(
                f"{count}", (shift * lr, row), xycoords=ax.get_xaxis_transform(), xytext=(7, 0),
                textcoords="offset points", va="center", size=9, color=ink(),
            )  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("logit")
    ax.set_ylim(0.05 if found[column].notna().all() else 0.035, 0.995)
    levels = (0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99)
    ax.yaxis.set_major_locator(FixedLocator(levels))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ticks = sorted(set(found["lr"]))
    ax.xaxis.set_major_locator(FixedLocator(ticks[:: 2 if narrow() and len(ticks) > 5 else 1]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda lr, _: f"{lr:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    for at, words, axis in ((0.1, "guessing", "h"), (TrainConfig().lr, "the study's rate", "v")):
        draw = ax.axhline if axis == "h" else ax.axvline
        draw(at, color=soft(), linestyle=(0, (2, 3)), linewidth=1.2, zorder=1)
        place, offset = ((ticks[0], at), (0, -3)) if axis == "h" else ((at, 0.995), (-4, -4))
        ax.annotate(
            words, place, xytext=offset, textcoords="offset points", size=9, color=soft(),
            **({"va": "top"} if axis == "h" else {"ha": "right", "va": "top"}),
        )  # fmt: skip
    ax.set_xlabel("peak learning rate")
    legend(ax, loc="center left")
    return ax


@table
def batchnorm_rates_table(sources: Sources) -> pd.DataFrame:
    """Accuracy after one epoch by learning rate, with and without: the mean of the seeds, lowest and highest."""
    runs = rates(sources)
    rows = []
    for lr, each in runs.groupby("lr"):
        row: dict[str, Any] = {"learning rate": f"{lr:g}"}
        for net, variant in RATE_NETS.items():
            own = each[each["net"] == net]
            done = own["test_accuracy"].dropna()
            row[f"{NETS[variant]}: mean (%)"] = done.mean() if len(done) == len(own) and len(own) else np.nan
            spread = f"{done.min():.2f}–{done.max():.2f}" if len(done) else None
            row[f"{NETS[variant]}: from – to"] = spread
            row[f"{NETS[variant]}: diverged"] = f"{len(own) - len(done)} of {len(own)}"
        rows.append(row)
    found = pd.DataFrame(rows)
    found.attrs["formats"] = {column: ".2f" for column in found if "mean" in column}
    found.attrs["right"] = tuple(column for column in found if column != "learning rate")
    return found
