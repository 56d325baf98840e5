"""The full factorial of normalisation, head and dropout: every run, every effect, and how far both can be trusted."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from scipy.stats import levene

from experiments.answers.frames import frame
from experiments.answers.registry import figure, table
from experiments.answers.sources import REFERENCE, Sources
from experiments.answers.values import Value, write, write_interval
from experiments.topics import FACTORS, cells
from figures.batchnorm_rates import GUESSING
from figures.pairs import difference, ratio, side_by_side, with_errors
from figures.standard import comparison, decisive_p
from s6core import plots, stats
from s6core.config import NetConfig
from s6core.style import colours, marker

STUDY, CELLS = "ablations", cells()
WORDS = {"no-bn": "without BN", "fc": "FC head", "dropout-0.10": "dropout 0.1", "dropout-0.25": "dropout 0.25"}


def factor_runs(sources: Sources) -> pd.DataFrame:
    """Return the runs of the cells, in the cells' order, with the factors as columns, and the test error."""
    runs = sources.runs(STUDY)
    runs = runs[runs["variant"].isin(CELLS)]
    runs = runs.sort_values(["variant", "seed"], key=lambda c: c.map(list(CELLS).index) if c.name == "variant" else c)
    for factor, levels in FACTORS.items():
        base = getattr(NetConfig(), factor)
        own = [CELLS[cell].get(factor, base) for cell in runs["variant"]]
        runs = runs.assign(**{factor: pd.Categorical(own, categories=list(levels))})
    return with_errors(runs)


@frame
def cell_figures(sources: Sources) -> pd.DataFrame:
    """A row per cell of the plan: its factors, parameters, and what its runs did."""
    runs = factor_runs(sources)
    found = stats.summary(runs).set_index("variant").reindex(list(CELLS))
    found = found.rename(columns={"mean": "test_accuracy"})[["n", "n_diverged", "test_accuracy", "sd", "low", "high"]]
    found[["n", "n_diverged"]] = found[["n", "n_diverged"]].fillna(0).astype(int)
    factors = {f: [str(CELLS[cell].get(f, getattr(NetConfig(), f))) for cell in CELLS] for f in FACTORS}
    parameters = runs.groupby("variant")["parameters"].first().reindex(list(CELLS))
    found = pd.DataFrame(factors, index=found.index).assign(parameters=parameters, **found)
    found.attrs = {"kinds": {"sd": "sd", "n_diverged": "count"}, "note": f"results/{STUDY}/runs.csv"}
    return found


@frame
def factorial(sources: Sources) -> pd.DataFrame:
    """One row, `all`: how much of the factorial is there, how much can be analysed, how even its spread is."""
    runs, found = factor_runs(sources), cell_figures(sources)
    own, factors = stats.largest_factorial(runs, FACTORS)
    inside = found.loc[list(dict.fromkeys(own["variant"]))]
    left = found.index.difference(inside.index, sort=False)
    seeds = set.intersection(*(set(group["seed"]) for _, group in own.groupby("variant")))
    stuck = runs[runs["test_accuracy"] < GUESSING]
    spread, means = inside["sd"], found.loc[found["n_diverged"] == 0, "test_accuracy"].dropna()
    logs = own.groupby("variant")["log_errors"].std()
    groups = [group for _, group in own.groupby("variant")]
    enough = len(groups) > 1 and min(map(len, groups)) >= 3
    row = {
        "stuck": len(stuck),
        "stuck_runs": ", ".join(f"{v} (seed {s})" for v, s in zip(stuck["variant"], stuck["seed"], strict=True)),
        "planned": len(CELLS), "stored": int((found["n"] + found["n_diverged"] > 0).sum()), "used": len(inside),
        "factors": len(factors), "seeds": len(seeds), "diverged": int(found["n_diverged"].sum()),
        "diverged_cells": int((found["n_diverged"] > 0).sum()), "left_out": ", ".join(left),
        "sd_high": spread.max(), "sd_low": spread.min(),
        "sd_high_cell": spread.dropna().idxmax() if spread.notna().any() else np.nan,
        "sd_low_cell": spread.dropna().idxmin() if spread.notna().any() else np.nan,
        "best": means.idxmax() if len(means) else np.nan, "worst": means.idxmin() if len(means) else np.nan,
        "best_accuracy": means.max(), "worst_accuracy": means.min(),
        "p_spread": levene(*(g["test_accuracy"] for g in groups)).pvalue if enough else np.nan,
        "p_spread_log": levene(*(g["log_errors"] for g in groups)).pvalue if enough else np.nan,
        "log_high": logs.max(), "log_low": logs.min(),
    }  # fmt: skip
    counts = ("planned", "stored", "used", "factors", "seeds", "diverged", "diverged_cells", "stuck")
    kinds = dict.fromkeys(counts, "count")
    kinds |= {"sd_high": "sd", "sd_low": "sd", "log_high": "sd", "log_low": "sd", "p_spread": "p", "p_spread_log": "p"}
    answer = pd.DataFrame([row], index=["all"])
    answer.attrs = {"kinds": kinds, "note": f"the factorial in results/{STUDY}/runs.csv"}
    return answer


