"""From rows of data to a torch module: a fold over the table of operations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn

from s6core.config import NetConfig
from s6core.layers import Layer, layers
from s6core.operations import OPERATIONS

INITS: dict[str, Callable[[torch.Tensor], object]] = {
    "he": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
}
"""Initial weights other than torch's default; with them, biases start at zero."""


def build(config: NetConfig | list[Layer], *, seed: int = 0) -> nn.Sequential:
    """Build the net of a config or of rows: (B, C, H, W) float images to (B, classes) logits.

    The modules carry the rows' names. The initial weights are drawn in the order of the rows from `seed`, so that two
    nets which differ only from some layer on start from the same weights up to there. Rows start with torch's defaults.
    """
    rows, init = (config, "torch") if isinstance(config, list) else (layers(config), config.init)
    with torch.random.fork_rng(devices=[]):  # torch's own stream stays where it is
        modules: OrderedDict[str, nn.Module] = OrderedDict()
        for row in rows:
            modules[row.name] = modules[row.shares] if row.shares else _module(row)
        if rows[-1].op not in ("linear", "flatten"):
            modules["logit-vector"] = nn.Flatten()
        torch.manual_seed(seed)
        for module in dict.fromkeys(modules.values()):  # shared weights are drawn once
            if callable(draw := getattr(module, "reset_parameters", None)):
                draw()
            if init != "torch" and isinstance(module, nn.Conv2d | nn.Linear):
                INITS[init](module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
    net = nn.Sequential(modules)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch declares it with a tensor


def _module(row: Layer) -> nn.Module:
    operation = OPERATIONS[row.op]
    module: nn.Module = getattr(nn, operation.module)(**operation.options(row))
    return module
