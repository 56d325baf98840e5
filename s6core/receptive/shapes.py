"""Rules for what moves, merges, cuts or repeats dimensions, and computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from s6core.receptive import pieces
from s6core.receptive.maps import Maps
from s6core.receptive.pieces import IncommensurableError
from s6core.receptive.reads import Reads
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
    except IncommensurableError:
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
