"""Which units of its input each unit of an operation's output reads, along one axis.

Every operation of a convolutional net repeats itself: `len(reads.offsets)` units on, the same offsets are read
`reads.advance` units on. Convolution and pooling repeat after one unit, an upsampling by f after f units.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Literal

Border = Literal["constant", "reflect", "replicate", "circular"]
"""What stands beyond the ends of an axis: constants that depend on no pixel, or units read again."""


@dataclass(frozen=True)
class Reads:
    """The input units that output units 0, 1, … read; those of unit i + len(offsets) lie `advance` further on."""

    offsets: tuple[tuple[int, ...], ...]
    advance: int


def window(kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Reads:
    """Return the reads of a convolution or a pooling; `padding` is that before the first unit."""
    return Reads((tuple(range(-padding, dilation * (kernel - 1) + 1 - padding, dilation)),), stride)


def transposed(kernel: int, stride: int, padding: int, dilation: int) -> Reads:
    """Return the reads of a transposed convolution: input i is spread to the outputs i·stride − padding + dilation·t.

    Raises `ValueError` where kernel and dilation leave outputs between that no input reaches: they have no field.
    """
    taps = range(0, dilation * (kernel - 1) + 1, dilation)
    offsets = tuple(
        tuple(sorted((o + padding - t) // stride for t in taps if (o + padding - t) % stride == 0))
        for o in range(stride)
    )
    if not all(offsets):
        raise ValueError(
            f"a transposed convolution with kernel {kernel}, stride {stride} and dilation {dilation} has outputs "
            f"that no input reaches; a field is defined where every output reads at least one"
        )
    return Reads(offsets, 1)


def adaptive(units: int, outputs: int) -> Reads:
    """Return the reads of an adaptive pooling: its windows differ where `outputs` does not divide `units`."""
    common = gcd(units, outputs)
    offsets = tuple(
        tuple(range(o * units // outputs, -(-(o + 1) * units // outputs))) for o in range(outputs // common)
    )
    return Reads(offsets, units // common)


def resample(scale: Fraction, taps: int) -> Reads:
    """Return the reads of an interpolation by `scale` (2: twice as many units) with 1, 2 or 4 taps.

    One tap is the nearest unit as torch counts it, ⌊i/scale⌋; two and four lie around (i + ½)/scale − ½
    (align_corners=False). A tap whose weight is zero is not read.
    """
    offsets = []
    for unit in range(scale.numerator):
        place = unit / scale if taps == 1 else (unit + Fraction(1, 2)) / scale - Fraction(1, 2)
        whole = place.numerator // place.denominator
        exact = taps == 1 or place == whole
        offsets.append((whole,) if exact else tuple(range(whole - taps // 2 + 1, whole + taps // 2 + 1)))
    return Reads(tuple(offsets), scale.denominator)


SAME = Reads(((0,),), 1)
"""The reads of what is pointwise."""
