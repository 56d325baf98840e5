"""Which units of its input each unit of an operation's output reads, along one axis.

Every operation of a convolutional net repeats itself: `len(reads.offsets)` units on, the same offsets are read
`reads.advance` units on. Convolution and pooling repeat after one unit, an upsampling by f after f units; a flip
advances backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Border = Literal["constant", "reflect", "replicate", "circular"]
"""What stands beyond the ends of an axis: constants that depend on no pixel, or units read again."""


@dataclass(frozen=True)
class Reads:
    """The input units that output units 0, 1, … read; those of unit i + len(offsets) lie `advance` further on.

    `stretched` says that the operation resizes to a number of units rather than by a whole factor: how far its units
    lie apart is then an average.
    """

    offsets: tuple[tuple[int, ...], ...]
    advance: int
    stretched: bool = False

    @cached_property
    def table(self) -> Places:
        """The offsets as an array; a unit that reads fewer repeats one of its own."""
        longest = max(map(len, self.offsets))
        return np.array([(*taps, *taps[:1] * (longest - len(taps))) for taps in self.offsets], dtype=np.int64)

    def places(self, units: int) -> Places:
        """Return what the first `units` output units read, (units, taps)."""
        turn, phase = np.divmod(np.arange(units), len(self.offsets))
        places: Places = self.table[phase] + turn[:, None] * self.advance
        return places


def window(kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Reads:
    """Return the reads of a convolution or a pooling; `padding` is that before the first unit."""
    return Reads((tuple(range(-padding, dilation * (kernel - 1) + 1 - padding, dilation)),), stride)


def picked(places: Sequence[int] | Sequence[Sequence[int]], advance: int, *, stretched: bool = False) -> Reads:
    """Return the reads of an operation that names the units it takes: a gather, a repeat, a regrouping."""
    return Reads(tuple((p,) if isinstance(p, int) else tuple(p) for p in places), advance, stretched)


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
    return Reads(offsets, units // common, stretched=units % outputs != 0)


def nearest(units: int, outputs: int, *, factor: float | None = None, middle: bool = False) -> Reads:
    """Return the reads of a resizing to the nearest unit, ⌊i/factor⌋, or ⌊(i + ½)/factor⌋ from the `middle` of outputs.

    `factor` is the one that torch was given; without it, torch takes outputs/units. Torch computes in single precision,
    and so finds another unit now and then where the quotient is whole: then each output is listed.
    """
    step = Fraction(units, outputs) if factor is None else 1 / Fraction(factor).limit_denominator(1 << 20)
    shift = Fraction(1, 2) if middle else Fraction(0)
    offsets = tuple((int((i + shift) * step // 1),) for i in range(step.denominator))
    reads = Reads(offsets, step.numerator, stretched=factor is None or step.numerator != 1)
    scale = np.float32(units) / np.float32(outputs) if factor is None else np.float32(1 / factor)
    found = np.floor((np.arange(outputs, dtype=np.float32) + np.float32(shift)) * scale).astype(int).clip(0, units - 1)
    if (found == reads.places(outputs)[:, 0].clip(0, units - 1)).all():
        return reads
    return picked(found.tolist(), units, stretched=True)


def resample(units: int, outputs: int, taps: int, *, factor: float | None = None, corners: bool = False) -> Reads:
    """Return the reads of an interpolation of `units` to `outputs` with 2 or 4 taps.

    They lie around (i + ½)/factor − ½ or, with `corners`, where the first and the last unit of both lie on each other.
    A tap whose weight is zero is not read.
    """
    step = Fraction(units, outputs) if factor is None else 1 / Fraction(factor).limit_denominator(1 << 20)
    if corners:
        step = Fraction(units - 1, max(outputs - 1, 1))
    offsets = []
    for unit in range(step.denominator):
        place = unit * step if corners else (unit + Fraction(1, 2)) * step - Fraction(1, 2)
        whole = place.numerator // place.denominator
        offsets.append((whole,) if place == whole else tuple(range(whole - taps // 2 + 1, whole + taps // 2 + 1)))
    return Reads(tuple(offsets), step.numerator, stretched=factor is None or step.numerator != 1)


SAME = Reads(((0,),), 1)
"""The reads of what is pointwise."""
