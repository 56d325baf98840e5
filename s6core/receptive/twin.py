"""A copy of a net to be followed in its place, so that the net itself is left exactly as it was.

A forward pass may fill lazy layers, count batches, keep caches, draw random numbers. Here it does all that to a copy.
"""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import CellType, FunctionType
from typing import Any

import numpy as np
import torch
from torch import fx, nn
from torch.nn.parameter import UninitializedBuffer, is_lazy

from s6core.receptive.errors import ReceptiveFieldError


def twin(net: nn.Module, *, values: bool = False) -> nn.Module:
    """Return a copy of a net in eval mode, its parameters without values unless asked for.

    What cannot be copied (a lock, a file, a graph of torch.fx) is shared with the net.
    """
    memo: dict[int, Any] = {}
    for module in net.modules():
        memo[id(module)] = object.__new__(type(module))
        for parameter in module._parameters.values():
            if parameter is not None and not is_lazy(parameter):
                memo[id(parameter)] = _parameter(parameter, values)
        for value in (*module._buffers.values(), *vars(module).values()):
            if isinstance(value, UninitializedBuffer):
                memo[id(value)] = UninitializedBuffer(device=value.device, dtype=value.dtype)  # type: ignore[call-arg]
            elif isinstance(value, torch.Tensor) and not is_lazy(value) and id(value) not in memo:
                memo[id(value)] = value.detach().clone()
            elif isinstance(value, fx.Graph):
                memo[id(value)] = value
    for module in net.modules():
        own = memo[id(module)].__dict__
        for name, value in vars(module).items():
            own[name] = _copied(value, memo)
        own["training"] = False
    result: nn.Module = memo[id(net)]
    return result


def _parameter(parameter: nn.Parameter, values: bool) -> nn.Parameter:
    data = parameter.detach().clone() if values else torch.empty_like(parameter, device="meta")
    return nn.Parameter(data, requires_grad=parameter.requires_grad)


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    if isinstance(value, FunctionType) and value.__closure__:  # it may hold the net itself
        cells = tuple(_cell(cell, memo) for cell in value.__closure__)
        return FunctionType(value.__code__, value.__globals__, value.__name__, value.__defaults__, cells)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what becomes of a copied attribute in a later version
            return copy.deepcopy(value, memo)
    except Exception:  # whatever an attribute of a stranger's net raises: it is shared then
        return dict(value) if isinstance(value, dict) else value


def _cell(cell: CellType, memo: dict[int, Any]) -> CellType:
    try:
        return CellType(memo[id(cell.cell_contents)])
    except (KeyError, ValueError):  # something else, or nothing yet
        return cell


def refuse_lazy(net: nn.Module) -> None:
    """Raise `ReceptiveFieldError` for a net some of whose weights are not there yet."""
    if any(map(is_lazy, (*net.parameters(), *net.buffers()))):
        raise ReceptiveFieldError(
            f"{type(net).__name__} has lazy layers that no image has passed: they have no weights"
        )


@contextmanager
def same_chance() -> Iterator[None]:
    """Give back the state of all random number generators afterwards."""
    state, numbers = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            yield
    finally:
        random.setstate(state)
        np.random.set_state(numbers)
