"""Numbers as they may be: anything else is refused, with the field, the value and what is allowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class StatsError(ValueError):
    """A frame or a number that no statistic can honestly be made of, and what would be needed."""


def accuracies(values: ArrayLike, name: str = "accuracy") -> Floats:
    """Return accuracies in per cent as floats. Raises `StatsError` for text, NaN, and what no accuracy can be.

    Per cent at or below 1 are refused: a net that guesses has 100 / classes, so they are fractions by mistake.
    """
    x = numbers(values, name)
    outside = (x < 0) | (x > 100)
    if outside.any():
        raise StatsError(f"{name}={x[outside].flat[0]:g}: allowed are per cent, 0 to 100")
    if (x <= 1).any():
        raise StatsError(f"{name}={x[x <= 1].flat[0]:g}: this looks like a fraction; allowed are per cent, as in 99.3")
    return x


def numbers(values: ArrayLike, name: str) -> Floats:
    """Return values as floats. Raises `StatsError` for text, truth values, NaN and infinities."""
    raw = np.asarray(values)
    if raw.dtype.kind not in "iufO" or any(isinstance(v, (str, bytes, bool)) for v in raw.flat):
        odd = next((v for v in raw.flat if isinstance(v, (str, bytes, bool))), raw.flat[0] if raw.size else values)
        raise StatsError(f"{name}={str(odd)!r}: allowed are numbers")
    try:
        x = raw.astype(float)
    except (TypeError, ValueError):
        odd = next(v for v in raw.flat if not isinstance(v, (int, float)))
        raise StatsError(f"{name}={odd!r}: allowed are numbers") from None
    if not np.isfinite(x).all():
        raise StatsError(f"{name}={x[~np.isfinite(x)].flat[0]:g}: allowed are finite numbers")
    return x


def whole(value: object, name: str, least: int = 1) -> int:
    """Return a whole number of at least `least`. Raises `StatsError` for anything else, 3.0 and True included."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise StatsError(f"{name}={value!r}: allowed is an integer from {least}")
    return int(value)
