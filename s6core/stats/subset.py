"""What of an incomplete factorial can be analysed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product

import numpy as np
import pandas as pd

from s6core.stats.pairs import FINISHED, StatsError, checked


def largest_factorial(
    runs: pd.DataFrame, factors: Iterable[str], metric: str = "test_accuracy"
) -> tuple[pd.DataFrame, list[str]]:
    """Return the runs of the largest full factorial that can be analysed, and those of its factors that vary.

    It holds each factor's first level, that of the reference; at least two seeds are common to all its cells, and the
    runs of these, which are those returned, all finished. The factors are categories, whose order is that of the
    levels. Where no two cells will do, it is the first cell alone, and no factor varies. Raises `StatsError` if that
    has no runs.
    """
    factors = list(factors)
    table = checked(runs, metric, key=[*factors, "seed"])
    levels = [list(table[factor].cat.categories) for factor in factors]
    seeds: dict[tuple[object, ...], set[int]] = {}
    lost: dict[tuple[object, ...], set[int]] = {}
    for cell, own in table.groupby(factors, observed=True):
        seeds[cell], lost[cell] = set(own["seed"]), set(own.loc[own["status"] != FINISHED, "seed"])
    first = tuple(options[0] for options in levels)
    if first not in seeds:
        raise StatsError(f"no run for {', '.join(f'{f} {v}' for f, v in zip(factors, first, strict=True))}")
    best: list[tuple[object, ...]] = [first]
    used = seeds[first]
    for kept in sorted(product(*map(_with_first, levels)), key=_order):
        cells = list(product(*kept))
        if len(cells) <= len(best):
            continue
        # chosen by what is stored, not by how it ended: a seed is not dropped because one of its runs diverged
        common = set.intersection(*(seeds.get(cell, set()) for cell in cells))
        if len(common) >= 2 and not any(common & lost[cell] for cell in cells):
            best, used = cells, common
    inside = [cell in best for cell in zip(*(table[factor] for factor in factors), strict=True)]
    found = runs[np.array(inside) & table["seed"].isin(used).to_numpy()]
    return found, [factor for factor in factors if found[factor].nunique() > 1]


def _with_first(levels: list[object]) -> list[list[object]]:
    first, *others = levels
    return [[first, *more] for n in range(len(others) + 1) for more in combinations(others, n)]


def _order(kept: tuple[list[object], ...]) -> tuple[int, list[bool]]:
    """Put first what says most: of two equally large factorials the one in which more, or earlier, factors vary."""
    still = [len(levels) == 1 for levels in kept]
    return sum(still), still
