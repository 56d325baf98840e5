"""The full factorial of normalisation, head and dropout: every cell, and what the parts do to each other."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd

from experiments.answers.frames import frame
from experiments.answers.registry import figure, table
from experiments.answers.sources import Sources
from experiments.answers.values import Value, write, write_interval
from experiments.topics import FACTORS, cells
from s6core import layers, plots, stats
from s6core.config import NetConfig
from s6core.plots.effects import errors, learned
from s6core.plots.ink import bar, legend, panels, soft
from s6core.plots.rows import ratios, rows
from s6core.plots.scales import plain_log
from s6core.style import colours

STUDY, CELLS = "ablations", cells()
WORDS = {"no-bn": "without BN", "fc": "FC head", "dropout-0.10": "dropout 0.1", "dropout-0.25": "dropout 0.25"}
LEVELS = {cell: {f: changed.get(f, getattr(NetConfig(), f)) for f in FACTORS} for cell, changed in CELLS.items()}


def title(name: str) -> str:
    return " × ".join(WORDS[part] for part in name.split("+"))


@frame
def crossed(sources: Sources) -> pd.DataFrame:
    """Main effects and interactions as ratios of errors, by the names of cells: `no-bn`, `fc`, `no-bn+fc`.

    See `s6core.stats.crossed_effects`. Nothing before two runs of every cell have learned.
    """
    columns = ["order", "n", "n_failed", "ratio", "low", "high", "p", "p_holm"]
    runs = sources.runs(STUDY)
    counts = runs.loc[learned(runs), "variant"].value_counts()
    found = pd.DataFrame(np.nan, columns=columns, index=_terms())
    if counts.reindex(list(CELLS), fill_value=0).min() >= 2:
        found = stats.crossed_effects(runs, LEVELS).set_axis(_terms())[columns]
    found.attrs = {
        "kinds": {"ratio": "times", "p": "p", "p_holm": "p", "n": "count", "n_failed": "count"},
        "note": f"all cells of the factorial, moderated Welch on log errors, results/{STUDY}/runs.csv",
    }
    return found


def _terms() -> list[str]:
    """Return the names of the effects in the order in which `crossed_effects` gives them."""
    others = [[word for word in levels.values() if word] for levels in FACTORS.values()]
    sizes = range(1, len(others) + 1)
    return ["+".join(words) for k in sizes for some in combinations(others, k) for words in product(*some)]


@frame
def cell_spread(sources: Sources) -> pd.DataFrame:
    """One row, `all`: how many cells are trained, and the least and the largest spread of a cell.

    sd is the standard deviation of the accuracies in points, log that of the log errors; both over runs that learned.
    """
    runs = sources.runs(STUDY)
    own = runs[runs["variant"].isin(CELLS) & learned(runs)]
    own = own.assign(log_errors=np.log(errors(own)))
    sd, log = (own.groupby("variant")[metric].std() for metric in ("test_accuracy", "log_errors"))
    row = {
        "planned": len(CELLS), "trained": own["variant"].nunique(), "sd_low": sd.min(), "sd_high": sd.max(),
        "log_low": log.min(), "log_high": log.max(),
    }  # fmt: skip
    found = pd.DataFrame([row], index=["all"])
    kinds = dict.fromkeys(("sd_low", "sd_high", "log_low", "log_high"), "sd")
    found.attrs = {"kinds": kinds | {"planned": "count", "trained": "count"}, "note": f"results/{STUDY}/runs.csv"}
    return found


@table
def cells_table(sources: Sources) -> pd.DataFrame:
    """Every cell with its factors and what its runs did."""
    runs = sources.runs(STUDY)
    rows = []
    for cell, levels in LEVELS.items():
        own = runs[runs["variant"] == cell]
        good = errors(own)[learned(own)]
        net = NetConfig(**CELLS[cell])
        rows.append({
            "cell": cell, **{factor: str(level) for factor, level in levels.items()},
            "parameters": layers.parameters(layers.layers(net)), "runs": len(own), "failed": len(own) - len(good),
            "errors (%)": float(np.exp(np.log(good).mean())) if len(good) else None,
            "sd of log errors": float(np.log(good).std()) if len(good) > 1 else None,
        })  # fmt: skip
    answer = pd.DataFrame(rows)
    answer.attrs = {
        "formats": {"parameters": ",.0f", "errors (%)": ".2f", "sd of log errors": ".3f"}, "right": ("dropout",),
    }  # fmt: skip
    return answer


@table
def crossed_table(sources: Sources) -> pd.DataFrame:
    """Every main effect and interaction as a ratio of errors."""
    rows = [
        {"effect": title(str(name)), "times": _write("times", row["ratio"]), "95% interval": _ends(row),
         "p": _write("p", row["p"]), "p (Holm)": _write("p", row["p_holm"])}
        for name, row in crossed(sources).dropna(subset="ratio").iterrows()
    ]  # fmt: skip
    answer = pd.DataFrame(rows, columns=["effect", "times", "95% interval", "p", "p (Holm)"])
    answer.attrs["right"] = ("times", "95% interval", "p", "p (Holm)")
    return answer


def _ends(row: pd.Series) -> str:
    return write_interval(Value(kind="times", low=float(row["low"]), high=float(row["high"])))


def _write(kind: str, number: float) -> str:
    return write(Value(kind=kind, number=float(number)))


@figure
def together_interaction(sources: Sources) -> Any:
    """The interaction plot, a panel per head, a line with and one without BN: errors over dropout, each run a dot."""
    runs = sources.runs(STUDY)
    runs = runs[runs["variant"].isin(CELLS)]
    for factor, levels in FACTORS.items():
        own = pd.Categorical([LEVELS[cell][factor] for cell in runs["variant"]], categories=list(levels))
        runs = runs.assign(**{factor: own})
    good = runs[learned(runs)].assign(test_error=errors)
    both = panels(len(FACTORS["head"]), across=(2, 1), high=(3.9, 2.6), width=7.4, sharey=True)
    for ax, head in zip(both, FACTORS["head"], strict=True):
        own = good[good["head"] == head]
        plots.plot_interaction(own, x="dropout", hue="norm", metric="test_error", log=True, ax=ax)
        ax.set_title(f"head = {head}")
        failed = runs[(runs["head"] == head) & ~learned(runs)]
        places = failed["dropout"].cat.codes
        ax.plot(places, [0.97] * len(places), "x", color=soft(), transform=ax.get_xaxis_transform(), markersize=7)
        ax.label_outer()
    # the runs set the limits: the interval of a few unsteady ones would flatten all others
    both[0].set_ylim(good["test_error"].min() / 1.3, good["test_error"].max() * 1.3)
    plain_log(both[0], "y")
    if spare := both[-1].get_legend():
        spare.remove()
    return both[0]


@figure
def together_effects(sources: Sources) -> Any:
    """Main effects and interactions of two with their intervals, as ratios of errors."""
    found = crossed(sources).dropna(subset="ratio").query("order <= 2")
    ax = rows([title(str(name)) for name in found.index], step=0.38)
    tint, looks = colours(["main effect", "interaction"]), {"main effect": "s", "interaction": "D"}
    for place, (_, row) in enumerate(found.iterrows()):
        kind = "main effect" if row["order"] == 1 else "interaction"
        bar(ax, [row["low"], row["high"]], [place] * 2, tint[kind])
        ax.plot(row["ratio"], place, looks[kind], color=tint[kind], markersize=8)
    for kind, look in looks.items():
        ax.plot([], [], look, color=tint[kind], label=kind, markersize=8)
    legend(ax, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
    ratios(ax, found["low"].min() / 1.1, found["high"].max() * 1.1, "errors, multiplied by")
    return ax
