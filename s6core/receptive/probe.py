"""Which pixels a unit depends on, found by differentiating instead of calculating: the check of the formulas.

A gradient shows a dependence only where nothing hides it. So the probe runs a twin of the net in float64 and eval mode
in which a maximum is a sum (its gradient would reach one pixel of the window), an activation is the identity (a ReLU at
rest passes nothing on) and every weight is positive (nothing cancels): a pixel's gradient is then the sum over all
paths to the unit, and zero exactly where there is no path. Whatever is global in truth, such as a group norm or a
squeeze-and-excitation, stays and shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from s6core.receptive.errors import ReceptiveFieldError, UnknownLayerError
from s6core.receptive.record import Field
from s6core.receptive.twin import refuse_lazy, same_chance, twin

Unit = tuple[int, ...]

ACTIVATIONS = {
    "celu", "clamp", "elu", "gelu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid",
    "mish", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu", "softplus", "softshrink", "softsign", "tanh",
    "tanhshrink", "threshold",
}  # fmt: skip


def support(net: nn.Module, layer: str, unit: Unit | None, size: Unit, channels: int, seed: int) -> NDArray[np.bool_]:
    """Return the pixels that a unit of a layer depends on: see `s6core.receptive.support`."""
    refuse_lazy(net)
    generator = torch.Generator().manual_seed(seed)
    with torch.inference_mode(False), torch.enable_grad(), same_chance():
        copied = twin(net, values=True).to(device="cpu", dtype=torch.float64)
        for weights in copied.parameters():
            positive = torch.rand(weights.shape, generator=generator, dtype=torch.float64) + 0.5
            weights.data = positive / prod(weights.shape[1:])  # about one in all, so that depth does not overflow
        image = torch.rand(1, channels, *size, generator=generator, dtype=torch.float64, requires_grad=True)
        with _Transparent():
            seen = at_unit(output_of(copied, layer, image), layer, unit, len(size)).sum()
    if not seen.requires_grad:
        return np.zeros(size, dtype=bool)
    (gradient,) = torch.autograd.grad(seen, image, allow_unused=True)
    return np.zeros(size, dtype=bool) if gradient is None else (gradient[0] != 0).any(dim=0).numpy()


def output_of(net: nn.Module, layer: str, images: torch.Tensor) -> torch.Tensor:
    """Run the net and return what a module put out, at its last call, or at its k-th for a name that ends in #k."""
    name, _, number = layer.partition("#")
    modules = dict(net.named_modules(remove_duplicate=False))
    if name not in modules:
        raise UnknownLayerError(layer, (known for known in modules if known))
    outputs: list[Any] = []
    with _hook(modules[name], outputs):
        net(images)
    call = int(number) if number.isdigit() else len(outputs)
    if not 1 <= call <= len(outputs) or not isinstance(outputs[call - 1], torch.Tensor):
        raise ReceptiveFieldError(f"layer {layer!r}: it was called {len(outputs)} times and has no such output")
    return outputs[call - 1]


def at_unit(output: torch.Tensor, layer: str, unit: Unit | None, rank: int) -> torch.Tensor:
    """Return the channels of one unit, as (B, C): the central one of maps unless given, with `rank` axes."""
    if output.ndim != rank + 2:
        return output.flatten(1)
    sizes = tuple(output.shape[2:])
    place = tuple(n // 2 for n in sizes) if unit is None else tuple(unit)
    if len(place) != rank or not all(0 <= i < n for i, n in zip(place, sizes, strict=True)):
        raise IndexError(f"layer {layer!r} has no unit {place}: its maps are {'×'.join(map(str, sizes))}")
    where: tuple[Any, ...] = (slice(None), slice(None), *place)
    return output[where]


def central(field: Field) -> Unit:
    """Return the unit that is meant where none is given."""
    return tuple(n // 2 for n in field.units)


@contextmanager
def _hook(module: nn.Module, outputs: list[Any]) -> Iterator[None]:
    def keep(_module: nn.Module, _args: Any, output: Any) -> None:
        # a copy, because an in-place activation behind the layer would overwrite what it put out
        outputs.append(output.clone() if isinstance(output, torch.Tensor) else output)

    handle = module.register_forward_hook(keep)
    try:
        yield
    finally:
        handle.remove()


MAX_POOLS = {"max_pool1d": 1, "max_pool2d": 2, "max_pool3d": 3}


class _Transparent(TorchFunctionMode):
    """Within it, no operation hides a dependence from the gradient."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").rstrip("_")
        if name in ACTIVATIONS:
            return args[0]
        if name == "batch_norm" and not (args[5] if len(args) > 5 else kwargs.get("training")):
            return args[0]
        if name in MAX_POOLS:
            return _sum_pool(MAX_POOLS[name], *args, **{k: v for k, v in kwargs.items() if k != "input"})
        if name.startswith("adaptive_max_pool"):
            return getattr(F, name.replace("max", "avg"))(*args[:2])
        if name == "amax":
            return torch.sum(*args, **kwargs)
        return func(*args, **kwargs)


def _sum_pool(
    rank: int, x: torch.Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> torch.Tensor:  # fmt: skip
    """Return the sum over each window of a max-pool, with the shape that the max-pool would have."""
    pool, convolve = (getattr(F, f"{what}{rank}d") for what in ("max_pool", "conv"))
    with torch._C.DisableTorchFunction():
        shape = pool(x.detach(), kernel_size, stride, padding, dilation, ceil_mode).shape[-rank:]
        kernel, padding, dilation = (_each(n, rank) for n in (kernel_size, padding, dilation))
        stride = _each(stride, rank) if stride else kernel
        around: list[int] = []
        for n, s, d, k, have, p in zip(shape, stride, dilation, kernel, x.shape[-rank:], padding, strict=True):
            around = [p, max(0, (n - 1) * s + d * (k - 1) + 1 - have - p), *around]  # torch lists the last axis first
        ones = torch.ones(x.shape[1], 1, *kernel, dtype=x.dtype)
        summed = convolve(F.pad(x, around), ones, stride=stride, dilation=dilation, groups=x.shape[1])
        return summed[(..., *(slice(n) for n in shape))]


def _each(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value) * (rank // len(value))
