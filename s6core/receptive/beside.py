"""Tensors put beside each other, by `cat` or `stack`, each with the kinds of channels that it brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from s6core.receptive import pieces
from s6core.receptive.kinds import MOST, UntoldError, compact, put
from s6core.receptive.maps import Maps, Seen
from s6core.receptive.rules import Call

SIDE_BY_SIDE = {"cat", "concat", "concatenate", "stack"}


def listed(call: Call, args: Any, kwargs: Any) -> tuple[Sequence[Any], int]:
    """Return the tensors that are put beside each other, and the dimension along which."""
    tensors = args[0] if args else kwargs["tensors"]
    dim = kwargs.get("dim", kwargs.get("axis", args[1] if len(args) > 1 else 0))
    return list(tensors), dim % len(call.shape)


def side_by_side(call: Call, maps: Maps, tensors: Sequence[Any], dim: int) -> Maps:
    """Return the maps of tensors beside each other, each with the kinds that it brings."""
    stacked = call.op == "stack"
    tensors = [x for x in tensors if x.ndim + stacked == len(call.shape) and (stacked or x.shape[dim])]
    known = [x for x in tensors if hasattr(x, "maps")]
    if pieces.sides(maps.dims[dim]):  # behind each other along an axis
        if any(x.maps.kinds for x in known):
            raise UntoldError(at_places=True)
        return maps
    seen: list[Seen] = []
    tables = []
    for x in tensors:
        kinds = x.maps.kinds if hasattr(x, "maps") else None
        table = kinds.table if kinds else torch.zeros(1, dtype=torch.int64).expand(x.shape)
        tables.append(compact(table.unsqueeze(dim) if stacked else table) + len(seen))
        seen += _brought(x, maps, dim, stacked)
    if len(seen) > MOST:
        raise UntoldError
    sizes = [max(table.shape[d] for table in tables) for d in range(len(call.shape))]
    beside = [1 if stacked else x.shape[dim] for x in tensors]
    rows = [t.expand([n if d == dim else sizes[d] for d in range(t.ndim)]) for t, n in zip(tables, beside, strict=True)]
    table = torch.cat(rows, dim).expand(call.shape)
    return put(call.where, maps, table, dict(enumerate(seen)), union=False)


def _brought(x: Any, maps: Maps, dim: int, stacked: bool) -> Sequence[Seen]:
    """Return what the kinds of one of several tensors see; of a constant, nothing."""
    if not hasattr(x, "maps"):
        return [Seen(tuple(axis.blank() for axis in maps.axes))]
    dims = (*x.maps.dims[:dim], (), *x.maps.dims[dim:]) if stacked else x.maps.dims
    others = [d for d in range(len(dims)) if d != dim]
    same = all(pieces.sides(dims[d]) == pieces.sides(maps.dims[d]) for d in others)
    if not same or any(a.units != b.units for a, b in zip(x.maps.axes, maps.axes, strict=True)):
        raise UntoldError
    return x.maps.kinds.seen if x.maps.kinds else [Seen(x.maps.axes, x.maps.marks, x.maps.loose)]
