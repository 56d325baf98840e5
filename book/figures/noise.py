"""What luck alone can do: the reference's seeds, claims between two arms of the same net, and what n seeds can show."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from scipy.stats import chi2, t

from experiments.answers.frames import frame
from experiments.answers.registry import figure, table
from experiments.answers.sources import REFERENCE, Sources
from experiments.answers.values import Value, write
from experiments.studies import STUDIES
from figures.standard import interval
from s6core import plots, stats
from s6core.style import colours, marker

STUDY, PUBLISHED = "ablations", "reference"  # the study's own recipe, and the published one
SEEDS = (2, 3, 4, 5, 6, 8, 10, 15, 20, 30)
ARMS = (1, 3, 5, 10)
AGAIN = "reference again"
REPEATS, FEWER = 4_000, 1_000  # invented studies; counting the sign flips of ten seeds takes its time
SHOWN = ("fc", "no-bn", "dropout-0.10", "dropout-0.25", "no-bn+fc")  # whose differences are drawn beside the curves
RULES = {
    "one": "one run each",
    "best-seed": "best seed of the new arm",
    "best-epoch": "best epoch of the new arm",
    "both": "best epoch of its best seed",
    "means": "means, no test",
    "rule": "this book's rule",
}


def figures_of(sources: Sources, study: str) -> pd.Series:
    """Return the last epoch's test accuracy of the reference's finished runs, by seed."""
    runs = sources.runs(study)
    own = runs[(runs["variant"] == REFERENCE) & (runs["status"] == "finished")]
    return own.set_index("seed")["test_accuracy"].sort_index()


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
    """How often two arms of the same net look different: rows `best-seed-5` and so on, `rate` in per cent of studies.

    Invented studies with the spread of the published recipe; its best epochs gain what its own runs gained, drawn at
    random. A claim is that the new arm is better by the margin or more; under this book's rule, that it *helps*.
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
        rates = {name: float(np.mean(gain >= stats.MARGIN - 1e-9)) for name, gain in gains.items()}
        if n >= stats.MINIMUM_SEEDS:
            repeats = FEWER if n > 5 else REPEATS
            told = stats.claim_rates([0.0], n, spread=spread * np.sqrt(2), repeats=repeats, rng=rng)
            rates["rule"] = float(told["helps"][0])
        rows |= {f"{name}-{n}": {"rule": RULES[name], "n": n, "rate": 100 * rate} for name, rate in rates.items()}
    found = pd.DataFrame.from_dict(rows, orient="index")
    count = f"{REPEATS:,} invented studies, {FEWER:,} for this book's rule beyond 5 seeds"
    found.attrs = {"note": f"{count}; sd {spread:.3f} as measured in results/{PUBLISHED}/runs.csv"}
    return found


def epoch_gaps(sources: Sources, study: str) -> np.ndarray:
    """Return by how much each finished run of the reference's best epoch beats its last one, in points."""
    epochs, seeds = sources.epochs(study), figures_of(sources, study).index
    own = epochs[(epochs["variant"] == REFERENCE) & epochs["seed"].isin(seeds)]
    wide = own.pivot(index="epoch", columns="seed", values="test_accuracy").sort_index()
    return (wide.max() - wide.iloc[-1]).round(9).to_numpy()


def halves(sources: Sources) -> pd.DataFrame:
    """Return the reference's first seeds as they are, and its last ones as if they were a variant with these seeds."""
    runs = sources.runs(STUDY)
    own = runs[(runs["variant"] == REFERENCE) & (runs["status"] == "finished")].sort_values("seed")
    half = len(own) // 2
    first, last = own.iloc[:half], own.iloc[len(own) - half :]
    return pd.concat([first, last.assign(variant=AGAIN, seed=list(first["seed"]))], ignore_index=True)


@frame
def same(sources: Sources) -> pd.DataFrame:
    """One row, `all`: the reference's last seeds against its first ones, judged as if they were a variant."""
    found = stats.compare(halves(sources), reference=REFERENCE, rng=np.random.default_rng(0)).set_axis(["all"])
    found.attrs = {"kinds": {"difference": "points"}, "note": f"the reference's own runs, results/{STUDY}/runs.csv"}
    return found


