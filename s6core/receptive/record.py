"""The answer: a box, a record per layer, and the receptive field of a net as a list of them that knows names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from s6core.receptive.box import Box, UnitField
from s6core.receptive.boxes import Number
from s6core.receptive.errors import ReceptiveFieldError, UnknownLayerError
from s6core.receptive.geometry import Axis
from s6core.receptive.tables import rows, text, to_frame, to_html

if TYPE_CHECKING:
    import pandas as pd

Numbers = tuple[Number, ...]
"""One number per axis of the image: vertical, horizontal. Whole, but for a stride or a padding after upsampling."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """The receptive field of one layer's units; every tuple is (vertical, horizontal), in pixels of the image.

    The centre of unit i lies at −padding + i·stride + (size − 1)/2 (the convention of google-research/receptive_field).
    Where units differ (after upsampling, or an adaptive pooling whose windows differ), size is the largest, stride and
    padding give the average place, `phases` says how they differ, and `unit` stays exact. `global_by` names the layers,
    up to and with this one, through which a unit depends on the whole image, beyond the geometric field that is given;
    `at_most_by` those where channels were taken apart that could not be told from each other: then a unit sees nothing
    beyond the field that is given, but maybe less.
    """

    name: str
    op: str
    output: tuple[int, ...]  # without the batch
    axes: tuple[Axis, ...] = field(repr=False, compare=False)
    global_by: tuple[str, ...] = ()
    at_most_by: tuple[str, ...] = ()
    before: tuple[int, ...] = field(default=(), repr=False, compare=False)  # min_size at the layer's input

    @property
    def size(self) -> tuple[int, ...]:
        return tuple(axis.size for axis in self.axes)

    @property
    def min_size(self) -> tuple[int, ...]:
        """What a unit sees by the shortest path through branches alone; `size` is what it sees by all."""
        return tuple(axis.shortest.size for axis in self.axes)

    @property
    def stride(self) -> Numbers:
        return tuple(axis.stride for axis in self.axes)

    @property
    def padding(self) -> Numbers:
        return tuple(axis.padding for axis in self.axes)

    @property
    def phases(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Per axis, first pixel and pixel behind the last of units 0, 1, …, until their pattern repeats.

        One pair where all units see alike: then size, stride and padding say everything.
        """
        boxes = [axis.boxes for axis in self.axes]
        return tuple(tuple((int(a), int(b) + 1) for a, b in zip(x.first, x.last, strict=True)) for x in boxes)

    @property
    def regular(self) -> bool:
        """Whether all units see boxes of one size, one stride apart."""
        return all(len(axis.boxes.first) == 1 for axis in self.axes)

    @property
    def units(self) -> tuple[int, ...]:
        """How many units lie above and beside each other; (1, 1) after a global pooling or a flatten."""
        return tuple(axis.units for axis in self.axes)

    @property
    def whole(self) -> bool:
        """Whether units have lost their place: behind a flatten or a global pooling they all see all, or are one."""
        return any(axis.whole for axis in self.axes)

    @property
    def is_global(self) -> bool:
        """Whether a unit depends on pixels outside its geometric field: some layer in `global_by` sees to it."""
        return bool(self.global_by)

    @property
    def is_upper_bound(self) -> bool:
        """Whether a unit may see less than the field that is given: some layer in `at_most_by` sees to it."""
        return bool(self.at_most_by)

    def unit(self, *place: int) -> UnitField:
        """Return what the unit in row i, column j sees. Raises `IndexError` for a unit that the layer does not have."""
        place = (*place, *(0,) * (len(self.axes) - len(place)))
        names = {1: ("place",), 2: ("row", "column")}.get(len(self.axes), ("plane", "row", "column"))
        for name, index, axis in zip(names, place, self.axes, strict=True):
            if not 0 <= index < axis.units:
                raise IndexError(f"layer {self.name!r} has no unit in {name} {index}: {name}s 0 to {axis.units - 1}")
        ends = [axis.box(i) for axis, i in zip(self.axes, place, strict=True)]
        unclipped = Box(*(first for first, _ in ends), *(last + 1 for _, last in ends))
        both = list(zip(self.axes, place, strict=True))
        seen = [
            part for part in range(len(self.axes[0].first)) if all(a.first[part, i] <= a.last[part, i] for a, i in both)
        ]
        if not seen:
            return UnitField(unclipped, Box(*(0,) * 2 * len(self.axes)))
        starts = [int(axis.first[seen, i].min()) for axis, i in both]
        stops = [int(axis.last[seen, i].max()) + 1 for axis, i in both]
        return UnitField(unclipped, Box(*starts, *stops))

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={text(getattr(self, name))}" for name in ("size", "stride", "padding"))
        more = "" if self.regular else f", phases={text(tuple(map(len, self.phases)))}"
        return (
            f"Field({self.name!r}, {self.op}, {numbers}{more}, output={text(self.output)}"
            + (f", global_by={len(self.global_by)} layers" if self.global_by else "")
            + (", an upper bound)" if self.at_most_by else ")")
        )


