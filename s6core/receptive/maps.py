"""A tensor on its way through a net: what its dimensions are made of, and what the units of the image's axes see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from s6core.receptive import pieces
from s6core.receptive.geometry import Axis
from s6core.receptive.pieces import Digit, Dim
from s6core.receptive.reads import Border, Places, Reads, picked

SIDES = {1: ("only",), 2: ("vertical", "horizontal"), 3: ("first", "vertical", "horizontal")}


@dataclass(frozen=True, eq=False)
class Seen:
    """What the units of some channels see, and the marks that they bring."""

    axes: tuple[Axis, ...]
    marks: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()

    def same(self, other: Seen) -> bool:
        """Whether the channels of both see the same."""
        if (self.marks, self.loose) != (other.marks, other.loose):
            return False
        return all(a.same(b) for a, b in zip(self.axes, other.axes, strict=True))


@dataclass(frozen=True, eq=False)
class Kinds:
    """Channels that see differently: which kind each element of a tensor is of (a table as large), and what they see.

    Without a table, that is not known: see `channels`.
    """

    table: Any  # a tensor of whole numbers
    seen: tuple[Seen, ...]

    def marked(self, names: tuple[str, ...]) -> Kinds:
        own = [replace(s, marks=tuple(dict.fromkeys((*s.marks, *names)))) for s in self.seen]
        return replace(self, seen=tuple(own)) if own else self


BLURRED = Kinds(None, ())


@dataclass(frozen=True, kw_only=True, eq=False)
class Maps:
    """The pieces of each dimension, the axes of the image that they are pieces of, and where they came from.

    An axis without a piece in any dimension has one unit: what all elements see alike. `axes` and `marks` are those of
    all channels together; `kinds` tells them apart where they differ.
    """

    dims: tuple[Dim, ...]
    axes: tuple[Axis, ...]
    marks: tuple[str, ...] = ()  # layers that made the dependence global
    source: str = "the input"
    kinds: Kinds | None = None
    loose: tuple[str, ...] = ()  # where channels were taken that could not be told apart: the axes are an upper bound

    @property
    def flat(self) -> bool:
        """Whether no dimension holds anything of the image's axes any more."""
        return not any(pieces.sides(dim) for dim in self.dims)

    @property
    def rank(self) -> int:
        return len(self.axes)

    def named(self, side: int) -> str:
        return SIDES[self.rank][side]

    def marked(self, *names: str) -> Maps:
        kinds = self.kinds and self.kinds.marked(names)
        return replace(self, marks=tuple(dict.fromkeys((*self.marks, *names))), kinds=kinds)

    def on(self, dims: Iterable[Dim]) -> Maps:
        return replace(self, dims=tuple(dims))

    def with_axis(self, side: int, axis: Axis) -> Maps:
        return replace(self, axes=(*self.axes[:side], axis, *self.axes[side + 1 :]))

    def with_dim(self, dim: int, content: Dim) -> Maps:
        return self.on((*self.dims[:dim], content, *self.dims[dim + 1 :]))

    def whole_side(self, dim: int) -> int | None:
        """Return the axis that is this dimension, all of it and nothing else; None where there is none."""
        if len(self.dims[dim]) == 1:
            (piece,) = self.dims[dim]
            if piece.side is not None and piece.size == self.axes[piece.side].units:
                return piece.side
        return None

    def read(self, dim: int, reads: Reads, units: int, border: Border = "constant") -> Maps:
        """Return the maps after an operation along a dimension that is an axis."""
        side = self.whole_side(dim)
        assert side is not None
        axis = self.axes[side].read(reads, units, border)
        return self.with_axis(side, axis).with_dim(dim, pieces.axis(units, side))

    def within(self, dim: int, reads: Reads, units: int) -> Maps | None:
        """Return the maps after an operation along a dimension that is a part of an axis: it ends where the part does.

        None where the dimension is made otherwise, or where a unit would read beyond the ends alone.
        """
        (own, *more) = self.dims[dim]
        side = own.side
        if more or side is None:
            return None
        found = sorted(pieces.digits(self.dims, side), key=lambda digit: -digit.step)
        taps = reads.places(units)
        inside = (taps >= 0) & (taps < own.size)
        if not inside.any(axis=1).all():
            return None
        first = np.take_along_axis(taps, inside.argmax(axis=1)[:, None], 1)
        taps = np.where(inside, taps, first)
        places = np.zeros((1, 1), dtype=np.int64)
        for digit in found:
            steps = taps if digit.step == own.step else np.arange(digit.size)[:, None]
            places = (places[:, None, :, None] + digit.step * steps[None, :, None, :]).reshape(
                len(places) * len(steps), -1
            )
        axis = self.axes[side].read(picked(places.tolist(), self.axes[side].units), len(places))
        sizes = [units if digit.step == own.step else digit.size for digit in found]
        new = {digit.step: prod(sizes[i + 1 :]) for i, digit in enumerate(found)}
        maps = self.with_dim(dim, (replace(own, size=units),)).with_axis(side, axis)
        return maps.on(pieces.renumbered(maps.dims, side, new))

    def blended(self, dims: Iterable[int]) -> Maps:
        """Return the maps after an operation in which elements along these dimensions become alike: all see all."""
        touched, maps = set(dims), self
        for side in range(self.rank):
            found = pieces.digits(maps.dims, side)
            gone = [digit for digit in found if digit.dim in touched]
            if not gone:
                continue
            kept = sorted((digit for digit in found if digit.dim not in touched), key=lambda digit: -digit.step)
            axis = self.axes[side]
            maps = maps.on(
                pieces.without(dim, side) if number in touched else dim for number, dim in enumerate(maps.dims)
            )
            if not kept:
                maps = maps.with_axis(side, axis.collapse())
                continue
            places = _places(kept)[:, None] + _places(gone)[None]
            reads = picked(places.tolist(), kept[0].size * kept[0].step)
            maps = maps.with_axis(side, axis.read(reads, len(places)))
            steps = [prod(digit.size for digit in kept[i + 1 :]) for i in range(len(kept))]
            maps = maps.on(
                pieces.renumbered(maps.dims, side, {digit.step: step for digit, step in zip(kept, steps, strict=True)})
            )
        return maps.on(
            pieces.plain(pieces.length(dim)) if number in touched and not pieces.sides(dim) else dim
            for number, dim in enumerate(maps.dims)
        )

    def mixed(self, dims: Iterable[int], where: str) -> Maps:
        """Return the maps after an operation in which each element along these dimensions comes to see all of them.

        Where that is a whole axis, the geometric field is kept and `where` marked; where it is a part of one, such as
        a window, the field is that part's.
        """
        touched = set(dims)
        blend = self.blended(touched)
        maps = self
        for side in range(self.rank):
            found = pieces.digits(self.dims, side)
            if not any(digit.dim in touched for digit in found):
                continue
            if any(digit.dim not in touched for digit in found):
                axis = blend.counted(side, self)
                assert axis is not None
                maps = maps.with_axis(side, axis)
            else:
                maps = maps.marked(where)
        return maps

    def counted(self, side: int, by: Maps) -> Axis | None:
        """Return an axis with its units as other maps of the same dimensions count them.

        Where some of its pieces are missing here, units repeat. None for what tells all of the others' units the same.
        """
        axis, wanted = self.axes[side], by.axes[side]
        there = {(digit.dim, digit.number): digit for digit in pieces.digits(self.dims, side)}
        digits = sorted(pieces.digits(by.dims, side), key=lambda digit: -digit.step)
        if not there and wanted.whole:
            return axis.spread(wanted.units)
        known = {(digit.dim, digit.number) for digit in digits}
        if digits and (not there or axis.whole > wanted.whole or not set(there) <= known):
            return None
        if self is by or not digits:
            return axis
        places = np.zeros(1, dtype=np.int64)
        for digit in digits:
            own = there.get((digit.dim, digit.number))
            places = (places[:, None] + (own.step if own else 0) * np.arange(digit.size)).ravel()
        if axis.units == len(places) and (places == np.arange(len(places))).all():
            return axis
        advance = round(Fraction(wanted.units) * wanted.stride / axis.stride) if axis.stride else axis.units
        return axis.read(picked(places.tolist(), advance), len(places))

    def settled(self, dim: int) -> Maps:
        """Return the maps with a dimension of an axis and of what has no place made one axis: its units repeated."""
        content = self.dims[dim]
        here = pieces.sides(content)
        if len(here) != 1 or self.whole_side(dim) is not None or any(piece.inside for piece in content):
            return self
        own = [digit for digit in pieces.digits(self.dims, here[0]) if digit.dim == dim]
        units = self.axes[here[0]].units
        if prod(digit.size for digit in own) != units:
            return self
        places = np.zeros(1, dtype=np.int64)
        for piece in content:
            step = piece.step if piece.side is not None else 0
            places = (places[:, None] + step * np.arange(piece.size)).ravel()
        axis = self.axes[here[0]].read(picked(places.tolist(), units), len(places))
        return self.with_axis(here[0], axis).with_dim(dim, pieces.axis(len(places), here[0]))


def _places(digits: Iterable[Digit]) -> Places:
    """Return where the units lie that these pieces of an axis count."""
    places = np.zeros(1, dtype=np.int64)
    for digit in digits:
        places = (places[:, None] + digit.step * np.arange(digit.size)).ravel()
    return places