@figure
def noise_same(sources: Sources) -> Any:
    """The reference's last seeds against its first ones, as every variant is drawn against the reference."""
    return plots.plot_differences(halves(sources))


@table
def noise_same_table(sources: Sources) -> pd.DataFrame:
    """The same in numbers, as every variant is listed."""
    runs, found = halves(sources), same(sources).loc["all"]
    rows = [
        {"variant": name, "parameters": own["parameters"].iloc[0], "seeds": len(own),
         "test accuracy (%)": own["test_accuracy"].mean()}
        for name, own in runs.groupby("variant", sort=False)
    ]  # fmt: skip
    rows[1] |= {
        "difference": found["difference"], "95% interval of it": interval("points", found), "p": found["p_t"],
        "verdict": found["verdict"],
    }  # fmt: skip
    answer = pd.DataFrame(rows)
    answer.attrs["formats"] = {"parameters": ",", "test accuracy (%)": ".2f", "difference": "+.2f", "p": ".3f"}
    answer.attrs["right"] = ("95% interval of it",)
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
def pairs(sources: Sources) -> pd.DataFrame:
    """What pairing buys, variant by variant, and the seeds it takes to show 0.05 and 0.1 points with 80% power."""
    runs = sources.runs(STUDY)
    found = stats.pairing(runs).set_index("variant")
    found = found[found["n"] >= 3]
    compared = sources.comparison(STUDY)["difference"]
    found = found.assign(difference=compared.reindex(found.index))
    for points in (0.05, 0.1):
        found[f"seeds-{points:g}"] = [_needed(points, sd) for sd in found["paired"]]
    kinds = dict.fromkeys(("paired", "unpaired", "sd", "reference_sd"), "sd")
    found.attrs = {
        "kinds": kinds | {"correlation": "share", "difference": "points"},
        "note": f"results/{STUDY}/runs.csv",
    }
    return found


@frame
def pairing_overall(sources: Sources) -> pd.DataFrame:
    """One row, `all`: over the variants, how many gain from pairing, and how large a correlation chance alone gives."""
    found = pairs(sources)
    known = found.dropna(subset="correlation")
    n = int(known["n"].min()) if len(known) else 0
    largest = int(known["n"].max()) if len(known) else 0
    row = {
        "intervals": int(known["low"].notna().sum()), "largest": largest,
        "chance_largest": _chance(largest) if largest > 2 else np.nan,
        "variants": len(known), "n": n, "gain": int((known["ratio"] < 1).sum()),
        "median_ratio": known["ratio"].median(), "median_correlation": known["correlation"].median(),
        "lowest": known["correlation"].min(), "highest": known["correlation"].max(),
        "beyond": int((known["low"] > 0).sum()), "chance": _chance(n) if n > 2 else np.nan,
    }  # fmt: skip
    answer = pd.DataFrame([row], index=["all"])
    answer.attrs = {
        "kinds": {"gain": "count", "beyond": "count", "chance_largest": "share",
                  "median_ratio": "share", "chance": "share",
                  "median_correlation": "share", "lowest": "share", "highest": "share"},
        "note": f"results/{STUDY}/runs.csv",
    }  # fmt: skip
    return answer


def _chance(n: int) -> float:
    """Return the correlation that n unrelated pairs exceed, up or down, once in twenty times."""
    limit = t.ppf(0.975, n - 2)
    return float(limit / np.sqrt(n - 2 + limit**2))


def _needed(points: float, sd: float, most: int = 1_000) -> float:
    """Return the fewest paired seeds that show a difference with 80% power; NaN beyond `most`, or without a spread."""
    if not sd > 0 or sd * _shown(most) > points:
        return float("nan")
    low, high = 2, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if sd * _shown(middle) <= points else (middle + 1, high)
    return low


@lru_cache(maxsize=1_000)
def _shown(n: int) -> float:
    """Return the difference that n pairs show, in standard deviations."""
    return stats.detectable_difference(1.0, n)


