"""What all variants of a study together say about how much a variant's seeds scatter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy

from s6core.stats.arms import Arm
from s6core.stats.checks import Floats
from s6core.stats.rule import OUTLIER, PRIOR_DF, PRIOR_SPREADS


@dataclass(frozen=True)
class Prior:
    """A variance of log errors, and how many degrees of freedom it weighs; 0: a floor that lends none of its own."""

    variance: float
    df: float


def study_prior(arms: Iterable[Arm]) -> Prior | None:
    """Return the prior from the spreads of these arms, or None where fewer than five have one."""
    used = [arm for arm in arms if len(arm.logs) >= 2]
    variances = np.array([arm.logs.var(ddof=1) for arm in used])
    if len(used) < PRIOR_SPREADS or not (variances > 0).any():
        return None
    return fit_prior(variances, np.array([len(arm.logs) - 1.0 for arm in used]))


def fit_prior(variances: Floats, df: Floats) -> Prior:
    """Return the prior that sample variances with their degrees of freedom come from; robust, at most `PRIOR_DF` df.

    Smyth (2004), Statistical Applications in Genetics 3:3, section 6.2, without the variances to which the prior gives
    less than 1% (upper tail of F): those of damaged nets. Which they are is found in turns, from the median and an
    infinitely sure prior on, until the same are left out twice; a variance returns when the wider prior allows it.
    """
    scaled = np.maximum(variances, 1e-5 * np.median(variances[variances > 0]))  # as limma: the log of 0 has no use
    found = Prior(float(np.median(scaled * df / (2 * scipy.special.gammaincinv(df / 2, 0.5)))), np.inf)
    kept = np.zeros(len(scaled), bool)
    for _ in range(20):
        inside = _upper_tail(scaled / found.variance, df, found.df) >= OUTLIER
        if (inside == kept).all() or inside.sum() < 2:
            break
        kept = inside
        found = smyth(scaled[kept], df[kept])
    return Prior(found.variance, min(found.df, PRIOR_DF))


def smyth(variances: Floats, df: Floats) -> Prior:
    """Return the prior by matching the mean and the variance of the log variances (Smyth 2004, section 6.2)."""
    centred = np.log(variances) - scipy.special.digamma(df / 2) + np.log(df / 2)
    excess = centred.var(ddof=1) - scipy.special.polygamma(1, df / 2).mean()
    if excess <= scipy.special.polygamma(1, 1e4 / 2):  # no more scatter than sampling makes: one spread for all
        return Prior(float(np.exp(centred.mean())), np.inf)
    half = scipy.optimize.brentq(lambda x: scipy.special.polygamma(1, x) - excess, 1e-6, 1e4)
    return Prior(float(np.exp(centred.mean() + scipy.special.digamma(half) - np.log(half))), float(2 * half))


def moderated(variance: Floats, df: Floats, prior: Prior | None, *, cut: bool = False) -> tuple[Floats, Floats]:
    """Return variances to reckon with and their degrees of freedom, arrays as given.

    A spread below the prior's is drawn up to the weighted mean of both, with the sum of their degrees of freedom (Smyth
    2004, section 3). A spread above it is evidence and stays as it is, with its own degrees of freedom: few runs that
    happen to lie close together prove nothing, runs that lie far apart do. Without a prior all stay.

    `cut` says that runs may have been cut (`welch.closed_p`). What the runs themselves say of their spread does not add
    to the prior then, and the degrees of freedom are those of whichever knows more.
    """
    if prior is None:
        return variance, df
    drawn = (prior.df * prior.variance + df * variance) / (prior.df + df) if prior.df else prior.variance
    both = np.maximum(prior.df, df) if cut else prior.df + df
    return np.maximum(variance, drawn), np.where(variance > drawn, df, both)


def _upper_tail(ratio: Floats, df: Floats, prior_df: float) -> Floats:
    if np.isinf(prior_df):
        return np.asarray(scipy.special.chdtrc(df, ratio * df))
    return np.asarray(scipy.special.fdtrc(df, prior_df, ratio))
