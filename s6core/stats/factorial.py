"""Several factors at once: main effects and interactions, with the seed as a block."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from s6core.stats.evidence import MARGIN, evidence, verdicts
from s6core.stats.holm import holm
from s6core.stats.intervals import interval_row
from s6core.stats.pairs import FINISHED, Better, StatsError, checked, sign


def factorial(runs: pd.DataFrame, factors: Sequence[str], metric: str = "test_accuracy") -> pd.DataFrame:
    """Return the analysis of variance of a full factorial: term, df, sum_sq, f, p, p_holm, share.

    One row per main effect, per interaction, for the seeds (the blocks) and the residual. The model is
    metric ~ A * B * … + seed, least squares by statsmodels, sums of squares of type II; p_holm is corrected over the
    effects and interactions; share is partial η², SS / (SS + SS residual).
    `runs` has a row per run and the factors as columns. Used are the seeds that every cell has, however their runs
    ended. The test pools the spread of all cells: where one cell is far noisier than the others, see
    `factorial_effects`.
    Raises `StatsError` for an empty cell, fewer than two common seeds, or a run among them that did not finish.
    """
    table = _balanced(runs, factors, metric)
    # imported here: the formula engine takes longer to import than all the rest, and few pages need it
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    names = {f"f{i}": factor for i, factor in enumerate(factors)}
    plain = pd.DataFrame({code: table[factor].astype(str) for code, factor in names.items()})
    plain = plain.assign(seed=table["seed"].astype(str), y=table[metric])
    result = anova_lm(ols(f"y ~ {' * '.join(names)} + seed", data=plain).fit(), typ=2)
    result = result.rename(columns={"PR(>F)": "p", "F": "f"}).rename_axis("term").reset_index()
    result["term"] = [":".join(names.get(part, part) for part in term.split(":")) for term in result["term"]]
    result["term"] = result["term"].replace("Residual", "residual")
    effect = ~result["term"].isin(["seed", "residual"])
    result.loc[effect, "p_holm"] = holm(result.loc[effect, "p"])
    residual = result.loc[result["term"] == "residual", "sum_sq"].item()
    result["share"] = (result["sum_sq"] / (result["sum_sq"] + residual)).where(result["term"] != "residual")
    return result.astype({"df": int})[["term", "df", "sum_sq", "f", "p", "p_holm", "share"]]


def factorial_effects(
    runs: pd.DataFrame,
    factors: Sequence[str],
    metric: str = "test_accuracy",
    *,
    margin: float | None = None,
    better: Better | None = None,
    members: int | None = None,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Return how large the effects are: term, contrast, n, difference, sd, low, high, method, the p and the verdict.

    A main effect is a level minus the factor's first level (in the order of the rows, or of its categories), averaged
    over the cells of the other factors; an interaction of two factors is the difference of such differences. Each is
    taken within a seed, then its mean over the n seeds with the paired t interval and t test: unlike in `factorial`, no
    equal spread of the cells is assumed. All rows are one family, judged by the rule of `s6core.stats`; it has as many
    `members` as were planned, by default as there are rows. The columns of p, `margin`, `better` and `rng` are those of
    `compare`.
    Raises as `factorial` does, and for a metric of which it is not known whether higher is better.
    """
    turn = sign(metric, better)
    table = _balanced(runs, factors, metric)
    levels = {factor: _levels(table[factor]) for factor in factors}
    found: list[tuple[str, str, pd.Series]] = []
    for factor in factors:
        wide = table.pivot_table(index="seed", columns=factor, values=metric, observed=True)
        first, *others = levels[factor]
        for level in others:
            found.append((factor, f"{level} − {first}", wide[level] - wide[first]))
    for a, b in combinations(factors, 2):
        wide = table.pivot_table(index="seed", columns=[a, b], values=metric, observed=True)
        (first_a, *others_a), (first_b, *others_b) = levels[a], levels[b]
        for level_a in others_a:
            for level_b in others_b:
                there = wide[(level_a, level_b)] - wide[(first_a, level_b)]
                here = wide[(level_a, first_b)] - wide[(first_a, first_b)]
                name = f"({level_a} − {first_a}) at {level_b} − at {first_b}"
                found.append((f"{a}:{b}", name, there - here))
    if margin is None:
        margin = MARGIN if metric.endswith("accuracy") else 0.0
    weighed = evidence([turn * change for *_, change in found], margin=margin, rng=rng)
    verdict, p_holm, p_t_holm, p_equivalent_holm = verdicts(weighed, margin=margin, members=members)
    rows = []
    for term, contrast, change in found:
        row = interval_row(change)
        rows.append({"term": term, "contrast": contrast, "n": row.pop("n"), "difference": row.pop("mean"), **row})
    return pd.DataFrame(rows).assign(
        p=weighed.p, p_holm=p_holm,
        p_t=weighed.p_t, p_t_holm=p_t_holm,
        p_equivalent=weighed.p_equivalent, p_equivalent_holm=p_equivalent_holm,
        verdict=verdict,
    )  # fmt: skip


def _levels(column: pd.Series) -> list[object]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [level for level in column.cat.categories if (column == level).any()]
    return list(dict.fromkeys(column))


def _balanced(runs: pd.DataFrame, factors: Sequence[str], metric: str) -> pd.DataFrame:
    """Return the runs of the seeds that every cell of the full factorial has, all of them finished."""
    if not factors:
        raise StatsError("factors: give at least one column")
    table = checked(runs, metric, key=[*factors, "seed"])
    cells = {tuple(cell): set(group["seed"]) for cell, group in table.groupby(list(factors), observed=True)}
    every = pd.MultiIndex.from_product([_levels(table[f]) for f in factors], names=factors)
    for factor in factors:
        if table[factor].nunique() < 2:
            raise StatsError(f"factor {factor!r} has one level only: an effect needs two")
    for cell in every:
        if cell not in cells:
            raise StatsError(f"no run for {', '.join(f'{f} {v}' for f, v in zip(factors, cell, strict=True))}")
    common = set.intersection(*cells.values())
    if len(common) < 2:
        raise StatsError(f"seeds that every cell has: {len(common)}, at least 2 are needed")
    return _finished(table[table["seed"].isin(common)], factors)


def _finished(table: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Return the runs as they are. Raises `StatsError` if one did not finish: what is left would be a selection."""
    lost = table["status"] != FINISHED
    if lost.any():
        run = table.loc[lost.idxmax()]
        name = ", ".join(f"{factor} {run[factor]}" for factor in factors)
        raise StatsError(
            f"{int(lost.sum())} runs did not finish, first {name}, seed {run['seed']} ({run['status']}): a factorial "
            "needs every cell; leave out the level, or compare the variants one by one, where a divergence counts"
        )
    return table
