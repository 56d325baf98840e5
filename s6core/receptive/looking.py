"""Rules for looking up what an index, a grid or another tensor names."""

from __future__ import annotations

from typing import Any

from s6core.receptive import pieces
from s6core.receptive.maps import Maps
from s6core.receptive.rules import Call, rule
from s6core.receptive.shapes import expand


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
