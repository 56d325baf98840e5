"""One axis of a map and what each of its units sees: the recurrences, exact for every operation that slides or skips.

What an operation reads repeats itself (see `reads`), and what its units see of the image repeats likewise: a few boxes
and an advance describe an axis of any length, beyond its ends too. Araujo et al. (Distill 2019) derive the case of one
box, where `advance` is the effective stride.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm

import numpy as np
from numpy.typing import NDArray

from s6core.receptive.reads import SAME, Border, Places, Reads, window

Number = int | Fraction

_BEYOND = np.iinfo(np.int64).max
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
        return _shortest(first.min(axis=1), last.max(axis=1), advance)

    def union(self, other: Boxes, units: int) -> Boxes:
        """Return boxes that hold both; where strides differ, they are written out, and the larger stride stays."""
        period = lcm(len(self.first), len(other.first))
        if self.stride != other.stride and units > 1 or period > max(units, _LONGEST):
            period = units
        (first, last), (other_first, other_last) = (boxes.at(np.arange(period)) for boxes in (self, other))
        advance = round(period * max(Fraction(self.stride), Fraction(other.stride)))
        return _shortest(np.minimum(first, other_first), np.maximum(last, other_last), advance)


@dataclass(frozen=True, kw_only=True, eq=False)
class Axis:
    """The units along one axis of a map and what each sees of the image.

    `boxes` hold what units see by all paths, `shortest` what they see by the shortest alone. `first` and `last`,
    (parts, units), are the first and last pixel of the real image that reach each unit (first > last: none does).
    There is one part, and the same number along all axes; only where branches met of which one sees nothing but padding
    at places where the other sees the image, they stay apart, because what a unit sees is then no product of rows and
    columns. `whole` says that position was lost: every unit sees all. `stretched` says that the stride is an average.
    """

    units: int
    boxes: Boxes
    shortest: Boxes
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    whole: bool = False
    stretched: bool = False

    @classmethod
    def image(cls, pixels: int) -> Axis:
        """Return an axis of the image itself: pixel i sees pixel i."""
        places, one = np.arange(pixels)[None], np.zeros(1, dtype=np.int64)
        boxes = Boxes(one, one, 1)
        return cls(units=pixels, boxes=boxes, shortest=boxes, first=places, last=places)

    @property
    def stride(self) -> Number:
        return self.boxes.stride

    @property
    def size(self) -> int:
        return self.boxes.size

    @property
    def centre(self) -> Number:
        return self.boxes.centre

    @property
    def padding(self) -> Number:
        return self.boxes.padding

    def box(self, unit: int) -> tuple[int, int]:
        """Return the first and last pixel that a unit sees of an unbounded image; the unit may lie beyond the ends."""
        first, last = self.boxes.at(np.array(unit))
        return int(first), int(last)

    def read(self, reads: Reads, units: int, border: Border = "constant") -> Axis:
        """Return the axis of the output of an operation that reads this one."""
        if reads == SAME and units == self.units:
            return self
        boxes = self.boxes.read(reads, units)
        shortest = boxes if self.shortest is self.boxes else self.shortest.read(reads, units)
        first, last = self._reach(reads, units, border)
        stretched = self.stretched or reads.stretched
        return replace(
            self, units=units, boxes=boxes, shortest=shortest, first=first, last=last, stretched=stretched
        )  # fmt: skip

    def collapse(self) -> Axis:
        """Return the axis of what sees every unit of this one: a window, and a stride, as long as the axis."""
        if self.units == 1:
            return replace(self, whole=True)
        boxes, shortest = (_around(boxes, self.units) for boxes in (self.boxes, self.shortest))
        first, last = self.first.min(axis=1, keepdims=True), self.last.max(axis=1, keepdims=True)
        return replace(self, units=1, boxes=boxes, shortest=shortest, first=first, last=last, whole=True)

    def spread(self, units: int) -> Axis:
        """Return `units` units that all see what this axis, taken as a whole, sees."""
        one = self.collapse()
        boxes, shortest = (replace(boxes, advance=0) for boxes in (one.boxes, one.shortest))
        first, last = one.first.repeat(units, axis=1), one.last.repeat(units, axis=1)
        return replace(one, units=units, boxes=boxes, shortest=shortest, first=first, last=last)

    def union(self, other: Axis) -> Axis:
        """Return the axis whose units see what the same units of both see; its shortest paths are the shorter ones'.

        The parts of both stay apart: `joined` puts them together, for which it takes all axes.
        """
        return replace(
            self,
            boxes=self.boxes.union(other.boxes, self.units),
            shortest=min(self.shortest, other.shortest, key=lambda boxes: boxes.size),
            first=np.concatenate([self.first, other.first]),
            last=np.concatenate([self.last, other.last]),
            whole=self.whole or other.whole,
            stretched=self.stretched or other.stretched,
        )

    def followed_by(self, other: Axis) -> Axis:
        """Return the units of this axis with those of another behind them; both have been made of one part."""

        def together(a: Boxes, b: Boxes) -> Boxes:
            ends = [
                np.concatenate(pair)
                for pair in zip(a.at(np.arange(self.units)), b.at(np.arange(other.units)), strict=True)
            ]
            return _shortest(ends[0], ends[1], round(self.units * Fraction(a.stride) + other.units * b.stride))

        return replace(
            self,
            units=self.units + other.units,
            boxes=together(self.boxes, other.boxes),
            shortest=together(self.shortest, other.shortest),
            first=np.concatenate([self.first, other.first], axis=1),
            last=np.concatenate([self.last, other.last], axis=1),
            stretched=True,
        )

    def hull(self) -> Axis:
        """Return the axis with its parts put together, whatever the other axes."""
        return replace(self, first=self.first.min(axis=0, keepdims=True), last=self.last.max(axis=0, keepdims=True))

    def _reach(self, reads: Reads, units: int, border: Border) -> tuple[Places, Places]:
        places = reads.places(units)
        n = self.units
        if border == "reflect":
            places = np.abs((places + n - 1) % max(2 * n - 2, 1) - n + 1)
        elif border == "circular":
            places %= n
        inside = (places >= 0) & (places < n) if border == "constant" else np.full(places.shape, True)
        places = places.clip(0, n - 1)
        first = np.where(inside, self.first[:, places], _BEYOND).min(axis=2)
        return first, np.where(inside, self.last[:, places], -1).max(axis=2)


def comparable(a: Axis, b: Axis) -> bool:
    """Whether the same units of two axes look at places that go on together; an average stride settles nothing."""
    return a.units == b.units and (a.units == 1 or a.stride == b.stride or a.stretched or b.stretched)


def joined(axes: Sequence[Axis]) -> list[Axis]:
    """Return all axes with those of their parts put together for which that changes no unit's box.

    Two parts can be joined where the same units see the image, or where one part holds all that the other does.
    """
    if len(axes[0].first) == 1:
        return list(axes)
    parts = [tuple(ends[i] for axis in axes for ends in (axis.first, axis.last)) for i in range(len(axes[0].first))]
    kept: list[tuple[NDArray[np.int64], ...]] = []
    for part in parts:
        for i, other in enumerate(kept):
            if _alike(part, other) or _holds(part, other) or _holds(other, part):
                ends = zip(part, other, (np.minimum, np.maximum) * len(axes), strict=True)
                kept[i] = tuple(choose(a, b) for a, b, choose in ends)
                break
        else:
            kept.append(part)
    stacked = [np.stack(ends) for ends in zip(*kept, strict=True)]
    return [replace(axis, first=stacked[2 * k], last=stacked[2 * k + 1]) for k, axis in enumerate(axes)]


def _alike(a: tuple[NDArray[np.int64], ...], b: tuple[NDArray[np.int64], ...]) -> bool:
    return all(np.array_equal(a[i] <= a[i + 1], b[i] <= b[i + 1]) for i in range(0, len(a), 2))


def _holds(a: tuple[NDArray[np.int64], ...], b: tuple[NDArray[np.int64], ...]) -> bool:
    return all(bool(((a[i] <= b[i]) & (a[i + 1] >= b[i + 1])).all()) for i in range(0, len(a), 2))


def _around(boxes: Boxes, units: int) -> Boxes:
    first, last = boxes.at(np.arange(units))
    advance = round(units * Fraction(boxes.stride))
    return Boxes(first.min(keepdims=True), last.max(keepdims=True), advance)


def _shortest(first: Places, last: Places, advance: int) -> Boxes:
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
