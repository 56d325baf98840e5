"""Channels that see different places, told apart: behind a concatenation, through shuffles, splits and grouped layers.

A tensor whose channels differ carries a table of numbers of its own shape: of which kind each element is; and what the
kinds see. What only moves elements (a slice, a view, a shuffle) is done to the table by torch itself. Everything else
says which kinds each element of its result comes from, and the operation's own rule is applied to those alone. What
cannot be told apart is blurred: all channels' field stays right, and a selection of some is marked as an upper bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_map_only

from s6core.receptive import pieces
from s6core.receptive.maps import BLURRED, Kinds, Maps, Seen
from s6core.receptive.merging import merge
from s6core.receptive.pointwise import POINTWISE
from s6core.receptive.rules import Call, Rule, numbers, which

MOST = 64  # kinds before a tensor is blurred

MOVES = {
    "broadcast_to", "channel_shuffle", "chunk", "expand", "expand_as", "flatten", "flip", "fliplr", "flipud", "getitem",
    "hsplit", "index_select", "moveaxis", "movedim", "mT", "narrow", "native_channel_shuffle", "permute",
    "pixel_shuffle", "pixel_unshuffle", "ravel", "repeat", "repeat_interleave", "reshape", "reshape_as", "roll",
    "rot90", "select", "slice", "split", "split_with_sizes", "squeeze", "swapaxes", "swapdims", "t", "T",
    "tensor_split", "tile", "transpose", "unbind", "unflatten", "unsafe_chunk", "unsafe_split", "unsafe_view",
    "unsqueeze", "view", "view_as", "vsplit",
}  # fmt: skip
SIDE_BY_SIDE = {"cat", "concat", "concatenate", "stack"}
CONVOLUTIONS = {"convolution", *(f"conv{turned}{n}d" for turned in ("", "_transpose") for n in (1, 2, 3))}
SLIDES = ("pool", "pad", "interpolate", "upsample", "batch_norm", "instance_norm")  # channel by channel
REDUCTIONS = {"amax", "amin", "argmax", "argmin", "logsumexp", "max", "mean", "min", "prod", "std", "sum", "var"}
SPREADS = {"log_softmax", "normalize", "softmax", "softmin"}
PICKS = {"gather", "take_along_dim"}  # elements that an index names

Groups = list[tuple[frozenset[int], ...]]
"""The kinds of each operand that an element of the result comes from: one such tuple per number of a new table."""


class _UntoldError(Exception):
    """The kinds of the result cannot be told; `at_places` where not even the union is exact at every place."""

    def __init__(self, at_places: bool = False) -> None:
        super().__init__()
        self.at_places = at_places


def told(call: Call, func: Any, args: Any, kwargs: Any, maps: Maps | list[Maps], rule: Rule) -> Maps | list[Maps]:
    """Return a rule's maps of the results with the kinds of their channels told apart, as far as they can be."""
    several = isinstance(maps, list)
    found = maps if isinstance(maps, list) else [maps]
    operands = list({id(x): x for x in call.followed if x.maps.kinds}.values())
    if not operands and call.op not in SIDE_BY_SIDE:
        return maps
    first = call.followed[0]
    if _joins_all(call, first, args, kwargs) and exact_at_places(first.maps):
        return maps
    try:
        if any(m.kinds for m in found) or any(x.maps.kinds is BLURRED for x in call.followed):
            raise _UntoldError
        if call.op in SIDE_BY_SIDE:
            results = [_side_by_side(call, found[0], *_listed(call, args, kwargs))]
        else:
            tables, groups = _sources(call, func, args, kwargs, operands)
            results = _of_kinds(call, found, operands, tables, groups, lambda own: rule(own, *args, **_named(kwargs)))
    except _UntoldError as untold:
        results = [_blurred(call, m, untold.at_places, args, kwargs) for m in found]
    return results if several else results[0]


def _named(kwargs: Any) -> dict[str, Any]:
    return {"x" if key in ("input", "self") else key: value for key, value in kwargs.items()}