def _effects(sources: Sources, metric: str) -> pd.DataFrame:
    """Return `stats.factorial_effects` of the usable factorial by the names of cells: `no-bn`, `fc`, `no-bn+fc`."""
    runs, factors = stats.largest_factorial(factor_runs(sources), FACTORS)
    order = list(FACTORS)
    names = {cell: changed for cell, changed in CELLS.items() if 1 <= len(changed) <= 2}
    names = dict(sorted(names.items(), key=lambda item: (len(item[1]), [order.index(factor) for factor in item[1]])))
    tests = ["p", "p_holm", "p_t", "p_t_holm", "p_equivalent", "p_equivalent_holm"]
    columns = ["n", "difference", "sd", "low", "high", *tests, "verdict"]
    found = pd.DataFrame(columns=columns, index=pd.MultiIndex.from_arrays([[], []]))
    if factors:
        found = stats.factorial_effects(runs, factors, metric, members=len(names), rng=np.random.default_rng(0))
        found = found.set_index(["term", "contrast"])
    found = found.reindex([_contrast(changed) for changed in names.values()])[columns]
    found.index = pd.Index(names)
    found["verdict"] = found["verdict"].fillna("undecided")
    found["n"] = found["n"].fillna(0).astype(int)
    seeds = int(found["n"].max())
    note = f"{seeds} seeds of a full factorial, Holm over the effects of the plan, results/{STUDY}/runs.csv"
    found.attrs = {"note": note, "kinds": dict.fromkeys(tests, "p")}
    return found


def _contrast(changed: dict[str, Any]) -> tuple[str, str]:
    parts = [(f, changed[f], next(iter(FACTORS[f]))) for f in FACTORS if f in changed]
    if len(parts) == 1:
        ((factor, level, first),) = parts
        return factor, f"{level} − {first}"
    (a, level_a, first_a), (b, level_b, first_b) = parts
    return f"{a}:{b}", f"({level_a} − {first_a}) at {level_b} − at {first_b}"


@frame
def effects(sources: Sources) -> pd.DataFrame:
    """Main effects and interactions in percentage points."""
    found = _effects(sources, "test_accuracy")
    found.attrs["kinds"]["difference"] = "points"
    return found


@frame
def ratios(sources: Sources) -> pd.DataFrame:
    """The same of the logarithm of the errors: by what factor the errors change."""
    found = _effects(sources, "log_errors")
    logs = found[["difference", "low", "high"]].astype(float)
    found = found.assign(ratio=np.exp(logs["difference"]), low=np.exp(logs["low"]), high=np.exp(logs["high"]))
    found.attrs["kinds"]["ratio"] = "times"
    return found


