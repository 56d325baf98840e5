"""Rules for tensors that come to lie beside or behind each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from s6core.receptive import pieces
from s6core.receptive.geometry import Axis, joined
from s6core.receptive.maps import Maps
from s6core.receptive.rules import Call, rule
from s6core.receptive.sliding import extended


@rule("stack")
def stack(call: Call, tensors: Sequence[Any], dim: int = 0) -> Maps:
    dim %= len(call.shape)
    branches = [m.on((*m.dims[:dim], (), *m.dims[dim:])) for m in call.all()]
    apart = [s for s in range(call.rank) if not all(m.axes[s].same(branches[0].axes[s]) for m in branches)]
    single = [s for s in apart if all(m.axes[s].units == 1 and not m.axes[s].whole for m in branches)]
    if len(single) == 1 and len(branches) == len(tensors) > 1:  # units of an axis, put together again
        return _row(call, branches, dim, single[0])
    return call.union(branches).with_dim(dim, pieces.plain(call.shape[dim]))


@rule("cat", "concat", "concatenate")
def cat(call: Call, tensors: Sequence[Any], dim: int = 0) -> Maps:
    """Side by side along channels, or one behind the other along an axis; constants there are a border."""
    dim %= len(call.shape)
    call.all()
    tensors = [x for x in tensors if x.ndim == len(call.shape) and x.shape[dim]]  # empty ones may pass
    known = [call.maps(x) for x in tensors if hasattr(x, "maps")]
    if not any(pieces.sides(m.dims[dim]) for m in known):
        return call.union(m.with_dim(dim, pieces.plain(call.shape[dim])) for m in known)
    placed = [i for i, x in enumerate(tensors) if hasattr(x, "maps") and pieces.sides(x.maps.dims[dim])]
    if len(placed) == 1:
        (i,) = placed
        maps = call.maps(tensors[i]).settled(dim)
        maps = extended(call, maps, dim, sum(x.shape[dim] for x in tensors[:i]))
        others = [call.maps(x) for k, x in enumerate(tensors) if k != i and hasattr(x, "maps")]
        return maps.marked(call.where, *(mark for other in others for mark in other.marks)) if others else maps
    return _behind(call, tensors, dim)


def _behind(call: Call, tensors: Sequence[Any], dim: int) -> Maps:
    """Return the maps of several tensors that lie one behind the other along an axis."""
    branches = [call.maps(x).settled(dim) for x in tensors if hasattr(x, "maps")]
    sides = {m.whole_side(dim) for m in branches}
    if len(branches) == len(tensors) and len(sides) == 1 and None not in sides:
        (side,) = sides
        assert side is not None
        return _row(call, branches, dim, side)
    lost = [call.lost(m, range(len(m.dims))) for m in branches]
    return call.union(m.on(pieces.plain(size) for size in call.shape) for m in lost)


def _row(call: Call, branches: Sequence[Maps], dim: int, side: int) -> Maps:
    """Return the maps of tensors whose units of one axis lie one behind the other along a dimension."""
    hulls = [replace(m, axes=tuple(axis.hull() for axis in m.axes)) for m in branches]
    row, *others = (m.axes[side] for m in hulls)
    for axis in others:
        row = row.followed_by(axis)
    alone = row.collapse()  # for the other axes' union; what this one sees is put in its place
    union = call.union(m.with_dim(dim, pieces.plain(call.shape[dim])).with_axis(side, alone) for m in hulls)
    axes = [row if s == side else axis for s, axis in enumerate(union.axes)]
    union = replace(union, axes=tuple(axes)).with_dim(dim, pieces.axis(call.shape[dim], side))
    if any(m.axes[s].units != axis.units for m in branches for s, axis in enumerate(axes) if s != side):
        return union
    return replace(union, axes=tuple(joined(_parts(branches, axes, side))))


def _parts(branches: Sequence[Maps], axes: Sequence[Axis], side: int) -> list[Axis]:
    """Return the axes with what reaches their units told for each tensor apart: outside of its own, none does."""
    found = []
    for s, axis in enumerate(axes):
        starts, ends, begin = [], [], 0
        for m in branches:
            first, last = m.axes[s].first, m.axes[s].last
            if s == side:
                around = ((0, 0), (begin, axis.units - begin - m.axes[s].units))
                first = np.pad(first, around, constant_values=np.iinfo(np.int64).max)
                last = np.pad(last, around, constant_values=-1)
                begin += m.axes[s].units
            starts.append(first)
            ends.append(last)
        found.append(replace(axis, first=np.concatenate(starts), last=np.concatenate(ends)))
    return found