@frame
def power(sources: Sources) -> pd.DataFrame:
    """What n seeds can show between two nets that spread as the reference does: rows `3`, `5`, `10` and so on."""
    sd = float(figures_of(sources, STUDY).std())
    rows = {
        str(n): {
            "n": n, "unpaired": stats.detectable_difference(sd, n, design="unpaired"),
            "paired": stats.detectable_difference(sd * np.sqrt(2), n), "smallest_p": 2 / 2**n,
        }
        for n in SEEDS
    }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index")
    kinds = {"unpaired": "sd", "paired": "sd", "smallest_p": "p"}
    found.attrs = {"kinds": kinds, "note": f"sd {sd:.3f} as measured in results/{STUDY}/runs.csv, 80% power"}
    return found


@frame
def slide(sources: Sources) -> pd.DataFrame:
    """What 2 to 40 seeds are good for, with the reference's spread: the rows of the page's slider."""
    sd = float(figures_of(sources, STUDY).std())
    rows = {
        str(n): {
            "n": n, "half": sd * t.ppf(0.975, n - 1) / np.sqrt(n),
            "smallest_p": f"{2 / 2**n:.4f}" if 2 / 2**n >= 0.001 else "0.001",
            "shown": stats.detectable_difference(sd, n, design="unpaired"), "best": stats.expected_best_seed(sd, n),
        }
        for n in range(2, 41)
    }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index")
    kinds = {"half": "sd", "shown": "sd", "best": "sd"}
    found.attrs = {"kinds": kinds, "note": f"sd {sd:.3f} as measured in results/{STUDY}/runs.csv"}
    return found


@table
def smallest_p(sources: Sources) -> pd.DataFrame:
    """The smallest p that a sign-flip test can give at n seeds: alone, and after Holm in each family of the study."""
    families = {name: len(members) for name, members in STUDIES[STUDY].families.items()}
    sizes = sorted(set(families.values()))
    rows = []
    for n in (3, 4, 5, 6, 8, 10):
        row: dict[str, Any] = {"seeds": str(n), "alone": 2 / 2**n}
        row |= {f"one of {size}": min(1.0, size * 2 / 2**n) for size in sizes}
        rows.append(row)
    answer = pd.DataFrame(rows)
    answer.attrs["formats"] = dict.fromkeys(answer.columns[1:], ".4f")
    return answer


@table
def pairing_table(sources: Sources) -> pd.DataFrame:
    """Correlation with the reference, spread of the paired difference beside the unpaired one, and seeds needed."""
    found = pairs(sources)
    rows = [
        {"variant": name, "seeds": int(row["n"]), "correlation": row["correlation"], "95% interval": _interval(row),
         "sd, paired": row["paired"], "sd, unpaired": row["unpaired"], "ratio": row["ratio"],
         "seeds for 0.1": _many(row["seeds-0.1"]), "seeds for 0.05": _many(row["seeds-0.05"])}
        for name, row in found.iterrows()
    ]  # fmt: skip
    answer = pd.DataFrame(rows)
    answer.attrs["formats"] = {"correlation": ".2f", "sd, paired": ".3f", "sd, unpaired": ".3f", "ratio": ".2f"}
    answer.attrs["right"] = ("95% interval", "seeds for 0.1", "seeds for 0.05")
    return answer


def _interval(row: pd.Series) -> str:
    ends = (write(Value(kind="share", number=row[end])) for end in ("low", "high"))
    return "–" if pd.isna(row["low"]) else " to ".join(ends)


def _many(n: float) -> str:
    return "> 1,000" if pd.isna(n) else f"{n:.0f}"


