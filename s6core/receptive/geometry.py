"""One axis of a map and what each of its units sees: the recurrences, exact for every operation that slides or skips.

What an operation reads repeats itself (see `reads`), and what its units see of the image repeats likewise: a few boxes
and an advance describe an axis of any length, beyond its ends too. Araujo et al. (Distill 2019) derive the case of one
box, where `advance` is the effective stride.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm

import numpy as np
from numpy.typing import NDArray

from s6core.receptive.reads import SAME, Border, Reads, window

Number = int | Fraction

_BEYOND = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True, eq=False)
class Axis:
    """The units along one axis of a map and what each sees of the image.

    `boxes` are the first and last pixel, both included, that units 0, 1, … see of an unbounded image; those of unit
    i + len(boxes) lie `advance` pixels further on. `first` and `last`, (parts, units), are the first and last pixel of
    the real image that reach each unit (first > last: none does). There is one part, and the same number along both
    axes; only where branches met of which one sees nothing but padding at places where the other sees the image, they
    stay apart, because what a unit sees is then no product of rows and columns. `whole` says that position was lost:
    every unit sees all.
    """

    units: int
    boxes: tuple[tuple[int, int], ...]
    advance: int
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    whole: bool = False

    @classmethod
    def image(cls, pixels: int) -> Axis:
        """Return an axis of the image itself: pixel i sees pixel i."""
        places = np.arange(pixels)[None]
        return cls(units=pixels, boxes=((0, 0),), advance=1, first=places, last=places)

    @cached_property
    def stride(self) -> Number:
        """Pixels from one unit's field to the next one's, on average."""
        return _plain(Fraction(self.advance, len(self.boxes)))

    @cached_property
    def size(self) -> int:
        """Pixels that a unit sees; the most that one does, where units differ."""
        return max(last - first for first, last in self.boxes) + 1

    @cached_property
    def centre(self) -> Number:
        """Where unit 0's field has its centre; the average over the units that differ, each moved back to unit 0."""
        twice = sum(first + last - 2 * i * self.stride for i, (first, last) in enumerate(self.boxes))
        return _plain(Fraction(twice) / (2 * len(self.boxes)))

    @cached_property
    def padding(self) -> Number:
        """Pixels by which unit 0's field begins before the image."""
        return _plain(Fraction(self.size - 1, 2) - self.centre)

    def box(self, unit: int) -> tuple[int, int]:
        """Return the first and last pixel that a unit sees of an unbounded image; the unit may lie beyond the ends."""
        turn, i = divmod(unit, len(self.boxes))
        first, last = self.boxes[i]
        return first + turn * self.advance, last + turn * self.advance

    def read(self, reads: Reads, units: int, border: Border = "constant") -> Axis:
        """Return the axis of the output of an operation that reads this one."""
        if reads == SAME and units == self.units:
            return self
        period, phases = len(reads.offsets), len(self.boxes)
        turns = phases // gcd(phases, reads.advance)
        boxes = []
        for unit in range(period * turns):
            begin = unit // period * reads.advance
            seen = [self.box(begin + offset) for offset in reads.offsets[unit % period]]
            boxes.append((min(first for first, _ in seen), max(last for _, last in seen)))
        advance = self.advance * (turns * reads.advance // phases)
        first, last = self._reach(reads, units, border)
        shortest, advance = _shortest(boxes, advance)
        return replace(self, units=units, boxes=shortest, advance=advance, first=first, last=last)

    def collapse(self) -> Axis:
        """Return the axis of what sees every unit of this one: a window, and a stride, as long as the axis."""
        return replace(self.read(window(self.units, self.units), 1), whole=True)

    def spread(self, units: int) -> Axis:
        """Return `units` units that all see what this axis, taken as a whole, sees."""
        one = self if self.units == 1 else self.collapse()
        first, last = one.first.repeat(units, axis=1), one.last.repeat(units, axis=1)
        return replace(one, units=units, boxes=(one.box(0),), advance=0, first=first, last=last, whole=True)

    def union(self, other: Axis) -> Axis:
        """Return the axis whose units see what the same units of both see; the larger stride, where one unit is all.

        The parts of both stay apart: `joined` puts them together, for which it takes both axes.
        """
        period = lcm(len(self.boxes), len(other.boxes))
        pairs = [(self.box(i), other.box(i)) for i in range(period)]
        boxes = [(min(a[0], b[0]), max(a[1], b[1])) for a, b in pairs]
        advance = max(axis.advance * (period // len(axis.boxes)) for axis in (self, other))
        shortest, advance = _shortest(boxes, advance)
        first, last = np.concatenate([self.first, other.first]), np.concatenate([self.last, other.last])
        whole = self.whole or other.whole
        return replace(self, boxes=shortest, advance=advance, first=first, last=last, whole=whole)

    def hull(self) -> Axis:
        """Return the axis with its parts put together, whatever the other axis."""
        return replace(self, first=self.first.min(axis=0, keepdims=True), last=self.last.max(axis=0, keepdims=True))

    def _reach(self, reads: Reads, units: int, border: Border) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        longest = max(map(len, reads.offsets))
        table = np.array([(*taps, *taps[:1] * (longest - len(taps))) for taps in reads.offsets])
        turn, phase = np.divmod(np.arange(units), len(table))
        places = table[phase] + turn[:, None] * reads.advance
        n = self.units
        if border == "reflect":
            places = np.abs((places + n - 1) % max(2 * n - 2, 1) - n + 1)
        elif border == "circular":
            places %= n
        inside = (places >= 0) & (places < n) if border == "constant" else np.full(places.shape, True)
        places = places.clip(0, n - 1)
        first = np.where(inside, self.first[:, places], _BEYOND).min(axis=2)
        return first, np.where(inside, self.last[:, places], -1).max(axis=2)


def aligned(a: Axis, b: Axis) -> bool:
    """Whether the same unit of two axes looks at the same place: equal strides and centres (for one unit: centres)."""
    return a.units == b.units and a.centre == b.centre and (a.units == 1 or a.stride == b.stride)


def joined(v: Axis, h: Axis) -> tuple[Axis, Axis]:
    """Return both axes with those of their parts put together for which that changes no unit's box.

    Two parts can be joined where the same units see the image, or where one part holds all that the other does.
    """
    parts = [(v.first[i], v.last[i], h.first[i], h.last[i]) for i in range(len(v.first))]
    kept: list[tuple[NDArray[np.int64], ...]] = []
    for part in parts:
        for i, other in enumerate(kept):
            if _alike(part, other) or _holds(part, other) or _holds(other, part):
                ends = zip(part, other, (np.minimum, np.maximum) * 2, strict=True)
                kept[i] = tuple(choose(a, b) for a, b, choose in ends)
                break
        else:
            kept.append(part)
    stacked = [np.stack(ends) for ends in zip(*kept, strict=True)]
    return replace(v, first=stacked[0], last=stacked[1]), replace(h, first=stacked[2], last=stacked[3])


def _alike(a: tuple[NDArray[np.int64], ...], b: tuple[NDArray[np.int64], ...]) -> bool:
    return all(np.array_equal(a[i] <= a[i + 1], b[i] <= b[i + 1]) for i in (0, 2))


def _holds(a: tuple[NDArray[np.int64], ...], b: tuple[NDArray[np.int64], ...]) -> bool:
    return all(bool(((a[i] <= b[i]) & (a[i + 1] >= b[i + 1])).all()) for i in (0, 2))


def _shortest(boxes: list[tuple[int, int]], advance: int) -> tuple[tuple[tuple[int, int], ...], int]:
    """Return the shortest description of the same axis."""
    phases = len(boxes)
    for length in range(1, phases):
        step, rest = divmod(advance * length, phases)
        if phases % length or rest:
            continue
        if all(
            boxes[i][0] == boxes[i - length][0] + step and boxes[i][1] == boxes[i - length][1] + step
            for i in range(length, phases)
        ):
            return tuple(boxes[:length]), step
    return tuple(boxes), advance


def _plain(number: Fraction | int) -> Number:
    number = Fraction(number)
    return number.numerator if number.denominator == 1 else number
