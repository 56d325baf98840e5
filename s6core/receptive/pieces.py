"""What a tensor's dimensions are made of: axes of the image, parts of them, or what has no place (channels, a batch).

A dimension is a row of pieces, the last of which runs fastest, as einops writes `(h w)` or `(c r)`. So a list of
places keeps its rows and columns, windows keep where they were cut from, and a merge that is undone is undone here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod


@dataclass(frozen=True)
class Piece:
    """A factor of a dimension: `size` units of an axis that lie `step` units apart, or none (`side` is None).

    With `inside`, it is a list that holds those pieces behind `before` entries that have no place: tokens of classes.
    """

    size: int
    side: int | None = None
    step: int = 1
    inside: tuple[Piece, ...] = ()
    before: int = 0


Dim = tuple[Piece, ...]


@dataclass(frozen=True)
class Digit:
    """A piece of an axis and where it lies: the dimension, and how many came before it there on the same axis."""

    dim: int
    number: int
    size: int
    step: int


class IncommensurableError(ValueError):
    """A shape whose dimensions begin and end amid units of an axis."""


def plain(size: int) -> Dim:
    """Return a dimension without a place."""
    return (Piece(size),) if size != 1 else ()


def axis(size: int, side: int) -> Dim:
    """Return a dimension that is an axis of the image, of one unit maybe."""
    return (Piece(size, side),)


def length(dim: Dim) -> int:
    return prod(piece.size for piece in dim)


def flat(dim: Dim) -> Iterator[Piece]:
    """Return the pieces of a dimension, those inside a list instead of the list."""
    for piece in dim:
        yield from piece.inside or (piece,)


def sides(dim: Dim) -> list[int]:
    """Return the axes that have a piece here, in their order."""
    return list(dict.fromkeys(piece.side for piece in flat(dim) if piece.side is not None))


def digits(dims: Sequence[Dim], side: int) -> list[Digit]:
    """Return the pieces of an axis with their dimensions; of a whole axis their sizes have its units for product."""
    found = []
    for number, dim in enumerate(dims):
        own = [piece for piece in flat(dim) if piece.side == side]
        found += [Digit(number, i, piece.size, piece.step) for i, piece in enumerate(own)]
    return found


def merged(dim: Sequence[Piece]) -> Dim:
    """Return the same dimension in as few pieces as there can be."""
    result: list[Piece] = []
    for piece in dim:
        if piece.size == 1 and not piece.inside and (piece.side is None or len(dim) > 1):
            continue
        before = result[-1] if result else None
        if before is None or before.inside or piece.inside or before.side != piece.side:
            result.append(piece)
        elif piece.side is None or before.step == piece.size * piece.step:
            result[-1] = replace(piece, size=before.size * piece.size)
        else:
            result.append(piece)
    return tuple(result)


def reshaped(dims: Sequence[Dim], shape: Sequence[int]) -> tuple[Dim, ...]:
    """Return the dimensions of the same elements in another shape.

    Raises `IncommensurableError` where a new dimension would hold a part of a piece that is no whole fraction of it.
    """
    if len(dims) == len(shape) and all(length(dim) == size for dim, size in zip(dims, shape, strict=True)):
        return tuple(dims)
    waiting = [piece for piece in merged([piece for dim in dims for piece in dim]) if piece.size > 1]
    result = []
    for size in shape:
        taken: list[Piece] = []
        missing = size
        while missing > 1:
            piece = waiting.pop(0)
            if missing % piece.size == 0:
                taken.append(piece)
                missing //= piece.size
            elif piece.size % missing == 0 and not piece.inside:
                rest = piece.size // missing
                taken.append(replace(piece, size=missing, step=piece.step * rest))
                waiting.insert(0, replace(piece, size=rest))
                missing = 1
            else:
                raise IncommensurableError
        result.append(merged(taken))
    return tuple(result)


def renumbered(dims: Sequence[Dim], side: int, steps: dict[int, int]) -> tuple[Dim, ...]:
    """Return the dimensions with the steps of an axis' pieces replaced."""

    def new(piece: Piece) -> Piece:
        if piece.inside:
            return replace(piece, inside=tuple(map(new, piece.inside)))
        return replace(piece, step=steps[piece.step]) if piece.side == side else piece

    return tuple(merged([new(piece) for piece in dim]) for dim in dims)


def without(dim: Dim, side: int) -> Dim:
    """Return a dimension of the same length in which an axis has no place any more."""

    def bare(piece: Piece) -> Piece:
        if piece.inside:
            inside = tuple(map(bare, piece.inside))
            return replace(piece, inside=inside) if sides(inside) else Piece(piece.size)
        return Piece(piece.size) if piece.side == side else piece

    return merged([bare(piece) for piece in dim]) if side in sides(dim) else dim
