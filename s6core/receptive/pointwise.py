"""Rules for what takes every element by itself."""

from __future__ import annotations

from typing import Any

from s6core.receptive import pieces
from s6core.receptive.maps import Maps
from s6core.receptive.rules import Call, rule

POINTWISE = (
    "abs", "absolute", "acos", "add", "addcdiv", "addcmul", "alias", "alpha_dropout", "and", "arctan", "asin", "atan",
    "atan2", "bernoulli", "bfloat16", "bitwise_and", "bitwise_not", "bitwise_or", "bool", "ceil", "celu", "clamp",
    "clamp_max", "clamp_min", "clip", "clone", "contiguous", "copysign", "cos", "cosh", "cpu", "cuda", "data", "detach",
    "div", "divide", "double", "dropout", "dropout1d", "dropout2d", "dropout3d", "elu", "eq", "erf", "erfc", "exp",
    "exp2", "expm1", "feature_alpha_dropout", "feature_dropout", "float", "float_power", "floor", "floor_divide",
    "floordiv", "fmod", "frac", "ge", "gelu", "gt", "half", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "hypot", "iadd", "iand", "idiv", "imul", "int", "invert", "ior", "isfinite", "isinf", "isnan", "isub", "itruediv",
    "le", "leaky_relu", "lerp", "log", "log10", "log1p", "log2", "logaddexp", "logical_and", "logical_not",
    "logical_or", "logical_xor", "logit", "logsigmoid", "long", "lt", "masked_fill", "maximum", "minimum", "mish",
    "mod", "mul", "multiply", "nan_to_num", "ne", "neg", "negative", "or", "positive", "pow", "prelu", "radd", "rdiv",
    "real", "reciprocal", "relu", "relu6", "remainder", "requires_grad", "rmul", "round", "rpow", "rrelu",
    "rsqrt", "rsub", "rtruediv", "selu", "sigmoid", "sign", "silu", "sin", "sinh", "softplus", "softshrink",
    "softsign", "sqrt", "square", "sub", "subtract", "tan", "tanh", "tanhshrink", "threshold", "true_divide",
    "truediv", "trunc", "type", "where", "xlogy", "xor",
)  # fmt: skip

CONSTANT = (
    "empty_like", "full_like", "new_empty", "new_full", "new_ones", "new_tensor", "new_zeros", "ones_like",
    "rand_like", "randint_like", "randn_like", "zeros_like",
)  # fmt: skip


@rule(*POINTWISE)
def pointwise(call: Call, *args: Any, **kwargs: Any) -> Maps:
    count = len(call.shape)
    branches = []
    for x in call.followed:  # broadcasting counts dimensions from the last
        maps = call.maps(x)
        branches.append(maps.on(((),) * (count - x.ndim) + maps.dims))
    maps = call.union(branches)
    return maps.on(
        dim if pieces.length(dim) == size else pieces.plain(size)
        for dim, size in zip(maps.dims, call.shape, strict=True)
    )


@rule("to", "type_as")
def typed(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps | None:
    """Another type of number, which a second tensor may name; of that, nothing else counts."""
    for other in call.followed:
        call.maps(other)
    return call.maps(x) if hasattr(x, "maps") else None


@rule("channel_shuffle", "native_channel_shuffle")
def channel_shuffle(call: Call, x: Any, groups: int) -> Maps:
    """As by views: the channels of all groups in turn."""
    maps = call.maps(x)
    try:
        cut = pieces.reshaped(maps.dims[1:2], [groups, x.shape[1] // groups])
        return maps.with_dim(1, pieces.merged(cut[1] + cut[0]))
    except pieces.IncommensurableError:
        return call.lost(maps, [1])


@rule(*CONSTANT)
def constant(call: Call, *args: Any, **kwargs: Any) -> None:
    if call.op == "new_tensor" and len(call.followed) > 1:
        raise call.unknown("of values from the image")
    for x in call.followed:
        call.maps(x)
    return None
