"""What luck alone can do: the reference's seeds, claims between two arms of the same net, and what n seeds can show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, t, ttest_ind_from_stats

from experiments.answers.frames import frame
from experiments.answers.registry import figure
from experiments.answers.sources import REFERENCE, Sources
from s6core import stats
from s6core.plots.effects import errors
from s6core.plots.ink import axes, bar, legend, soft
from s6core.plots.scales import plain_log
from s6core.style import colours

STUDY, PUBLISHED = "ablations", "reference"  # the study's own recipe, and the published one
SEEDS = (3, 4, 5, 6, 8, 10, 15, 20, 30)
ARMS = (1, 3, 5, 10)
MARGIN = 0.05  # points: what a rule without a test takes for a gain
REPEATS = 4_000  # invented studies
RULES = {
    "one": "one run each",
    "best-seed": "best seed of the new arm",
    "best-epoch": "best epoch of the new arm",
    "both": "best epoch of its best seed",
    "means": "means, no test",
    "test": "means, with a test",
}


def figures_of(sources: Sources, study: str) -> pd.Series:
    """Return the last epoch's test accuracy of the reference's finished runs, by seed."""
    runs = sources.runs(study)
    own = runs[(runs["variant"] == REFERENCE) & (runs["status"] == "finished")]
    return own.set_index("seed")["test_accuracy"].sort_index()


def log_spread(sources: Sources) -> float:
    """Return the standard deviation of the reference's log errors under the study's recipe."""
    values = figures_of(sources, STUDY)
    return float(np.log(errors(values.to_frame())).std())


@frame
def floor(sources: Sources) -> pd.DataFrame:
    """The reference's spread over seeds under both recipes: sd with its 95% interval, and the sampling error."""
    rows = {}
    for study in (STUDY, PUBLISHED):
        values = figures_of(sources, study)
        n, sd = len(values), float(values.std())
        ends = [sd * np.sqrt((n - 1) / chi2.ppf(q, n - 1)) if sd > 0 else np.nan for q in (0.975, 0.025)]
        rows[study] = {
            "n": n, "sd": sd, "low": ends[0], "high": ends[1], "images": 100 * sd, "range": float(np.ptp(values)),
            "sampling": stats.sampling_error(float(values.mean())),
        }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index")
    kinds = dict.fromkeys(("sd", "sampling"), "sd") | {"range": "sd", "images": "number"}
    found.attrs = {"kinds": kinds, "note": "the reference's runs, results/*/runs.csv"}
    return found


@frame
def claims(sources: Sources) -> pd.DataFrame:
    """How often the new arm of the same net is said to be better: rows `best-seed-5` and so on, `rate` in per cent.

    Invented studies with the spread of the published recipe; its best epochs gain what its own runs gained, drawn at
    random. Said to be better: by the margin or more; with a test, where Welch's t test on log errors says so.
    """
    values, gaps = figures_of(sources, PUBLISHED), epoch_gaps(sources, PUBLISHED)
    accuracy, spread = float(values.mean()), float(values.std())
    rows = {}
    for n in ARMS:
        rng = np.random.default_rng(n)
        old, new = (stats.simulated_accuracies(accuracy, n, spread=spread, repeats=REPEATS, rng=rng) for _ in range(2))
        lifted = new + rng.choice(gaps, new.shape)
        base = old.mean(axis=1)
        gains = {
            "one": new[:, 0] - old[:, 0], "best-seed": new.max(axis=1) - base, "best-epoch": lifted.mean(axis=1) - base,
            "both": lifted.max(axis=1) - base, "means": new.mean(axis=1) - base,
        }  # fmt: skip
        rates = {name: float(np.mean(gain >= MARGIN - 1e-9)) for name, gain in gains.items()}
        if n >= stats.MINIMUM:
            rates["test"] = float(np.mean(_said_better(np.log(100 - new), np.log(100 - old))))
        rows |= {f"{name}-{n}": {"rule": RULES[name], "n": n, "rate": 100 * rate} for name, rate in rates.items()}
    found = pd.DataFrame.from_dict(rows, orient="index")
    note = f"{REPEATS:,} invented studies of two equal nets, sd {spread:.3f} as in results/{PUBLISHED}/runs.csv"
    found.attrs = {"kinds": {"rate": "share"}, "note": note}
    return found