def _blurred(call: Call, maps: Maps, at_places: bool, args: Any, kwargs: Any) -> Maps:
    first = call.followed[0]
    fewer = call.op in PICKS or call.op in MOVES and _free(maps) < _free(first.maps)
    if call.op not in MOVES and call.op not in POINTWISE:
        at_places = at_places or not all(exact_at_places(x.maps) for x in call.followed)
    if fewer or at_places:
        maps = replace(maps, loose=tuple(dict.fromkeys((*maps.loose, call.where))))
    return replace(maps, kinds=None if _joins_all(call, first, args, kwargs) else BLURRED)


def _free(maps: Maps) -> int:
    """Return how many elements have one place: what a selection of channels has fewer of."""
    count = 1
    for dim in maps.dims:
        for piece in dim:
            count *= piece.size if piece.side is None and not piece.inside else 1
    return count


def _joins_all(call: Call, x: Any, args: Any, kwargs: Any) -> bool:
    """Whether each element of the result depends on all channels of its place."""
    if len(call.followed) > 1:
        return False
    dims = _joined(call, x, args, kwargs)
    if call.op in CONVOLUTIONS:
        dims = [_channel(call, x)] if _groups(call, args, kwargs) == 1 else None
    if dims is None:
        return False
    return all(
        piece.side is not None or piece.inside for d, dim in enumerate(x.maps.dims) if d not in dims for piece in dim
    )


def _sources(call: Call, func: Any, args: Any, kwargs: Any, xs: list[Any]) -> tuple[list[torch.Tensor], Groups]:
    """Return for each result the table of its elements, and which kinds of the operands its numbers stand for."""
    x, shape = xs[0], call.shape
    if call.op in POINTWISE:
        return _paired(call, xs)
    if len(xs) > 1:
        raise _UntoldError
    table = x.maps.kinds.table
    alone: Groups = [(frozenset([kind]),) for kind in range(len(x.maps.kinds.seen))]
    if call.op in MOVES:
        return _moved(func, args, kwargs, x), alone
    if call.op in CONVOLUTIONS:
        return _convolved(call, x, _groups(call, args, kwargs))
    if any(word in call.op for word in SLIDES):
        changed = [d for d in range(x.ndim) if d >= 2 or x.shape[d] != shape[d]] if x.ndim == len(shape) else []
        same = _constant(table, changed or range(x.ndim)).expand(shape)
        return [same] * (1 if hasattr(call.result, "shape") else len(call.result)), alone
    dims = _joined(call, x, args, kwargs)
    if dims is None:
        raise _UntoldError
    return _reduced(call, x, dims)


def _paired(call: Call, xs: list[Any]) -> tuple[list[torch.Tensor], Groups]:
    """Return which pairs of kinds meet where tensors meet element by element."""
    code, base = torch.zeros(1, dtype=torch.int64), 1
    for x in xs:
        code = code + _compact(x.maps.kinds.table.expand(call.shape)) * base
        base *= len(x.maps.kinds.seen)
    met, table = code.unique(return_inverse=True)
    groups: Groups = []
    for number in met.tolist():
        kinds = []
        for x in xs:
            number, kind = divmod(number, len(x.maps.kinds.seen))
            kinds.append(frozenset([kind]))
        groups.append(tuple(kinds))
    return [table.expand(call.shape)], groups


def _moved(func: Any, args: Any, kwargs: Any, x: Any) -> list[torch.Tensor]:
    """Return the table after torch has moved its elements as it moves the tensor's."""
    table = x.maps.kinds.table.view(x.shape)  # of its own: in place, its shape may change
    for elements in (table, table.contiguous()):  # a view may need its elements in a row
        moved_args, moved_kwargs = tree_map_only(torch.Tensor, _exchange(x, elements), (args, kwargs))
        with torch._C.DisableTorchFunctionSubclass():
            try:
                found = tree_flatten(func(*moved_args, **moved_kwargs))[0]
            except (RuntimeError, NotImplementedError, TypeError):
                continue
        return [t for t in found if isinstance(t, torch.Tensor)]
    raise _UntoldError


