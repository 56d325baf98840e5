"""Rules for taking a part of a tensor: slices, numbers, lists of places, and splitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import torch

from s6core.receptive import pieces
from s6core.receptive.maps import Maps
from s6core.receptive.reads import Places, Reads, picked
from s6core.receptive.rules import Call, rule


def sliced(call: Call, maps: Maps, dim: int, start: int, count: int, step: int = 1) -> Maps:
    """Return the maps of every `step`-th of a dimension's entries, `count` of them."""
    content = maps.dims[dim]
    total = pieces.length(content)
    if (start, count, step) == (0, total, 1) or not pieces.sides(content):
        return maps.with_dim(dim, pieces.plain(count) if count != total else content)
    if not count:
        return maps.blended([dim]).with_dim(dim, pieces.plain(0))
    if maps.whole_side(dim) is not None:
        return maps.read(dim, Reads(((start,),), step), count)
    if content[0].inside and len(content) == 1 and step == 1:
        return _of_list(call, maps, dim, start, count)
    settled = maps.settled(dim)
    if settled.whole_side(dim) is not None:
        return settled.read(dim, Reads(((start,),), step), count)
    found = _of_pieces(maps, dim, start + step * np.arange(count))
    return found or call.bounded(maps, [dim]).with_dim(dim, pieces.plain(count))


def _of_pieces(maps: Maps, dim: int, entries: Places) -> Maps | None:
    """Return the maps of entries that are all combinations of some of each piece's; None where they are not."""
    content = maps.dims[dim]
    if any(piece.inside for piece in content):
        return None
    chosen = [np.unique(digits) for digits in np.unravel_index(entries, [piece.size for piece in content])]
    if prod(map(len, chosen)) != len(entries):
        return None
    parts = [(piece,) for piece in content]
    maps = maps.on((*maps.dims[:dim], *parts, *maps.dims[dim + 1 :]))
    for at, (piece, own) in enumerate(zip(content, chosen, strict=True), dim):
        if len(own) == piece.size:
            continue
        reads = picked(own.tolist(), piece.size)
        if piece.side is None:
            maps = maps.with_dim(at, pieces.plain(len(own)))
        elif maps.whole_side(at) is not None:
            maps = maps.read(at, reads, len(own))
        else:
            within = maps.within(at, reads, len(own))
            if within is None:
                return None
            maps = within
    inner = [piece for part in maps.dims[dim : dim + len(content)] for piece in part]
    return maps.on((*maps.dims[:dim], pieces.merged(inner), *maps.dims[dim + len(content) :]))


def _of_list(call: Call, maps: Maps, dim: int, start: int, count: int) -> Maps:
    """Return the maps of a part of a list of places: with all of the places, or with none."""
    (own,) = maps.dims[dim]
    places = pieces.length(own.inside)
    begin, end = own.before, own.before + places
    if (start, start + count) == (begin, end):
        return maps.with_dim(dim, own.inside)
    if start <= begin and end <= start + count:
        return maps.with_dim(dim, (replace(own, size=count, before=begin - start),))
    if start + count <= begin or start >= end:  # without a place: what it knows of the image, it knows by the marks
        return maps.blended([dim]).with_dim(dim, pieces.plain(count))
    return call.bounded(maps, [dim]).with_dim(dim, pieces.plain(count))


@rule("narrow")
def narrow(call: Call, x: Any, dim: int, start: int, length: int) -> Maps:
    return sliced(call, call.maps(x), dim % x.ndim, int(start) % (x.shape[dim] + 1), length)


