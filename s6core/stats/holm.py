"""Holm's correction for the many comparisons of one question."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from s6core.stats.checks import Floats, StatsError


def holm(p: ArrayLike) -> Floats:
    """Return Holm's step-down correction along the last axis. NaN, no evidence, stays NaN and counts as a member.

    What a family asks for is settled when it is declared, and must not depend on which of its members were tried first.
    Raises `StatsError` for what is no probability. (Holm 1979.)

    Own code, tested against statsmodels, whose `multipletests` takes one family at a time and collects garbage in each
    call: 50 ms, hours for a simulation.
    """
    try:
        alone: Floats = np.asarray(p, float)
    except (TypeError, ValueError):
        raise StatsError(f"p={p!r}: allowed are numbers from 0 to 1") from None
    outside = (alone < 0) | (alone > 1)
    if outside.any():
        raise StatsError(f"p={alone[outside].flat[0]:g}: allowed are numbers from 0 to 1")
    if alone.ndim == 0:
        raise StatsError(f"p={p!r}: allowed is a family of p, in a list or an array")
    size = alone.shape[-1]
    order = np.argsort(alone, axis=-1)  # puts NaN last, where a p of 1 would stand
    steps = np.take_along_axis(alone, order, axis=-1) * np.arange(size, 0, -1)
    corrected = np.empty_like(alone)
    np.put_along_axis(corrected, order, np.minimum(np.maximum.accumulate(steps, axis=-1), 1), axis=-1)
    return corrected
