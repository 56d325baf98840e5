"""What units see of an unbounded image, as it repeats itself along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm

import numpy as np
from numpy.typing import NDArray

from s6core.receptive.reads import Places, Reads

Number = int | Fraction

_LONGEST = 4096  # boxes before a pattern that repeats later than the axis ends is written out unit by unit


@dataclass(frozen=True, eq=False)
class Boxes:
    """First and last pixel, both included, that units 0, 1, … see of an unbounded image.

    Those of unit i + len(first) lie `advance` pixels further on.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    advance: int

    @cached_property
    def stride(self) -> Number:
        """Pixels from one unit's field to the next one's, on average."""
        return _plain(Fraction(self.advance, len(self.first)))

    @cached_property
    def size(self) -> int:
        """Pixels that a unit sees; the most that one does, where units differ."""
        return int((self.last - self.first).max()) + 1

    @cached_property
    def centre(self) -> Number:
        """Where unit 0's field has its centre; the average over the units that differ, each moved back to unit 0."""
        phases = len(self.first)
        twice = int(self.first.sum() + self.last.sum()) - phases * (phases - 1) * self.stride
        return _plain(Fraction(twice) / (2 * phases))

    @property
    def padding(self) -> Number:
        """Pixels by which unit 0's field begins before the image."""
        return _plain(Fraction(self.size - 1, 2) - self.centre)

    def at(self, units: Places) -> tuple[Places, Places]:
        """Return the first and last pixel that units see, which may lie beyond the ends of the axis."""
        turn, phase = np.divmod(units, len(self.first))
        return self.first[phase] + turn * self.advance, self.last[phase] + turn * self.advance

    def read(self, reads: Reads, units: int) -> Boxes:
        """Return the boxes of the output of an operation that reads these."""
        phases = len(self.first)
        turns = phases // gcd(phases, reads.advance)
        period, advance = len(reads.offsets) * turns, self.advance * (turns * reads.advance // phases)
        if period > max(units, _LONGEST):  # written out; beyond the ends only nearly the same goes on
            advance = round(units * Fraction(self.advance * reads.advance, phases * len(reads.offsets)))
            period = units
        first, last = self.at(reads.places(period))
        return shortest_description(first.min(axis=1), last.max(axis=1), advance)

    def union(self, other: Boxes, units: int) -> Boxes:
        """Return boxes that hold both; where strides differ, they are written out, and the larger stride stays."""
        period = lcm(len(self.first), len(other.first))
        if self.stride != other.stride and units > 1 or period > max(units, _LONGEST):
            period = units
        (first, last), (other_first, other_last) = (boxes.at(np.arange(period)) for boxes in (self, other))
        advance = round(period * max(Fraction(self.stride), Fraction(other.stride)))
        return shortest_description(np.minimum(first, other_first), np.maximum(last, other_last), advance)


def shortest_description(first: Places, last: Places, advance: int) -> Boxes:
    """Return the shortest description of the same boxes."""
    phases = len(first)
    for length in range(1, phases // 2 + 1):
        step, rest = divmod(advance * length, phases)
        if phases % length or rest:
            continue
        if (first[length:] - first[:-length] == step).all() and (last[length:] - last[:-length] == step).all():
            return Boxes(first[:length], last[:length], step)
    return Boxes(first, last, advance)


def _plain(number: Fraction | int) -> Number:
    number = Fraction(number)
    return number.numerator if number.denominator == 1 else number
