"""Factors crossed with each other, several seeds in each cell: main effects and interactions as ratios of errors."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product

import numpy as np
import pandas as pd
import scipy

from s6core.stats.arms import Arm, arms
from s6core.stats.checks import Floats, StatsError
from s6core.stats.holm import holm
from s6core.stats.prior import study_prior
from s6core.stats.rule import ALPHA, CLASSES, IMAGES
from s6core.stats.welch import spread

Levels = Mapping[str, object]


def crossed_effects(
    runs: pd.DataFrame,
    cells: Mapping[str, Levels],
    *,
    metric: str = "test_accuracy",
    images: int = IMAGES,
    classes: int = CLASSES,
) -> pd.DataFrame:
    """Return what the factors do to the errors: term, contrast, order, n, n_failed, ratio, low, high, p, p_holm.

    `cells` gives each variant's level of every factor, all combinations of them; the first cell has the levels that the
    others are compared with. `runs` are all runs of the study, as for `effects`. A main effect is the ratio of the
    geometric mean errors at a level to those at the first, averaged (in the logarithm, cells weighing the same) over
    the cells of the other factors; an interaction of two is the ratio of two such ratios, of three the ratio of two
    interactions: 1 where factors multiply. Cells may have different numbers of seeds and different spreads: a contrast
    of cell means has the variance of Welch, moderated, and the degrees of freedom of Satterthwaite. Failures are
    counted in the cells that a contrast uses and have no part in it. All rows are one family. Raises `StatsError` for
    a missing combination, and for a cell without a run that learned.
    """
    found = arms(runs, metric, images=images, classes=classes)
    factors, levels, names = _crossing(cells)
    used = {}
    for combination, name in names.items():
        if name not in found or not len(found[name].logs):
            raise StatsError(f"cells: no run of {name!r} that learned; every combination is needed")
        used[combination] = found[name]
    prior = study_prior(arm for name, arm in found.items() if name not in cells)
    prior = prior or study_prior(used.values())
    sides = {combination: spread(arm.logs, prior) for combination, arm in used.items()}
    if any(np.isnan(variance) or variance == 0 for variance, _ in sides.values()):
        raise StatsError("cells: one has no spread; two runs or more that differ are needed in each")
    rows = []
    for order in range(1, len(factors) + 1):
        for chosen in combinations(range(len(factors)), order):
            for others in product(*(levels[i][1:] for i in chosen)):
                weights = _weights(list(used), chosen, others, levels)
                row = _contrast(weights, used, sides)
                term = ":".join(factors[i] for i in chosen)
                contrast = " × ".join(f"{b} / {levels[i][0]}" for i, b in zip(chosen, others, strict=True))
                rows.append({"term": term, "contrast": contrast, "order": order, **row})
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p"]))


def _crossing(cells: Mapping[str, Levels]) -> tuple[list[str], list[list[object]], dict[tuple[object, ...], str]]:
    """Return the factors, each one's levels in their order, and the variant of every combination."""
    if not cells:
        raise StatsError("cells: none")
    factors = list(next(iter(cells.values())))
    for name, own in cells.items():
        if set(own) != set(factors):
            raise StatsError(f"cells: {name!r} has the factors {', '.join(own)}; the first has {', '.join(factors)}")
    levels = [list(dict.fromkeys(own[factor] for own in cells.values())) for factor in factors]
    for factor, options in zip(factors, levels, strict=True):
        if len(options) < 2:
            raise StatsError(f"cells: {factor!r} has one level only; an effect needs two")
    names = {tuple(own[factor] for factor in factors): name for name, own in cells.items()}
    for combination in product(*levels):
        if combination not in names:
            what = ", ".join(f"{factor} {level}" for factor, level in zip(factors, combination, strict=True))
            raise StatsError(f"cells: none has {what}; every combination is needed")
    return factors, levels, names


def _weights(
    cells: list[tuple[object, ...]], chosen: tuple[int, ...], others: tuple[object, ...], levels: list[list[object]]
) -> Floats:
    """Return the weight of each cell in a contrast: products of +1, −1 or 0, over the number of other combinations."""
    average = np.prod([len(options) for i, options in enumerate(levels) if i not in chosen])
    signs = [
        [1 if cell[i] == b else -1 if cell[i] == levels[i][0] else 0 for i, b in zip(chosen, others, strict=True)]
        for cell in cells
    ]
    return np.prod(signs, axis=1) / average


def _contrast(
    weights: Floats, cells: Mapping[tuple[object, ...], Arm], sides: Mapping[tuple[object, ...], tuple[Floats, Floats]]
) -> dict[str, object]:
    parts = [(w, arm, *sides[key]) for w, (key, arm) in zip(weights, cells.items(), strict=True) if w]
    middle = sum(w * arm.logs.mean() for w, arm, *_ in parts)
    variances = np.array([w**2 * v for w, _, v, _ in parts])
    df = variances.sum() ** 2 / sum(variances**2 / np.array([f for *_, f in parts]))
    error = np.sqrt(variances.sum())
    half = -scipy.special.stdtrit(df, ALPHA / 2) * error
    return {
        "n": sum(arm.n for _, arm, *_ in parts),
        "n_failed": sum(arm.failed for _, arm, *_ in parts),
        "ratio": float(np.exp(middle)),
        "low": float(np.exp(middle - half)),
        "high": float(np.exp(middle + half)),
        "p": float(2 * scipy.special.stdtr(df, -abs(middle) / error)),
    }
