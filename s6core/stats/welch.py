"""Two means of log errors against each other: interval and p, and a p that a worse run never softens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy

from s6core.stats.checks import Floats
from s6core.stats.prior import Prior, moderated
from s6core.stats.rule import LEVEL

Spread = tuple[Floats, Floats]  # the variance of a mean and its degrees of freedom, arrays of one shape

FINE, COARSE = np.linspace(0, 1, 97), np.linspace(0, 1, 13)  # of the runs: where cuts are tried first
ZOOMS = 12


def spread(x: Floats, prior: Prior | None, *, cut: bool = False) -> Spread:
    """Return the variance of the mean of the last axis, moderated, and its degrees of freedom; NaN if there is none."""
    n = x.shape[-1]
    if n == 0 or (n == 1 and prior is None):
        return np.full(x.shape[:-1], np.nan), np.full(x.shape[:-1], np.nan)
    own = x.var(axis=-1, ddof=1) if n > 1 else np.zeros(x.shape[:-1])
    variance, df = moderated(own, np.full(own.shape, n - 1.0), prior, cut=cut)
    return variance / n, df


def half_width(spread_a: Spread, spread_b: Spread, alpha: float = 1 - LEVEL) -> Floats:
    """Return half the width of the interval of a difference of means, from each side's variance and df.

    Welch's, with the degrees of freedom of Satterthwaite (1946), and never less than if one of the two means were
    known exactly. Satterthwaite's can be: then more scatter on one side would be rewarded with a narrower interval.
    """
    (va, fa), (vb, fb) = spread_a, spread_b
    both = _quantile(alpha, _satterthwaite(va, fa, vb, fb)) * np.sqrt(va + vb)
    single = [_quantile(alpha, f) * np.sqrt(v) for v, f in (spread_a, spread_b)]
    return np.maximum(both, np.maximum(*single))


def p_above(difference: Floats, spread_a: Spread, spread_b: Spread) -> Floats:
    """Return the one-sided p that a difference of means is not above zero, the counterpart of `half_width`."""
    (va, fa), (vb, fb) = spread_a, spread_b
    found = [_tail(difference, va + vb, _satterthwaite(va, fa, vb, fb)), _tail(difference, va, fa)]
    p = np.maximum(np.maximum(*found), _tail(difference, vb, fb))
    return np.where(difference > 0, p, np.maximum(p, 0.5))


def closed_p(a: Floats, b: Floats, prior_a: Prior | None, prior_b: Prior | None) -> float:
    """Return the one-sided p that the mean of a is not above that of b, the smallest for a any lower and b any higher.

    What would be clear if a run of a were better is clear with the worse one: without this rule one collapsed run makes
    the spread so large that a harm on which all runs agree becomes undecided. Of all such changes the strongest are
    cuts, all runs of a above some value set to it and all of b below some value, so that only these are searched. A
    side without a prior is not cut: the spread of equal runs would be zero.
    """
    gap = np.asarray(np.mean(a) - np.mean(b))
    if gap <= 0:  # cuts make it no larger
        return float(p_above(gap, spread(a, prior_a), spread(b, prior_b)))
    return _smallest_over_cuts(a, b, prior_a, prior_b, p_above)


def closed_threshold(a: Floats, b: Floats, prior_a: Prior | None, prior_b: Prior | None, alpha: float) -> float:
    """Return the difference of means from which on `closed_p` would be at most alpha / 2, runs scattering as these."""
    middle = float(np.mean(a) - np.mean(b))  # what a cut takes from the difference must be made up for

    def needed(gap: Floats, spread_a: Spread, spread_b: Spread) -> Floats:
        return (middle - gap) + half_width(spread_a, spread_b, alpha)

    return _smallest_over_cuts(a, b, prior_a, prior_b, needed)


def _smallest_over_cuts(
    a: Floats,
    b: Floats,
    prior_a: Prior | None,
    prior_b: Prior | None,
    value: Callable[[Floats, Spread, Spread], Floats],
) -> float:
    """Return the smallest value(difference of means, spread of a, spread of b) over cuts of a and of b."""
    cuts_a = _cuts(a, prior_a, FINE)
    cuts_b = -_cuts(-b, prior_b, COARSE)[::-1]
    best = np.inf
    for _ in range(1 + ZOOMS):
        lower, upper = np.minimum(a, cuts_a[:, None]), np.maximum(b, cuts_b[:, None])
        gap = lower.mean(axis=1)[:, None] - upper.mean(axis=1)[None, :]
        (va, fa), (vb, fb) = spread(lower, prior_a, cut=True), spread(upper, prior_b, cut=True)
        found = value(gap, (va[:, None], fa[:, None]), (vb[None, :], fb[None, :]))
        i, j = divmod(int(np.argmin(found)), found.shape[1])
        best = min(best, float(found[i, j]))
        cuts_a, cuts_b = _around(cuts_a, i), _around(cuts_b, j)
    return best


def _tail(difference: Floats, variance: Floats, df: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(difference == 0, 0.0, difference / np.sqrt(variance))
    return np.asarray(scipy.special.stdtr(np.where(df > 0, df, 1), -ratio))


def _quantile(alpha: float, df: Floats) -> Floats:
    return np.asarray(-scipy.special.stdtrit(df, alpha / 2))


def _satterthwaite(va: Floats, fa: Floats, vb: Floats, fb: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (va + vb) ** 2 / (va**2 / fa + vb**2 / fb)
    return np.where((va + vb) > 0, df, fa + fb)


def _cuts(x: Floats, prior: Prior | None, shares: Floats) -> Floats:
    """Return ascending cuts to try first: places between the runs, and where the spread falls to that of the prior."""
    if prior is None or np.ptp(x) == 0:
        return np.array([np.max(x)])
    x = np.sort(x)
    n = len(x)
    k = np.arange(1, n)  # runs below the cut, between the k-th and the next; the others lie at it
    below, squares = np.cumsum(x)[:-1], np.cumsum(x**2)[:-1]
    # where the variance of the cut runs, quadratic in the cut, is that of the prior
    a, b = (n - k) * k / n, -below * (n - k) / n
    inside = b**2 - a * (squares - below**2 / n - (n - 1) * prior.variance)
    roots = (-b + np.sqrt(np.maximum(inside, 0))) / a
    switch = roots[(roots >= x[:-1]) & (roots <= x[1:])] - 1e-12
    return np.unique(np.concatenate([np.quantile(x, shares), switch]))


def _around(cuts: Floats, i: int) -> Floats:
    return np.linspace(cuts[max(i - 2, 0)], cuts[min(i + 2, len(cuts) - 1)], 9) if len(cuts) > 1 else cuts