def _exchange(x: Any, table: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda tensor: table if tensor is x else tensor


def _convolved(call: Call, x: Any, count: int) -> tuple[list[torch.Tensor], Groups]:
    dim = _channel(call, x)
    rows = _constant(x.maps.kinds.table, [d for d in range(x.ndim) if d != dim]).reshape(count, -1)
    groups: Groups = [(frozenset(row.tolist()),) for row in rows]
    size = [1] * x.ndim
    size[dim] = call.shape[dim]
    table = torch.arange(count).repeat_interleave(call.shape[dim] // count).view(size)
    return [table.expand(call.shape)], groups


def _reduced(call: Call, x: Any, dims: Sequence[int]) -> tuple[list[torch.Tensor], Groups]:
    """Return which kinds lie along dimensions that are joined, at each place of the others."""
    compact = _compact(x.maps.kinds.table)
    kept = [d for d in range(x.ndim) if d not in dims]
    rows = compact.permute(*kept, *dims).reshape(*(compact.shape[d] for d in kept), -1)
    sets, numbers_of = rows.flatten(0, -2).unique(dim=0, return_inverse=True)
    if len(sets) > MOST:
        raise _UntoldError
    table = numbers_of.view([1 if d in dims else compact.shape[d] for d in range(x.ndim)])
    if len(call.shape) < x.ndim:
        table = table.view([compact.shape[d] for d in kept])
    count = 1 if hasattr(call.result, "shape") else len(call.result)
    return [table.expand(call.shape)] * count, [(frozenset(row.tolist()),) for row in sets]


def _joined(call: Call, x: Any, args: Any, kwargs: Any) -> list[int] | None:
    """Return the dimensions along which an operation joins all elements; None where that is not so simple."""
    if call.op == "linear":
        return [x.ndim - 1]
    if call.op == "layer_norm":
        return list(range(x.ndim - len(numbers(kwargs.get("normalized_shape", args[1:2] and args[1]), 1)), x.ndim))
    if call.op in REDUCTIONS | SPREADS:
        place = 2 if call.op == "normalize" else 1
        given = kwargs.get("dim", kwargs.get("axis", args[place] if len(args) > place else None))
        if call.op == "normalize" and given is None:
            given = 1
        if isinstance(given, int | list | tuple) and not isinstance(given, bool) and given != ():
            return which(given, x.ndim)
    return None


def _groups(call: Call, args: Any, kwargs: Any) -> int:
    place = 8 if call.op == "convolution" else 6
    count: int = kwargs.get("groups", args[place] if len(args) > place else 1)
    return count


def _channel(call: Call, x: Any) -> int:
    return 1 if call.op == "convolution" else int(x.ndim) - 1 - int(call.op[-2])


def _of_kinds(
    call: Call, found: list[Maps], xs: list[Any], tables: list[torch.Tensor], groups: Groups, rule: Callable[..., Any]
) -> list[Maps]:  # fmt: skip
    """Return the results, of each kind what the operation's rule makes of what its sources see."""
    if len(groups) > MOST or len(tables) != len(found):
        raise _UntoldError
    needed = sorted({n for table in tables for n in _compact(table).unique().tolist()})
    seen: dict[int, list[Seen]] = {}
    untouched = len(xs) == 1 and all(_alike(m, xs[0].maps) for m in found)
    for number in needed:
        if untouched and all(len(kinds) == 1 for kinds in groups[number]):
            seen[number] = [xs[0].maps.kinds.seen[next(iter(groups[number][0]))]] * len(found)
        else:
            seen[number] = [
                _checked(own, m) for own, m in zip(_applied(call, xs, groups[number], rule), found, strict=True)
            ]
    results = []
    for i, (m, table) in enumerate(zip(found, tables, strict=True)):
        own = {n: seen[n][i] for n in _compact(table).unique().tolist()}
        all_there = set(own) == set(range(len(groups))) and call.op not in SIDE_BY_SIDE
        results.append(_put(call.where, m, table, own, union=not all_there))
    return results


def _alike(m: Maps, before: Maps) -> bool:
    return m.marks == before.marks and all(a is b for a, b in zip(m.axes, before.axes, strict=True))


def _checked(own: Maps, expected: Maps) -> Seen:
    if own.dims != expected.dims or any(a.units != b.units for a, b in zip(own.axes, expected.axes, strict=True)):
        raise _UntoldError
    return Seen(own.axes, own.marks, own.loose)


def _applied(call: Call, xs: list[Any], kinds: tuple[frozenset[int], ...], rule: Callable[..., Any]) -> list[Maps]:
    """Return what the rule makes of the operands, as if they held nothing but these kinds."""
    before = [x.maps for x in xs]
    try:
        for x, own in zip(xs, kinds, strict=True):
            x.maps = merge([seen_by(x.maps, x.maps.kinds.seen[kind]) for kind in sorted(own)], call.where)
        found = rule(replace(call, spoken=set()))
    finally:
        for x, maps in zip(xs, before, strict=True):
            x.maps = maps
    return found if isinstance(found, list) else [found]


def seen_by(maps: Maps, seen: Seen) -> Maps:
    """Return maps as if all channels saw what one kind sees."""
    return replace(maps, axes=seen.axes, marks=seen.marks, loose=seen.loose, kinds=None)


def _put(where: str, maps: Maps, table: torch.Tensor, seen: dict[int, Seen], *, union: bool) -> Maps:
    """Return maps with a table of kinds, those that see the same made one; their `union` where some are gone."""
    kept: list[Seen] = []
    numbers_of = torch.zeros(max(seen) + 1, dtype=torch.int64)
    for number, own in seen.items():
        same = next((i for i, other in enumerate(kept) if own.same(other)), None)
        if same is None:
            kept.append(own)
        numbers_of[number] = len(kept) - 1 if same is None else same
    if union:
        source = maps.source
        maps = replace(merge([seen_by(maps, own) for own in kept], where), source=source)
    if len(kept) == 1:
        return replace(maps, kinds=None)
    return replace(maps, kinds=Kinds(numbers_of[_compact(table)].expand(table.shape), tuple(kept)))


def _listed(call: Call, args: Any, kwargs: Any) -> tuple[Sequence[Any], int]:
    tensors = args[0] if args else kwargs["tensors"]
    dim = kwargs.get("dim", kwargs.get("axis", args[1] if len(args) > 1 else 0))
    return list(tensors), dim % len(call.shape)


def _side_by_side(call: Call, maps: Maps, tensors: Sequence[Any], dim: int) -> Maps:
    """Return the maps of tensors beside each other, each with the kinds that it brings."""
    stacked = call.op == "stack"
    tensors = [x for x in tensors if x.ndim + stacked == len(call.shape) and (stacked or x.shape[dim])]
    known = [x for x in tensors if hasattr(x, "maps")]
    if pieces.sides(maps.dims[dim]):  # behind each other along an axis
        if any(x.maps.kinds for x in known):
            raise _UntoldError(at_places=True)
        return maps
    seen: list[Seen] = []
    tables = []
    for x in tensors:
        kinds = x.maps.kinds if hasattr(x, "maps") else None
        table = kinds.table if kinds else torch.zeros(1, dtype=torch.int64).expand(x.shape)
        tables.append(_compact(table.unsqueeze(dim) if stacked else table) + len(seen))
        seen += _brought(x, maps, dim, stacked)
    if len(seen) > MOST:
        raise _UntoldError
    sizes = [max(table.shape[d] for table in tables) for d in range(len(call.shape))]
    beside = [1 if stacked else x.shape[dim] for x in tensors]
    rows = [t.expand([n if d == dim else sizes[d] for d in range(t.ndim)]) for t, n in zip(tables, beside, strict=True)]
    table = torch.cat(rows, dim).expand(call.shape)
    return _put(call.where, maps, table, dict(enumerate(seen)), union=False)


def _brought(x: Any, maps: Maps, dim: int, stacked: bool) -> Sequence[Seen]:
    """Return what the kinds of one of several tensors see; of a constant, nothing."""
    if not hasattr(x, "maps"):
        return [Seen(tuple(axis.blank() for axis in maps.axes))]
    dims = (*x.maps.dims[:dim], (), *x.maps.dims[dim:]) if stacked else x.maps.dims
    others = [d for d in range(len(dims)) if d != dim]
    same = all(pieces.sides(dims[d]) == pieces.sides(maps.dims[d]) for d in others)
    if not same or any(a.units != b.units for a, b in zip(x.maps.axes, maps.axes, strict=True)):
        raise _UntoldError
    return x.maps.kinds.seen if x.maps.kinds else [Seen(x.maps.axes, x.maps.marks, x.maps.loose)]


def _compact(table: torch.Tensor) -> torch.Tensor:
    """Return the table with one entry along the dimensions in which nothing but that was repeated."""
    for dim, step in enumerate(table.stride()):
        if step == 0 and table.shape[dim] > 1:
            table = table.narrow(dim, 0, 1)
    return table


def _constant(table: torch.Tensor, dims: Sequence[int] | range) -> torch.Tensor:
    """Return the table with one entry along dimensions; `_UntoldError` where kinds differ along them."""
    table = _compact(table)
    for dim in dims:
        first = table.narrow(dim, 0, 1)
        if table.shape[dim] > 1 and not bool((table == first).all()):
            raise _UntoldError(at_places=True)
        table = first
    return table


def reshaped(maps: Maps, shape: Sequence[int]) -> Maps:
    """Return the maps of the same elements in another shape. Raises `IncommensurableError` as `pieces` does."""
    own = maps.on(pieces.reshaped(maps.dims, shape))
    if maps.kinds and maps.kinds.table is not None:
        own = replace(own, kinds=replace(maps.kinds, table=maps.kinds.table.reshape(tuple(shape))))
    return own


def written_into(
    before: Maps, new: Maps, union: Maps, spans: tuple[list[tuple[int, int]], list[tuple[int, int]]],
    shape: Sequence[int],
) -> Maps:  # fmt: skip
    """Return the maps of a tensor into a part of whose memory another was written; `union` are those of both.

    `spans` say where both begin and end along each dimension of the memory.
    """
    places = list(zip(*spans, strict=True))
    inside = all(begin <= start and stop <= end for (begin, end), (start, stop) in places)
    fits = all(a.units == b.units == c.units for a, b, c in zip(before.axes, new.axes, union.axes, strict=True))
    if not inside or not fits or BLURRED in (before.kinds, new.kinds):
        return replace(union, kinds=BLURRED)
    seen: list[Seen] = []
    tables = []
    for maps, size in ((before, tuple(shape)), (new, tuple(stop - start for start, stop in spans[1]))):
        table = maps.kinds.table if maps.kinds else torch.zeros(1, dtype=torch.int64).expand(size)
        tables.append(table + len(seen))
        seen += maps.kinds.seen if maps.kinds else [Seen(maps.axes, maps.marks, maps.loose)]
    part = tuple(slice(start - begin, stop - begin) for (begin, _), (start, stop) in places)
    tables[0][part] = tables[1]
    sizes = [1 if bool((tables[0] == tables[0].narrow(d, 0, 1)).all()) else n for d, n in enumerate(shape)]
    table = tables[0][tuple(slice(n) for n in sizes)].expand(tuple(shape))
    own = {n: seen[n] for n in _compact(table).unique().tolist()}
    return _put(union.source, union, table, own, union=True)


def exact_at_places(maps: Maps) -> bool:
    """Whether what all channels see together is what each place's channels see: no place holds others than the rest."""
    if maps.kinds is None or len(maps.dims) != maps.rank + 2 or pieces.sides(maps.dims[0]):
        return True
    places = [dim for dim in range(2, len(maps.dims)) if pieces.sides(maps.dims[dim])]
    if maps.kinds is BLURRED:
        return all(piece.side is not None or piece.inside for dim in places for piece in maps.dims[dim])
    try:
        _constant(maps.kinds.table, places)
    except _UntoldError:
        return False
    return True
