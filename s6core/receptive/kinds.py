"""Tables of kinds: a number for each element of a tensor, which says which channels' places it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from s6core.receptive import pieces
from s6core.receptive.maps import BLURRED, Kinds, Maps, Seen
from s6core.receptive.merging import merge

MOST = 64  # kinds before a tensor is blurred


class UntoldError(Exception):
    """The kinds of the result cannot be told; `at_places` where not even the union is exact at every place."""

    def __init__(self, at_places: bool = False) -> None:
        super().__init__()
        self.at_places = at_places


def compact(table: torch.Tensor) -> torch.Tensor:
    """Return the table with one entry along the dimensions in which nothing but that was repeated."""
    for dim, step in enumerate(table.stride()):
        if step == 0 and table.shape[dim] > 1:
            table = table.narrow(dim, 0, 1)
    return table


def constant(table: torch.Tensor, dims: Sequence[int] | range) -> torch.Tensor:
    """Return the table with one entry along dimensions; `UntoldError` where kinds differ along them."""
    table = compact(table)
    for dim in dims:
        first = table.narrow(dim, 0, 1)
        if table.shape[dim] > 1 and not bool((table == first).all()):
            raise UntoldError(at_places=True)
        table = first
    return table


def seen_by(maps: Maps, seen: Seen) -> Maps:
    """Return maps as if all channels saw what one kind sees."""
    return replace(maps, axes=seen.axes, marks=seen.marks, loose=seen.loose, kinds=None)


def put(where: str, maps: Maps, table: torch.Tensor, seen: dict[int, Seen], *, union: bool) -> Maps:
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
    return replace(maps, kinds=Kinds(numbers_of[compact(table)].expand(table.shape), tuple(kept)))


def exact_at_places(maps: Maps) -> bool:
    """Whether what all channels see together is what each place's channels see: no place holds others than the rest."""
    if maps.kinds is None or len(maps.dims) != maps.rank + 2 or pieces.sides(maps.dims[0]):
        return True
    places = [dim for dim in range(2, len(maps.dims)) if pieces.sides(maps.dims[dim])]
    if maps.kinds is BLURRED:
        return all(piece.side is not None or piece.inside for dim in places for piece in maps.dims[dim])
    try:
        constant(maps.kinds.table, places)
    except UntoldError:
        return False
    return True


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
    own = {n: seen[n] for n in compact(table).unique().tolist()}
    return put(union.source, union, table, own, union=True)
