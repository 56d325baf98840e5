"""A screening design: many two-level choices at once, each effect measured by all runs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from s6core.stats.checks import Floats, StatsError, numbers
from s6core.stats.holm import holm
from s6core.stats.rule import LEVEL

FEWEST = 3  # contrasts that no factor owns, to estimate the scatter from

COLUMNS = ["factor", "kind", "aliases", "ratio", "low", "high", "p", "p_holm", "quantile", "lenth", "lenth_margin"]


def contrasts(design: pd.DataFrame, log_errors: ArrayLike) -> pd.DataFrame:
    """Return what each factor of a two-level design does: a row per factor, then one per set of aliased interactions.

    `design` has a row per run and a column per factor, −1 or +1, orthogonal and balanced; `log_errors` a natural
    logarithm of errors per run. The columns of the answer:

    - factor, kind (main or interaction), aliases: the two-factor interactions that share this contrast
    - ratio: geometric mean error at +1 over that at −1, all runs against all; low, high: its 95% interval
    - p, p_holm over the factors: t tests. The variance is the mean square of the contrasts that hold interactions of
      two factors and no factor, which is pure scatter if none of them is real, and too large, never too small, if some
      are (pooling of inactive contrasts: Box, Hunter & Hunter 2005, section 6.6); a degree of freedom for each
    - quantile: of the half-normal plot (Daniel 1959), by size among the contrasts of its kind: ranked with the factors,
      which may act, the interactions would fall short of the scatter that they themselves show
    - lenth, lenth_margin: Lenth's (1989) pseudo standard error and margin of error, as factors of the errors

    Raises `StatsError` for a design that is not orthogonal, and one that leaves fewer than three contrasts for scatter.
    """
    table, y = _checked(design, log_errors)
    names, x = list(table.columns), table.to_numpy(float)
    sets: dict[bytes, list[str]] = {}
    columns: dict[bytes, Floats] = {}
    for a, b in combinations(range(len(names)), 2):
        column = x[:, a] * x[:, b]
        column = column * column[0]  # aliases share a contrast whatever its sign
        key = column.astype(np.int8).tobytes()
        sets.setdefault(key, []).append(f"{names[a]}:{names[b]}")
        columns[key] = x[:, a] * x[:, b]
    mains = [(column * column[0]).astype(np.int8).tobytes() for column in x.T]
    free = [key for key in sets if key not in mains and abs(columns[key].sum()) < len(y)]
    if len(free) < FEWEST:
        raise StatsError(f"design: {len(free)} contrasts hold interactions only; the scatter needs {FEWEST} or more")
    effects = np.array([2 * np.mean(y * column) for column in [*x.T, *(columns[key] for key in free)]])
    own, rest = effects[: len(names)], effects[len(names) :]
    half = scipy.stats.t.isf((1 - LEVEL) / 2, len(rest)) * np.sqrt(np.mean(rest**2))
    p = 2 * scipy.stats.t.sf(np.abs(own) / np.sqrt(np.mean(rest**2)), len(rest))
    nothing = np.full(len(rest), np.nan)
    error = lenth(effects)
    rows = {
        "factor": [*names, *(sets[key][0] for key in free)],
        "kind": ["main"] * len(names) + ["interaction"] * len(rest),
        "aliases": [", ".join(sets.get(key, [])) for key in [*mains, *free]],
        "ratio": np.exp(effects),
        "low": np.exp(np.append(own - half, nothing)),
        "high": np.exp(np.append(own + half, nothing)),
        "p": np.append(p, nothing),
        "p_holm": np.append(holm(p), nothing),
        "quantile": np.append(_half_normal(np.abs(own)), _half_normal(np.abs(rest))),
        "lenth": np.exp(error),
        "lenth_margin": np.exp(error * scipy.stats.t.isf((1 - LEVEL) / 2, len(effects) / 3)),
    }
    return pd.DataFrame(rows, columns=COLUMNS)


def scatter(contrasts: pd.DataFrame) -> float:
    """Return the standard deviation (log errors) of the contrasts that no factor owns."""
    return float(np.sqrt(np.mean(np.log(contrasts["ratio"][contrasts["kind"] == "interaction"]) ** 2)))


def predicted(contrasts: pd.DataFrame, log_errors: ArrayLike, levels: ArrayLike) -> tuple[float, float, float]:
    """Return the errors (%) predicted of a net with each factor at a level, −1 or +1, and the 95% interval of its mean.

    On log errors: the mean of all runs and half of every effect, which are orthogonal, so that their variances add. The
    scatter is that of the contrasts that no choice owns; it says nothing of how the choices work together, and nothing
    of levels that were picked because their effects came out large (they are too large on average).
    """
    is_main = contrasts["kind"] == "main"
    mains, free = np.log(contrasts["ratio"][is_main]), int((~is_main).sum())
    signs = numbers(levels, "levels")
    if signs.shape != mains.shape or not set(signs) <= {-1, 1}:
        raise StatsError(f"levels: allowed are {len(mains)} of -1 and 1, one per factor; got {list(signs)}")
    middle = np.mean(np.asarray(log_errors)) + mains @ signs / 2
    # an effect is 2/N times a signed sum of N log errors, so its variance is 4/N of a run's; its half: 1/N
    half = scipy.stats.t.isf((1 - LEVEL) / 2, free) * scatter(contrasts) * np.sqrt((len(mains) + 1) / 4)
    return float(np.exp(middle)), float(np.exp(middle - half)), float(np.exp(middle + half))


def lenth(effects: ArrayLike) -> float:
    """Return Lenth's pseudo standard error of effects of which most are nothing (Lenth 1989, equations 1 and 2)."""
    size = np.abs(numbers(effects, "effects"))
    first = 1.5 * np.median(size)
    return float(1.5 * np.median(size[size <= 2.5 * first]))


def _half_normal(size: Floats) -> Floats:
    return np.asarray(scipy.stats.norm.ppf(0.5 + 0.5 * (scipy.stats.rankdata(size) - 0.5) / len(size)))


def _checked(design: pd.DataFrame, log_errors: ArrayLike) -> tuple[pd.DataFrame, Floats]:
    y = numbers(log_errors, "log_errors").ravel()
    if not isinstance(design, pd.DataFrame) or design.shape[1] < 2:
        raise StatsError("design: allowed is a frame with a row per run and a column per factor, two or more")
    if len(y) != len(design):
        raise StatsError(f"log_errors: {len(y)} for a design of {len(design)} runs")
    for name in design.columns:
        levels = set(design[name])
        if not levels <= {-1, 1}:
            odd = next(level for level in levels if level not in (-1, 1))
            raise StatsError(f"design: {name!r} has the level {odd!r}; allowed are -1 and 1")
        if design[name].sum():
            raise StatsError(f"design: {name!r} is not balanced; allowed are as many -1 as 1")
    products = design.to_numpy(float).T @ design.to_numpy(float)
    mixed = np.argwhere(np.triu(products != 0, 1))
    if len(mixed):
        a, b = (design.columns[i] for i in mixed[0])
        raise StatsError(f"design: {a!r} and {b!r} are not orthogonal: their effects cannot be told apart")
    if np.ptp(y) == 0:
        raise StatsError("log_errors: all runs are equal; copies of one run show no effect")
    return design, y
