"""What each unit of a net sees of its input: in theory for every layer, and in effect after training.

Importing this package imports no torch; a function that needs it imports it when called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from s6core.config import NetConfig
from s6core.layers import Layer, layers
from s6core.receptive.errors import MisalignedError, ReceptiveFieldError, UnknownLayerError, UnknownOperationError
from s6core.receptive.record import Box, Field, ReceptiveField, UnitField
from s6core.receptive.rows import fields

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "Box", "Field", "MisalignedError", "ReceptiveField", "ReceptiveFieldError", "UnitField", "UnknownLayerError",
    "UnknownOperationError", "fields", "receptive_field",
]  # fmt: skip


def receptive_field(
    net: nn.Module | NetConfig | Sequence[Layer],
    input_size: int | tuple[int, int] | None = None,
    *,
    channels: int | None = None,
) -> ReceptiveField:
    """Return what every unit of every layer sees of an image of `input_size` (height, width; or one for both).

    `net` is a config, rows of data, or any torch module whose forward pass takes one batch of images and does not
    decide by their values. A module is followed in eval mode on a tensor without values: nothing is computed, its
    weights may live on the meta device, and it is left as it was. `channels` of the image are those that its first
    convolution expects, unless given. Without `input_size`, a config or rows keep their own, a module takes 224.

    Raises `MisalignedError` for branches that meet looking at different places, `UnknownOperationError` for an
    operation without a rule, and `ReceptiveFieldError` for a net that cannot be traced or an input it cannot take.
    """
    size = (input_size, input_size) if isinstance(input_size, int) else input_size
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ReceptiveFieldError(f"input_size={input_size!r}: allowed is one integer from 1, or (height, width)")
    if isinstance(net, NetConfig):
        net = layers(net if size is None else replace(net, image=(net.image[0], *size)))
    if isinstance(net, Sequence):
        rows: Sequence[Layer] = net
        own = rows[0].input[1:]
        if size not in (None, own):
            raise ReceptiveFieldError(f"input_size={input_size!r}: these rows are sized for {own[0]}×{own[1]}")
        return ReceptiveField(fields(rows), own)

    from s6core.receptive.trace import trace  # torch is imported here at the earliest

    return trace(net, size or (224, 224), channels)
