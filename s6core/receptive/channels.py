"""Channels that see different places, told apart: behind a concatenation, through shuffles, splits and grouped layers.

A tensor whose channels differ carries a table of numbers of its own shape: of which kind each element is; and what the
kinds see. What only moves elements (a slice, a view, a shuffle) is done to the table by torch itself. Everything else
says which kinds each element of its result comes from, and the operation's own rule is applied to those alone. What
cannot be told apart is blurred: all channels' field stays right, and a selection of some is marked as an upper bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from s6core.receptive.beside import SIDE_BY_SIDE, listed, side_by_side
from s6core.receptive.kinds import MOST, UntoldError, compact, exact_at_places, put, seen_by
from s6core.receptive.maps import BLURRED, Maps, Seen
from s6core.receptive.merging import merge
from s6core.receptive.origins import CONVOLUTIONS, MOVES, Groups, channel_of, groups_of, joined, sources
from s6core.receptive.pointwise import POINTWISE
from s6core.receptive.rules import Call, Rule

PICKS = {"gather", "take_along_dim"}  # elements that an index names


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
            raise UntoldError
        if call.op in SIDE_BY_SIDE:
            results = [side_by_side(call, found[0], *listed(call, args, kwargs))]
        else:
            tables, groups = sources(call, func, args, kwargs, operands)
            results = _of_kinds(call, found, operands, tables, groups, lambda own: rule(own, *args, **_named(kwargs)))
    except UntoldError as untold:
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
    dims = joined(call, x, args, kwargs)
    if call.op in CONVOLUTIONS:
        dims = [channel_of(call, x)] if groups_of(call, args, kwargs) == 1 else None
    if dims is None:
        return False
    return all(
        piece.side is not None or piece.inside for d, dim in enumerate(x.maps.dims) if d not in dims for piece in dim
    )


def _of_kinds(
    call: Call, found: list[Maps], xs: list[Any], tables: list[torch.Tensor], groups: Groups, rule: Callable[..., Any]
) -> list[Maps]:  # fmt: skip
    """Return the results, of each kind what the operation's rule makes of what its sources see."""
    if len(groups) > MOST or len(tables) != len(found):
        raise UntoldError
    needed = sorted({n for table in tables for n in compact(table).unique().tolist()})
    seen: dict[int, list[Seen]] = {}
    untouched = len({id(x) for x in call.followed}) == 1 and all(_alike(m, xs[0].maps) for m in found)
    for number in needed:
        if untouched and all(len(kinds) == 1 for kinds in groups[number]):
            seen[number] = [xs[0].maps.kinds.seen[next(iter(groups[number][0]))]] * len(found)
        else:
            seen[number] = [
                _checked(own, m) for own, m in zip(_applied(call, xs, groups[number], rule), found, strict=True)
            ]
    results = []
    for i, (m, table) in enumerate(zip(found, tables, strict=True)):
        own = {n: seen[n][i] for n in compact(table).unique().tolist()}
        all_there = set(own) == set(range(len(groups))) and call.op not in SIDE_BY_SIDE
        results.append(put(call.where, m, table, own, union=not all_there))
    return results


def _alike(m: Maps, before: Maps) -> bool:
    return m.marks == before.marks and all(a is b for a, b in zip(m.axes, before.axes, strict=True))


def _checked(own: Maps, expected: Maps) -> Seen:
    if own.dims != expected.dims or any(a.units != b.units for a, b in zip(own.axes, expected.axes, strict=True)):
        raise UntoldError
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
