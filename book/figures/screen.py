"""The screen of sixteen choices: what each does, how far it stands out from scatter, and what is predicted of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from experiments import screen as plan
from experiments.answers.frames import frame
from experiments.answers.questions import STUDY as TRAINED
from experiments.answers.registry import figure, table
from experiments.answers.sources import Sources
from s6core import stats
from s6core.plots import errors
from s6core.plots.ink import axes, bar, ink, legend, soft
from s6core.plots.rows import ratios, rows
from s6core.plots.scales import plain_log
from s6core.style import colours

STUDY = "screen"
NAMES = [factor.name for factor in plan.FACTORS]


def outcomes(sources: Sources) -> pd.DataFrame:
    """Return a row per run of the design: a column per choice (−1 or +1), seed, errors (%; NaN if not trained)."""
    design = pd.DataFrame(plan.design(), index=list(plan.variants()))
    runs = sources.runs_if_any(STUDY).set_index("variant")
    # a run that diverged has no accuracy: it counts as one that guesses
    found = (
        errors(runs.assign(test_accuracy=runs["test_accuracy"].fillna(10.0))) if len(runs) else pd.Series(dtype=float)
    )
    return design.assign(seed=range(len(design)), errors=found.reindex(design.index))


def measured(sources: Sources) -> pd.DataFrame | None:
    """Return the contrasts of the whole design, see `s6core.stats.contrasts`; None while a run is missing."""
    rows = outcomes(sources)
    return None if rows["errors"].isna().any() else stats.contrasts(rows[NAMES], np.log(rows["errors"]))


def key(name: str) -> str:
    """Return a choice's name as keys have it: pooling-place, batch-size."""
    return name.replace("'s ", "-").replace(" ", "-")


def _better(effects: pd.DataFrame) -> Any:
    return np.where(effects["ratio"] < 1, 1, -1)


NETS: dict[str, tuple[Callable[[pd.DataFrame], Any], str, str]] = {
    "none": (lambda effects: np.full(len(effects), -1), "no choice: the reference net", "reference"),
    "place": (
        lambda effects: np.where(effects.index == "pooling-place", 1, -1),
        "pooling after block 2",
        "pool-after-2",
    ),
    "clear": (
        lambda effects: np.where(effects["p_holm"] <= stats.ALPHA, _better(effects), -1),
        "the choices that stand out, the others as in the reference",
        "",
    ),
    "all": (_better, "every choice at its better level", "screen-best"),
}
"""The nets that the screen predicts, by row of the frame: the level of each choice, its words, and its variant."""


@frame
def screen(sources: Sources) -> pd.DataFrame:
    """By choice: the ratio of errors, made against not made. By net of `NETS`: the errors (%) that are predicted of it.

    A prediction is the product of the effects around the mean of all runs, with the interval of the fitted mean.
    """
    contrasts = measured(sources)
    columns = ["ratio", "low", "high", "p", "p_holm"]
    if contrasts is None:
        table = pd.DataFrame(np.nan, index=[*map(key, NAMES), *NETS], columns=columns)
    else:
        table = contrasts[contrasts["kind"] == "main"].set_index("factor")[columns].rename(index=key)
        logs = np.log(outcomes(sources)["errors"])
        asked = {name: levels(table) for name, (levels, *_) in NETS.items()}
        for name, chosen in asked.items():
            table.loc[name] = [*stats.predicted(contrasts, logs, chosen), np.nan, np.nan]
    table.attrs = {
        "kinds": {"ratio": "times", "low": "times", "high": "times", "p": "p", "p_holm": "p"},
        "note": f"results/{STUDY}/runs.csv, 16 runs against 16",
    }
    return table


@frame
def screen_runs(sources: Sources) -> pd.DataFrame:
    """How many runs are stored, their least and most errors (%), how many choices stay `clear` of 1 after Holm, and how
    many lie `above` the scatter of the pairs at their rank."""
    found, contrasts = outcomes(sources)["errors"], measured(sources)
    each = found.dropna()
    row = {"stored": len(each), "planned": len(found), "least": each.min(), "most": each.max()}
    row["clear"] = row["above"] = np.nan
    if contrasts is not None:
        mains = contrasts[contrasts["kind"] == "main"]
        row["clear"] = float((mains["p_holm"] <= stats.ALPHA).sum())
        row["above"] = float((np.log(mains["ratio"]).abs() > stats.scatter(contrasts) * mains["quantile"]).sum())
    table = pd.DataFrame([row], index=["all"])
    table.attrs = {
        "kinds": dict.fromkeys(("stored", "planned", "clear", "above"), "count")
        | {"least": "percent", "most": "percent"},
        "note": f"results/{STUDY}/runs.csv",
    }
    return table


@figure
def screen_effects(sources: Sources) -> Any:
    """The effect of every choice with its interval, the largest first; the runs alone while some are missing."""
    contrasts = measured(sources)
    if contrasts is None:
        return _runs(sources)
    mains = contrasts[contrasts["kind"] == "main"].copy()
    mains = mains.reindex(np.log(mains["ratio"]).abs().sort_values(ascending=False).index)
    factors = {factor.name: factor for factor in plan.FACTORS}
    ax = rows([f"{name}: {factors[name].high}" for name in mains["factor"]], step=0.38)
    low, high = min(mains["low"].min(), 1 / 1.3) / 1.05, max(mains["high"].max(), 1.3) * 1.05
    ratios(ax, low, high, "errors with the choice, as a multiple of those without")
    colour = colours(["reference", "other"])["other"]
    for place, (_, row) in enumerate(mains.iterrows()):
        bar(ax, [row["low"], row["high"]], [place, place], colour if row["p_holm"] <= stats.ALPHA else soft())
        ax.plot(row["ratio"], place, "D", color=colour, markersize=7, markeredgecolor=ink(), markeredgewidth=0.8)
    return ax


