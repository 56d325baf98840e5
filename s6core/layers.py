"""The net as rows of data: every number of every layer, before any tensor exists."""

from __future__ import annotations

from dataclasses import replace
from math import gcd, prod

from s6core.config import ConfigError, NetConfig
from s6core.operations import Layer, Shape

__all__ = ["Layer", "Shape", "layers", "parameters"]


def layers(config: NetConfig) -> list[Layer]:
    """Return the rows of the net that a config describes, in the order of the forward pass.

    Raises `ConfigError`, naming the layer, where a kernel does not fit into the maps that reach it.
    """
    rows: list[Layer] = []
    shape: Shape = config.image
    depth = len(config.channels)
    for block, channels in enumerate(config.channels, start=1):
        kernel, dilation = _of(config.kernel, block), _of(config.dilation, block)
        before_pool = config.pool == "none" or not config.pool_after or block <= config.pool_after[0]
        same = dilation * (kernel - 1) // 2 if before_pool else 0
        padding = same if config.padding == "auto" else _of(config.padding, block)
        pooled = block in config.pool_after
        stride = 2 if pooled and config.pool == "stride" else 1
        convolution = _convolution(config, block, shape, channels, (kernel, stride, padding, dilation))
        rows += _shared(convolution, block, rows) if block in config.shared else convolution
        shape = rows[-1].output
        norm = config.norm_blocks == "all" or block in config.norm_blocks
        rows += _dress(config, str(block), shape, norm=norm)
        if config.dropout and (config.dropout_place == "all" or block == depth):
            op = "dropout" if config.dropout_kind == "element" else "channel-dropout"
            rows.append(Layer(name=f"dropout{block}", op=op, input=shape, output=shape, rate=config.dropout))
        if pooled and config.pool not in ("stride", "none"):
            rows.append(_window(f"pool{block}", f"{config.pool}-pool", shape, shape[0], 2, 2, 0, 1))
            shape = rows[-1].output
    return rows + _head(config, shape)


def parameters(rows: list[Layer]) -> int:
    """Return the number of trained parameters of the rows."""
    return sum(row.parameters for row in rows)


def _convolution(
    config: NetConfig, block: int, shape: Shape, channels: int, geometry: tuple[int, int, int, int]
) -> list[Layer]:
    """Return a block's convolution: one row, or two where it is separable, one kernel per channel and then 1×1."""
    if block not in config.separable:
        return [_window(f"conv{block}", "conv", shape, channels, *geometry, bias=config.bias)]
    each = _window(f"depthwise{block}", "conv", shape, shape[0], *geometry, groups=shape[0], bias=config.bias)
    return [each, _window(f"conv{block}", "conv", each.output, channels, 1, 1, 0, 1, bias=config.bias)]


def _shared(convolution: list[Layer], block: int, rows: list[Layer]) -> list[Layer]:
    """Return a block's convolution with the weights of the block before, which must be of the same geometry."""
    before = {row.name: row for row in rows}
    found = []
    for row in convolution:
        other = before.get(row.name.replace(str(block), str(block - 1)))
        if other is None or _weights(other) != _weights(row):
            raise ConfigError(
                f"layer {row.name}: shared={block} needs the same convolution in block {block - 1}; allowed is "
                f"a block with the channels, kernel, stride, padding, dilation and kind of the one before"
            )
        found.append(replace(row, parameters=0, shares=other.shares or other.name))
    return found


def _weights(row: Layer) -> tuple[object, ...]:
    return row.input[0], row.output[0], row.kernel, row.stride, row.padding, row.dilation, row.groups, row.bias


def _head(config: NetConfig, shape: Shape) -> list[Layer]:
    classes = config.classes
    if config.head == "conv":  # one kernel as large as the maps: the fully connected layer, written as a convolution
        kernel = (shape[1], shape[2])
        count = (shape[0] * prod(kernel) + 1) * classes
        output = (classes, 1, 1)
        conv = Layer(name="full-conv", op="conv", input=shape, output=output, kernel=kernel, parameters=count)
        return [conv, Layer(name="flatten", op="flatten", input=output, output=output)]
    logits = _window("logits", "conv", shape, classes, config.logit_kernel, 1, 0, 1)
    maps = logits.output
    rows = [logits, *_dress(config, "-logits", maps, norm=config.logit_norm, activation=config.logit_activation)]
    point: Shape = (classes, 1, 1)
    if config.head == "fc":
        flat: Shape = (prod(maps), 1, 1)
        return [*rows, Layer(name="flatten", op="flatten", input=maps, output=flat), _linear(flat, classes)]
    op = "global-max" if config.head == "max" else "global-average"
    name = "max" if config.head == "max" else "gap"
    rows.append(Layer(name=name, op=op, input=maps, output=point, kernel=maps[1:]))
    if config.head == "gap-fc":
        rows += [Layer(name="flatten", op="flatten", input=point, output=point), _linear(point, classes)]
    return rows


def _dress(config: NetConfig, tag: str, shape: Shape, *, norm: bool = True, activation: bool = True) -> list[Layer]:
    """Return the activation and the norm that follow a convolution, in the config's order."""
    rows = []
    if activation and config.activation != "none":
        name = f"{config.activation}{tag}"
        rows.append(Layer(name=name, op=config.activation, input=shape, output=shape))
    if norm and config.norm != "none":
        if config.norm == "instance" and shape[1:] == (1, 1):
            raise ConfigError(
                f"layer norm{tag}: norm='instance' has nothing to normalise in maps of 1 × 1; "
                f"allowed is another norm, a larger image, fewer poolings or more padding"
            )
        groups = gcd(config.norm_groups, shape[0]) if config.norm == "group" else 1
        count = 2 * shape[0]  # a scale and a shift per channel, whatever the statistics are taken over
        name, op = f"norm{tag}", f"{config.norm}-norm"
        rows.append(Layer(name=name, op=op, input=shape, output=shape, parameters=count, groups=groups))
    return rows if config.order == "conv-relu-norm" else rows[::-1]


def _window(
    name: str, op: str, shape: Shape, channels: int, kernel: int, stride: int, padding: int, dilation: int,
    *, groups: int = 1, bias: bool = True,
) -> Layer:  # fmt: skip
    """Return a convolution or a pooling: whatever slides a window over the maps."""
    span = dilation * (kernel - 1) + 1
    for side, size in (("height", shape[1]), ("width", shape[2])):
        if size + 2 * padding < span:
            raise ConfigError(
                f"layer {name}: a window of {span} does not fit into maps of {side} {size} with padding {padding}; "
                f"allowed is a larger image, a smaller kernel or dilation, fewer poolings or more padding"
            )
    height, width = ((size + 2 * padding - span) // stride + 1 for size in shape[1:])
    return Layer(
        name=name,
        op=op,
        input=shape,
        output=(channels, height, width),
        parameters=(shape[0] // groups * kernel * kernel + bias) * channels if op == "conv" else 0,
        kernel=(kernel, kernel),
        stride=(stride, stride),
        padding=(padding, padding),
        dilation=(dilation, dilation),
        groups=groups,
        bias=bias,
    )


def _linear(shape: Shape, classes: int) -> Layer:
    count = (shape[0] + 1) * classes
    return Layer(name="fc", op="linear", input=shape, output=(classes, 1, 1), parameters=count)


def _of(value: int | tuple[int, ...], block: int) -> int:
    return value if isinstance(value, int) else value[block - 1]
