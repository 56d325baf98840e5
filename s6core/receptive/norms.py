"""Rules for norms, softmax and sequences: each element comes to depend on those along some dimensions, in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from s6core.receptive import pieces
from s6core.receptive.maps import Maps
from s6core.receptive.rules import Call, rule, which


@rule("batch_norm")
def batch_norm(
    call: Call, x: Any, a: Any = None, b: Any = None, c: Any = None, d: Any = None, training: bool = False,
    *rest: Any, **kwargs: Any,
) -> Maps:  # fmt: skip
    """Pointwise with stored statistics; global with those of the batch, which a norm that stores none always takes."""
    return call.maps(x).mixed(range(x.ndim), call.where) if training else call.maps(x)


@rule("instance_norm")
def instance_norm(
    call: Call, x: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
    use_input_stats: bool = True, *rest: Any, **kwargs: Any,
) -> Maps:  # fmt: skip
    return call.maps(x).mixed(range(2, x.ndim), call.where) if use_input_stats else call.maps(x)


@rule("group_norm")
def group_norm(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    return call.maps(x).mixed(range(1, x.ndim), call.where)


@rule("local_response_norm")
def local_response_norm(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps:
    return call.maps(x).mixed([1], call.where)


@rule("layer_norm", "rms_norm")
def layer_norm(call: Call, x: Any, normalized_shape: Sequence[int], *args: Any, **kwargs: Any) -> Maps:
    """Global where the statistics run along an axis, pointwise where they run over the channels of one place."""
    return call.maps(x).mixed(range(x.ndim - len(normalized_shape), x.ndim), call.where)


@rule("softmax", "log_softmax", "softmin", "cumsum", "cumprod", "logcumsumexp", "gumbel_softmax")
def softmax(call: Call, x: Any, dim: Any = None, *args: Any, **kwargs: Any) -> Maps:
    if not isinstance(dim, int):
        dim = kwargs.get("axis", -1)
    return call.maps(x).mixed(which(dim, x.ndim), call.where)


@rule("lstm", "gru", "rnn_tanh", "rnn_relu")
def recurrent(call: Call, x: Any, hx: Any, weights: Any, *args: Any, **kwargs: Any) -> list[Maps]:
    """Each step of a sequence sees all of it, or all before: marked."""
    first = bool(args[-1]) if args else False
    maps = call.maps(x).mixed([1 if first and x.ndim == 3 else 0], call.where)
    out = maps.on((*maps.dims[:-1], pieces.plain(call.shape[-1])))
    state = maps.blended([1 if first and x.ndim == 3 else 0, x.ndim - 1])
    dims = [dim for dim in state.dims if pieces.sides(dim)]
    states = []
    for result in call.result[1:]:
        free = iter(dims)
        places = {pieces.length(dim) for dim in dims}
        states.append(state.on(next(free) if n in places and dims else pieces.plain(n) for n in result.shape))
    return [out, *states]


@rule("sort", "argsort", "cummax", "cummin")
def sort(call: Call, x: Any, dim: Any = -1, *args: Any, **kwargs: Any) -> Maps | list[Maps]:
    dim = kwargs.get("dim", dim)
    return call.several(call.lost(call.maps(x), which(-1 if isinstance(dim, bool) else dim, x.ndim)))


@rule("normalize")
def normalize(call: Call, x: Any, p: float = 2.0, dim: Any = 1, *args: Any, **kwargs: Any) -> Maps:
    return call.maps(x).mixed(which(dim, x.ndim), call.where)
