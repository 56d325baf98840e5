"""Rules for windows as columns of a matrix, and columns as windows."""

from __future__ import annotations

from typing import Any

from s6core.receptive import pieces
from s6core.receptive.maps import Maps
from s6core.receptive.reads import transposed, window
from s6core.receptive.rules import Call, numbers, rule
from s6core.receptive.sliding import images


@rule("unfold", "im2col")
def unfold(call: Call, x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Maps:
    """Windows as columns (`torch.nn.functional.unfold`), or along one dimension (`Tensor.unfold`)."""
    if call.op == "unfold" and isinstance(kernel_size, int) and len(call.shape) == x.ndim + 1:
        return _windows(call, x, kernel_size, dilation, padding)  # Tensor.unfold(dimension, size, step)
    kernel, step, before, apart = (numbers(n, 2) for n in (kernel_size, stride, padding, dilation))
    maps = images(call, x, 2)
    units = []
    for number in (0, 1):
        dim = x.ndim - 2 + number
        units.append((x.shape[dim] + 2 * before[number] - apart[number] * (kernel[number] - 1) - 1) // step[number] + 1)
        if maps.whole_side(dim) is None:
            raise call.unknown("over a dimension that is no axis")
        maps = maps.read(dim, window(kernel[number], step[number], before[number], apart[number]), units[number])
    return maps.on((*maps.dims[:-3], pieces.plain(call.shape[-2]), pieces.merged(maps.dims[-2] + maps.dims[-1])))


def _windows(call: Call, x: Any, dim: int, size: int, step: int) -> Maps:
    dim %= x.ndim
    maps = call.maps(x).settled(dim)
    count = call.shape[dim]
    side = maps.whole_side(dim)
    if size == step and count * size == x.shape[dim]:  # cut, not copied: may be put together again
        parts = pieces.reshaped([maps.dims[dim]], [count, size])
        return maps.on((*maps.dims[:dim], parts[0], *maps.dims[dim + 1 :], parts[1]))
    if side is None and pieces.sides(maps.dims[dim]):
        maps = call.lost(maps, [dim])
    maps = maps.with_dim(dim, pieces.plain(count)) if side is None else maps.read(dim, window(size, step), count)
    return maps.on((*maps.dims, pieces.plain(size)))


@rule("fold", "col2im")
def fold(
    call: Call, x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Maps:
    size, kernel, step, before, apart = (numbers(n, 2) for n in (output_size, kernel_size, stride, padding, dilation))
    maps = call.maps(x).blended([x.ndim - 2])
    units = [(size[i] + 2 * before[i] - apart[i] * (kernel[i] - 1) - 1) // step[i] + 1 for i in (0, 1)]
    shape = (*x.shape[:-2], call.shape[-3], *units)
    maps = maps.on((*maps.dims[:-2], pieces.plain(call.shape[-3]), *pieces.reshaped(maps.dims[-1:], units)))
    for i in (0, 1):
        dim = len(shape) - 2 + i
        if maps.whole_side(dim) is None:
            raise call.unknown("of columns that are no axes of the image")
        try:
            maps = maps.read(dim, transposed(kernel[i], step[i], before[i], apart[i]), size[i])
        except ValueError as error:
            raise call.unknown(str(error)) from None
    return maps
