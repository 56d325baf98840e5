"""Writing in place: who else looks at the same memory, and what they see from then on."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from s6core.receptive import pieces
from s6core.receptive.errors import UnknownOperationError
from s6core.receptive.kinds import reshaped, written_into
from s6core.receptive.maps import Maps
from s6core.receptive.merging import merge
from s6core.receptive.rules import Call
from s6core.receptive.sliding import extended


class Written:
    """The tensors of a trace by the memory they lie in."""

    def __init__(self) -> None:
        self.sharing: defaultdict[int, list[weakref.ref[Any]]] = defaultdict(list)
        self.stale: dict[int, tuple[Any, str]] = {}  # tensors of which a part was written over that cannot be followed
        self.constants: dict[int, tuple[torch.Tensor, str]] = {}  # by memory, those that were written into

    def know(self, tensor: Any) -> None:
        self.sharing[_memory(tensor)].append(weakref.ref(tensor))

    def check(self, followed: Sequence[Any], where: str) -> None:
        """Raise `UnknownOperationError` for a tensor whose maps are out of date."""
        for x in followed:
            if id(x) in self.stale:
                written = self.stale[id(x)][1]
                raise UnknownOperationError(
                    f"at {where!r}: no rule for reading a tensor of which a part was written at {written!r}"
                )

    def check_constant(self, x: torch.Tensor, where: str) -> None:
        """Raise `UnknownOperationError` for a constant into whose memory something from the image was written."""
        if self.constants and _memory(x) in self.constants:
            written = self.constants[_memory(x)][1]
            raise UnknownOperationError(
                f"at {where!r}: no rule for reading a constant into whose memory {written!r} wrote by another name"
            )

    def into(self, tracer: Any, target: Any, maps: Maps, where: str) -> Any:
        """Note that a tensor now holds something else, and return it; others in the same memory come to know."""
        if not hasattr(target, "maps"):
            return self.constant(tracer, target, maps, where)
        before, target.maps = target.maps, maps
        same = (before.axes, before.marks, before.dims, before.kinds) == (maps.axes, maps.marks, maps.dims, maps.kinds)
        if same:
            return target  # each element saw the same before
        for other in self._others(target):
            found = _seen_by(other, target, maps)
            if found is None:
                self.stale[id(other)] = (other, where)
            else:
                other.maps = found
        return target

    def constant(self, tracer: Any, target: torch.Tensor, maps: Maps, where: str) -> Any:
        """Make of a constant that is written into a tensor to be followed."""
        with torch._C.DisableTorchFunction():
            if target._is_view():
                raise UnknownOperationError(f"at {where!r}: no rule for writing into a part of a constant tensor")
            before, memory = target, _memory(target)
            if target.device.type != "meta":
                tracer.stand_ins.pop(id(target), None)
                before = torch.empty_like(target, device="meta")
                torch.utils.swap_tensors(target, before)
            self.constants[memory] = before, where
        return tracer.adopt(target, maps)

    def _others(self, target: Any) -> list[Any]:
        known = [reference() for reference in self.sharing[_memory(target)]]
        return [x for x in known if x is not None and x is not target and hasattr(x, "maps")]


def _memory(x: torch.Tensor) -> int:
    with torch._C.DisableTorchFunction():
        return int(x.untyped_storage()._cdata)


def _seen_by(other: Any, target: Any, maps: Maps) -> Maps | None:
    """Return the maps of a tensor in whose memory, or in a part of it, another was written; None if unknown."""
    with torch._C.DisableTorchFunction():
        same = other.storage_offset() == target.storage_offset() and other.numel() == target.numel()
        if same and other.shape == target.shape and other.stride() == target.stride():
            return maps
        if same and other.is_contiguous() and target.is_contiguous():
            try:
                return reshaped(maps, other.shape)
            except pieces.IncommensurableError:
                return None
        spans = _spans(other), _spans(target)
        if other.ndim != target.ndim or other.stride() != target.stride():
            return None
    alike = True
    for dim, ((begin, end), (start, stop)) in enumerate(zip(*spans, strict=True)):
        if end <= start or stop <= begin:
            return other.maps  # they share no element
        mine, new = other.maps.dims[dim], maps.dims[dim]
        if pieces.sides(mine) or pieces.sides(new):
            alike = alike and ((begin, end) == (start, stop) or _are_places(mine, new, start - begin))
    if not alike:
        return None
    pairs = list(zip(other.maps.dims, maps.dims, strict=True))
    listed = [any(piece.inside for piece in mine) for mine, _ in pairs]
    dims = [
        mine if is_list or not pieces.sides(new) else new for (mine, new), is_list in zip(pairs, listed, strict=True)
    ]
    return written_into(other.maps, maps, merge([other.maps, maps.on(dims)], maps.source), spans, other.shape)


def _are_places(mine: pieces.Dim, new: pieces.Dim, first: int) -> bool:
    """Whether a part of a dimension that begins at `first` is all that has a place in it: its rest are class tokens."""
    return len(mine) == 1 and mine[0].inside == new and mine[0].before == first


def _spans(x: torch.Tensor) -> list[tuple[int, int]]:
    """Return where a view begins and ends along each of its dimensions, counted from the start of the memory."""
    offset, steps, spans = int(x.storage_offset()), x.stride(), [(0, 1)] * x.ndim
    for dim in sorted(range(x.ndim), key=lambda dim: -steps[dim]):
        begin, offset = divmod(offset, max(steps[dim], 1))
        spans[dim] = begin, begin + x.shape[dim]
    return spans


def write(tracer: Any, x: Any, index: Any, value: Any, where: str) -> None:
    """Follow `x[index] = value`: into a part of the channels, or of a constant's axes as a border does."""
    parts = _slices(index if isinstance(index, tuple) else (index,), x.ndim, where)
    kept = [dim for dim, part in enumerate(parts) if isinstance(part, slice)]
    spans = [
        part.indices(n) if isinstance(part, slice) else (part % n, part % n + 1, 1)
        for part, n in zip(parts, x.shape, strict=True)
    ]
    place = tuple(slice(*span) for span in spans)
    sizes = [len(range(*span)) for span in spans]
    own = None
    if hasattr(value, "maps"):
        given = iter(((),) * (len(kept) - value.ndim) + value.maps.dims)
        dims = [next(given) if dim in kept else () for dim in range(x.ndim)]
        own = value.maps.on(d if pieces.length(d) == n else pieces.plain(n) for d, n in zip(dims, sizes, strict=True))
    if hasattr(x, "maps"):
        _into_channels(tracer, x, place, own, where)
    elif own is not None:
        _into_constant(tracer, x, spans, own, value, where)


