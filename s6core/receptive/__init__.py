"""What each unit of a net sees of its input: in theory for every layer, and in effect after training.

Importing this package imports no torch; a function that needs it imports it when called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import index
from typing import TYPE_CHECKING

from s6core.config import NetConfig
from s6core.layers import Layer, layers
from s6core.receptive.box import Box, UnitField
from s6core.receptive.errors import MisalignedError, ReceptiveFieldError, UnknownLayerError, UnknownOperationError
from s6core.receptive.record import Field, ReceptiveField
from s6core.receptive.rows import fields

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from s6core.receptive.effective import EffectiveField

__all__ = [
    "Box", "Field", "MisalignedError", "ReceptiveField", "ReceptiveFieldError", "UnitField", "UnknownLayerError",
    "UnknownOperationError", "effective_receptive_field", "fields", "receptive_field", "support",
]  # fmt: skip


def receptive_field(
    net: nn.Module | NetConfig | Sequence[Layer],
    input_size: int | tuple[int, ...] | None = None,
    *,
    channels: int | None = None,
    partial: bool = False,
) -> ReceptiveField:
    """Return what every unit of every layer sees of an image of `input_size` (height, width; or one for all axes).

    `net` is a config, rows of data, or any torch module whose forward pass takes one batch of images (or of signals or
    volumes: its first convolution tells) and does not decide by their values. A copy of the module is followed in eval
    mode on a tensor without values: nothing is computed, its weights may live on the meta device, and it is left as it
    was. `channels` of the image are those that its first convolution expects, unless given. Without `input_size`, a
    config or rows keep their own, a module takes 224.

    Raises `MisalignedError` for branches that meet with different strides, `UnknownOperationError` for an operation
    without a rule, and `ReceptiveFieldError` for a net that cannot be traced or an input it cannot take. The error's
    `so_far` holds the records of all layers before; with `partial`, that is returned, its `stopped` being the message.
    """
    if isinstance(net, NetConfig | Sequence):
        return _of_rows(net, input_size)

    from torch import nn  # torch is imported here at the earliest

    from s6core.receptive.nets import image_ranks, trace

    if not isinstance(net, nn.Module):
        raise ReceptiveFieldError(f"net={net!r}: allowed is a torch module, a NetConfig or its rows")
    given = _size(224 if input_size is None else input_size, *image_ranks(net))
    try:
        return trace(net, given, channels)
    except ReceptiveFieldError as error:
        if partial and error.so_far is not None:
            return error.so_far
        raise


def _of_rows(net: NetConfig | Sequence[Layer], input_size: int | tuple[int, ...] | None) -> ReceptiveField:
    size = None if input_size is None else _size(input_size, 2)
    if isinstance(net, NetConfig):
        net = layers(net if size is None else replace(net, image=(net.image[0], size[0], size[1])))
    if not all(isinstance(row, Layer) for row in net):
        raise ReceptiveFieldError(f"net={net!r}: allowed is a torch module, a NetConfig or its rows")
    if not net:
        raise ReceptiveFieldError("no rows: a net has at least one layer")
    own = net[0].input[1:]
    if size not in (None, own):
        raise ReceptiveFieldError(f"input_size={input_size!r}: these rows are sized for {own[0]}×{own[1]}")
    return ReceptiveField(fields(net), own)


def effective_receptive_field(
    net: nn.Module,
    images: Tensor,
    layer: str,
    unit: tuple[int, ...] | None = None,
    *,
    channel: int | None = None,
    seed: int = 0,
) -> EffectiveField:
    """Return how strongly a unit of a layer depends on each pixel, averaged over (B, C, H, W) images.

    So too for signals (B, C, length) and volumes (B, C, depth, height, width), a unit having as many numbers as axes.
    `layer` is a module's qualified name; `unit` is (row, column), the central one unless given; `channel` is one map
    of the layer (or one logit), all of them unless given. The average is the root mean square of the gradient (Luo et
    al., NeurIPS 2016, study its variance); channels are joined with random signs, drawn from `seed`, so that one
    backward pass gives the sum of their squares on average.

    Raises `UnknownLayerError` for a name that no module has, `IndexError` for a unit outside the layer's maps, and
    `ReceptiveFieldError` for images or a net that it cannot take.
    """
    from s6core.receptive.effective import effective
    from s6core.receptive.nets import image_ranks, trace
    from s6core.receptive.twin import refuse_lazy

    ranks = image_ranks(net)
    if images.ndim - 2 not in ranks:
        given = "×".join(map(str, images.shape))
        axes = {1: "signals, (signals, channels, length)", 3: "volumes, (volumes, channels, depth, height, width)"}
        allowed = axes.get(ranks[0], "images, (images, channels, height, width)")
        raise ReceptiveFieldError(f"images: {given}; allowed is a batch of {allowed}")
    refuse_lazy(net)
    field = trace(net, tuple(images.shape[2:]), images.shape[1])[layer]
    return effective(net, images, layer, unit, field, channel, seed)


def support(
    net: nn.Module,
    layer: str,
    unit: tuple[int, ...] | None = None,
    *,
    input_size: int | tuple[int, ...],
    channels: int | None = None,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Return the pixels (H, W), or of a signal or volume, that a unit of a layer depends on, by probing a copy.

    It shares nothing with the formulas of `receptive_field`, and is there to check them. Units are counted as there;
    the layer must be a module. What is global in truth (a group norm, say) is global here.
    """
    from s6core.receptive.nets import image_channels, image_ranks
    from s6core.receptive.probe import support as probe

    size = _size(input_size, *image_ranks(net))
    return probe(net, layer, unit, size, image_channels(net) if channels is None else channels, seed)


def _size(value: int | Sequence[int], *ranks: int) -> tuple[int, ...]:
    """Return the pixels along each axis; as many axes as the net's convolutions slide along, the likeliest first."""
    try:
        pixels = tuple(map(index, value)) if isinstance(value, Sequence) else (index(value),) * ranks[0]
    except TypeError:
        pixels = ()
    if len(pixels) in ranks and min(pixels) >= 1:
        return pixels
    axes = {1: "(length,)", 2: "(height, width)", 3: "(depth, height, width)"}[ranks[0]]
    why = "" if ranks[0] == 2 else f": its convolutions slide along {'one axis' if ranks[0] == 1 else 'three axes'}"
    raise ReceptiveFieldError(f"input_size={value!r}: allowed is one integer from 1, or {axes}{why}")
