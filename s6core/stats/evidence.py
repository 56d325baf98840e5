"""What differences say about a mean, as arrays: one row of seeds per comparison, one family of comparisons at a time.

`compare` uses it for a study's runs and `claim_rates` for simulated ones, so that what is measured is what is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from s6core.stats.checks import numbers
from s6core.stats.holm import holm
from s6core.stats.intervals import LEVEL
from s6core.stats.pairs import DECIMALS, StatsError

MARGIN = 0.05
"""Percentage points: five of the 10,000 test images. A smaller difference does not matter. Declared before any run."""

ALPHA = 0.05
MINIMUM_SEEDS = 3  # two differences that happen to lie close together would prove anything
EXACT = 2**16  # sign flips are counted one by one up to here, 16 seeds, and drawn at random beyond

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was found in gains (differences turned so that above zero is better), an array each of shape (comparisons,).

    NaN in the mean and in what a t test gives means that there is none: too few seeds, no spread, or a divergence.
    """

    n: NDArray[np.int_]  # pairs, those with a diverged run included
    side: Floats  # +1 for the better, -1 for the worse, 0
    mean: Floats
    low: Floats
    high: Floats
    p_better: Floats  # share of pairs in which the variant is better, ties counted half
    p: Floats  # sign-flip test of no difference
    p_t: Floats  # t test of no difference
    p_equivalent: Floats  # two one-sided t tests of a difference as large as the margin


def evidence(gains: ArrayLike, *, margin: float, rng: np.random.Generator | None = None) -> Evidence:
    """Weigh gains of shape (comparisons, seeds).

    ±inf is a pair in which one run diverged, which is worse than any that finished; NaN one in which both did, a tie.

    Raises `StatsError` where the sign flips are too many to count and no `rng` to draw them is given.
    """
    gains = np.atleast_2d(np.asarray(gains, float)).round(DECIMALS)
    count, n = gains.shape
    bounded = np.isfinite(gains)
    # a divergence outweighs all finished pairs together; the sign-flip test allows any such odd function of a pair
    heavy = 1 + np.where(bounded, np.abs(gains), 0).sum(axis=1, keepdims=True)
    ranked = np.where(bounded, gains, np.nan_to_num(np.sign(gains)) * heavy)
    spread = bounded.all(axis=1) & (np.ptp(ranked, axis=1) > 0) & (n > 1)
    mean = np.where(bounded.all(axis=1), ranked.mean(axis=1), np.nan)
    low, high, p_t, p_equivalent = np.full((4, count), np.nan)
    if spread.any():
        x = gains[spread]
        test = stats.ttest_1samp(x, 0.0, axis=1)
        low[spread], high[spread] = test.confidence_interval(LEVEL)
        p_t[spread] = test.pvalue
        above = stats.ttest_1samp(x, -margin, axis=1, alternative="greater").pvalue
        below = stats.ttest_1samp(x, margin, axis=1, alternative="less").pvalue
        p_equivalent[spread] = np.maximum(above, below)
    return Evidence(
        n=np.full(count, n),
        side=np.sign(ranked.sum(axis=1).round(DECIMALS)),
        mean=mean,
        low=low,
        high=high,
        p_better=(1 + np.sign(ranked)).mean(axis=1) / 2,
        p=sign_flip(ranked, rng=rng),
        p_t=p_t,
        p_equivalent=p_equivalent,
    )


def sign_flip(differences: ArrayLike, *, rng: np.random.Generator | None = None) -> Floats:
    """Return the two-sided sign-flip permutation p of each row of differences, shape (…, seeds) → (…).

    Exact for up to 16 seeds, where it cannot be below 2/2ⁿ; beyond, from 65,535 flips drawn with `rng`.
    """
    x = numbers(differences, "differences")
    n = x.shape[-1]
    if n == 1:
        return np.ones(x.shape[:-1])
    if 2**n > EXACT and rng is None:
        raise StatsError(f"{n} pairs have too many sign flips to count: give rng=numpy.random.default_rng(seed)")
    result = stats.permutation_test(
        (x,),
        lambda sample, axis: np.mean(sample, axis=axis),
        permutation_type="samples",
        vectorized=True,
        axis=-1,
        n_resamples=EXACT if 2**n <= EXACT else EXACT - 1,
        batch=max(1, 2_000_000 // x.size),
        rng=rng,
    )
    return np.asarray(result.pvalue)


def verdicts(
    found: Evidence, *, margin: float, members: int | None = None
) -> tuple[NDArray[np.str_], Floats, Floats, Floats]:
    """Return the verdicts of families, every array of `found` having shape (…, family), and the three Holm-corrected p.

    In order: verdict, sign-flip, t, equivalence. The rule is that of `s6core.stats`, `members` that of `holm`.
    """
    p_holm, p_t_holm, p_equivalent_holm = (holm(p, members=members) for p in (found.p, found.p_t, found.p_equivalent))
    agrees = found.p <= np.maximum(ALPHA, 2.0 ** (1 - found.n)) + 1e-12
    diverged = np.isnan(found.mean)
    clear = np.where(diverged, p_holm <= ALPHA, (p_t_holm <= ALPHA) & agrees)
    small = (-margin < found.low) & (found.high < margin) & (p_equivalent_holm <= ALPHA)
    enough = found.n >= MINIMUM_SEEDS
    cases = [enough & small, enough & clear & (found.side > 0), enough & clear & (found.side < 0)]
    return np.select(cases, ["equivalent", "helps", "hurts"], "undecided"), p_holm, p_t_holm, p_equivalent_holm