class ReceptiveField(Sequence[Field]):
    """The records of a net in the order of its forward pass, by position or by name: `field["layer4.2.conv3"]`.

    A module that is called more than once has a record for each call, `relu#1`, `relu#2`; its plain name means the
    last. The name of a module that holds others (`layer4`) means what that module puts out. `stopped` says why the
    records end before the net does, where they do.
    """

    def __init__(
        self, records: Iterable[Field], input_size: tuple[int, ...], also: Mapping[str, Field] | None = None,
        stopped: str | None = None,
    ) -> None:  # fmt: skip
        self.records = tuple(records)
        self.input_size = input_size
        self.stopped = stopped
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
        stopped = f", stopped {self.stopped}" if self.stopped else ""
        return f"<ReceptiveField of {len(self)} layers on {'×'.join(map(str, self.input_size))} pixels{stopped}>"

    def input_resolution_range(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the smallest and the largest image that the layers are made for, in pixels per axis.

        A smaller one is seen whole, even by the shortest path, before the last layer is reached; of a larger one no
        unit sees all (Richter et al., "Should You Go Deeper?", 2021; `input_resolution_range` of their rfa_toolbox).
        Layers behind a flatten or a global pooling do not count.
        """
        own = [record for record in self if not record.whole]
        if not own:
            raise ReceptiveFieldError("no layer has a place: each sees the whole image")
        least, most = ([getattr(r, name) for r in own] for name in ("min_size", "size"))
        return tuple(map(max, zip(*least, strict=True))), tuple(map(max, zip(*most, strict=True)))

    def unproductive_layers(self) -> list[Field]:
        """Return the layers that are given nothing but what has seen the whole image, even by the shortest path.

        Richter et al. (2021) predict that they do not improve the result. Layers behind a flatten or a global pooling,
        which are meant to, do not count.
        """
        return [record for record in self if not record.whole and _covers(record.before, self.input_size)]

    def border_layer(self) -> Field | None:
        """Return the first unproductive layer (Richter et al., 2021); None where there is none."""
        return next(iter(self.unproductive_layers()), None)

    def critical_layers(self) -> list[Field]:
        """Return the layers whose units see more than the image, even by the shortest path: they may not help."""
        larger = tuple(n + 1 for n in self.input_size)
        return [record for record in self if not record.whole and _covers(record.min_size, larger)]

    def rows(self) -> list[dict[str, str]]:
        """Return a row of text for each record: the columns of every table."""
        return rows(self)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each record; a number per axis, whose name ends in _v and _h (in none for a signal)."""
        return to_frame(self)

    def _repr_html_(self) -> str:
        return to_html(self)


def _covers(size: Sequence[int], image: Sequence[int]) -> bool:
    return all(a >= b for a, b in zip(size, image, strict=True))
