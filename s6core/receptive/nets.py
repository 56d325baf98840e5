"""A net and the images that it takes, as far as it tells itself, on their way to the trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from s6core.receptive.errors import ReceptiveFieldError
from s6core.receptive.record import ReceptiveField
from s6core.receptive.trace import Trace, ValuesNeededError
from s6core.receptive.twin import same_chance, twin


def trace(net: nn.Module, input_size: tuple[int, ...], channels: int | None = None) -> ReceptiveField:
    """Return the receptive field of a module: see `s6core.receptive.receptive_field`."""
    net = getattr(net, "_orig_mod", net)  # of a net that torch.compile wraps
    for name, module in net.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise ReceptiveFieldError(f"module {name!r} is scripted: its operations cannot be traced")
    if channels is not None:
        return _traced(net, input_size, channels)
    likely = image_channels(net)
    try:
        return _traced(net, input_size, likely)
    except ReceptiveFieldError:
        if likely != 3:  # the first convolution may stand behind something that makes channels
            with suppress(ReceptiveFieldError):
                return _traced(net, input_size, 3)
        raise


def _traced(net: nn.Module, input_size: tuple[int, ...], channels: int) -> ReceptiveField:
    with same_chance():
        try:
            return Trace(twin(net), input_size).run(channels)
        except ValuesNeededError:
            return Trace(twin(net, values=True), input_size).run(channels)


def image_channels(net: nn.Module) -> int:
    """Return the channels of the images that a net takes, as far as its first convolution tells."""
    first = next(iter(_convolutions(net)), None)
    return 3 if first is None or not first.in_channels else first.in_channels


def image_ranks(net: nn.Module) -> list[int]:
    """Return how many axes a net's convolutions slide along, first that of the first one; two for a net without."""
    return list(dict.fromkeys(len(module.kernel_size) for module in _convolutions(net))) or [2]


def _convolutions(net: nn.Module) -> Iterator[Any]:
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    return (module for module in net.modules() if isinstance(module, kinds))
