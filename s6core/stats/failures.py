"""Which runs did not learn: the only place that says so."""

from __future__ import annotations

from typing import Any

import pandas as pd
import scipy
from numpy.typing import ArrayLike

from s6core.stats.checks import StatsError, accuracies, whole
from s6core.stats.pairs import DIVERGED, FINISHED
from s6core.stats.rule import CHANCE, CLASSES, LEVEL


def ended_at_chance(accuracy: ArrayLike, classes: int = CLASSES) -> Any:
    """Say whether nets with these final accuracies (per cent) do not better than guess; a bool, or an array of them.

    The rule is: at or below twice the accuracy of guessing, 20% for ten classes; see `rule.CHANCE`. Raises `StatsError`
    for what is no accuracy in per cent and for fewer than three classes.
    """
    limit = CHANCE * 100 / whole(classes, "classes", 3)
    found = accuracies(accuracy) <= limit
    return found if found.shape else bool(found)


def did_not_learn(runs: pd.DataFrame, classes: int = CLASSES) -> pd.Series:
    """Return which runs are failures: they diverged, or they finished at chance by their test accuracy.

    A run without a result (status failed: the machine, not the net) is no failure; it counts as not yet run.
    """
    status = runs["status"] if "status" in runs else pd.Series(FINISHED, index=runs.index)
    found = status == DIVERGED
    finished = status == FINISHED
    if finished.any():
        found[finished] = ended_at_chance(runs.loc[finished, "test_accuracy"], classes)
    return found.astype(bool)


def share_interval(k: int, n: int) -> tuple[float, float]:
    """Return the 95% interval of Clopper and Pearson (1934) of a share, k of n; 0 to 1 where n is 0."""
    whole(n, "n", 0), whole(k, "k", 0)
    if k > n:
        raise StatsError(f"k={k}: allowed is at most n={n}")
    if n == 0:
        return 0.0, 1.0
    tail = (1 - LEVEL) / 2  # scipy's binomtest gives the same, a thousand times slower
    low = scipy.special.betaincinv(k, n - k + 1, tail) if k else 0.0
    high = scipy.special.betaincinv(k + 1, n - k, 1 - tail) if k < n else 1.0
    return float(low), float(high)
