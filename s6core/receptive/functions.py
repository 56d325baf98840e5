"""What torch's functions are called, which of them write in place or leave the tensors, and what shape they give."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

READS_VALUES = {
    "__array__", "__bool__", "__complex__", "__contains__", "__float__", "__index__", "__int__", "__reduce_ex__",
    "allclose", "equal", "item", "nonzero", "numpy", "tolist", "unique",
}  # fmt: skip
"""Operations that leave the tensors: a pass that decides by their outcome has no field of its own."""


def shaped(func: Any, args: Any, kwargs: Any) -> Any:
    """Return the result of an operation on tensors without values."""
    if func is nn.functional.batch_norm and len(args) > 1 and isinstance(args[1], torch.Tensor):
        x, mean = args[:2]
        if x.shape[1:2] == mean.shape:  # torch would take a batch norm to pieces, a third of a ResNet's time
            return torch.empty_like(x)
    if func in (torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu) and isinstance(args[2], list | tuple):
        x, states, twice = args[0], args[1], args[7]  # torch would take every step of the sequence by itself
        states = states if isinstance(states, list | tuple) else (states,)
        return (x.new_empty(*x.shape[:-1], states[0].shape[-1] * (1 + twice)), *map(torch.empty_like, states))
    result = func(*args, **kwargs)
    if isinstance(result, torch.Tensor) and 0 in result.shape and name_of(func).startswith("conv"):
        raise ValueError("nothing would be left of its maps")  # without values, torch lets a kernel be too large
    return result


def name_of(func: Any) -> str:
    name: str = func.__name__
    if name == "__get__":
        name = func.__self__.__name__
    return name.partition(".")[0].strip("_")  # an operation of ATen is called add.Tensor


def in_place(func: Any, kwargs: Any) -> bool:
    name = func.__name__.partition(".")[0]
    return kwargs.get("inplace") is True or (name.endswith("_") and not name.endswith("__")) or name in _IN_PLACE


_IN_PLACE = {"__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__", "__ipow__", "__iand__", "__ior__"}
