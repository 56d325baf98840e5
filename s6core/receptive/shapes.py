"""Rules for what moves, merges, cuts or repeats dimensions, and computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from s6core.receptive import pieces
from s6core.receptive.maps import Maps
from s6core.receptive.pieces import Incommensurable
from s6core.receptive.reads import Reads, picked
from s6core.receptive.rules import Call, rule, which


@rule(
    "flatten", "reshape", "reshape_as", "ravel", "squeeze", "unflatten", "unsafe_view", "unsqueeze", "view", "view_as",
    "atleast_1d", "atleast_2d", "atleast_3d",
)  # fmt: skip
def reshape(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    """The same elements in another shape: an axis may be cut into pieces, or lie beside another in one dimension."""
    maps = call.maps(x)
    for other in args:
        if hasattr(other, "maps"):
            call.maps(other)  # only its shape counts
    try:
        return maps.on(pieces.reshaped(maps.dims, call.shape))
    except Incommensurable:
        lost = call.lost(maps, range(x.ndim))
        return lost.on(pieces.plain(size) for size in call.shape)


@rule("permute")
def permute(call: Call, x: Any, *dims: Any, **kwargs: Any) -> Maps:
    order = kwargs.get("dims") or (dims[0] if isinstance(dims[0], Sequence) else dims)
    return call.maps(x).on(call.maps(x).dims[dim] for dim in order)


@rule("transpose", "swapaxes", "swapdims", "t", "T", "mT", "H", "mH", "adjoint")
def transpose(call: Call, x: Any, dim0: int | None = None, dim1: int | None = None, **kwargs: Any) -> Maps:
    order = list(range(x.ndim))
    if call.op == "T":
        order.reverse()
    elif x.ndim > 1:
        a = kwargs.get("axis0", -2 if dim0 is None else dim0) % x.ndim
        b = kwargs.get("axis1", -1 if dim1 is None else dim1) % x.ndim
        order[a], order[b] = b, a
    return permute(call, x, order)


@rule("movedim", "moveaxis")
def movedim(call: Call, x: Any, source: Any, destination: Any) -> Maps:
    sources, goals = ([n % x.ndim for n in ([v] if isinstance(v, int) else v)] for v in (source, destination))
    places: list[int | None] = [None] * x.ndim
    for here, there in zip(sources, goals, strict=True):
        places[there] = here
    rest = iter(dim for dim in range(x.ndim) if dim not in sources)
    return permute(call, x, [next(rest) if place is None else place for place in places])


@rule("expand", "expand_as", "broadcast_to")
def expand(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    for other in args:
        if hasattr(other, "maps"):
            call.maps(other)  # only its shape counts
    maps = call.maps(x)
    dims = ((),) * (len(call.shape) - x.ndim) + maps.dims
    pairs = zip(dims, call.shape, strict=True)
    return maps.on(dim if pieces.length(dim) == size else pieces.plain(size) for dim, size in pairs)


@rule("repeat", "tile")
def repeat(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    maps = call.maps(x)
    maps = maps.on(((),) * (len(call.shape) - x.ndim) + maps.dims)
    for dim, size in enumerate(call.shape):
        times = size // max(pieces.length(maps.dims[dim]), 1)
        if times > 1:
            maps = maps.with_dim(dim, pieces.merged((*pieces.plain(times), *maps.dims[dim])))
    return maps


@rule("repeat_interleave")
def repeat_interleave(call: Call, x: Any, repeats: Any, dim: int | None = None, **kwargs: Any) -> Maps:
    if dim is None or not isinstance(repeats, int):
        lost = call.lost(call.maps(x), range(x.ndim))
        return lost.on(pieces.plain(size) for size in call.shape)
    maps, dim = call.maps(x), dim % x.ndim
    return maps.with_dim(dim, pieces.merged((*maps.dims[dim], *pieces.plain(repeats))))


@rule("flip", "fliplr", "flipud")
def flip(call: Call, x: Any, *dims: Any, **kwargs: Any) -> Maps:
    given = kwargs.get("dims") or (dims[0] if dims and isinstance(dims[0], Sequence) else dims)
    maps = call.maps(x)
    for dim in which({"fliplr": 1, "flipud": 0}.get(call.op, given), x.ndim):
        maps = maps.settled(dim)
        if maps.whole_side(dim) is not None:
            maps = maps.read(dim, Reads(((x.shape[dim] - 1,),), -1), x.shape[dim])
        elif pieces.sides(maps.dims[dim]):
            maps = call.lost(maps, [dim])
    return maps


@rule("roll")
def roll(call: Call, x: Any, shifts: Any, dims: Any = None) -> Maps:
    maps = call.maps(x)
    if dims is None:
        return call.lost(maps, range(x.ndim))
    given = [shifts] if isinstance(shifts, int) else list(shifts)
    for shift, dim in zip(given, [dims] if isinstance(dims, int) else dims, strict=True):
        dim %= x.ndim
        maps = maps.settled(dim)
        if maps.whole_side(dim) is not None:
            maps = maps.read(dim, Reads(((-shift,),), 1), x.shape[dim], "circular")
        elif pieces.sides(maps.dims[dim]):
            maps = call.lost(maps, [dim])
    return maps


@rule("rot90")
def rot90(call: Call, x: Any, k: int = 1, dims: Sequence[int] = (0, 1)) -> Maps:
    a, b = (dim % x.ndim for dim in dims)
    maps = call.maps(x)
    turned = {0: [], 1: [b], 2: [a, b], 3: [a]}[k % 4]  # flipped, then transposed for an odd number of turns
    for dim in turned:
        maps = maps.settled(dim)
        if maps.whole_side(dim) is not None:
            maps = maps.read(dim, Reads(((x.shape[dim] - 1,),), -1), x.shape[dim])
        elif pieces.sides(maps.dims[dim]):
            maps = call.lost(maps, [dim])
    order = list(range(x.ndim))
    if k % 2:
        order[a], order[b] = b, a
    return maps.on(maps.dims[dim] for dim in order)


@rule("stack")
def stack(call: Call, tensors: Sequence[Any], dim: int = 0) -> Maps:
    dim %= len(call.shape)
    branches = [m.on((*m.dims[:dim], (), *m.dims[dim:])) for m in call.all()]
    apart = [side for side in range(call.rank) if len({id(m.axes[side]) for m in branches}) > 1]
    single = [s for s in apart if all(m.axes[s].units == 1 and not m.axes[s].whole for m in branches)]
    if len(apart) == len(single) == 1 and len(branches) == len(tensors) > 1:  # units of an axis, put together again
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
        from s6core.receptive.sliding import extended

        (i,) = placed
        maps = call.maps(tensors[i])
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
    branches = [replace(m, axes=tuple(axis.hull() for axis in m.axes)) for m in branches]
    first, *others = (m.axes[side] for m in branches)
    for axis in others:
        first = first.followed_by(axis)
    alone = first.collapse()  # for the other axes' union; what this one sees is put in its place
    union = call.union(m.with_dim(dim, pieces.plain(call.shape[dim])).with_axis(side, alone) for m in branches)
    union = replace(union, axes=tuple(axis.hull() for axis in union.axes))
    return union.with_axis(side, first).with_dim(dim, pieces.axis(call.shape[dim], side))


@rule("gather", "take_along_dim")
def gather(call: Call, x: Any, dim: Any, index: Any, **kwargs: Any) -> Maps:
    """Places that the index decides: along an axis any of them, and marked."""
    if call.op == "take_along_dim":
        dim, index = index, dim
    maps = call.lost(call.maps(x), [dim % x.ndim]) if hasattr(x, "maps") else None
    branches = [m for m in (maps, call.maps(index) if hasattr(index, "maps") else None) if m is not None]
    branches = [
        m.on(d if pieces.length(d) == n else pieces.plain(n) for d, n in zip(m.dims, call.shape, strict=True))
        for m in branches
    ]
    return call.union(branches)


@rule("embedding")
def embedding(call: Call, indices: Any, weight: Any, *args: Any, **kwargs: Any) -> Maps:
    """A look-up in a table: what comes out lies where its index lay."""
    if not hasattr(indices, "maps"):  # rows of a table that depends on the image
        lost = call.lost(call.maps(weight), range(weight.ndim))
        return lost.on(pieces.plain(size) for size in call.shape)
    return call.maps(indices).on((*call.maps(indices).dims, pieces.plain(call.shape[-1])))


@rule("one_hot")
def one_hot(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    return call.maps(x).on((*call.maps(x).dims, pieces.plain(call.shape[-1])))


@rule("copy")
def copy(call: Call, x: Any, source: Any, *args: Any) -> Maps | None:
    """What is written over a tensor, in place."""
    if hasattr(x, "maps"):
        call.maps(x)
    if not hasattr(source, "maps"):
        return None
    return expand(call, source)


@rule("grid_sample", "deform_conv2d")
def grid_sample(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    """Places that a grid decides: anywhere, and marked."""
    if not hasattr(x, "maps"):
        raise call.unknown("of a constant with something from the image")
    if call.op == "deform_conv2d":
        maps = call.maps(x).marked(call.where)
        lost = call.lost(maps, range(x.ndim))
    else:
        lost = call.lost(call.maps(x), range(x.ndim))
    lost = lost.on(pieces.plain(size) for size in call.shape)
    for side in range(call.rank) if call.rank == len(call.shape) - 2 else ():
        size = call.shape[2 + side]
        lost = lost.with_axis(side, lost.axes[side].spread(size)).with_dim(2 + side, pieces.axis(size, side))
    return lost


@rule("tril", "triu")
def tril(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    return call.maps(x)


def taken(call: Call, maps: Maps, dim: int, places: list[int] | None, count: int) -> Maps:
    """Return the maps of some entries of a dimension; `places` is None where only the image or a table tells which."""
    if places is not None:
        maps = maps.settled(dim)
    if maps.whole_side(dim) is not None and places is not None and count:
        units = pieces.length(maps.dims[dim])
        return maps.read(dim, picked([p % units for p in places], units, stretched=True), count)
    return call.lost(maps, [dim]).with_dim(dim, pieces.plain(count))
