"""Runs invented with a known truth, for what a rule makes of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from s6core.stats.checks import StatsError
from s6core.stats.rule import IMAGES


def simulated_accuracies(
    accuracy: float, n: int, *, spread: float, repeats: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return invented runs of one net on 10,000 images, in per cent, shape (repeats, n seeds).

    Errors are whole images: of those that the net is unsure of, each is wrong in a given run with the same probability,
    so that a run makes a binomial number of errors (negative binomial where the spread asks for more). `spread` is the
    standard deviation of a run's accuracy. Draw twice for two arms of the same net.
    """
    if spread <= 0:
        raise StatsError(f"spread={spread!r}: allowed is a number above 0")
    if not 0 <= accuracy < 100:
        raise StatsError(f"accuracy={accuracy!r}: allowed are per cent, 0 to below 100")
    images = IMAGES / 100
    return 100 - _errors((100 - accuracy) * images, (spread * images) ** 2, (repeats, n), rng) / images


def _errors(mean: float, variance: float, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int_]:
    """Draw numbers of errors of the given mean and variance (nearly: a binomial needs a whole number of images)."""
    if np.isclose(variance, mean):
        return rng.poisson(mean, shape)
    if variance > mean:
        p = mean / variance
        return rng.negative_binomial(mean * p / (1 - p), p, shape)
    unsure = int(np.ceil(mean / (1 - variance / mean)))
    return rng.binomial(unsure, mean / unsure, shape)
