"""Writing in place: who else looks at the same memory, and what they see from then on."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch

from s6core.receptive import pieces
from s6core.receptive.errors import UnknownOperationError
from s6core.receptive.maps import Maps, merge


class Written:
    """The tensors of a trace by the memory they lie in."""

    def __init__(self) -> None:
        self.sharing: defaultdict[int, list[weakref.ref[Any]]] = defaultdict(list)
        self.stale: dict[int, tuple[Any, str]] = {}  # tensors of which a part was written over that cannot be followed

    def know(self, tensor: Any) -> None:
        self.sharing[_memory(tensor)].append(weakref.ref(tensor))

    def check(self, followed: Sequence[Any], where: str) -> None:
        """Raise `UnknownOperationError` for a tensor whose maps are out of date."""
        for x in followed:
            if id(x) in self.stale:
                raise UnknownOperationError(
                    f"at {where!r}: no rule for reading a tensor of which a part was written at {self.stale[id(x)][1]!r}"
                )

    def into(self, tracer: Any, target: Any, maps: Maps, where: str) -> Any:
        """Note that a tensor now holds something else, and return it; others in the same memory come to know."""
        if not hasattr(target, "maps"):
            return self.constant(tracer, target, maps, where)
        before, target.maps = target.maps, maps
        if before.axes == maps.axes and before.marks == maps.marks and before.dims == maps.dims:
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
            if target.device.type != "meta":
                tracer.stand_ins.pop(id(target), None)
                torch.utils.swap_tensors(target, torch.empty_like(target, device="meta"))
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
                return maps.on(pieces.reshaped(maps.dims, other.shape))
            except pieces.Incommensurable:
                return None
        spans = _spans(other), _spans(target)
        if other.ndim != target.ndim or other.stride() != target.stride():
            return None
    alike = True
    for dim, ((begin, end), (start, stop)) in enumerate(zip(*spans, strict=True)):
        if end <= start or stop <= begin:
            return other.maps  # they share no element
        if pieces.sides(other.maps.dims[dim]) or pieces.sides(maps.dims[dim]):
            alike = alike and (begin, end) == (start, stop)
    if not alike:
        return None
    pairs = zip(other.maps.dims, maps.dims, strict=True)
    return merge([other.maps, maps.on(new if pieces.sides(new) else mine for mine, new in pairs)], maps.source)


def _spans(x: torch.Tensor) -> list[tuple[int, int]]:
    """Return where a view begins and ends along each of its dimensions, counted from the start of the memory."""
    offset, spans = x.storage_offset(), [(0, 1)] * x.ndim
    for dim in sorted(range(x.ndim), key=lambda dim: -x.stride(dim)):
        begin, offset = divmod(offset, max(x.stride(dim), 1))
        spans[dim] = begin, begin + x.shape[dim]
    return spans


def write(tracer: Any, args: Sequence[Any], where: str) -> None:
    """Follow `x[index] = value`: into a part of the channels, or of a constant's axes as a border does."""
    x, index, value = args
    depends = hasattr(value, "maps")
    if any(isinstance(part, torch.Tensor | list) for part in (index if isinstance(index, tuple) else (index,))):
        raise UnknownOperationError(f"at {where!r}: no rule for writing into a part of a tensor that a list names")
    if not hasattr(x, "maps"):
        _border(tracer, x, index, value, where)
        return
    place = tracer.call(torch.Tensor.__getitem__, (x, index), {})
    tracer.records = [record for record in tracer.records if record.name != tracer._where("getitem")]
    whole = [pieces.length(dim) for dim in x.maps.dims if pieces.sides(dim)]
    if whole != [pieces.length(dim) for dim in place.maps.dims if pieces.sides(dim)]:
        raise UnknownOperationError(f"at {where!r}: no rule for writing into a part of a tensor's axes")
    if not depends:
        return  # fewer channels depend on the image, and no unit sees more
    own = value.maps.on(((),) * (place.ndim - value.ndim) + value.maps.dims)
    new = merge([place.maps, own], where)
    tracer.written.into(tracer, place, new, where)


def _border(tracer: Any, x: torch.Tensor, index: Any, value: Any, where: str) -> None:
    """Follow writing into a constant: what was written lies in it as in a border."""
    with torch._C.DisableTorchFunction():
        frame = torch.arange(x.numel()).reshape(x.shape)[index]
        shape = tuple(frame.shape)
        first = int(frame.flatten()[0]) if frame.numel() else 0
        steps = tuple(frame.stride())
        own = torch.empty(x.shape, device="meta").stride()
    maps: Maps = value.maps
    if len(shape) != x.ndim or steps != own:
        raise UnknownOperationError(f"at {where!r}: no rule for writing into a part of a constant tensor")
    dims = ((),) * (x.ndim - value.ndim) + maps.dims
    maps = maps.on(dim if pieces.length(dim) == n else pieces.plain(n) for dim, n in zip(dims, shape, strict=True))
    from s6core.receptive.rules import Call
    from s6core.receptive.sliding import extended

    call = Call("setitem", where, x, [value], len(maps.axes))
    for dim, step in enumerate(own):
        before, first = divmod(first, step)
        if x.shape[dim] != shape[dim]:
            maps = extended(call, maps, dim, before)
    tracer.written.into(tracer, x, maps, where)