@figure
def noise_seeds(sources: Sources) -> Any:
    """The reference's seeds as dots under both recipes, the mean with its interval, and the sampling error below."""
    ax = plt.figure(figsize=(6.8, 3.3)).add_subplot()
    tint = colours([REFERENCE, "sampling"])
    own, soft = tint[REFERENCE], plt.rcParams["axes.edgecolor"]
    labels = []
    for place, study in enumerate((STUDY, PUBLISHED)):
        values = figures_of(sources, study)
        found = stats.mean_interval(values)
        ax.plot(values, [place - 0.14] * len(values), "o", color=own, alpha=0.6, markeredgewidth=0)
        if np.isfinite(found.low):
            ax.plot([found.low, found.high], [place + 0.06] * 2, color=own, linewidth=2.4, solid_capstyle="round")
        ax.plot(found.mean, place + 0.06, "D", color=own, markersize=8)
        error = stats.sampling_error(found.mean)
        ax.errorbar(found.mean, place + 0.28, xerr=error, color=soft, capsize=4, linewidth=1.6)
        labels.append(f"{sources.runs(study)['epochs'].iloc[0]} epochs\n{len(values)} seeds")
    ax.plot([], [], "o", color=own, alpha=0.6, markeredgewidth=0, label="one seed")
    ax.plot([], [], "-D", color=own, label="mean, 95% interval")
    ax.plot([], [], "-", color=soft, linewidth=1.6, label="± sampling error of one run")
    ax.set_yticks([0, 1], labels)
    ax.set_ylim(1.55, -0.5)
    ax.grid(False, axis="y")
    ax.set_xlabel("test accuracy (%)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.2, handletextpad=0.4)
    return ax


@figure
def noise_claims(sources: Sources) -> Any:
    """How often each way of reporting claims a difference between two arms of the same net, against seeds per arm."""
    found = claims(sources)
    ax = plt.figure(figsize=(7.0, 4.2)).add_subplot()
    tint = colours(RULES)
    ends = []
    for (name, words), mark in zip(RULES.items(), "oPs^vD", strict=True):
        own = found[found["rule"] == words]
        own = own[own["n"] == 1] if name == "one" else own
        # one run each lies where other rules start: a ring around them
        look = (
            {"markersize": 13, "markerfacecolor": "none", "markeredgewidth": 2} if name == "one" else {"markersize": 7}
        )
        ax.plot(own["n"], own["rate"], marker=mark, color=tint[name], label=words, **look)
        ends.append((words, tint[name]))
    ax.axhline(2.5, color=plt.rcParams["axes.edgecolor"], linestyle=(0, (4, 3)), linewidth=1.1)
    ax.text(1, 3.4, "2.5%", ha="center", size=9, color=plt.rcParams["axes.edgecolor"])
    ax.set_xscale("log")
    _plain_ticks(ax, "x", ARMS)
    ax.set(xlabel="seeds per arm", ylabel="studies that claim “better” (%)", ylim=(0, 103))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


@figure
def noise_flattery(sources: Sources) -> Any:
    """What the best of k seeds adds to the mean: expected of a normal spread, and from the reference's own runs."""
    values, found = figures_of(sources, STUDY), flattery(sources)
    own = stats.best_seed_flattery(sources.runs(STUDY)).query("variant == @REFERENCE")
    ax = plt.figure(figsize=(6.8, 3.9)).add_subplot()
    tint = colours(["seed", "published", "own"])
    k = np.arange(1, 31)
    lift = [stats.expected_best_seed(float(values.std()), int(n)) for n in k]
    ax.plot(k, lift, color=tint["seed"], label="best of k seeds, expected")
    ax.plot(own["k"], own["flattery"], "o", color=tint["seed"], label="best of k seeds, our runs")
    for name, key, words in (("published", "epoch-published", "published recipe"), ("own", "epoch", "study recipe")):
        row = found.loc[key]
        ax.axhline(row["points"], color=tint[name], linestyle=(0, (6, 2)), label=f"best epoch, {words}")
        if np.isfinite(row["low"]):
            ax.axhspan(max(row["low"], 0), row["high"], color=tint[name], alpha=0.13, linewidth=0)
    ax.axhline(stats.MARGIN, color=plt.rcParams["axes.edgecolor"], linewidth=1.1, linestyle=(0, (1, 2)), label="margin")
    ax.set_xscale("log")
    _plain_ticks(ax, "x", (1, 2, 3, 5, 10, 20, 30))
    ax.set(xlabel="seeds tried, k", ylabel="added to the mean (points)", ylim=(-0.005, None))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


@figure
def noise_power(sources: Sources) -> Any:
    """The difference that n seeds show with 80% power, unpaired and paired, and what the study's variants differ by."""
    found, seen = pairs(sources), power(sources)
    ax = plt.figure(figsize=(7.2, 4.8)).add_subplot()
    soft = plt.rcParams["axes.edgecolor"]
    tint = colours([REFERENCE, "no-bn"])
    ax.plot(seen["n"], seen["unpaired"], "-o", color=tint[REFERENCE], label="two nets as quiet as the reference")
    if "no-bn" in found.index:
        sd, unpaired = found.loc["no-bn", ["paired", "unpaired"]]
        ways = (("unpaired", unpaired / np.sqrt(2), "-s"), ("paired", sd, "--s"))
        for design, spread, line in ways:
            shown = [stats.detectable_difference(spread, n, design=design) for n in SEEDS]
            ax.plot(SEEDS, shown, line, color=tint["no-bn"], label=f"reference and no-bn, {design}", markersize=5)
    if "fc" in found.index:
        shown = [stats.detectable_difference(found.loc["fc", "paired"], n) for n in SEEDS]
        ax.plot(SEEDS, shown, "--^", color=colours(["fc"])["fc"], label="reference and fc, paired", markersize=5)
    sizes = found["difference"].abs().loc[lambda size: (size > 0) & found.index.isin(SHOWN)].sort_values()
    place = 0.0
    for name, size in sizes.items():
        place = max(np.log(size), place + 0.3) if place else np.log(size)  # names as far apart as can be read
        ax.plot(1.0, size, marker="<", color=soft, markersize=6, transform=ax.get_yaxis_transform(), clip_on=False)
        words = f"{name}: {_many(_needed(size, found.loc[name, 'paired']))}"
        ax.annotate(
            words, (1.0, size), xytext=(1.06, np.exp(place)), xycoords=ax.get_yaxis_transform(), size=9.5,
            textcoords=ax.get_yaxis_transform(), va="center", arrowprops={"arrowstyle": "-", "color": soft},
        )  # fmt: skip
    ax.axhspan(1e-3, stats.MARGIN, color=soft, alpha=0.16, linewidth=0)
    ax.set(xscale="log", yscale="log", xlabel="seeds per arm", ylabel="difference shown with 80% power (points)")
    _plain_ticks(ax, "x", SEEDS)
    top = max(seen["unpaired"].max(), *(line.get_ydata().max() for line in ax.lines[:4]))
    ax.set_ylim(0.02, 1.3 * top)
    _plain_ticks(ax, "y", (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20))
    ax.legend(loc="upper right")
    return ax


@figure
def noise_pairing(sources: Sources) -> Any:
    """Each variant's correlation with the reference over the seeds, with its interval."""
    found = pairs(sources).dropna(subset="correlation")
    ax = plt.figure(figsize=(6.6, 1.2 + 0.36 * len(found))).add_subplot()
    ax.axvline(0, color=plt.rcParams["axes.edgecolor"], linewidth=1.2)
    for place, (name, row) in enumerate(found.iterrows()):
        tint = colours([name])[name]
        if np.isfinite(row["low"]):
            ax.plot([row["low"], row["high"]], [place] * 2, color=tint, linewidth=2.4, solid_capstyle="round")
        ax.plot(row["correlation"], place, marker(name), color=tint, markersize=8)
        ax.annotate(f"n = {row['n']:.0f}", (1.02, place), xycoords=("axes fraction", "data"), va="center", size=9.5)
    ax.set_yticks(range(len(found)), found.index)
    ax.set(xlim=(-1.05, 1.05), ylim=(len(found) - 0.5, -0.5), xlabel="correlation with the reference, seed by seed")
    return ax


def _plain_ticks(ax: Axes, side: str, ticks: tuple[float, ...]) -> None:
    axis = getattr(ax, f"{side}axis")
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