@frame
def company(sources: Sources) -> pd.DataFrame:
    """What each part changes in each company: a row `dropout-0.25@no-bn` compares the cell of both with `no-bn` alone.

    Paired by seed; in points, and as the factor by which the errors change. Where one of the pairs diverged, no mean.
    """
    return _company(factor_runs(sources))


@frame
def company_settled(sources: Sources) -> pd.DataFrame:
    """The same over the seeds with which every cell left guessing behind: how much hangs on a run that did not."""
    runs = factor_runs(sources)
    stuck = runs.loc[runs["test_accuracy"] < GUESSING, "seed"]
    return _company(runs[~runs["seed"].isin(stuck)])


def _company(runs: pd.DataFrame) -> pd.DataFrame:
    names = {tuple(changed.items()): cell for cell, changed in CELLS.items()}
    rows = {}
    for part in WORDS:
        for cell, changed in CELLS.items():
            other = names[tuple(item for item in changed.items() if item not in CELLS[part].items())]
            if not CELLS[part].items() <= changed.items():
                continue
            points, logs = (wide[cell] - wide[other] for wide in _common(runs, [cell, other]))
            rows[f"{part}@{other}"] = {
                "part": WORDS[part], "beside": title(other, " and ") if other != REFERENCE else "nothing else",
                **difference(points), **ratio(logs),
            }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index")
    times = dict.fromkeys(("ratio", "ratio_low", "ratio_high"), "times")
    found.attrs = {"kinds": {"difference": "points", **times}, "note": f"paired by seed, results/{STUDY}/runs.csv"}
    return found


def _common(runs: pd.DataFrame, needed: list[str]) -> list[pd.DataFrame]:
    """Return test accuracy and log errors of the cells side by side."""
    return [side_by_side(runs, needed, metric) for metric in ("test_accuracy", "log_errors")]


@frame
def additive(sources: Sources) -> pd.DataFrame:
    """What single changes foretell for each combination if nothing interacts, over seeds that all cells involved have.

    points_accuracy adds their differences, factor_accuracy multiplies the errors by their factors.
    """
    runs = factor_runs(sources)
    columns = ["n", "test_accuracy", "reference_accuracy", "reference_error", "points_accuracy", "factor_accuracy"]
    rows = pd.DataFrame(0.0, index=[cell for cell in CELLS if "+" in cell], columns=columns)
    for cell in rows.index:
        parts = cell.split("+")
        seeds = _common(runs, [REFERENCE, cell, *parts])
        if not len(seeds[0]):
            continue
        points, logs = (values.mean() for values in seeds)
        sums = [values[parts].sum() - (len(parts) - 1) * values[REFERENCE] for values in (points, logs)]
        base = [points[REFERENCE], np.exp(logs[REFERENCE])]
        rows.loc[cell] = [len(seeds[0]), points[cell], *base, sums[0], 100 - np.exp(sums[1])]
    rows.attrs = {"kinds": {"reference_error": "percent"}, "note": f"results/{STUDY}/runs.csv"}
    return rows


@table
def cells_table(sources: Sources) -> pd.DataFrame:
    """Every cell of the plan with its factors and what its runs did."""
    found = cell_figures(sources)
    rows = pd.DataFrame({
        "cell": found.index, **{f: list(found[f]) for f in FACTORS}, "parameters": list(found["parameters"]),
        "seeds": list(found["n"]),
        **({"diverged": list(found["n_diverged"])} if found["n_diverged"].any() else {}),
        "test accuracy (%)": list(found["test_accuracy"]), "sd": list(found["sd"]),
        "95% interval": [_interval("percent", row) for _, row in found.iterrows()],
    })  # fmt: skip
    rows.attrs["formats"] = {"parameters": ",.0f", "test accuracy (%)": ".2f", "sd": ".3f"}
    rows.attrs["right"] = ("dropout", "95% interval")
    return rows