def _spread(middle: float, low: float, high: float) -> str:
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def _runs(sources: Sources) -> Any:
    rows = outcomes(sources).dropna(subset="errors")
    ax = axes(height=2.6)
    ax.plot(rows["seed"] + 1, rows["errors"], "o", color=colours(["reference", "other"])["other"])
    if len(rows):
        plain_log(ax, "y")
    ax.set(xlim=(0, len(plan.design()) + 1), xlabel="run of the design", ylabel="test errors (%)")
    ax.set_title(f"{len(rows)} of {len(plan.design())} runs are stored: effects follow when all are", fontsize=10)
    return ax


@figure
def screen_half_normal(sources: Sources) -> Any:
    """The half-normal plot: the size of every contrast over what its rank in its kind would be in pure scatter."""
    contrasts = measured(sources)
    if contrasts is None:
        return _runs(sources)
    size = np.exp(np.log(contrasts["ratio"]).abs())
    ax = axes(height=4.2)
    tint = colours(["reference", "other"])
    looks = {"interaction": ("pairs of choices", "s", soft()), "main": ("single choices", "D", tint["other"])}
    for kind, (words, mark, colour) in looks.items():
        mine = contrasts["kind"] == kind
        ax.plot(contrasts["quantile"][mine], size[mine], mark, color=colour, markersize=7, label=words)
    along = np.array([0, contrasts["quantile"].max() * 1.05])
    ax.plot(along, np.exp(stats.scatter(contrasts) * along), color=soft(), linewidth=1.2)
    for _, row in contrasts.assign(size=size).nlargest(5, "size").iterrows():
        if row["kind"] == "main":
            ax.annotate(row["factor"], (row["quantile"], row["size"]), xytext=(-8, 0), textcoords="offset points",
                        ha="right", va="center", size=10)  # fmt: skip
    ax.set(xlabel="where the same rank of pure scatter would lie (standard deviations)", ylabel="factor of the errors")
    plain_log(ax, "y")
    legend(ax, loc="upper left")
    return ax


@table
def screen_predictions(sources: Sources) -> pd.DataFrame:
    """The predicted errors of `NETS` beside those of the runs that were trained to check them."""
    effects = screen(sources)
    trained = sources.summaries(TRAINED)
    rows = []
    for name, (_, words, variant) in NETS.items():
        guess = effects.loc[name]
        row = {"net": words, "predicted errors (%)": _spread(guess["ratio"], guess["low"], guess["high"])}
        if variant in trained.index:
            found = trained.loc[variant]
            row |= {"measured errors (%)": _spread(found["error"], found["low"], found["high"]), "runs": found["n"]}
        rows.append(row)
    frame = pd.DataFrame(rows).astype({"runs": "Int64"})
    frame.attrs = {"right": ("predicted errors (%)", "measured errors (%)")}
    return frame


@table
def screen_choices(sources: Sources) -> pd.DataFrame:
    """The sixteen choices: both levels, the effect with its interval, and p after Holm over all sixteen."""
    effects = screen(sources)
    rows = []
    for factor in plan.FACTORS:
        row = {"choice": factor.name, "as in the reference": factor.low, "instead": factor.high}
        effect = effects.loc[key(factor.name)]
        if np.isfinite(effect["ratio"]):
            row |= {
                "errors, times": f"{effect['ratio']:.2f}",
                "95% interval": f"{effect['low']:.2f}–{effect['high']:.2f}",
                "p (Holm)": effect["p_holm"],
                "better": factor.high if effect["ratio"] < 1 else factor.low,
            }
        rows.append(row)
    frame = pd.DataFrame(rows)
    frame.attrs = {"formats": {"p (Holm)": ".3f"}, "right": ("errors, times", "95% interval")}
    return frame


@table
def screen_aliases(sources: Sources) -> pd.DataFrame:
    """Which pairs of choices share a contrast, and its size where the design is complete."""
    design = outcomes(sources)[NAMES]
    contrasts = measured(sources)
    whole = (
        contrasts
        if contrasts is not None
        else stats.contrasts(design, np.random.default_rng(0).normal(size=len(design)))
    )
    pairs = whole[whole["kind"] == "interaction"]
    rows = [
        {"pairs that share a contrast": row["aliases"].replace(":", " × ")}
        | ({} if contrasts is None else {"errors, times": f"{row['ratio']:.2f}"})
        for _, row in pairs.iterrows()
    ]
    return pd.DataFrame(rows)


@table
def screen_design(sources: Sources) -> pd.DataFrame:
    """The runs: which choices each makes (●), its seed, and its errors."""
    rows = outcomes(sources)
    marks = rows[NAMES].replace({-1: "", 1: "●"})
    frame = marks.assign(**{"errors (%)": rows["errors"]}).rename_axis("run").reset_index()
    frame.attrs["formats"] = {"errors (%)": ".2f"}
    return frame
