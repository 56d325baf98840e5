"""The answer: a box, a record per layer, and the receptive field of a net as a list of them that knows names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from s6core.receptive.errors import UnknownLayerError
from s6core.receptive.geometry import Axis, Number

Pair = tuple[Number, Number]
"""Vertical, horizontal. Whole numbers, but for a stride or a padding after upsampling."""


@dataclass(frozen=True)
class Box:
    """Pixels top ≤ y < bottom and left ≤ x < right, as slices count: `image[box.slices]` is what the box holds."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels; (0, 0) where the box is empty."""
        return max(0, self.bottom - self.top), max(0, self.right - self.left)

    @property
    def empty(self) -> bool:
        return 0 in self.size

    @property
    def slices(self) -> tuple[slice, slice]:
        """The box as an index of the last two dimensions, for a box that was clipped to the image."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True)
class UnitField:
    """What one unit sees: `unclipped` by the formulas, `clipped` the pixels of the image that really reach it.

    The clipped box is the unclipped one cut at the image's edges, less the border pixels that some layer before left
    out: 28 pixels under a 3×3 window with stride 2 and no padding end at pixel 26. It is empty for a unit that sees
    nothing but padding.
    """

    unclipped: Box
    clipped: Box


@dataclass(frozen=True, kw_only=True)
class Field:
    """The receptive field of one layer's units; every pair is (vertical, horizontal), in pixels of the image.

    The centre of unit i lies at −padding + i·stride + (size − 1)/2 (the convention of google-research/receptive_field).
    Where units differ (after upsampling, or an adaptive pooling whose windows differ), size is the largest, stride and
    padding give the average place, and `unit` stays exact. `global_by` names the layers, up to and with this one,
    through which a unit depends on the whole image, beyond the geometric field that is given.
    """

    name: str
    op: str
    output: tuple[int, ...]  # without the batch
    axes: tuple[Axis, Axis] = field(repr=False, compare=False)
    global_by: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        return self.axes[0].size, self.axes[1].size

    @property
    def stride(self) -> Pair:
        return self.axes[0].stride, self.axes[1].stride

    @property
    def padding(self) -> Pair:
        return self.axes[0].padding, self.axes[1].padding

    @property
    def units(self) -> tuple[int, int]:
        """How many units lie above and beside each other; (1, 1) after a global pooling or a flatten."""
        return self.axes[0].units, self.axes[1].units

    @property
    def is_global(self) -> bool:
        """Whether a unit depends on pixels outside its geometric field: some layer in `global_by` sees to it."""
        return bool(self.global_by)

    def unit(self, i: int = 0, j: int = 0) -> UnitField:
        """Return what the unit in row i, column j sees. Raises `IndexError` for a unit that the layer does not have."""
        for name, index, axis in (("row", i, self.axes[0]), ("column", j, self.axes[1])):
            if not 0 <= index < axis.units:
                raise IndexError(f"layer {self.name!r} has no unit in {name} {index}: {name}s 0 to {axis.units - 1}")
        (top, bottom), (left, right) = self.axes[0].box(i), self.axes[1].box(j)
        v, h = self.axes
        seen = (v.first[:, i] <= v.last[:, i]) & (h.first[:, j] <= h.last[:, j])
        clipped = Box(0, 0, 0, 0)
        if seen.any():
            starts = (int(axis.first[seen, k].min()) for axis, k in ((v, i), (h, j)))
            stops = (int(axis.last[seen, k].max()) + 1 for axis, k in ((v, i), (h, j)))
            clipped = Box(*starts, *stops)
        return UnitField(Box(top, left, bottom + 1, right + 1), clipped)


class ReceptiveField(Sequence[Field]):
    """The records of a net in the order of its forward pass, by position or by name: `field["layer4.2.conv3"]`.

    A module that is called more than once has a record for each call, `relu#1`, `relu#2`; its plain name means the
    last. The name of a module that holds others (`layer4`) means what that module puts out.
    """

    def __init__(
        self, records: Iterable[Field], input_size: tuple[int, int], also: Mapping[str, Field] | None = None
    ) -> None:
        self.records = tuple(records)
        self.input_size = input_size
        self._named = {record.name: record for record in self.records}
        self._named |= {name: record for name, record in (also or {}).items() if name not in self._named}

    @overload
    def __getitem__(self, key: int | str) -> Field: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Field]: ...
    def __getitem__(self, key: int | str | slice) -> Field | Sequence[Field]:
        if not isinstance(key, str):
            return self.records[key]
        if key not in self._named:
            raise UnknownLayerError(key, self._named)
        return self._named[key]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.records)

    def __contains__(self, key: object) -> bool:
        return key in self._named if isinstance(key, str) else key in self.records

    def __repr__(self) -> str:
        height, width = self.input_size
        return f"<ReceptiveField of {len(self)} layers on {height}×{width} pixels>"