@table
def company_table(sources: Sources) -> pd.DataFrame:
    """What each part changes in each company, with intervals."""
    found = company(sources)
    found = found[found["n"] > 0]
    rows = [
        {"part": row["part"], "beside": row["beside"], "seeds": row["n"], "points": row["difference"],
         "95% interval": _interval("points", row), "errors ×": row["ratio"],
         "95% interval of ×": _interval("times", row[["ratio_low", "ratio_high"]].set_axis(["low", "high"]))}
        for _, row in found.iterrows()
    ]  # fmt: skip
    answer = pd.DataFrame(rows)
    answer.attrs["formats"] = {"points": "+.2f", "errors ×": ".2f"}
    answer.attrs["right"] = ("95% interval", "95% interval of ×")
    return answer


@table
def together_comparison(sources: Sources) -> pd.DataFrame:
    """Every cell that is stored, against the reference; their accuracies stand in `cells-table`."""
    stored = set(sources.runs(STUDY)["variant"])
    found = comparison(sources, study=STUDY, variants=[cell for cell in CELLS if cell in stored and cell != REFERENCE])
    return found.drop(columns=["test accuracy (%)", "95% interval"])


@table
def effects_table(sources: Sources) -> pd.DataFrame:
    """Every effect on both scales: percentage points, and the factor by which the errors change."""
    points, times = effects(sources), ratios(sources)
    known = points.index[points["n"] > 0]
    rows = [
        {"effect": title(name), "points": points.loc[name, "difference"],
         "95% interval": _interval("points", points.loc[name]), "p (Holm)": decisive_p(points.loc[name]),
         "verdict": points.loc[name, "verdict"], "errors ×": times.loc[name, "ratio"],
         "95% interval of ×": _interval("times", times.loc[name]), "p (Holm) of ×": decisive_p(times.loc[name])}
        for name in known
    ]  # fmt: skip
    found = pd.DataFrame(rows)
    found.attrs["formats"] = {"points": "+.2f", "errors ×": ".2f"}
    found.attrs["right"] = tuple(c for c in found.columns if "interval" in c or "p (" in c)
    return found


@frame
def variance(sources: Sources) -> pd.DataFrame:
    """The analysis of variance on both scales, its terms named `norm`, `norm+head`, `seed`: F, p and share of each.

    p is after Holm's correction over the effects, that of the seeds by itself. Without a factor that varies: nothing.
    """
    runs, factors = stats.largest_factorial(factor_runs(sources), FACTORS)
    terms = ["+".join(some) for n in (1, 2, 3) for some in combinations(FACTORS, n)]
    both = {}
    for scale, metric in (("", "test_accuracy"), ("_log", "log_errors")) if factors else ():
        found = (
            stats.factorial(runs, factors, metric).set_index("term").rename(index=lambda term: term.replace(":", "+"))
        )
        found["p"] = found["p_holm"].fillna(found["p"])
        both |= {f"{column}{scale}": found[column] for column in ("df", "f", "p", "share")}
    columns = [f"{column}{scale}" for scale in ("", "_log") for column in ("df", "f", "p", "share")]
    answer = pd.DataFrame(both, columns=columns).reindex([*terms, "seed", "residual"])
    note = f"analysis of variance of the factorial in results/{STUDY}/runs.csv"
    answer.attrs = {"kinds": {"p": "p", "p_log": "p"}, "note": note}
    return answer


@table
def variance_table(sources: Sources) -> pd.DataFrame:
    """The analysis of variance on both scales: F, p and the share of each term."""
    found = variance(sources).dropna(subset="df")
    rows = []
    for term, line in found.iterrows():
        row: dict[str, Any] = {"term": str(term).replace("+", " × "), "df": int(line["df"])}
        for scale, words in (("", "points"), ("_log", "log errors")):
            cells = {"F": line[f"f{scale}"], "p": _p(line[f"p{scale}"]), "share": line[f"share{scale}"]}
            row |= {f"{name}, {words}": cell for name, cell in cells.items()}
        rows.append(row)
    answer = pd.DataFrame(rows)
    answer.attrs["formats"] = {c: ".1f" if c.startswith("F") else ".2f" for c in answer if c[:2] in ("F,", "sh")}
    answer.attrs["right"] = tuple(c for c in answer.columns if c.startswith("p"))
    answer.attrs["missing"] = ""
    return answer


