"""How small a net can be: what others published, and what is searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from experiments import small as plan
from experiments.answers.frames import frame
from experiments.answers.registry import figure, table
from experiments.answers.sources import REFERENCE, Sources
from figures import noise
from s6core import stats
from s6core.config import NetConfig, from_dict
from s6core.layers import layers, parameters
from s6core.plots.ink import axes, bar, legend, soft
from s6core.plots.scales import plain_log
from s6core.style import colour, colours, marker

SEARCH, STUDY = "small-search", "ablations"
ENOUGH = 4  # runs of a variant of our own before it is drawn


@dataclass(frozen=True)
class Published:
    """A single run that somebody published: parameters, test accuracy (%), how it was picked, and where it stands."""

    who: str
    parameters: int
    accuracy: float
    picked: str
    url: str


PUBLISHED = (  # read on 26 November 2026
    Published("hexhowells", 575, 98.0, "the smallest of a search", "https://hexhowells.com/posts/neural-golfing.html"),
    Published("JoshWarn", 697, 99.0, "the best of about 700", "https://github.com/JoshWarn/Parameter-Efficient-MNIST"),
    Published("aknakshay", 3_077, 97.36, "one run", "https://github.com/aknakshay/MNIST-Challenge"),
    Published("aknakshay", 4_967, 98.42, "one run", "https://github.com/aknakshay/MNIST-Challenge"),
    Published("nitin-vig", 7_070, 99.4, "after epoch 11", "https://github.com/nitin-vig/ERAv4S6"),
    Published("aknakshay", 8_640, 99.20, "one run", "https://github.com/aknakshay/MNIST-Challenge"),
    Published("gokul-pv", 12_674, 99.46, "epoch 19", "https://github.com/gokul-pv/Backpropagation_explained"),
)


@frame
def small_luck(sources: Sources) -> pd.DataFrame:
    """By how many points the best of k runs lies above the mean on average, with the spread of the course's net.

    `search` is the best of as many as the search tries.
    """
    values = noise.figures_of(sources, noise.PUBLISHED)
    tries = {"10": 10, "search": len(plan.searched()), "700": 700}
    rows = {name: {"points": stats.expected_best_seed(float(values.std()), k)} for name, k in tries.items()}
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.attrs = {"kinds": {"points": "sd"}, "note": f"sd of {len(values)} runs, results/{noise.PUBLISHED}/runs.csv"}
    return found


@frame
def small_tried(sources: Sources) -> pd.DataFrame:
    """One row, `all`: how many nets the search declares and has stored, and the smallest and largest of them."""
    sizes = [size(line) for line in plan.SEARCHED]
    row = {
        "lines": len(sizes), "planned": len(plan.searched()), "stored": len(sources.runs_if_any(SEARCH)),
        "least": min(sizes), "most": max(sizes),
    }  # fmt: skip
    found = pd.DataFrame([row], index=["all"])
    found.attrs = {"kinds": dict.fromkeys(row, "count"), "note": "experiments/small.py"}
    return found


def size(line: str) -> int:
    return parameters(layers(from_dict(NetConfig, plan.net(line))))


@frame
def small_ours(sources: Sources) -> pd.DataFrame:
    """The study's variants with less than half of the reference's parameters and `ENOUGH` runs that learned, by name.

    They are drawn by this rule, whatever came of them; none was made to be small. `error` is
    the geometric mean, `low` and `high` its 95% interval.
    """
    sizes = sources.runs(STUDY).groupby("variant")["parameters"].first()
    found = sources.summaries(STUDY).join(sizes)
    chosen = (found["parameters"] < sizes[REFERENCE] / 2) & (found["n"] >= ENOUGH) & (found["n_failed"] == 0)
    found = found.loc[chosen, ["n", "parameters", "error", "low", "high"]].sort_values("parameters")
    found.attrs = {
        "kinds": {"n": "count", "parameters": "count", "error": "percent"},
        "note": f"results/{STUDY}/runs.csv",
    }
    return found


@figure
def small_front(sources: Sources) -> Any:
    """Errors over parameters: single published runs as crosses; means of our runs with their intervals."""
    ax = axes(6.8, 4.4)
    ax.set_xlim(400, 25_000)  # from the smallest that was published to more than the course asks for
    own = colour(REFERENCE)
    for at, run in enumerate(PUBLISHED):
        ax.plot(run.parameters, 100 - run.accuracy, "x", color=soft(), markersize=9, markeredgewidth=2,
                label="published, one run" if at == 0 else None)  # fmt: skip
        ax.annotate(run.who, (run.parameters, 100 - run.accuracy), xytext=(6, 5), textcoords="offset points", size=9)
    ours = sources.runs(noise.PUBLISHED)["parameters"].iloc[0]
    found = sources.summaries(noise.PUBLISHED).loc[REFERENCE]
    bar(ax, [ours, ours], [found["low"], found["high"]], own)
    ax.plot(ours, found["error"], "o", color=own, markersize=8, label="the course's net, our runs")
    others = small_ours(sources)
    tints = colours([REFERENCE, *others.index])
    for name, row in others.iterrows():
        tint = tints[str(name)]
        bar(ax, [row["parameters"]] * 2, [row["low"], row["high"]], tint)
        ax.plot(row["parameters"], row["error"], marker(str(name)), color=tint, markersize=7)
        ax.annotate(str(name), (row["parameters"], row["error"]), xytext=(-7, -4), textcoords="offset points", size=9,
                    ha="right")  # fmt: skip
    plain_log(ax, "x")
    plain_log(ax, "y")
    ax.set(xlabel="parameters", ylabel="test errors (%)", ylim=(0.35, 5))
    legend(ax, loc="lower left")
    return ax


@frame
def small_published(sources: Sources) -> pd.DataFrame:
    """The published runs, a row for each, named by its parameters."""
    rows = {str(run.parameters): {"parameters": run.parameters, "accuracy": run.accuracy} for run in PUBLISHED}
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.attrs = {"kinds": {"parameters": "count", "accuracy": "percent"}, "note": "published single runs"}
    return found


@table
def small_singles(sources: Sources) -> pd.DataFrame:
    """Small nets that others published, one run each, with how it was picked and where it stands."""
    rows = [
        {"parameters": run.parameters, "accuracy (%)": f"{run.accuracy:g}", "picked as": run.picked,
         "where": f"[{run.who}]({run.url})"}
        for run in PUBLISHED
    ]  # fmt: skip
    found = pd.DataFrame(rows)
    found.attrs = {"formats": {"parameters": ","}, "right": ("accuracy (%)",), "markdown": ("where",)}
    return found


@table
def small_search(sources: Sources) -> pd.DataFrame:
    """Every net of the search, the smallest first, with what it reaches on the validation images at each rate."""
    runs = sources.runs_if_any(SEARCH).set_index("variant")["validation_accuracy"]
    rows = []
    for line in sorted(plan.SEARCHED, key=size):
        row: dict[str, Any] = {"net": f"`{line}`", "parameters": size(line)}
        for lr in plan.RATES:
            row[f"validation at {lr} (%)"] = runs.get(plan.name(line, lr))
        rows.append(row)
    found = pd.DataFrame(rows)
    rates = [column for column in found if column.startswith("validation")]
    if found[rates].isna().all(axis=None):
        found = found.drop(columns=rates)
    found.attrs = {"formats": {"parameters": ",", **dict.fromkeys(rates, ".2f")}, "markdown": ("net",)}
    return found
