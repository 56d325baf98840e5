"""What each operation of torch does to the axes of its maps.

A rule has the parameters of its operation, behind the `Call`; it returns the maps of the result (one for each tensor
of a result that holds several), or None for a result that does not depend on the image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from s6core.receptive.errors import UnknownOperationError
from s6core.receptive.maps import SIDES, Maps, merge
from s6core.receptive.reads import Border, Reads, adaptive, resample, transposed, window


@dataclass(frozen=True)
class Call:
    """One call of a torch operation: its name, where in the net it happens, its result and the tensors it followed."""

    op: str
    where: str
    result: Any
    followed: Sequence[Any]  # tensors with `.maps`

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.result.shape)

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


def slide(call: Call, x: Any, reads: Callable[[int], Reads], result: Any = None, border: Border = "constant") -> Maps:
    """Return the maps behind an operation that slides over the last two dimensions, the same way for both axes."""
    shape = (call.result if result is None else result).shape
    maps = _image(call, x)
    for side, dim in enumerate((-2, -1)):
        axis = maps.axes[side].read(reads(side), shape[dim], border)
        maps = maps.with_axis(side, axis, maps.dims[side])
    return maps


def pair(value: Any) -> tuple[Any, Any]:
    numbers = tuple(value) if isinstance(value, Sequence) else (value,)
    return (numbers[0], numbers[-1])


def _image(call: Call, x: Any) -> Maps:
    return x.maps.on((x.ndim - 2, x.ndim - 1), x.shape, call.where)


@rule("conv2d")
def conv2d(
    call: Call, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Maps:  # fmt: skip
    kernel, stride, dilation = weight.shape[-2:], pair(stride), pair(dilation)
    if padding == "same":  # torch puts the odd one behind
        padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    before = (0, 0) if padding == "valid" else pair(padding)
    return slide(call, x, lambda side: window(kernel[side], stride[side], before[side], dilation[side]))


@rule("conv_transpose2d")
def conv_transpose2d(
    call: Call, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1,
) -> Maps:  # fmt: skip
    kernel, stride, padding, dilation = weight.shape[-2:], pair(stride), pair(padding), pair(dilation)
    try:
        return slide(call, x, lambda side: transposed(kernel[side], stride[side], padding[side], dilation[side]))
    except ValueError as error:
        raise UnknownOperationError(f"at {call.where!r}: {error}") from None


@rule("max_pool2d", "max_pool2d_with_indices")
def max_pool2d(
    call: Call, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Maps | list[Maps]:  # fmt: skip
    several = isinstance(call.result, tuple)
    result = call.result[0] if several else call.result
    kernel, padding, dilation = pair(kernel_size), pair(padding), pair(dilation)
    stride = pair(stride) if stride else kernel  # torch takes None and an empty list for the kernel's size
    maps = slide(call, x, lambda s: window(kernel[s], stride[s], padding[s], dilation[s]), result)
    return [maps, maps] if several else maps


@rule("avg_pool2d")
def avg_pool2d(
    call: Call, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None,
) -> Maps:  # fmt: skip
    maps = max_pool2d(call, x, kernel_size, stride, padding)
    assert isinstance(maps, Maps)
    return maps


@rule("lp_pool2d")
def lp_pool2d(
    call: Call, x: Any, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Maps:
    return avg_pool2d(call, x, kernel_size, stride)


@rule("adaptive_avg_pool2d", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices")
def adaptive_pool2d(call: Call, x: Any, output_size: Any, return_indices: bool = False) -> Maps | list[Maps]:
    several = isinstance(call.result, tuple)
    shape = (call.result[0] if several else call.result).shape
    maps = _image(call, x)
    for side, dim in enumerate((x.ndim - 2, x.ndim - 1)):
        axis, units = maps.axes[side], shape[dim]
        pooled = axis.collapse() if units == 1 else axis.read(adaptive(axis.units, units), units)
        maps = maps.with_axis(side, pooled, dim)
    return [maps, maps] if several else maps


@rule("pad")
def pad(call: Call, x: Any, pad: Sequence[int], mode: Border = "constant", value: Any = None) -> Maps:
    maps: Maps = x.maps
    for side in (0, 1):
        dim = maps.dims[side]
        behind = -1 if dim is None else 2 * (x.ndim - 1 - dim)  # torch lists the last dimension first
        if dim is not None and behind < len(pad):
            reads = Reads(((-pad[behind],),), 1)
            maps = maps.with_axis(side, maps.axes[side].read(reads, call.shape[dim], mode), dim)
    return maps


@rule("interpolate", "upsample")
def interpolate(
    call: Call, x: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None,
    recompute_scale_factor: Any = None, antialias: bool = False,
) -> Maps:  # fmt: skip
    taps = {"nearest": 1, "nearest-exact": 1, "bilinear": 2, "bicubic": 4, "area": 0}[mode]
    maps = _image(call, x)
    for side, dim in enumerate((x.ndim - 2, x.ndim - 1)):
        axis, units = maps.axes[side], call.shape[dim]
        scale = Fraction(units, axis.units)
        if axis.units == 1:
            grown = axis.spread(units)
        elif mode == "area":
            grown = axis.read(adaptive(axis.units, units), units)
        elif scale == 1:
            continue
        elif scale.denominator != 1 or align_corners:
            why = "align_corners=True" if align_corners else f"a factor of {scale} along the {SIDES[side]} axis"
            raise call.unknown(f"{mode} with {why}: known are whole factors with align_corners=False")
        else:
            grown = axis.read(resample(scale, taps), units, "replicate")
        maps = maps.with_axis(side, grown, dim)
    return maps


@rule("pixel_shuffle")
def pixel_shuffle(call: Call, x: Any, upscale_factor: int) -> Maps:
    return slide(call, x, lambda side: resample(Fraction(upscale_factor), 1))


@rule("pixel_unshuffle")
def pixel_unshuffle(call: Call, x: Any, downscale_factor: int) -> Maps:
    return slide(call, x, lambda side: window(downscale_factor, downscale_factor))


@rule("linear")
def linear(call: Call, x: Any, weight: Any, bias: Any = None) -> Maps:
    """A matrix along the last dimension: pointwise where that holds channels, global where it is an axis."""
    maps: Maps = x.maps
    for side in (0, 1):
        if maps.dims[side] == x.ndim - 1:
            maps = maps.with_axis(side, maps.axes[side].spread(call.shape[-1]), len(call.shape) - 1)
    return maps


@rule("matmul")
def matmul(call: Call, x: Any, other: Any) -> Maps:
    if not hasattr(x, "maps") or hasattr(other, "maps"):
        raise call.unknown("of maps with maps")
    return linear(call, x, other)


@rule("scaled_dot_product_attention", "multi_head_attention_forward")
def attention(call: Call, query: Any, *args: Any, **kwargs: Any) -> Maps | list[Maps]:
    maps = merge([x.maps for x in call.followed], query.shape, call.where).marked(call.where)
    return [maps, maps] if isinstance(call.result, tuple) else maps


@rule("batch_norm")
def batch_norm(
    call: Call, x: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, *rest: Any, **kwargs: Any,
) -> Maps:  # fmt: skip
    """Pointwise with stored statistics; global with those of the batch, which a norm that stores none always takes."""
    return x.maps.marked(call.where) if training else x.maps


@rule("instance_norm")
def instance_norm(
    call: Call, x: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
    use_input_stats: bool = True, *rest: Any, **kwargs: Any,
) -> Maps:  # fmt: skip
    return x.maps.marked(call.where) if use_input_stats else x.maps


@rule("group_norm")
def group_norm(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    return x.maps.marked(call.where)


@rule("layer_norm", "rms_norm")
def layer_norm(call: Call, x: Any, normalized_shape: Sequence[int], *args: Any, **kwargs: Any) -> Maps:
    """Global where the statistics run along an axis, pointwise where they run over the channels of one place."""
    return _along(call, x, range(x.ndim - len(normalized_shape), x.ndim))


@rule("softmax", "log_softmax", "softmin", "cumsum", "glu")
def softmax(call: Call, x: Any, dim: Any = None, *args: Any, **kwargs: Any) -> Maps:
    return _along(call, x, [-1 if dim is None else dim])


@rule("normalize")
def normalize(call: Call, x: Any, p: float = 2.0, dim: Any = 1, *args: Any, **kwargs: Any) -> Maps:
    return _along(call, x, [dim] if isinstance(dim, int) else dim)


def _along(call: Call, x: Any, dims: Sequence[int]) -> Maps:
    touched = {dim % x.ndim for dim in dims} & set(x.maps.dims)
    return x.maps.marked(call.where) if touched else x.maps
