"""Which kinds of its operands each element of an operation's result comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_map_only

from s6core.receptive.kinds import MOST, UntoldError, compact, constant
from s6core.receptive.pointwise import POINTWISE
from s6core.receptive.rules import Call, numbers, which

MOVES = {
    "broadcast_to", "channel_shuffle", "chunk", "expand", "expand_as", "flatten", "flip", "fliplr", "flipud", "getitem",
    "hsplit", "index_select", "moveaxis", "movedim", "mT", "narrow", "native_channel_shuffle", "permute",
    "pixel_shuffle", "pixel_unshuffle", "ravel", "repeat", "repeat_interleave", "reshape", "reshape_as", "roll",
    "rot90", "select", "slice", "split", "split_with_sizes", "squeeze", "swapaxes", "swapdims", "t", "T",
    "tensor_split", "tile", "transpose", "unbind", "unflatten", "unsafe_chunk", "unsafe_split", "unsafe_view",
    "unsqueeze", "view", "view_as", "vsplit",
}  # fmt: skip
CONVOLUTIONS = {"convolution", *(f"conv{turned}{n}d" for turned in ("", "_transpose") for n in (1, 2, 3))}
SLIDES = ("pool", "pad", "interpolate", "upsample", "batch_norm", "instance_norm")  # channel by channel
REDUCTIONS = {"amax", "amin", "argmax", "argmin", "logsumexp", "max", "mean", "min", "prod", "std", "sum", "var"}
SPREADS = {"log_softmax", "normalize", "softmax", "softmin"}

Groups = list[tuple[frozenset[int], ...]]
"""The kinds of each operand that an element of the result comes from: one such tuple per number of a new table."""


def sources(call: Call, func: Any, args: Any, kwargs: Any, xs: list[Any]) -> tuple[list[torch.Tensor], Groups]:
    """Return for each result the table of its elements, and which kinds of the operands its numbers stand for."""
    x, shape = xs[0], call.shape
    if call.op in POINTWISE:
        return _paired(call, xs)
    if len(xs) > 1:
        raise UntoldError
    table = x.maps.kinds.table
    alone: Groups = [(frozenset([kind]),) for kind in range(len(x.maps.kinds.seen))]
    if call.op in MOVES:
        return _moved(func, args, kwargs, x), alone
    if call.op in CONVOLUTIONS:
        return _convolved(call, x, groups_of(call, args, kwargs))
    if any(word in call.op for word in SLIDES):
        changed = [d for d in range(x.ndim) if d >= 2 or x.shape[d] != shape[d]] if x.ndim == len(shape) else []
        same = constant(table, changed or range(x.ndim)).expand(shape)
        return [same] * (1 if hasattr(call.result, "shape") else len(call.result)), alone
    dims = joined(call, x, args, kwargs)
    if dims is None:
        raise UntoldError
    return _reduced(call, x, dims)


def _paired(call: Call, xs: list[Any]) -> tuple[list[torch.Tensor], Groups]:
    """Return which pairs of kinds meet where tensors meet element by element."""
    code, base = torch.zeros(1, dtype=torch.int64), 1
    for x in xs:
        code = code + compact(x.maps.kinds.table.expand(call.shape)) * base
        base *= len(x.maps.kinds.seen)
    met, table = code.unique(return_inverse=True)
    groups: Groups = []
    for number in met.tolist():
        kinds = []
        for x in xs:
            number, kind = divmod(number, len(x.maps.kinds.seen))
            kinds.append(frozenset([kind]))
        groups.append(tuple(kinds))
    return [table.expand(call.shape)], groups


def _moved(func: Any, args: Any, kwargs: Any, x: Any) -> list[torch.Tensor]:
    """Return the table after torch has moved its elements as it moves the tensor's."""
    table = x.maps.kinds.table.view(x.shape)  # of its own: in place, its shape may change
    for elements in (table, table.contiguous()):  # a view may need its elements in a row
        moved_args, moved_kwargs = tree_map_only(torch.Tensor, _exchange(x, elements), (args, kwargs))
        with torch._C.DisableTorchFunctionSubclass():
            try:
                found = tree_flatten(func(*moved_args, **moved_kwargs))[0]
            except (RuntimeError, NotImplementedError, TypeError):
                continue
        return [t for t in found if isinstance(t, torch.Tensor)]
    raise UntoldError


def _exchange(x: Any, table: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda tensor: table if tensor is x else tensor


def _convolved(call: Call, x: Any, count: int) -> tuple[list[torch.Tensor], Groups]:
    dim = channel_of(call, x)
    rows = constant(x.maps.kinds.table, [d for d in range(x.ndim) if d != dim]).reshape(count, -1)
    groups: Groups = [(frozenset(row.tolist()),) for row in rows]
    size = [1] * x.ndim
    size[dim] = call.shape[dim]
    table = torch.arange(count).repeat_interleave(call.shape[dim] // count).view(size)
    return [table.expand(call.shape)], groups


def _reduced(call: Call, x: Any, dims: Sequence[int]) -> tuple[list[torch.Tensor], Groups]:
    """Return which kinds lie along dimensions that are joined, at each place of the others."""
    kinds = compact(x.maps.kinds.table)
    kept = [d for d in range(x.ndim) if d not in dims]
    rows = kinds.permute(*kept, *dims).reshape(*(kinds.shape[d] for d in kept), -1)
    sets, numbers_of = rows.flatten(0, -2).unique(dim=0, return_inverse=True)
    if len(sets) > MOST:
        raise UntoldError
    table = numbers_of.view([1 if d in dims else kinds.shape[d] for d in range(x.ndim)])
    if len(call.shape) < x.ndim:
        table = table.view([kinds.shape[d] for d in kept])
    count = 1 if hasattr(call.result, "shape") else len(call.result)
    return [table.expand(call.shape)] * count, [(frozenset(row.tolist()),) for row in sets]


def joined(call: Call, x: Any, args: Any, kwargs: Any) -> list[int] | None:
    """Return the dimensions along which an operation joins all elements; None where that is not so simple."""
    if call.op == "linear":
        return [x.ndim - 1]
    if call.op == "layer_norm":
        return list(range(x.ndim - len(numbers(kwargs.get("normalized_shape", args[1:2] and args[1]), 1)), x.ndim))
    if call.op in REDUCTIONS | SPREADS:
        place = 2 if call.op == "normalize" else 1
        given = kwargs.get("dim", kwargs.get("axis", args[place] if len(args) > place else None))
        if call.op == "normalize" and given is None:
            given = 1
        if isinstance(given, int | list | tuple) and not isinstance(given, bool) and given != ():
            return which(given, x.ndim)
    return None


def groups_of(call: Call, args: Any, kwargs: Any) -> int:
    """Return into how many groups a convolution's channels fall."""
    place = 8 if call.op == "convolution" else 6
    count: int = kwargs.get("groups", args[place] if len(args) > place else 1)
    return count


def channel_of(call: Call, x: Any) -> int:
    """Return the dimension of a convolution's channels."""
    return 1 if call.op == "convolution" else int(x.ndim) - 1 - int(call.op[-2])
