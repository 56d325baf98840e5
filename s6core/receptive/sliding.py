"""Rules for what slides over the last dimensions of images: convolutions, poolings, borders, resizing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from s6core.receptive import pieces
from s6core.receptive.errors import UnknownOperationError
from s6core.receptive.maps import BLURRED, Maps
from s6core.receptive.reads import SAME, Border, Reads, adaptive, transposed, window
from s6core.receptive.rules import Call, numbers, rule

Sliding = Callable[[int, int, int], Reads | None]
"""From the number of a spatial dimension, its units before and after: the reads, or None where all units are one."""


def images(call: Call, x: Any, count: int, *, joined: bool = False) -> Maps:
    """Return maps whose last `count` dimensions are axes, and whose channels have no place of their own.

    Unless the operation joins them all, channels that had one (as behind a space-to-depth) are no longer told apart.

    A vector that was reshaped to maps gets a place back: then every unit sees all that the vector saw.
    """
    maps = call.maps(x)
    if len(maps.dims) > count:
        channels = len(maps.dims) - count - 1
        placed = bool(pieces.sides(maps.dims[channels]))
        maps = maps.blended([channels])
        if placed and not joined:
            maps = replace(maps, kinds=BLURRED)
    free = [side for side in range(call.rank) if not pieces.digits(maps.dims, side)] if count == call.rank else []
    for dim in range(len(maps.dims) - count, len(maps.dims)):
        maps = maps.settled(dim)
        units = x.shape[dim]
        if not pieces.sides(maps.dims[dim]) and free and units > 1:
            side = free.pop(0)
            maps = maps.with_axis(side, maps.axes[side].spread(units)).with_dim(dim, pieces.axis(units, side))
    return maps


def slide(
    call: Call, x: Any, count: int, reads: Sliding, border: Border = "constant", groups: int | None = None
) -> Maps:  # fmt: skip
    """Return the maps behind an operation that slides over the last `count` dimensions.

    `groups` of channels are joined, each all its own; None where each channel stays by itself. Where a dimension is a
    part of an axis, it slides within that part; where it is several axes in a row, what it sees is no box, and its
    place is lost.
    """
    maps, shape = images(call, x, count, joined=groups == 1), call.shape
    for number in range(count):
        dim = x.ndim - count + number
        found = reads(number, x.shape[dim], shape[dim])
        if found != SAME:
            maps = _along(call, maps, dim, found, border, number if count == call.rank else None)
    if groups and x.ndim > count:
        maps = maps.with_dim(x.ndim - count - 1, pieces.plain(shape[x.ndim - count - 1]))
    return maps


def _along(call: Call, maps: Maps, dim: int, reads: Reads | None, border: Border, axis_of_one: int | None) -> Maps:
    side, units = maps.whole_side(dim), call.shape[dim]
    if side is None and pieces.sides(maps.dims[dim]):
        if reads is None:
            return maps.blended([dim]).with_dim(dim, ())
        within = maps.within(dim, reads, units) if border == "constant" else None
        return within or call.lost(maps, [dim]).with_dim(dim, pieces.plain(units))
    if side is None and axis_of_one is not None and maps.dims[dim] == () and maps.axes[axis_of_one].units == 1:
        side = axis_of_one  # an axis of one unit leaves no piece
    if side is None:  # along channels
        return maps.with_dim(dim, pieces.plain(units))
    axis = maps.axes[side].collapse() if reads is None else maps.axes[side].read(reads, units, border)
    return maps.with_axis(side, axis).with_dim(dim, () if reads is None else pieces.axis(units, side))


def _count(op: str) -> int:
    return int(next(letter for letter in op if letter.isdigit()))


@rule("conv1d", "conv2d", "conv3d")
def conv(
    call: Call, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Maps:  # fmt: skip
    count = _count(call.op)
    kernel, stride, dilation = weight.shape[2:], numbers(stride, count), numbers(dilation, count)
    if padding == "same":  # torch puts the odd one behind
        padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    before = numbers(0 if padding == "valid" else padding, count)
    reads: Sliding = lambda i, *_: window(kernel[i], stride[i], before[i], dilation[i])  # noqa: E731
    return slide(call, x, count, reads, groups=groups)


@rule("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(
    call: Call, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1,
) -> Maps:  # fmt: skip
    count = _count(call.op)
    kernel = weight.shape[2:]
    stride, padding, dilation = (numbers(n, count) for n in (stride, padding, dilation))
    reads: Sliding = lambda i, *_: transposed(kernel[i], stride[i], padding[i], dilation[i])  # noqa: E731
    try:
        return slide(call, x, count, reads, groups=groups)
    except ValueError as error:
        if isinstance(error, UnknownOperationError):
            raise
        raise UnknownOperationError(f"at {call.where!r}: {error}") from None


@rule("convolution")
def convolution(
    call: Call, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, turned: bool,
    output_padding: Any, groups: int,
) -> Maps:  # fmt: skip
    """The one operation behind all convolutions, as an exported net calls it."""
    own = Call(f"conv{x.ndim - 2}d", call.where, call.result, call.followed, call.rank, call.spoken)
    if turned:
        return conv_transpose(own, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv(own, x, weight, bias, stride, padding, dilation, groups)


@rule(
    "max_pool1d", "max_pool2d", "max_pool3d", "max_pool1d_with_indices", "max_pool2d_with_indices",
    "max_pool3d_with_indices",
)  # fmt: skip
def max_pool(
    call: Call, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Maps | list[Maps]:  # fmt: skip
    count = _count(call.op)
    kernel, padding, dilation = (numbers(n, count) for n in (kernel_size, padding, dilation))
    stride = numbers(stride, count) if stride else kernel  # torch takes None and an empty list for the kernel's size
    reads: Sliding = lambda i, *_: window(kernel[i], stride[i], padding[i], dilation[i])  # noqa: E731
    return call.several(slide(call, x, count, reads))


@rule("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(
    call: Call, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None,
) -> Maps | list[Maps]:  # fmt: skip
    return max_pool(call, x, kernel_size, stride, padding)


@rule("lp_pool1d", "lp_pool2d", "lp_pool3d")
def lp_pool(
    call: Call, x: Any, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Maps | list[Maps]:
    return max_pool(call, x, kernel_size, stride)


@rule("max_unpool1d", "max_unpool2d", "max_unpool3d")
def max_unpool(
    call: Call, x: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Maps:
    """Each unit goes to a place of its window that the image decides: any output there may hold it."""
    count = _count(call.op)
    kernel = numbers(kernel_size, count)
    step = numbers(stride, count) if stride else kernel
    before = numbers(padding, count)
    call.maps(indices)  # they saw what the pooling saw, as these units did
    try:
        return slide(call, x, count, lambda i, *_: transposed(kernel[i], step[i], before[i], 1))
    except ValueError as error:
        raise call.unknown(str(error)) from None


@rule(
    *(f"adaptive_{kind}_pool{n}d{tail}" for kind in ("avg", "max") for n in (1, 2, 3) for tail in ("", "_with_indices"))
)
def adaptive_pool(call: Call, x: Any, output_size: Any, return_indices: bool = False) -> Maps | list[Maps]:
    reads: Sliding = lambda i, before, after: None if after == 1 else adaptive(before, after)  # noqa: E731
    return call.several(slide(call, x, _count(call.op), reads))


@rule("pad", "constant_pad_nd")
def pad(call: Call, x: Any, pad: Sequence[int], mode: Border = "constant", value: Any = None) -> Maps:
    maps = call.maps(x)
    for dim in range(x.ndim):
        behind = 2 * (x.ndim - 1 - dim)  # torch lists the last dimension first
        if behind >= len(pad) or (pad[behind], pad[behind + 1]) == (0, 0):
            continue
        maps = extended(call, maps.settled(dim), dim, pad[behind], mode)
    return maps


def extended(call: Call, maps: Maps, dim: int, before: int, mode: Border = "constant") -> Maps:
    """Return the maps with a dimension that begins `before` units earlier, and has the length of the result's."""
    units = call.shape[dim]
    if (before, units) == (0, pieces.length(maps.dims[dim])):
        return maps
    if maps.whole_side(dim) is not None:
        return maps.read(dim, Reads(((-before,),), 1), units, mode)
    if not pieces.sides(maps.dims[dim]):
        return maps.with_dim(dim, pieces.plain(units))
    if mode == "constant" and before >= 0 and units >= before + pieces.length(maps.dims[dim]):
        return maps.with_dim(dim, (pieces.Piece(units, inside=maps.dims[dim], before=before),))
    return call.lost(maps, [dim]).with_dim(dim, pieces.plain(units))
