"""One axis of a map and what each of its units sees: the recurrences, exact for every operation that slides or skips.

What an operation reads repeats itself (see `reads`), and what its units see of the image repeats likewise: a few boxes
and an advance describe an axis of any length, beyond its ends too. Araujo et al. (Distill 2019) derive the case of one
box, where `advance` is the effective stride.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from s6core.receptive.boxes import Boxes, Number, shortest_description
from s6core.receptive.reads import SAME, Border, Places, Reads

_BEYOND = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True, eq=False)
class Axis:
    """The units along one axis of a map and what each sees of the image.

    `boxes` hold what units see by all paths, `shortest` what they see by the shortest alone. `first` and `last`,
    (parts, units), are the first and last pixel of the real image that reach each unit (first > last: none does).
    There is one part, and the same number along all axes; only where branches met of which one sees nothing but padding
    at places where the other sees the image, they stay apart, because what a unit sees is then no product of rows and
    columns. `whole` says that position was lost: every unit sees all. `stretched` says that the stride is an average,
    `void` that these are constants, whose boxes only keep their place.
    """

    units: int
    boxes: Boxes
    shortest: Boxes
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    whole: bool = False
    stretched: bool = False
    void: bool = False

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

    def blank(self) -> Axis:
        """Return the axis of what depends on no pixel, in the same places: constants beside maps."""
        first, last = np.full_like(self.first, _BEYOND), np.full_like(self.last, -1)
        return replace(self, first=first, last=last, void=True)

    def same(self, other: Axis) -> bool:
        """Whether the units of both see the same."""
        if self is other:
            return True
        pairs = [(self.first, other.first), (self.last, other.last)]
        for a, b in ((self.boxes, other.boxes), (self.shortest, other.shortest)):
            if a.advance != b.advance:
                return False
            pairs += [(a.first, b.first), (a.last, b.last)]
        flags = self.whole == other.whole and self.void == other.void
        return flags and all(np.array_equal(a, b) for a, b in pairs)

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
        boxes, shortest = self.boxes.union(other.boxes, self.units), min(self.shortest, other.shortest, key=_size)
        if self.void != other.void:
            placed = other if self.void else self
            boxes, shortest = placed.boxes, placed.shortest
        return replace(
            self,
            boxes=boxes,
            shortest=shortest,
            void=self.void and other.void,
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
            return shortest_description(
                ends[0], ends[1], round(self.units * Fraction(a.stride) + other.units * b.stride)
            )

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


def _size(boxes: Boxes) -> int:
    return boxes.size


def comparable(a: Axis, b: Axis) -> bool:
    """Whether the same units of two axes look at places that go on together; an average stride settles nothing."""
    return a.units == b.units and (a.units == 1 or a.stride == b.stride or a.stretched or b.stretched)


def joined(axes: Sequence[Axis]) -> list[Axis]:
    """Return all axes with those of their parts put together for which that changes no unit's box.

    Two parts can be joined where the same units see the image, where they differ along one axis alone, or where one
    part holds all that the other does.
    """
    if len(axes[0].first) == 1:
        return list(axes)
    parts = [tuple(ends[i] for axis in axes for ends in (axis.first, axis.last)) for i in range(len(axes[0].first))]
    kept: list[tuple[NDArray[np.int64], ...]] = []
    for part in parts:
        for i, other in enumerate(kept):
            if _alike(part, other) or _along_one(part, other) or _holds(part, other) or _holds(other, part):
                ends = zip(part, other, (np.minimum, np.maximum) * len(axes), strict=True)
                kept[i] = tuple(choose(a, b) for a, b, choose in ends)
                break
        else:
            kept.append(part)
    stacked = [np.stack(ends) for ends in zip(*kept, strict=True)]
    return [replace(axis, first=stacked[2 * k], last=stacked[2 * k + 1]) for k, axis in enumerate(axes)]


def _alike(a: tuple[NDArray[np.int64], ...], b: tuple[NDArray[np.int64], ...]) -> bool:
    return all(np.array_equal(a[i] <= a[i + 1], b[i] <= b[i + 1]) for i in range(0, len(a), 2))


def _along_one(a: tuple[NDArray[np.int64], ...], b: tuple[NDArray[np.int64], ...]) -> bool:
    equal = [np.array_equal(mine, other) for mine, other in zip(a, b, strict=True)]
    return sum(not (equal[i] and equal[i + 1]) for i in range(0, len(a), 2)) < 2


def _holds(a: tuple[NDArray[np.int64], ...], b: tuple[NDArray[np.int64], ...]) -> bool:
    return all(bool(((a[i] <= b[i]) & (a[i + 1] >= b[i + 1])).all()) for i in range(0, len(a), 2))


def _around(boxes: Boxes, units: int) -> Boxes:
    first, last = boxes.at(np.arange(units))
    advance = round(units * Fraction(boxes.stride))
    return Boxes(first.min(keepdims=True), last.max(keepdims=True), advance)
