"""A tensor on its way through a net: which of its dimensions are the image's axes, and what their units see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from s6core.receptive.errors import MisalignedError, UnknownOperationError
from s6core.receptive.geometry import Axis, aligned, joined

SIDES = ("vertical", "horizontal")


@dataclass(frozen=True, kw_only=True, eq=False)
class Maps:
    """Vertical and horizontal axis, the dimension each lies on (None: no longer one), and where they came from."""

    dims: tuple[int | None, int | None]
    axes: tuple[Axis, Axis]
    marks: tuple[str, ...] = ()  # layers that made the dependence global
    source: str = "the input"

    @property
    def flat(self) -> bool:
        """Whether no dimension is an axis of the image any more."""
        return self.dims == (None, None)

    def marked(self, *names: str) -> Maps:
        return replace(self, marks=tuple(dict.fromkeys((*self.marks, *names))))

    def collapsed(self, side: int, *, dim: int | None = None) -> Maps:
        """Return the maps after an operation that makes one of all units of an axis."""
        return self.with_axis(side, self.axes[side].collapse(), dim)

    def with_axis(self, side: int, axis: Axis, dim: int | None) -> Maps:
        axes, dims = list(self.axes), list(self.dims)
        axes[side], dims[side] = axis, dim
        return replace(self, axes=(axes[0], axes[1]), dims=(dims[0], dims[1]))

    def moved(self, place: dict[int, int]) -> Maps:
        """Return the maps with each dimension at its new place."""
        v, h = (dim if dim is None else place[dim] for dim in self.dims)
        return replace(self, dims=(v, h))

    def on(self, dims: tuple[int, int], shape: Sequence[int], where: str) -> Maps:
        """Return the maps with their axes on these dimensions, as an operation on images expects them.

        A vector that was reshaped to maps has none: then every unit sees all that the vector saw.
        Raises `UnknownOperationError` where an axis lies on another dimension.
        """
        maps = self
        for side, dim in enumerate(dims):
            if maps.dims[side] is None and dim not in maps.dims:
                maps = maps.with_axis(side, maps.axes[side].spread(shape[dim]), dim)
            elif maps.dims[side] != dim:
                raise UnknownOperationError(
                    f"at {where!r}: the operation expects the {SIDES[side]} axis on dimension {dim} of {len(shape)}, "
                    f"but it lies on dimension {maps.dims[side]}"
                )
        return maps


def merge(branches: Sequence[Maps], shape: Sequence[int], where: str) -> Maps:
    """Return the union of branches that meet, each with its dimensions counted as in the result of this shape.

    A branch without a position (a global pooling, a flatten) that meets maps with one tells every unit about the whole
    image: the maps keep their geometric field and are marked. Raises `MisalignedError` naming both branches where
    strides or centres disagree.
    """
    if len(branches) == 1:
        return branches[0]
    result = branches[0].marked(*(mark for branch in branches for mark in branch.marks))
    fitted = [list(branch.axes) for branch in branches]
    dims: list[int | None] = []
    for side in (0, 1):
        own = [b.dims[side] for b in sorted(branches, key=lambda b: b.axes[side].whole)]  # those with a place first
        dim = next((d for d in own if d is not None), None)
        units = 1 if dim is None else shape[dim]
        placed = [b for b in branches if _has_place(b, side, units)]
        for other in placed[1:]:
            _check(placed[0], other, side, where)
        for branch, axes in zip(branches, fitted, strict=True):
            if branch in placed:
                continue
            if placed and units > 1:  # it tells every unit the same: not a matter of place, but of the mark
                result = result.marked(where)
                axes[:] = axes[0].hull(), axes[1].hull()
                axes[side] = placed[0].axes[side].hull()
            elif axes[side].units != units:
                axes[side] = axes[side].spread(units)
        dims.append(dim)
    (v, h), *others = fitted
    for other_v, other_h in others:
        if v is not other_v or h is not other_h:
            v, h = joined(v.union(other_v), h.union(other_h))
    return replace(result, axes=(v, h), dims=(dims[0], dims[1]))


def _has_place(maps: Maps, side: int, units: int) -> bool:
    axis = maps.axes[side]
    return maps.dims[side] is not None and not axis.whole and axis.units == units


def _check(a: Maps, b: Maps, side: int, where: str) -> None:
    first, second = a.axes[side], b.axes[side]
    if a.dims[side] != b.dims[side]:
        raise MisalignedError(
            f"at {where!r}: the {SIDES[side]} axis lies on dimension {a.dims[side]} of {a.source!r} "
            f"but on {b.dims[side]} of {b.source!r}"
        )
    if not aligned(first, second):
        raise MisalignedError(
            f"at {where!r}: {a.source!r} (stride {first.stride}, unit 0 centred at {first.centre}) and {b.source!r} "
            f"(stride {second.stride}, unit 0 centred at {second.centre}) look at different places along the "
            f"{SIDES[side]} axis; a field is defined for branches whose strides and centres agree"
        )
