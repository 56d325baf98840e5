"""The rules: what each operation of torch does to the maps of its tensors. They live in the modules beside this one.

A rule has the parameters of its operation, behind the `Call`; it returns the maps of the result (one for each tensor
of a result that holds several), or None for a result that does not depend on the image. It asks the call for the maps
of the tensors it speaks about; any other tensor that depends on the image (weights, indices, a mask) makes the result
depend on it everywhere, and is marked by whoever applies the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from s6core.receptive import pieces
from s6core.receptive.errors import UnknownOperationError
from s6core.receptive.maps import Maps
from s6core.receptive.merging import merge


@dataclass(frozen=True)
class Call:
    """One call of a torch operation: its name, where in the net it happens, its result and the tensors it followed."""

    op: str
    where: str
    result: Any
    followed: Sequence[Any]  # tensors with `.maps`
    rank: int  # axes of the image
    spoken: set[int] = field(default_factory=set)  # ids of the tensors that the rule took the maps of

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result, of its first tensor where it holds several."""
        result = self.result if hasattr(self.result, "shape") else self.result[0]
        return tuple(result.shape)

    def maps(self, x: Any) -> Maps:
        """Return the maps of a tensor; of one that does not depend on the image, those that say so."""
        if not hasattr(x, "maps"):
            raise self.unknown("of a constant with something from the image")
        self.spoken.add(id(x))
        maps: Maps = x.maps
        return replace(maps, kinds=None) if maps.kinds else maps  # whoever applies the rule tells the kinds apart

    def all(self) -> list[Maps]:
        return [self.maps(x) for x in self.followed]

    def several(self, maps: Maps) -> Maps | list[Maps]:
        """Return the maps once for each tensor of the result."""
        return maps if hasattr(self.result, "shape") else [maps] * len(self.result)

    def lost(self, maps: Maps, dims: Iterable[int]) -> Maps:
        """Return maps whose place along these dimensions cannot be followed: all is seen, and marked."""
        dims = list(dims)
        if not any(pieces.sides(maps.dims[dim]) for dim in dims):
            return maps.blended(dims)
        return maps.blended(dims).marked(self.where)

    def bounded(self, maps: Maps, dims: Iterable[int]) -> Maps:
        """Return maps of a part of what lies along these dimensions, not known which: all of it, as an upper bound."""
        maps = maps.blended(dims)
        return replace(maps, loose=tuple(dict.fromkeys((*maps.loose, self.where))))

    def union(self, maps: Iterable[Maps]) -> Maps:
        return merge(list(maps), self.where)

    def unknown(self, why: str) -> UnknownOperationError:
        return UnknownOperationError(f"at {self.where!r}: no rule for {self.op}, {why}")


Rule = Callable[..., Maps | list[Maps] | None]
RULES: dict[str, Rule] = {}
R = TypeVar("R", bound=Rule)


def rule(*names: str) -> Callable[[R], R]:
    """Register a function as the rule of the operations of these names."""

    def register(function: R) -> R:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


def numbers(value: Any, count: int) -> tuple[Any, ...]:
    """Return a number per axis, as torch reads one number or a list."""
    given = tuple(value) if isinstance(value, Sequence) else (value,)
    return given * count if len(given) == 1 else given


def which(dims: Any, count: int) -> list[int]:
    """Return dimensions counted from the first; all of them for None."""
    if dims is None:
        return list(range(count))
    return sorted({int(dim) % count for dim in (dims if isinstance(dims, Sequence) else (dims,))})