@rule("slice")
def slice_(call: Call, x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Maps:
    """A slice along one dimension, as an exported net writes it."""
    first, _, step = slice(start, end, step).indices(x.shape[dim])
    return sliced(call, call.maps(x), dim % x.ndim, first, call.shape[dim], step)


@rule("select")
def select(call: Call, x: Any, dim: int, index: int) -> Maps:
    return chosen(call, call.maps(x), dim % x.ndim, int(index), x.shape[dim])


def chosen(call: Call, maps: Maps, dim: int, index: int, size: int) -> Maps:
    """Return the maps without a dimension of which one entry was chosen."""
    maps = sliced(call, maps, dim, index % size, 1)
    return maps.on((*maps.dims[:dim], *maps.dims[dim + 1 :]))


@rule("chunk", "split", "split_with_sizes", "tensor_split", "unsafe_chunk", "unsafe_split", "hsplit", "vsplit")
def split(call: Call, x: Any, sizes: Any = None, dim: int = 0, **kwargs: Any) -> list[Maps]:
    dim = {"hsplit": 1, "vsplit": 0}.get(call.op, dim) % x.ndim
    maps, start, parts = call.maps(x), 0, []
    for part in call.result:
        parts.append(sliced(call, maps, dim, start, part.shape[dim]))
        start += part.shape[dim]
    return parts


@rule("unbind")
def unbind(call: Call, x: Any, dim: int = 0) -> list[Maps]:
    dim %= x.ndim
    return [chosen(call, call.maps(x), dim, i, x.shape[dim]) for i in range(x.shape[dim])]


@rule("index_select")
def index_select(call: Call, x: Any, dim: int, index: Any) -> Maps:
    dim %= x.ndim
    return taken(call, call.maps(x), dim, places(index), call.shape[dim])


@rule("getitem")
def getitem(call: Call, x: Any, index: Any) -> Maps | None:
    parts = [_listed(part) for part in (index if isinstance(index, tuple) else (index,))]
    if not hasattr(x, "maps"):  # rows of a table, chosen by the image
        return _looked_up(call, parts)
    lists = [part for part in parts if isinstance(part, torch.Tensor | Sequence)]
    booleans = [p for p in parts if isinstance(p, bool) or isinstance(p, torch.Tensor) and p.dtype == torch.bool]
    if booleans or len(lists) > 1:
        lost = call.lost(call.maps(x), range(x.ndim))
        return lost.on(pieces.plain(size) for size in call.shape)
    used = sum(part is not None and part is not Ellipsis for part in parts)
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    at = next(i for i, part in enumerate(parts) if part is Ellipsis)
    parts[at : at + 1] = [slice(None)] * (x.ndim - used)
    maps, dim, size = call.maps(x), 0, list(x.shape)
    for part in parts:
        if part is None:
            maps = maps.on((*maps.dims[:dim], (), *maps.dims[dim:]))
            size.insert(dim, 1)
        elif isinstance(part, slice):
            first, last, step = part.indices(size[dim])
            maps = sliced(call, maps, dim, first, len(range(first, last, step)), step)
        elif isinstance(part, torch.Tensor | Sequence):
            shape = tuple(part.shape) if isinstance(part, torch.Tensor) else (len(part),)
            count = 1
            for n in shape:
                count *= n
            maps = taken(call, maps, dim, places(part), count)
            if len(shape) != 1:
                maps = maps.on((*maps.dims[:dim], *pieces.reshaped([maps.dims[dim]], shape), *maps.dims[dim + 1 :]))
                size[dim : dim + 1] = shape
                dim += len(shape) - 1
        else:
            maps = chosen(call, maps, dim, int(part), size[dim])
            del size[dim]
            continue
        dim += 1
    return maps


def _listed(part: Any) -> Any:
    """Return a mask of one dimension that is known as the list of places that it lets through."""
    mask = isinstance(part, torch.Tensor) and part.dtype == torch.bool and part.ndim == 1
    if not mask or hasattr(part, "maps") or part.device.type == "meta":
        return part
    with torch._C.DisableTorchFunctionSubclass():
        return [place for place, through in enumerate(part.tolist()) if through]


def _looked_up(call: Call, parts: list[Any]) -> Maps:
    """Return the maps of a constant's entries where one list of indices comes from the image."""
    (index, *others) = call.followed
    if others or not isinstance(parts[0], torch.Tensor) or index is not parts[0]:
        raise call.unknown("of a constant with several indices from the image")
    maps = call.maps(index)
    return maps.on((*maps.dims, *(pieces.plain(size) for size in call.shape[index.ndim :])))


def places(index: Any) -> list[int] | None:
    """Return the numbers of an index that is known; None for one that is not, such as one from the image."""
    if isinstance(index, torch.Tensor):
        if hasattr(index, "maps") or index.device.type == "meta" or index.dtype == torch.bool:
            return None
        with torch._C.DisableTorchFunctionSubclass():
            return [int(i) for i in index.flatten().tolist()]
    return list(index) if all(isinstance(i, int) and not isinstance(i, bool) for i in index) else None


def taken(call: Call, maps: Maps, dim: int, places: list[int] | None, count: int) -> Maps:
    """Return the maps of some entries of a dimension; `places` is None where only the image or a table tells which."""
    if places is not None:
        maps = maps.settled(dim)
    if maps.whole_side(dim) is not None and places is not None and count:
        units = pieces.length(maps.dims[dim])
        return maps.read(dim, picked([p % units for p in places], units, stretched=True), count)
    return call.lost(maps, [dim]).with_dim(dim, pieces.plain(count))