def title(name: str, joined: str = " × ") -> str:
    return joined.join(WORDS[part] for part in name.split("+"))


def _interval(kind: str, row: pd.Series) -> str | None:
    return None if pd.isna(row["low"]) else write_interval(Value(kind=kind, low=row["low"], high=row["high"]))


def _p(p: Any) -> str | None:
    return None if pd.isna(p) else write(Value(kind="p", number=float(p)))


@figure
def together_runs(sources: Sources) -> Any:
    """Every run of every cell: its test error, on a logarithmic axis."""
    runs, found = factor_runs(sources), cell_figures(sources)
    ax = plt.figure(figsize=(6.8, 5.2)).add_subplot()
    tint = colours(["batch", "none"])
    for place, (cell, row) in enumerate(found.iterrows()):
        own, colour = runs[runs["variant"] == cell], tint[row["norm"]]
        ax.plot(own["errors"], [place] * len(own), marker(row["norm"]), color=colour, alpha=0.7, markeredgewidth=0)
        words = "not trained yet" if own.empty else f"sd {row['sd']:.2f}" if row["n"] > 1 else ""
        if row["n_diverged"]:
            words = f"{row['n_diverged']} of {row['n'] + row['n_diverged']} diverged"
        ax.annotate(words, (1.02, place), xycoords=("axes fraction", "data"), va="center", size=9.5)
    for norm, label in (("batch", "with batch normalisation"), ("none", "without")):
        ax.plot([], [], marker(norm), color=tint[norm], label=label)
    ax.set_yticks(range(len(found)), found.index)
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.set_xscale("log")
    _error_axis(ax, "x", runs["errors"])
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


@figure
def together_interaction(sources: Sources, *, scale: str = "points") -> Any:
    """The interaction plot, a panel per head, a line with and one without BN: accuracy, or errors by factors."""
    runs = factor_runs(sources)
    log = {"points": False, "errors": True}[scale]
    picture, axes = plt.subplots(1, len(FACTORS["head"]), figsize=(7.4, 3.7), sharey=True)
    for ax, head in zip(axes, FACTORS["head"], strict=True):
        own = runs[runs["head"] == head]
        plots.plot_interaction(
            own, x="dropout", hue="norm", metric="errors" if log else "test_accuracy", log=log, ax=ax
        )
        ax.set_title(f"head = {head}")
        ax.label_outer()
    axes[-1].get_legend().remove()
    # the runs set the limits: the interval of a few unsteady ones reaches beyond 100% and would flatten all others, as
    # would in points a run that learnt nothing
    values = runs["errors"] if log else runs["test_accuracy"].where(lambda values: values >= GUESSING)
    low, high, room = values.min(), values.max(), 0.25 * np.ptp(values.dropna())
    axes[0].set_ylim((low / 1.4, high * 1.4) if log else (low - room, min(100, high + room)))
    if log:
        _error_axis(axes[0], "y", values)
    return picture


