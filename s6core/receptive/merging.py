"""The union of branches that meet: what the same units of all of them see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import prod

from s6core.receptive import pieces
from s6core.receptive.errors import MisalignedError
from s6core.receptive.geometry import Axis, comparable, joined
from s6core.receptive.maps import Maps
from s6core.receptive.pieces import Dim, Piece


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
    loose = tuple(dict.fromkeys(mark for branch in branches for mark in branch.loose))
    result = replace(result, loose=loose, kinds=None)
    leads = [_lead(branches, side) for side in range(result.rank)]
    fitted: list[list[Axis | None]] = [
        [_counted(branch, lead, side, where) for side, lead in enumerate(leads)] for branch in branches
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


def _counted(branch: Maps, lead: Maps, side: int, where: str) -> Axis | None:
    axis, wanted = branch.counted(side, lead), lead.axes[side]
    if axis is not None and not comparable(axis, wanted):
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