def _said_better(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """Return in which studies, one a row, Welch's t test finds the new arm's log errors smaller."""
    moments = [moment for arm in (new, old) for moment in (arm.mean(1), arm.std(1, ddof=1), arm.shape[1])]
    with np.errstate(divide="ignore", invalid="ignore"):  # two arms without any spread tell nothing
        told = ttest_ind_from_stats(*moments, equal_var=False)
    return (told.pvalue <= stats.ALPHA) & (told.statistic < 0)


def epoch_gaps(sources: Sources, study: str) -> np.ndarray:
    """Return by how much each finished run of the reference's best epoch beats its last one, in points."""
    epochs, seeds = sources.epochs(study), figures_of(sources, study).index
    own = epochs[(epochs["variant"] == REFERENCE) & epochs["seed"].isin(seeds)]
    wide = own.pivot(index="epoch", columns="seed", values="test_accuracy").sort_index()
    return (wide.max() - wide.iloc[-1]).round(9).to_numpy()


@frame
def same(sources: Sources) -> pd.DataFrame:
    """One row, `all`: the last half of the reference's seeds against the first, judged as if it were a variant."""
    values = figures_of(sources, STUDY).to_numpy()
    half = len(values) // 2
    found = stats.effect(values[len(values) - half :], values[:half], percent=True)
    row = {"n": half, "ratio": found.ratio, "low": found.low, "high": found.high, "verdict": found.verdict}
    answer = pd.DataFrame([row], index=["all"])
    answer.attrs = {"kinds": {"ratio": "times", "n": "count"}, "note": f"the reference's own runs, results/{STUDY}/"}
    return answer


@frame
def flattery(sources: Sources) -> pd.DataFrame:
    """What the best adds: rows `epoch` (this study's recipe), `epoch-published`, `seed-3`, `seed-5`, `seed-10`."""
    rows = {}
    for name, study in (("epoch", STUDY), ("epoch-published", PUBLISHED)):
        found = stats.best_epoch_flattery(sources.epochs(study)).set_index("variant").loc[REFERENCE]
        rows[name] = {"n": found["n"], "points": found["flattery"], "low": found["low"], "high": found["high"]}
    values = figures_of(sources, STUDY)
    for k in (3, 5, 10):
        rows[f"seed-{k}"] = {"n": len(values), "points": stats.expected_best_seed(float(values.std()), k)}
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.attrs = {"kinds": {"points": "points"}, "note": "the reference's runs, results/*/epochs.csv and runs.csv"}
    return found


@frame
def slide(sources: Sources) -> pd.DataFrame:
    """What 2 to 40 seeds per arm are good for, with the reference's spread: the rows of the page's slider.

    half and best are in points, shown is the ratio of errors that a t test shows with 80% power.
    """
    sd, log = float(figures_of(sources, STUDY).std()), log_spread(sources)
    rows = {
        str(n): {
            "n": n, "half": sd * t.ppf(0.975, n - 1) / np.sqrt(n), "best": stats.expected_best_seed(sd, n),
            "shown": np.exp(stats.detectable_difference(log, n, design="unpaired")),
        }
        for n in range(2, 41)
    }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index")
    kinds = {"half": "sd", "shown": "times", "best": "sd"}
    found.attrs = {"kinds": kinds, "note": f"sd {sd:.3f} points, {log:.3f} of log errors, results/{STUDY}/runs.csv"}
    return found


@figure
def noise_seeds(sources: Sources) -> Any:
    """The reference's seeds as dots under both recipes, the mean with its interval, and the sampling error below."""
    ax = axes(6.8, 3.3)
    own = colours([REFERENCE])[REFERENCE]
    labels = []
    for place, study in enumerate((STUDY, PUBLISHED)):
        values = figures_of(sources, study)
        found = stats.mean_interval(values)
        ax.plot(values, [place - 0.14] * len(values), "o", color=own, alpha=0.6, markeredgewidth=0)
        bar(ax, [found.low, found.high], [place + 0.06] * 2, own)
        ax.plot(found.mean, place + 0.06, "D", color=own, markersize=8)
        error = stats.sampling_error(found.mean)
        ax.errorbar(found.mean, place + 0.28, xerr=error, color=soft(), capsize=4, linewidth=1.6)
        labels.append(f"{sources.runs(study)['epochs'].iloc[0]} epochs\n{len(values)} seeds")
    ax.plot([], [], "o", color=own, alpha=0.6, markeredgewidth=0, label="one seed")
    ax.plot([], [], "-D", color=own, label="mean, 95% interval")
    ax.plot([], [], "-", color=soft(), linewidth=1.6, label="± luck of the digits")
    ax.set_yticks([0, 1], labels)
    ax.set_ylim(1.55, -0.5)
    ax.grid(False, axis="y")
    ax.set_xlabel("test accuracy (%)")
    legend(ax, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.2)
    return ax


@figure
def noise_claims(sources: Sources) -> Any:
    """How often each way of reporting calls one of two equal nets better, against seeds per arm."""
    found = claims(sources)
    ax = axes(7.0, 4.2)
    tint = colours(RULES)
    for (name, words), mark in zip(RULES.items(), "oPs^vD", strict=True):
        own = found[found["rule"] == words]
        own = own[own["n"] == 1] if name == "one" else own
        # one run each lies where other rules start: a ring around them
        ring = {"markersize": 13, "markerfacecolor": "none", "markeredgewidth": 2}
        ax.plot(own["n"], own["rate"], marker=mark, color=tint[name], label=words, **(ring if name == "one" else {}))
    ax.axhline(2.5, color=soft(), linestyle=(0, (4, 3)), linewidth=1.1)
    ax.text(1, 3.4, "2.5%", ha="center", size=9, color=soft())
    ax.set(xlabel="seeds per arm", ylabel="studies that claim “better” (%)", xlim=(0.85, 12), ylim=(0, 103))
    plain_log(ax, "x")
    ax.set_xticks(ARMS)
    legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


@figure
def noise_flattery(sources: Sources) -> Any:
    """What the best of k seeds adds to the mean: expected of a normal spread, and from the reference's own runs."""
    values, found = figures_of(sources, STUDY), flattery(sources)
    own = stats.best_seed_flattery(sources.runs(STUDY)).query("variant == @REFERENCE")
    ax = axes(6.8, 3.9)
    tint = colours(["seed", "published", "own"])
    k = np.arange(1, 31)
    lift = [stats.expected_best_seed(float(values.std()), int(n)) for n in k]
    ax.plot(k, lift, color=tint["seed"], label="best of k seeds, expected")
    ax.plot(own["k"], own["flattery"], "o", color=tint["seed"], label="best of k seeds, our runs")
    for name, key, words in (("published", "epoch-published", "published recipe"), ("own", "epoch", "study recipe")):
        row = found.loc[key]
        ax.axhline(row["points"], color=tint[name], linestyle=(0, (6, 2)), label=f"best epoch, {words}")
        if np.isfinite(row["low"]):
            ax.axhspan(row["low"], row["high"], color=tint[name], alpha=0.13, linewidth=0)
    ax.set(xlabel="seeds tried, k", ylabel="added to the mean (points)", xlim=(0.9, 33), ylim=(-0.005, None))
    plain_log(ax, "x")
    legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


@figure
def noise_power(sources: Sources) -> Any:
    """The ratio of errors that n seeds show with 80% power: against as many of the base, and against all of its own."""
    log, most = log_spread(sources), len(figures_of(sources, STUDY))
    ax = axes(6.8, 3.9)
    tint = colours(["equal", "all"])
    seeds = np.array(SEEDS)
    shown = np.array([stats.detectable_difference(log, n, design="unpaired") for n in SEEDS])
    equal, against = np.exp(shown), np.exp(shown * np.sqrt((1 + seeds / most) / 2))  # the error of n against most
    ax.plot(seeds, equal, "-o", color=tint["equal"], label="n seeds against n")
    few = seeds <= most
    ax.plot(seeds[few], against[few], "--s", color=tint["all"], label=f"n against {most}")
    ax.axhspan(1, stats.EQUIVALENT, color=soft(), alpha=0.16, linewidth=0)
    ax.set(xlabel="seeds of the variant, n", ylabel="ratio of errors shown", xlim=(2.8, 33), ylim=(1, 1.05 * equal[0]))
    plain_log(ax, "x")
    ax.set_xticks(SEEDS)
    legend(ax, loc="upper right")
    return ax
