"""Rules for operations that compute nothing along the axes: pointwise ones, and those that move or drop dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from operator import mul
from typing import Any

from s6core.receptive.maps import SIDES, Maps, merge
from s6core.receptive.reads import Reads
from s6core.receptive.rules import Call, rule

POINTWISE = (
    "abs", "absolute", "add", "addcdiv", "addcmul", "alpha_dropout", "and", "atan", "bernoulli", "bfloat16",
    "bitwise_and", "bitwise_not", "bitwise_or", "bool", "ceil", "celu", "channel_shuffle", "clamp", "clamp_max",
    "clamp_min", "clip", "clone", "contiguous", "copysign", "cos", "cosh", "cpu", "cuda", "data", "detach", "div",
    "divide", "double", "dropout", "dropout1d", "dropout2d", "dropout3d", "elu", "eq", "erf", "exp", "expm1",
    "feature_alpha_dropout", "feature_dropout", "float", "floor", "floor_divide", "floordiv", "fmod", "frac", "ge",
    "gelu", "gt", "half", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "iadd", "idiv", "imul", "invert",
    "isfinite", "isinf", "isnan", "isub", "itruediv", "le", "leaky_relu", "lerp", "local_response_norm", "log",
    "log10", "log1p", "log2", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logsigmoid",
    "lt", "masked_fill", "maximum", "minimum", "mish", "mul", "multiply", "nan_to_num", "native_channel_shuffle",
    "ne", "neg", "negative", "positive", "pow", "prelu", "radd", "rdiv", "reciprocal", "relu", "relu6", "remainder",
    "requires_grad", "rmul", "round", "rpow", "rrelu", "rsqrt", "rsub", "rtruediv", "selu", "sigmoid", "sign", "silu",
    "sin", "sinh", "softplus", "softshrink", "softsign", "sqrt", "square", "sub", "subtract", "tan", "tanh",
    "tanhshrink", "threshold", "to", "true_divide", "truediv", "trunc", "type", "type_as", "where", "xlogy",
)  # fmt: skip

CONSTANT = (
    "empty_like", "full_like", "new_empty", "new_full", "new_ones", "new_tensor", "new_zeros", "ones_like",
    "rand_like", "randn_like", "zeros_like",
)  # fmt: skip


@rule(*POINTWISE)
def pointwise(call: Call, *args: Any, **kwargs: Any) -> Maps:
    shape = call.shape
    branches = []
    for x in call.followed:
        shift = len(shape) - x.ndim  # broadcasting counts dimensions from the last
        branches.append(x.maps.moved({dim: dim + shift for dim in range(x.ndim)}))
    return merge(branches, shape, call.where)


@rule(*CONSTANT)
def constant(call: Call, *args: Any, **kwargs: Any) -> None:
    return None


@rule("cat", "concat", "concatenate")
def cat(call: Call, tensors: Sequence[Any], dim: int = 0) -> Maps:
    dim %= len(call.shape)
    for x in call.followed:
        if dim in x.maps.dims:
            raise call.unknown(f"along the {SIDES[x.maps.dims.index(dim)]} axis")
    return merge([x.maps for x in call.followed], call.shape, call.where)


@rule("stack")
def stack(call: Call, tensors: Sequence[Any], dim: int = 0) -> Maps:
    dim %= len(call.shape)
    places = {old: old + (old >= dim) for old in range(len(call.shape))}
    return merge([x.maps.moved(places) for x in call.followed], call.shape, call.where)


@rule("chunk", "split", "split_with_sizes", "tensor_split")
def split(call: Call, x: Any, sizes: Any, dim: int = 0) -> list[Maps]:
    if dim % x.ndim in x.maps.dims:
        raise call.unknown(f"along the {SIDES[x.maps.dims.index(dim % x.ndim)]} axis")
    return [x.maps] * len(call.result)


@rule("unbind")
def unbind(call: Call, x: Any, dim: int = 0) -> list[Maps]:
    split(call, x, 1, dim)
    return [x.maps.moved(_without([dim % x.ndim], x.ndim))] * len(call.result)


@rule("flatten", "reshape", "reshape_as", "ravel", "squeeze", "unflatten", "unsqueeze", "view", "view_as")
def reshape(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    """An axis stays where its length and its place in memory stay; one that merges with another dimension is lost.

    Raises `UnknownOperationError` for an axis that is cut into pieces, as windows of attention are.
    """
    before, after = _behind(x.shape), _behind(call.shape)
    maps: Maps = x.maps
    for side, dim in enumerate(maps.dims):
        if dim is None:
            continue
        units, behind = x.shape[dim], before[dim]
        kept = [d for d, n in enumerate(call.shape) if (n, after[d]) == (units, behind)]
        if kept and units > 1:
            maps = replace(maps, dims=_put(maps.dims, side, kept[0]))
        elif units > 1 and behind in after and behind * units in (*after, x.numel()):
            raise call.unknown(
                f"which cuts the {SIDES[side]} axis of {units} units into pieces (windows of attention?)"
            )
        else:
            maps = maps.collapsed(side)
    return maps


@rule("permute")
def permute(call: Call, x: Any, *dims: Any) -> Maps:
    order = dims[0] if isinstance(dims[0], Sequence) else dims
    return x.maps.moved({dim % x.ndim: place for place, dim in enumerate(order)})


@rule("transpose", "swapaxes", "swapdims")
def transpose(call: Call, x: Any, dim0: int, dim1: int) -> Maps:
    a, b = dim0 % x.ndim, dim1 % x.ndim
    return x.maps.moved({**{dim: dim for dim in range(x.ndim)}, a: b, b: a})


@rule("expand", "expand_as", "broadcast_to")
def expand(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    shift = len(call.shape) - x.ndim
    maps = x.maps.moved({dim: dim + shift for dim in range(x.ndim)})
    for side, dim in enumerate(maps.dims):
        if dim is not None and maps.axes[side].units != call.shape[dim]:
            maps = maps.with_axis(side, maps.axes[side].spread(call.shape[dim]), dim)
    return maps


@rule(
    "amax", "amin", "argmax", "argmin", "logsumexp", "max", "mean", "median", "min", "nanmean", "norm", "prod", "std",
    "sum", "var",
)  # fmt: skip
def reduce(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps | list[Maps]:
    if call.op in ("max", "min") and len(call.followed) > 1:
        return pointwise(call)
    result = call.result if hasattr(call.result, "shape") else call.result[0]
    given = kwargs.get("dim", kwargs.get("axis"))
    if given is None and args and call.op != "norm":
        given = args[0]
    if call.op == "norm" and given is None and len(args) > 1:
        given = args[1]
    dims = range(x.ndim) if given is None else (given,) if isinstance(given, int) else given
    gone = sorted(dim % x.ndim for dim in dims)
    keep = len(result.shape) == x.ndim
    maps: Maps = x.maps
    for side, dim in enumerate(maps.dims):
        if dim in gone:
            maps = maps.collapsed(side, dim=dim if keep else None)
    if not keep:
        maps = maps.moved(_without(gone, x.ndim))
    return maps if result is call.result else [maps] * len(call.result)


@rule("getitem")
def getitem(call: Call, x: Any, index: Any) -> Maps:
    parts = list(index) if isinstance(index, tuple) else [index]
    taken = sum(part is not None and part is not Ellipsis for part in parts)
    if Ellipsis not in [part for part in parts if part is None or part is Ellipsis]:
        parts.append(Ellipsis)
    at = next(i for i, part in enumerate(parts) if part is Ellipsis)
    parts[at : at + 1] = [slice(None)] * (x.ndim - taken)
    maps: Maps = x.maps
    places: dict[int, int] = {}
    dim, place = 0, 0
    for part in parts:
        if part is None:
            place += 1
            continue
        side = maps.dims.index(dim) if dim in maps.dims else None
        if isinstance(part, slice):
            if side is not None:
                start, _, step = part.indices(x.shape[dim])
                axis = maps.axes[side].read(Reads(((start,),), step), call.shape[place])
                maps = maps.with_axis(side, axis, dim)
            places[dim] = place
            place += 1
        elif isinstance(part, int) and not isinstance(part, bool):
            if side is not None:
                one = maps.axes[side].read(Reads(((part % x.shape[dim],),), 1), 1)
                maps = maps.with_axis(side, one, None)
        elif side is None and sum(not isinstance(p, slice) for p in parts) == 1:
            places[dim] = place  # a list of channels
            place += 1
        else:
            raise call.unknown("an index that is no number and no slice")
        dim += 1
    return maps.moved(places)


@rule("narrow")
def narrow(call: Call, x: Any, dim: int, start: int, length: int) -> Maps:
    index = [slice(None)] * x.ndim
    index[dim % x.ndim] = slice(start, start + length)
    return getitem(call, x, tuple(index))


def _behind(shape: Sequence[int]) -> list[int]:
    """Return for each dimension how many elements one step along it skips, in a contiguous tensor."""
    return list(accumulate([1, *shape[:0:-1]], mul))[::-1]


def _without(gone: Iterable[int], count: int) -> dict[int, int]:
    stay = [dim for dim in range(count) if dim not in set(gone)]
    return {dim: place for place, dim in enumerate(stay)}


def _put(dims: tuple[int | None, int | None], side: int, dim: int) -> tuple[int | None, int | None]:
    return (dim, dims[1]) if side == 0 else (dims[0], dim)