@figure
def together_curves(sources: Sources) -> Any:
    """Test error over the epochs, a panel for each norm and head, a line for each dropout: mean, lowest to highest."""
    epochs = sources.epochs(STUDY)
    picture, axes = plt.subplots(2, 2, figsize=(7.4, 5.6), sharex=True, sharey=True)
    names = {tuple(changed.items()): cell for cell, changed in CELLS.items()}
    tint = dict(zip(FACTORS["dropout"], colours(["reference", "dropout-0.10", "dropout-0.25"]).values(), strict=True))
    for ax, (norm, head) in zip(axes.flat, product(FACTORS["norm"], FACTORS["head"]), strict=True):
        for (dropout, colour), mark in zip(tint.items(), "osv", strict=True):
            levels = {"norm": norm, "head": head, "dropout": dropout}
            changed = tuple((f, level) for f, level in levels.items() if FACTORS[f][level])
            rows = epochs[epochs["variant"] == names[changed]].dropna(subset="test_accuracy")
            by = (100 - rows["test_accuracy"]).clip(lower=0.01).groupby(rows["epoch"])
            ax.fill_between(by.min().index, by.min(), by.max(), color=colour, alpha=0.18, linewidth=0)
            ax.plot(by.mean(), marker=mark, color=colour, markersize=5, label=f"dropout = {dropout:g}")
        ax.set_title(f"norm = {norm}, head = {head}", size=10.5)
        ax.set_yscale("log")
        ax.set(xlabel="epoch", ylabel="test error (%)")
        ax.label_outer()
    axes[0, 0].legend()
    inside = epochs[epochs["variant"].isin(CELLS)]["test_accuracy"].dropna()
    _error_axis(axes[0, 0], "y", (100 - inside).clip(lower=0.01))
    axes[0, 1].set_ylabel("")
    axes[1, 0].set_ylabel("test error (%)")
    return picture


@figure
def together_effects(sources: Sources) -> Any:
    """Main effects and interactions with their intervals, in points and as factors of the errors."""
    points, times = effects(sources), ratios(sources)
    names = list(points.index[points["n"] > 0])
    picture, axes = plt.subplots(1, 2, figsize=(7.8, 1.4 + 0.36 * len(names)), sharey=True)
    tint = colours(["main effect", "interaction"])
    for ax, found, column, zero in ((axes[0], points, "difference", 0), (axes[1], times, "ratio", 1)):
        ax.axvline(zero, linewidth=1.2, color=plt.rcParams["axes.edgecolor"], zorder=1)
        for place, name in enumerate(names):
            row, kind = found.loc[name], "interaction" if "+" in name else "main effect"
            if not pd.isna(row["low"]):
                ends = [row["low"], row["high"]]
                ax.plot(ends, [place] * 2, color=tint[kind], linewidth=2.4, solid_capstyle="round")
            ax.plot(row[column], place, "D" if "+" in name else "o", color=tint[kind], markersize=8)
        ax.grid(False, axis="y")
        ax.tick_params(axis="y", length=0)
    axes[0].axvspan(-stats.MARGIN, stats.MARGIN, color=plt.rcParams["axes.edgecolor"], alpha=0.16, linewidth=0)
    for kind, mark in (("main effect", "o"), ("interaction", "D")):
        axes[0].plot([], [], mark, color=tint[kind], label=kind, markersize=8)
    axes[0].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
    axes[0].set_xlabel("percentage points of accuracy")
    axes[0].set_yticks(range(len(names)), [title(name) for name in names])
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    axes[1].set_xscale("log")
    ends = times.loc[names, ["low", "high", "ratio"]].astype(float)
    _log_axis(axes[1], "x", ends.min().min(), ends.max().max(), (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50))
    axes[1].set_xlabel("errors, multiplied by")
    return picture


@figure
def together_differences(sources: Sources) -> Any:
    """Every other cell against the reference, pair by pair."""
    runs = factor_runs(sources)
    chosen = list(dict.fromkeys(runs["variant"]))
    ax = plots.plot_differences(runs, variants=chosen, comparison=sources.comparison(STUDY))
    ax.figure.set_size_inches(7.2, 1.3 + 0.45 * len(chosen))
    return ax


def _error_axis(ax: Axes, side: str, errors: pd.Series) -> None:
    _log_axis(ax, side, errors.min(), errors.max(), (0.2, 0.3, 0.5, 0.7, 1, 2, 3, 5, 10, 20, 50, 90))
    getattr(ax, f"set_{side}label")("test error (%)")


def _log_axis(ax: Axes, side: str, low: float, high: float, ticks: tuple[float, ...]) -> None:
    """Give a logarithmic axis the round numbers from just below to just above what it shows."""
    axis = getattr(ax, f"{side}axis")
    axis.set_major_locator(FixedLocator([tick for tick in ticks if low / 1.6 <= tick <= high * 1.6]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
