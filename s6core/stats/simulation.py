"""Studies invented with a known truth: do the intervals cover it, and how often is a verdict wrong?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from s6core.stats.evidence import MARGIN, evidence, verdicts
from s6core.stats.evidence import Evidence as _Evidence
from s6core.stats.intervals import LEVEL, Method
from s6core.stats.pairs import StatsError

IMAGES = 10_000
ERRORS = 60  # of a net with 99.4%


def simulated_differences(
    true: ArrayLike, n: int, *, spread: float, repeats: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return invented per-seed differences from a reference, in points, shape (repeats, variants, n seeds).

    A run's test errors are whole images: of those that the net is unsure of, each is wrong in a given run with the same
    probability, so that a run makes a binomial number of errors, 60 on average for the reference (negative binomial
    where the spread asks for more). `spread` is the standard deviation of the differences, 0.05 to 0.1 points on MNIST,
    `true` their means, one per variant. The variants of a repeat share their reference runs, as those of a study do.
    """
    true = np.atleast_1d(np.asarray(true, float))
    variance = (spread * IMAGES / 100) ** 2 / 2  # of one arm's errors: two arms make a difference
    means = ERRORS - true * IMAGES / 100
    if spread <= 0:
        raise StatsError(f"spread={spread!r}: allowed is a number above 0")
    if means.min() < 1:
        raise StatsError(f"true={true.max():g}: allowed is less than the reference's {ERRORS * 100 / IMAGES:g} points")
    reference, *own = (_errors(mean, variance, (repeats, n), rng) for mean in (ERRORS, *means))
    return np.stack([reference - errors for errors in own], axis=1) * (100 / IMAGES)


def simulated_accuracies(
    accuracy: float, n: int, *, spread: float, repeats: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return invented runs of one net on 10,000 images, in per cent, shape (repeats, n seeds).

    As in `simulated_differences`, errors are whole images; `spread` is the standard deviation of a run's accuracy.
    Draw twice for two arms of the same net.
    """
    if spread <= 0:
        raise StatsError(f"spread={spread!r}: allowed is a number above 0")
    if not 0 <= accuracy < 100:
        raise StatsError(f"accuracy={accuracy!r}: allowed are per cent, 0 to below 100")
    images = IMAGES / 100
    return 100 - _errors((100 - accuracy) * images, (spread * images) ** 2, (repeats, n), rng) / images


def coverage(
    n: int, *, spread: float = 0.07, repeats: int = 2_000, method: Method = "t", rng: np.random.Generator
) -> float:
    """Return the share of 95% intervals of n simulated differences that hold the true mean; as it should be: 0.95.

    A sample without any spread has no interval and counts as not covering.
    """
    sample = simulated_differences([0.0], n, spread=spread, repeats=repeats, rng=rng)[:, 0]
    if method == "t":
        with np.errstate(divide="ignore", invalid="ignore"):
            half = stats.t.ppf((1 + LEVEL) / 2, n - 1) * stats.sem(sample, axis=1)
        low, high = sample.mean(axis=1) - half, sample.mean(axis=1) + half
    else:
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # no spread: counted below
            result = stats.bootstrap((sample,), np.mean, axis=-1, method="BCa", n_resamples=1_000, batch=50, rng=rng)
        low, high = result.confidence_interval
    return float(np.mean((low <= 0) & (high >= 0) & (low < high)))


def claim_rates(
    true: Sequence[float],
    n: int,
    *,
    spread: float = 0.07,
    margin: float = MARGIN,
    repeats: int = 2_000,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return how often each verdict falls on families of variants with known true differences, n seeds each.

    One row per variant: true, helps, hurts, equivalent, undecided (shares of the repeats), wrong (the share of verdicts
    that are false of it: helps where it does not, hurts where it does not, equivalent at or beyond the margin) and
    family_wrong, the same in all rows: the share of families with at least one false verdict. The verdicts are those
    that `compare` gives.
    """
    gains = simulated_differences(true, n, spread=spread, repeats=repeats, rng=rng)
    found = evidence(gains.reshape(-1, n), margin=margin, rng=rng)
    shaped = {name: value.reshape(repeats, -1) for name, value in vars(found).items()}
    verdict, *_ = verdicts(_Evidence(**shaped), margin=margin)
    truth = np.asarray(true, float)
    false = {"helps": truth <= 0, "hurts": truth >= 0, "equivalent": np.abs(truth) >= margin}
    wrong = np.logical_or.reduce([(verdict == name) & where for name, where in false.items()])
    shares = {name: (verdict == name).mean(axis=0) for name in [*false, "undecided"]}
    family = wrong.any(axis=1).mean()
    return pd.DataFrame({"true": truth, **shares, "wrong": wrong.mean(axis=0), "family_wrong": family})


def _errors(mean: float, variance: float, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int_]:
    """Draw numbers of errors of the given mean and variance (nearly: a binomial needs a whole number of images)."""
    if np.isclose(variance, mean):
        return rng.poisson(mean, shape)
    if variance > mean:
        p = mean / variance
        return rng.negative_binomial(mean * p / (1 - p), p, shape)
    unsure = int(np.ceil(mean / (1 - variance / mean)))
    return rng.binomial(unsure, mean / unsure, shape)
