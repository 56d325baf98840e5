"""The exact rank-sum test: what stands when nothing is assumed about how errors scatter."""

from __future__ import annotations

import numpy as np
import scipy

from s6core.stats.checks import Floats

EXACT = 4_000  # pairs of runs up to which the permutations are counted


def rank_p(a: Floats, b: Floats) -> float:
    """Return the one-sided p of the rank-sum test (Mann and Whitney 1947) that a does not lie above b.

    A tie between the sides counts against the claim, a failure against a failure too: the p is then at most too large,
    and a run of a that gets worse never raises it, which is not so with mean ranks.
    """
    values, side = np.concatenate([a, b]), np.repeat([0, 1], [len(a), len(b)])
    order = np.lexsort((side, values))  # of equal values those of a come first
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values))
    method = "exact" if len(a) * len(b) <= EXACT else "asymptotic"
    found = scipy.stats.mannwhitneyu(ranks[: len(a)], ranks[len(a) :], alternative="greater", method=method)
    return float(found.pvalue)


def separated(a: Floats, b: Floats) -> bool:
    """Say whether every value of a lies above every one of b."""
    return bool(a.min() > b.max())