def _into_channels(tracer: Any, x: Any, place: tuple[slice, ...], own: Maps | None, where: str) -> None:
    with tracer.unrecorded():
        view = tracer.call(torch.Tensor.__getitem__, (x, place), {})
    for mine, new, part in zip(x.maps.dims, view.maps.dims, place, strict=True):
        held = pieces.sides(mine) or pieces.sides(new)
        if not held or pieces.length(mine) == pieces.length(new) or _are_places(mine, new, part.start):
            continue
        raise UnknownOperationError(f"at {where!r}: no rule for writing into a part of a tensor's axes")
    nothing = replace(view.maps, axes=tuple(axis.blank() for axis in view.maps.axes), marks=(), loose=(), kinds=None)
    tracer.written.into(tracer, view, nothing if own is None else merge([nothing, own], where), where)


def _into_constant(tracer: Any, x: torch.Tensor, spans: Sequence[Any], own: Maps, value: Any, where: str) -> None:
    if any(step != 1 for _, _, step in spans):
        raise UnknownOperationError(f"at {where!r}: no rule for writing into every second unit of a constant tensor")
    call = Call("setitem", where, x, [value], len(own.axes))
    for dim, (first, last, _) in enumerate(spans):
        if x.shape[dim] != last - first:
            own = extended(call, own, dim, first)
    tracer.written.into(tracer, x, own, where)


def _slices(parts: Sequence[Any], count: int, where: str) -> Sequence[Any]:
    """Return a slice or a number for each dimension."""
    if any(part is None or isinstance(part, torch.Tensor | list | bool) for part in parts):
        raise UnknownOperationError(f"at {where!r}: no rule for writing into a part of a tensor that a list names")
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    rest = parts[at + 1 :]
    return (*parts[:at], *[slice(None)] * (count - at - len(rest)), *rest)
