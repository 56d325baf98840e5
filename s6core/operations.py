"""Layers as rows of data, and the operations: what config, net, receptive fields, drawings and tables know of each.

A new activation, norm or pooling is a new row: it is then a value of the field `activation`, `norm` or `pool`. Any
other operation also needs its place in `s6core.layers`, and the value of a field in `s6core.config` that chooses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Shape = tuple[int, int, int]
"""Channels, height, width."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One row: a named operation with the shapes of its input and output and all its geometry."""

    name: str  # unique in its net: "conv1", "norm1", …
    op: str  # one of OPERATIONS
    input: Shape
    output: Shape
    parameters: int = 0
    kernel: tuple[int, int] = (1, 1)  # vertical, horizontal, as all geometry here
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1  # of a convolution (as many as channels: one kernel per channel) or of a group norm
    bias: bool = True  # of a convolution
    shares: str = ""  # the earlier row whose weights a convolution uses
    rate: float = 0.0  # of a dropout


Reach = Literal["point", "statistics", "window", "whole"]
"""What one value is computed from: its own place, that and the statistics of all places, a window, or all places."""


@dataclass(frozen=True)
class Operation:
    """One operation: its word, its module in `torch.nn` with what that takes, and how far one value of it reaches."""

    word: str
    module: str
    options: Callable[[Layer], dict[str, Any]] = lambda row: {}
    reach: Reach = "point"
    short: str = ""  # in drawings, where the word is too long for them

    @property
    def drawn(self) -> str:
        return self.short or self.word


ACTIVATIONS = {
    "relu": Operation("ReLU", "ReLU"),
    "leaky": Operation("leaky ReLU", "LeakyReLU", short="leaky"),
    "gelu": Operation("GELU", "GELU"),
    "silu": Operation("SiLU", "SiLU"),
}
"""The values of the field `activation`, beside none."""


def _grouped(row: Layer, groups: int) -> dict[str, Any]:
    return {"num_groups": groups, "num_channels": row.input[0]}


def _instance(row: Layer) -> dict[str, Any]:
    return {"num_features": row.input[0], "affine": True}


NORMS = {
    "batch-norm": Operation("batch norm", "BatchNorm2d", lambda row: {"num_features": row.input[0]}, short="BN"),
    "group-norm": Operation("group norm", "GroupNorm", lambda row: _grouped(row, row.groups), "statistics", "GN"),
    # over channels and positions: one group
    "layer-norm": Operation("layer norm", "GroupNorm", lambda row: _grouped(row, 1), "statistics", "LN"),
    "instance-norm": Operation("instance norm", "InstanceNorm2d", _instance, "statistics", "IN"),
}
"""The values of the field `norm`, without their ending and beside none."""


def _convolution(row: Layer) -> dict[str, Any]:
    same = ("stride", "padding", "dilation", "groups", "bias")
    channels = {"in_channels": row.input[0], "out_channels": row.output[0], "kernel_size": row.kernel}
    return channels | {name: getattr(row, name) for name in same}


def _pool(row: Layer) -> dict[str, Any]:
    return {"kernel_size": row.kernel, "stride": row.stride}


POOLS = {
    "max-pool": Operation("max-pool", "MaxPool2d", _pool, "window"),
    "average-pool": Operation("average-pool", "AvgPool2d", _pool, "window", "average"),
}
"""The values of the field `pool`, without their ending and beside stride and none."""


def _linear(row: Layer) -> dict[str, Any]:
    return {"in_features": row.input[0], "out_features": row.output[0]}


def _one(row: Layer) -> dict[str, Any]:
    return {"output_size": 1}


OPERATIONS = {
    "conv": Operation("convolution", "Conv2d", _convolution, "window", "conv"),
    **ACTIVATIONS,
    **NORMS,
    "dropout": Operation("dropout", "Dropout", lambda row: {"p": row.rate}),
    "channel-dropout": Operation("channel dropout", "Dropout2d", lambda row: {"p": row.rate}),
    **POOLS,
    "global-average": Operation("global average pooling", "AdaptiveAvgPool2d", _one, "whole", "GAP"),
    "global-max": Operation("global max pooling", "AdaptiveMaxPool2d", _one, "whole", "global max"),
    "flatten": Operation("flatten", "Flatten", reach="whole"),
    "linear": Operation("fully connected", "Linear", _linear, "whole", "linear"),
}
"""Every operation by the name that rows give it."""
