"""What a comparison says about digits that no net here has seen: seeds and images vary, both at once."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from s6core.stats.checks import StatsError
from s6core.stats.rule import LEVEL


def any_interval(
    ratio: float, low: float, high: float, correct_a: ArrayLike, correct_b: ArrayLike
) -> tuple[float, float]:
    """Widen the interval of a ratio over seeds to one over seeds and images: half-widths add as squares."""
    a, b = _pair(correct_a, correct_b)
    images = scipy.stats.norm.isf((1 - LEVEL) / 2) * np.sqrt(image_variance(a, b))
    below, above = np.hypot(np.log([ratio / low, high / ratio]), images)
    return float(ratio * np.exp(-below)), float(ratio * np.exp(above))


def image_variance(correct_a: ArrayLike, correct_b: ArrayLike) -> float:
    """Return the variance of the log ratio of mean errors that comes from the choice of test images.

    In the crossed model error(seed, image) = mean + seed + image + rest, the linear part of the log ratio gives image j
    the weight d_j = mean error of a on j / mean error of a − the same of b. The variance of d over the images, divided
    by their number, holds that of the images and what the rest adds; the latter is in the spread of the seeds already
    and is taken off, estimated from the two-way residuals. Never below zero.
    """
    a, b = _pair(correct_a, correct_b)
    images = a.shape[1]
    shares, rest = [], 0.0
    for side in (~a, ~b):
        mean = side.mean()
        if not mean:
            raise StatsError("correct: a side without a single error shows nothing of how hard the images are")
        x = side / mean
        shares.append(x.mean(axis=0))
        seeds = len(x)
        if seeds > 1:
            residual = x - x.mean(axis=0) - x.mean(axis=1, keepdims=True) + 1
            rest += float((residual**2).sum() / ((seeds - 1) * (images - 1)) / (seeds * images))
    return max(float(np.var(shares[0] - shares[1], ddof=1) / images) - rest, 0.0)


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    sides = []
    for name, side in (("correct_a", a), ("correct_b", b)):
        x = np.asarray(side)
        if x.dtype != bool or x.ndim != 2 or not x.size:
            raise StatsError(f"{name}: {x.dtype} of shape {x.shape}; allowed are truth values, seeds × images")
        sides.append(x)
    if sides[0].shape[1] != sides[1].shape[1]:
        raise StatsError(f"correct: {sides[0].shape[1]} and {sides[1].shape[1]} images; allowed are the same images")
    if sides[0].shape[1] < 2:
        raise StatsError("correct: one image; allowed are two or more")
    return sides[0], sides[1]
