"""A tensor on its way through a net: what its dimensions are made of, and what the units of the image's axes see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

import numpy as np

from s6core.receptive import pieces
from s6core.receptive.errors import MisalignedError
from s6core.receptive.geometry import Axis, comparable, joined
from s6core.receptive.pieces import Digit, Dim, Piece
from s6core.receptive.reads import Border, Places, Reads, picked

SIDES = {1: ("only",), 2: ("vertical", "horizontal"), 3: ("first", "vertical", "horizontal")}


@dataclass(frozen=True, kw_only=True, eq=False)
class Maps:
    """The pieces of each dimension, the axes of the image that they are pieces of, and where they came from.

    An axis without a piece in any dimension has one unit: what all elements see alike.
    """

    dims: tuple[Dim, ...]
    axes: tuple[Axis, ...]
    marks: tuple[str, ...] = ()  # layers that made the dependence global
    source: str = "the input"

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
        return replace(self, marks=tuple(dict.fromkeys((*self.marks, *names))))

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
        if len(self.dims[dim]) != 1 or self.dims[dim][0].side is None:
            return None
        (own,) = self.dims[dim]
        side = self.dims[dim][0].side
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
                axis = _expanded(blend, self, side, where)
                assert axis is not None
                maps = maps.with_axis(side, axis)
            else:
                maps = maps.marked(where)
        return maps

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


def merge(branches: Sequence[Maps], where: str) -> Maps:
    """Return the union of branches that meet, each with as many dimensions as the result.

    A branch without a position (a global pooling, a flatten) that meets maps with one tells every unit about the whole
    image: the maps keep their geometric field and are marked. Raises `MisalignedError` naming both branches where
    strides disagree.
    """
    if len(branches) == 1:
        return branches[0]
    branches = _fitting(branches, where)
    result = branches[0].marked(*(mark for branch in branches for mark in branch.marks))
    leads = [_lead(branches, side) for side in range(result.rank)]
    fitted: list[list[Axis | None]] = [
        [_expanded(branch, lead, side, where) for side, lead in enumerate(leads)] for branch in branches
    ]
    if any(None in axes for axes in fitted):  # it tells every unit the same: not a matter of place, but of the mark
        result = result.marked(where)
    own: list[list[Axis]] = []
    for axes in fitted:
        other = [lead.axes[side].hull() for side, lead in enumerate(leads)]
        lost = None in axes
        own.append([other[s] if axis is None else axis.hull() if lost else axis for s, axis in enumerate(axes)])
    union = own[0]
    for these in own[1:]:
        if any(a is not b for a, b in zip(union, these, strict=True)):
            union = joined([a.union(b) for a, b in zip(union, these, strict=True)])
    return replace(result, dims=_common(branches, leads), axes=tuple(union))


def _fitting(branches: Sequence[Maps], where: str) -> Sequence[Maps]:
    """Return the branches with each dimension made of the same pieces in all that have a place there.

    Raises `MisalignedError` where a dimension is one axis here and another one there.
    """
    for dim in range(len(branches[0].dims)):
        placed = [branch for branch in branches if pieces.sides(branch.dims[dim])]
        if len({_signature(branch.dims[dim]) for branch in placed}) > 1:
            longest = max(pieces.length(branch.dims[dim]) for branch in placed)
            branches = [
                branch.settled(dim) if pieces.length(branch.dims[dim]) == longest else branch.with_dim(dim, ())
                for branch in branches
            ]
            placed = [branch for branch in branches if pieces.sides(branch.dims[dim])]
        for other in placed[1:]:
            if _signature(other.dims[dim]) != _signature(placed[0].dims[dim]):
                side = pieces.sides(placed[0].dims[dim])[0]
                raise MisalignedError(
                    f"at {where!r}: the {placed[0].named(side)} axis lies on dimension {dim} of {placed[0].source!r} "
                    f"but not so in {other.source!r}"
                )
    return branches


def _signature(dim: Dim) -> tuple[object, ...]:
    return tuple((p.size, p.side, p.before, _signature(p.inside)) for p in dim)


def _lead(branches: Sequence[Maps], side: int) -> Maps:
    """Return the branch in whose units the others are counted: the one with the most of them, and with a place."""
    return max(branches, key=lambda b: (prod(d.size for d in pieces.digits(b.dims, side)), not b.axes[side].whole))


def _expanded(branch: Maps, lead: Maps, side: int, where: str) -> Axis | None:
    """Return the axis of a branch as the units of another count it; None for what tells all of them the same."""
    axis, wanted = branch.axes[side], lead.axes[side]
    there = {(digit.dim, digit.number): digit for digit in pieces.digits(branch.dims, side)}
    digits = sorted(pieces.digits(lead.dims, side), key=lambda digit: -digit.step)
    if not there and wanted.whole:
        return axis.spread(wanted.units)
    if digits and (not there or axis.whole > wanted.whole or not set(there) <= {(d.dim, d.number) for d in digits}):
        return None
    if branch is lead or not digits:
        return axis
    found = [there.get((digit.dim, digit.number)) for digit in digits]
    places = np.zeros(1, dtype=np.int64)
    for digit, own in zip(digits, found, strict=True):
        places = (places[:, None] + (own.step if own else 0) * np.arange(digit.size)).ravel()
    if axis.units != len(places) or (places != np.arange(len(places))).any():
        stride = axis.stride or 1
        advance = round(Fraction(wanted.units) * wanted.stride / stride) if axis.stride else axis.units
        axis = axis.read(picked(places.tolist(), advance), len(places))
    if not comparable(axis, wanted):
        raise MisalignedError(
            f"at {where!r}: {lead.source!r} (stride {wanted.stride}, unit 0 centred at {wanted.centre}) and "
            f"{branch.source!r} (stride {axis.stride}, unit 0 centred at {axis.centre}) look at different places along "
            f"the {lead.named(side)} axis; a field is defined for branches whose strides agree"
        )
    return axis


def _common(branches: Sequence[Maps], leads: Sequence[Maps]) -> tuple[Dim, ...]:
    """Return the dimensions of the result, the pieces of each axis as its lead counts them."""
    steps = [{(d.dim, d.number): d.step for d in pieces.digits(lead.dims, s)} for s, lead in enumerate(leads)]
    dims = []
    for dim in range(len(branches[0].dims)):
        contents = [branch.dims[dim] for branch in branches]
        content = next((c for c in contents if pieces.sides(c)), max(contents, key=pieces.length))
        counted: Counter[int] = Counter()

        def told(piece: Piece, dim: int = dim, counted: Counter[int] = counted) -> Piece:
            if piece.inside:
                return replace(piece, inside=tuple(map(told, piece.inside)))
            if piece.side is None:
                return piece
            step = steps[piece.side].get((dim, counted[piece.side]))
            counted[piece.side] += 1
            return Piece(piece.size) if step is None else replace(piece, step=step)

        dims.append(pieces.merged([told(piece) for piece in content]))
    return tuple(dims)
