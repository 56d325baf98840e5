"""What each operation does to the field, what is refused, and what the errors say."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch
import torch.fx
from torch import nn
from torch.nn import functional as F

from s6core.config import NetConfig
from s6core.layers import layers
from s6core.net import build
from s6core.receptive import (
    Box,
    Field,
    MisalignedError,
    ReceptiveField,
    ReceptiveFieldError,
    UnknownLayerError,
    UnknownOperationError,
    fields,
    receptive_field,
)


class Forward(nn.Module):
    """A net that is one function, with a convolution of two channels and a linear layer at hand."""

    def __init__(self, function: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.fc = nn.Linear(2, 2)
        self.register_buffer("stored", torch.zeros(1, 2, 16, 16))
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self, x)


def last(function: Callable[[nn.Module, torch.Tensor], torch.Tensor], size: int | tuple[int, int] = 16) -> Field:
    return receptive_field(Forward(function), size)[-1]


def test_reference_net_in_rows() -> None:
    """3, 5, 7, pool 8 with stride 2, 12, 12, and 12 + 11·2 = 34 at the global average."""
    seen = {f.name: f for f in fields(layers(NetConfig()))}
    assert [seen[n].size[0] for n in ("conv1", "conv2", "conv3", "pool3", "conv4", "logits", "gap")] == [
        3, 5, 7, 8, 12, 12, 34,
    ]  # fmt: skip
    assert [seen[n].stride[0] for n in ("conv3", "pool3", "conv4", "logits")] == [1, 2, 2, 2]
    assert [seen[n].padding for n in ("conv1", "conv3", "pool3", "conv4")] == [(1, 1), (3, 3), (3, 3), (3, 3)]
    assert seen["conv4"].unit(0, 11).unclipped == Box(-3, 19, 9, 31)
    assert seen["conv4"].unit(0, 11).clipped == Box(0, 19, 9, 28)
    assert seen["gap"].unit().clipped == Box(0, 0, 28, 28)
    assert seen["gap"].output == (10, 1, 1)


@pytest.mark.parametrize(
    "config",
    [
        NetConfig(),
        NetConfig(norm="group", head="fc", order="conv-norm-relu"),
        NetConfig(channels=(4, 8, 8), pool="stride", pool_after=(1, 3), head="conv", norm="none"),
        NetConfig(kernel=(5, 3, 1, 3), dilation=(1, 2, 1, 1), padding=(0, 1, 3, 2), norm="instance", dropout=0.1),
        NetConfig(image=(3, 31, 40), pool="average", pool_after=(1, 2), head="max", norm="layer", activation="gelu"),
        NetConfig(pool="none", head="gap-fc", dropout=0.2, dropout_kind="channel"),
    ],
    ids=lambda c: c.norm + "-" + c.head,
)
def test_rows_and_the_module_built_from_them_agree(config: NetConfig) -> None:
    rows, module = receptive_field(config), receptive_field(build(config), config.image[1:])
    assert module.input_size == rows.input_size == config.image[1:]
    for record in rows:
        other = module[record.name]
        assert (other.size, other.stride, other.padding) == (record.size, record.stride, record.padding)
        assert other.global_by == record.global_by
        corner = (record.units[0] - 1, record.units[1] - 1)
        assert other.unit(*corner) == record.unit(*corner)


Function = Callable[[nn.Module, torch.Tensor], torch.Tensor]

# name: what the net does behind nothing, size, stride, padding (vertical, horizontal) of the result on 16×16 pixels
KNOWN: dict[str, tuple[Function, tuple[int, int], tuple[object, object], tuple[object, object]]] = {
    "pointwise": (lambda m, x: F.gelu(torch.sigmoid(x) * 2 + 1).clamp(0), (1, 1), (1, 1), (0, 0)),
    "batch norm": (lambda m, x: F.batch_norm(x, torch.zeros(2), torch.ones(2)), (1, 1), (1, 1), (0, 0)),
    "non-square": (lambda m, x: F.conv2d(x, torch.ones(2, 2, 3, 5), stride=(1, 2)), (3, 5), (1, 2), (0, 0)),
    "dilated": (lambda m, x: F.conv2d(x, torch.ones(2, 2, 3, 3), padding=2, dilation=2), (5, 5), (1, 1), (2, 2)),
    "even, same": (lambda m, x: F.conv2d(x, torch.ones(2, 2, 4, 2), padding="same"), (4, 2), (1, 1), (1, 0)),
    "grouped": (lambda m, x: F.conv2d(x, torch.ones(2, 1, 3, 3), groups=2), (3, 3), (1, 1), (0, 0)),
    "asymmetric": (lambda m, x: F.max_pool2d(F.pad(x, (2, 0, 1, 3)), 3), (3, 3), (3, 3), (1, 2)),
    "cropped by padding": (lambda m, x: F.pad(x, (-2, 0, 0, -1)), (1, 1), (1, 1), (0, -2)),
    "slice": (lambda m, x: x[:, :, 3:, 1::2], (1, 1), (1, 2), (-3, -1)),
    "narrow": (lambda m, x: x.narrow(2, 3, 4), (1, 1), (1, 1), (-3, 0)),
    "ceil mode": (lambda m, x: F.avg_pool2d(x, 3, 2, ceil_mode=True), (3, 3), (2, 2), (0, 0)),
    "pool, stride of its own": (lambda m, x: F.max_pool2d(x, (2, 3)), (2, 3), (2, 3), (0, 0)),
    "adaptive, even": (lambda m, x: F.adaptive_avg_pool2d(x, (4, 8)), (4, 2), (4, 2), (0, 0)),
    "adaptive, uneven": (  # 16 to 5: windows of 4 and 5 (0–3, 3–6, 6–9, 9–12, 12–15), all of 4 here
        lambda m, x: F.adaptive_max_pool2d(x, (5, None)), (4, 1), (Fraction(16, 5), 1), (Fraction(2, 5), 0),
    ),
    "global": (lambda m, x: F.adaptive_avg_pool2d(m.conv(x), 1), (18, 18), (16, 16), (1, 1)),
    "mean over space": (lambda m, x: m.conv(x).mean((2, 3)), (18, 18), (16, 16), (1, 1)),
    "mean over channels": (lambda m, x: m.conv(x).mean(1, keepdim=True), (3, 3), (1, 1), (1, 1)),
    "maximum along one axis": (lambda m, x: x.max(dim=3).values, (1, 16), (1, 16), (0, 0)),
    "flatten": (lambda m, x: torch.flatten(m.conv(x), 1), (18, 18), (16, 16), (1, 1)),
    "view as vector": (lambda m, x: m.conv(x).view(x.size(0), -1), (18, 18), (16, 16), (1, 1)),
    "channel shuffle by view": (
        lambda m, x: m.conv(x).view(1, 2, 1, 16, 16).transpose(1, 2).reshape(1, 2, 16, 16), (3, 3), (1, 1), (1, 1),
    ),
    "channels last and back": (
        lambda m, x: m.conv(m.fc(m.conv(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)), (5, 5), (1, 1), (2, 2),
    ),
    "layer norm over channels": (
        lambda m, x: F.layer_norm(x.permute(0, 2, 3, 1), (2,)).permute(0, 3, 1, 2), (1, 1), (1, 1), (0, 0),
    ),
    "chunk": (lambda m, x: torch.cat(m.conv(x).chunk(2, 1)[::-1], 1), (3, 3), (1, 1), (1, 1)),
    "unbind and stack": (lambda m, x: torch.stack(m.conv(x).unbind(1), 1), (3, 3), (1, 1), (1, 1)),
    "in place": (lambda m, x: m.conv(x).add_(x).relu_(), (3, 3), (1, 1), (1, 1)),
    "nearest": (lambda m, x: F.interpolate(x, scale_factor=2), (1, 1), (Fraction(1, 2),) * 2, (Fraction(1, 4),) * 2),
    "nearest undone": (lambda m, x: F.max_pool2d(F.interpolate(x, scale_factor=2), 2), (1, 1), (1, 1), (0, 0)),
    "bilinear": (  # each unit between two pixels: −1 and 0, 0 and 1, …
        lambda m, x: F.interpolate(x, scale_factor=2, mode="bilinear"), (2, 2), (Fraction(1, 2),) * 2,
        (Fraction(3, 4),) * 2,
    ),
    "transposed": (
        lambda m, x: F.conv_transpose2d(x, torch.ones(2, 2, 2, 2), stride=2), (1, 1), (Fraction(1, 2),) * 2,
        (Fraction(1, 4),) * 2,
    ),
    "pixel shuffle there and back": (
        lambda m, x: F.pixel_shuffle(F.pixel_unshuffle(m.conv(x), 2), 2), (3, 3), (1, 1), (1, 1),
    ),
    "vector to maps": (
        lambda m, x: m.conv(m.fc(x.mean((2, 3))).view(1, 2, 1, 1).expand(1, 2, 4, 4)), (16, 16), (0, 0), (0, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_operation_has_its_known_field(name: str) -> None:
    function, size, stride, padding = KNOWN[name]
    record = last(function)
    assert (record.size, record.stride, record.padding) == (size, stride, padding)
    assert not record.is_global


def test_union_of_branches_is_the_larger_where_they_are_concentric() -> None:
    """A 1×1 with stride 2 beside a 3×3 with stride 2 and padding 1: both are centred on pixel 2i."""

    def shortcut(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, torch.ones(2, 2, 3, 3), stride=2, padding=1) + F.conv2d(x, torch.ones(2, 2, 1, 1), stride=2)

    record = last(shortcut)
    assert (record.size, record.stride, record.padding) == ((3, 3), (2, 2), (1, 1))


def test_union_is_taken_along_each_axis() -> None:
    def cross(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        tall = F.conv2d(x, torch.ones(2, 2, 7, 1), padding=(3, 0))
        return torch.cat([tall, F.conv2d(x, torch.ones(2, 2, 1, 5), padding=(0, 2))], 1)

    assert last(cross).size == (7, 5)
    assert last(cross).padding == (3, 2)


def conv(k: int, s: int = 1, p: int = 0) -> nn.Module:
    return nn.Conv2d(2, 2, k, s, p)


class Branches(nn.Module):
    def __init__(self, left: nn.Module, right: nn.Module, join: Callable[..., torch.Tensor] = torch.add) -> None:
        super().__init__()
        self.left, self.right, self.join = left, right, join

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.join(self.left(x), self.right(x))


# name: two branches of one stride and other centres; size, stride and padding of their union (vertical, horizontal)
APART: dict[str, tuple[nn.Module, nn.Module, tuple[int, int], int, tuple[int, int]]] = {
    "a pooling beside a window, as in ResNet-D": (conv(3, 2, 1), nn.AvgPool2d(2), (3, 3), 2, (1, 1)),
    "half a pixel": (conv(2, 2), conv(1, 2), (2, 2), 2, (0, 0)),
    "one pixel": (nn.ZeroPad2d((0, 1, 0, 1)), nn.ZeroPad2d((1, 0, 1, 0)), (2, 2), 1, (1, 1)),
    "causal": (conv(3, 1, 1), nn.Sequential(nn.ZeroPad2d((2, 0, 0, 0)), nn.Conv2d(2, 2, (1, 3))), (3, 4), 1, (1, 2)),
    "even kernels with the same output": (
        nn.Conv2d(2, 2, 4, padding="same"), nn.Conv2d(2, 2, 3, padding=1), (4, 4), 1, (1, 1),
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("join", [torch.add, lambda a, b: torch.cat([a, b], 1)], ids=["add", "cat"])
@pytest.mark.parametrize("name", APART)
def test_branches_with_other_centres_see_their_union(name: str, join: Callable[..., torch.Tensor]) -> None:
    left, right, size, stride, padding = APART[name]
    record = receptive_field(nn.Sequential(conv(1), Branches(left, right, join)), 16)[-1]
    assert (record.size, record.stride, record.padding) == (size, (stride, stride), padding)
    assert record.regular and record.phases == tuple(((-p, s - p),) for p, s in zip(padding, size, strict=True))


def test_units_that_differ_have_phases() -> None:
    """Four units repeat what a pooling saw of four pixels; a window of 3 adds one in front of them, and one behind."""
    record = last(lambda m, x: F.interpolate(F.max_pool2d(x, 4), scale_factor=4) + m.conv(x))
    assert record.phases == (((-1, 4), (0, 4), (0, 4), (0, 5)),) * 2 and not record.regular
    assert (record.size, record.stride) == ((5, 5), (1, 1))
    assert [record.unit(4 + i, 5).unclipped.size[0] for i in range(4)] == [5, 4, 4, 5]


def test_strides_that_disagree_are_refused() -> None:
    """Two maps of the same shape: every second pixel of the whole image, and every pixel of its middle."""
    net = Branches(nn.MaxPool2d(1, 2), nn.ZeroPad2d(-4))
    with pytest.raises(MisalignedError, match=r"'left' \(stride 2, .*'right' \(stride 1, "):
        receptive_field(net, 16)


def test_squeeze_and_excitation_keeps_the_field_and_marks_it() -> None:
    record = last(lambda m, x: m.conv(x) * torch.sigmoid(m.fc(x.mean((2, 3))))[:, :, None, None])
    assert record.size == (3, 3)
    assert record.global_by == ("mul",)


def test_attention_is_marked() -> None:
    record = last(lambda m, x: F.scaled_dot_product_attention(x, x, x))
    assert record.size == (1, 1) and record.is_global


def test_softmax_is_global_only_along_an_axis() -> None:
    assert not last(lambda m, x: x.softmax(1)).is_global
    assert last(lambda m, x: x.softmax(3)).is_global


# name: what a net does, and the size, stride and padding that it leaves as they were behind a window of 3
UNDONE: dict[str, Function] = {
    "flip": lambda m, x: x.flip(3).flip(-1),
    "roll": lambda m, x: x.roll((2, -3), (2, 3)).roll((-2, 3), (2, 3)),
    "rot90": lambda m, x: x.rot90(1, (2, 3)).rot90(3, (2, 3)),
    "tokens": lambda m, x: m.fc(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape),
    "class token": lambda m, x: torch.cat([torch.zeros(1, 1, 2), x.flatten(2).mT], 1)[:, 1:].mT.reshape(x.shape),
    "vector": lambda m, x: x.flatten(1).view(1, 2, 16, 16),
    "windows": lambda m, x: x.view(1, 2, 4, 4, 4, 4).permute(0, 2, 4, 1, 3, 5).reshape(16, 2, 4, 4).reshape(
        1, 4, 4, 2, 4, 4).permute(0, 3, 1, 4, 2, 5).reshape(1, 2, 16, 16),
    "channels last": lambda m, x: m.fc(x.movedim(1, -1)).movedim(-1, 1),
    "transposed": lambda m, x: x.mT.mT,
    "chunks of an axis": lambda m, x: torch.cat(x.chunk(4, 2), 2),
    "rows": lambda m, x: torch.stack(x.unbind(3), 3),
    "1×1 as einsum": lambda m, x: torch.einsum("bchw,dc->bdhw", x, m.fc.weight),
    "1×1 as a product": lambda m, x: (m.fc.weight @ x.flatten(2)).unflatten(2, (16, 16)),
    "var_mean": lambda m, x: x - torch.var_mean(x, 1, keepdim=True)[1],
    "code book": lambda m, x: F.embedding(x.movedim(1, -1).argmax(-1), m.fc.weight).movedim(-1, 1),
    "repeat and pool": lambda m, x: F.max_pool2d(x.repeat_interleave(2, 2).repeat_interleave(2, 3), 2),
    "max_unpool": lambda m, x: F.max_unpool2d(*F.max_pool2d(x, 1, return_indices=True), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", UNDONE)
def test_what_is_undone_or_stays_in_its_place_changes_no_field(name: str) -> None:
    record = last(lambda m, x: UNDONE[name](m, m.conv(x)))
    assert (record.size, record.stride, record.padding, record.units) == ((3, 3), (1, 1), (1, 1), (16, 16))
    assert record.regular and not record.is_global
    assert record.unit(0, 15).clipped == Box(0, 14, 2, 16)


def space_to_depth(x: torch.Tensor) -> torch.Tensor:
    b, c, h, w = x.shape
    return x.view(b, c, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(b, 4 * c, h // 2, w // 2)


MORE: dict[str, tuple[Function, tuple[int, int], tuple[object, object], tuple[object, object]]] = {
    "flip": (lambda m, x: x.flip(3), (1, 1), (1, -1), (0, -15)),
    "space to depth": (lambda m, x: space_to_depth(m.conv(x)), (4, 4), (2, 2), (1, 1)),
    "focus": (lambda m, x: torch.cat([x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)], 1), (2, 2), (2, 2), (0, 0)),
    "windows as columns": (lambda m, x: F.unfold(x, 3).view(1, 18, 14, 14), (3, 3), (1, 1), (0, 0)),
    "zeros in front": (lambda m, x: torch.cat([torch.zeros(1, 2, 3, 16), x], 2), (1, 1), (1, 1), (3, 0)),
    "a border written by hand": (lambda m, x: _bordered(x), (1, 1), (1, 1), (2, 1)),
    "corners of both on each other": (
        lambda m, x: F.interpolate(x, (31, 31), mode="bilinear", align_corners=True), (2, 2), (Fraction(1, 2),) * 2,
        (Fraction(1, 2),) * 2,
    ),
    "attention within windows of four": (lambda m, x: _windowed(x), (4, 4), (1, 1), (Fraction(0), Fraction(0))),
}  # fmt: skip


def _bordered(x: torch.Tensor) -> torch.Tensor:
    out = x.new_zeros(1, 2, 19, 18)
    out[:, :, 2:18, 1:17] = x
    return out


def test_rows_that_were_worked_on_apart_are_units_of_their_axis_when_stacked() -> None:
    def downwards(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        rows = [*m.conv(x).unbind(2)]
        for above in range(15):
            rows[above + 1] = rows[above + 1] + rows[above]
        return torch.stack(rows, 2)

    def widened(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([F.avg_pool1d(x[:, :, 0], 3, 1, 1), x[:, :, 5]], 2)

    record = last(downwards)
    assert record.units == (16, 16) and not record.is_upper_bound
    assert [record.unit(row, 4).clipped for row in (0, 6, 15)] == [Box(0, 3, 2, 6), Box(0, 3, 8, 6), Box(0, 3, 16, 6)]
    record = last(widened)
    assert record.units == (2, 16)
    assert (record.unit(0, 4).clipped, record.unit(1, 4).clipped) == (Box(0, 3, 1, 6), Box(5, 4, 6, 5))


def _windowed(x: torch.Tensor) -> torch.Tensor:
    own = x.view(2, 4, 4, 4, 4).permute(1, 3, 2, 4, 0).flatten(2, 3)  # (4, 4) windows of 16 places
    own = (own @ own.mT).softmax(-1) @ own
    return own.view(4, 4, 4, 4, 2).permute(4, 0, 2, 1, 3).reshape(1, 2, 16, 16)


@pytest.mark.parametrize("name", MORE)
def test_moving_and_cutting_has_its_known_field(name: str) -> None:
    function, size, stride, padding = MORE[name]
    record = last(function)
    if "windows of" in name:  # all units of a window see it; on average a unit's box begins 1.5 pixels before it
        assert record.phases == (((0, 4),) * 4,) * 2 and record.stride == (1, 1)
        return
    assert (record.size, record.stride, record.padding) == (size, stride, padding)
    assert not record.is_global


GLOBAL: dict[str, Function] = {
    "weights from the image": lambda m, x: F.conv2d(x, m.fc(x.mean((2, 3)))[..., None, None].expand(2, 2, 1, 1)),
    "bias from the image": lambda m, x: F.conv2d(x, torch.ones(2, 2, 1, 1), x.amax((0, 2, 3))),
    "a norm's weight": lambda m, x: F.group_norm(x, 1, weight=x.mean((0, 2, 3))),
    "a stored mean that is not": lambda m, x: F.batch_norm(x, x.mean((0, 2, 3)), torch.ones(2)),
    "slope": lambda m, x: F.prelu(x, x.amax((0, 2, 3))),
    "indices": lambda m, x: x.gather(3, x.argsort(3)),
    "chosen rows": lambda m, x: x[:, :, x.sum((0, 1, 3)).topk(4).indices],
    "a grid": lambda m, x: F.grid_sample(x, x.movedim(1, -1), align_corners=False),
    "attention over all places": lambda m, x: (lambda t: (t.mT @ t).softmax(-1) @ t.mT)(x.flatten(2)).mT.view_as(x) + x,
    "squeeze and excitation": lambda m, x: x * x.mean((2, 3), keepdim=True),
    "a conditional norm": lambda m, x: F.layer_norm(x.movedim(1, -1), (2,), weight=x.mean((0, 2, 3))).movedim(-1, 1),
    "a table that is the image": lambda m, x: F.embedding(torch.zeros(1, 4, 4).long(), x.flatten(1).view(-1, 2)).mT,
}


@pytest.mark.parametrize("name", GLOBAL)
def test_whatever_argument_the_image_decides_marks_the_result(name: str) -> None:
    assert last(GLOBAL[name]).is_global


@pytest.mark.parametrize(
    ("function", "operation"),
    [
        (lambda m, x: torch.fft.fft2(x).real, "fft_fft2"),
        (lambda m, x: torch.linalg.svd(x).U, "linalg_svd"),
        (lambda m, x: F.interpolate(x, scale_factor=1.5, mode="bilinear", antialias=True), "antialias=True"),
        (lambda m, x: F.conv_transpose2d(x, torch.ones(2, 2, 1, 1), stride=2), "outputs that no input reaches"),
        (lambda m, x: torch.add(x, 1, out=torch.empty(1)), "out="),
        (lambda m, x: _overlapping(x) + 1, "reading a tensor of which a part was written at"),
        (lambda m, x: _overlapping(x), "at 'Forward': .*reading a tensor of which a part was written at"),
        (lambda m, x: nn.Sequential(nn.Identity())(_overlapping(x)), "reading a tensor of which a part was written at"),
        (lambda m, x: _exchanged(m.conv.bias, x) or m.conv(x), "giving a tensor the data of another"),
        (lambda m, x: _exchanged(x, F.max_pool2d(x, 3, 1, 1)) or x + 1, "giving a tensor the data of another"),
        (lambda m, x: m.conv.weight.data.mul_(x.mean()) is None or m.conv(x), "at 'conv': .*'mul' wrote"),
        (lambda m, x: x + torch.vmap(lambda one: F.avg_pool2d(one, 3, 1, 1))(x), "made out of sight"),
        (lambda m, x: x + F.avg_pool2d(torch.Tensor(x), 3, 1, 1), "made out of sight"),
        (lambda m, x: x + F.avg_pool2d(x.new_tensor(m.conv(x)), 3, 1, 1), "new_tensor, of values from the image"),
        (lambda m, x: m.stored.data.copy_(x) is None or m.stored * 1 + x, "at 'Forward': .*'copy' wrote"),
    ],
)
def test_operation_without_a_rule_is_refused_by_name(function: Function, operation: str) -> None:
    with pytest.raises(UnknownOperationError, match=operation):
        last(function)


def _overlapping(x: torch.Tensor) -> torch.Tensor:
    x = x.clone()
    x[:, :, 1:].mul_(x.mean((2, 3), keepdim=True))
    return x


def _exchanged(x: torch.Tensor, y: torch.Tensor) -> None:
    x.data = y


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_scripted_function_is_followed_as_the_python_that_it_was_made_from() -> None:
    blurred = torch.jit.script(_blurred)
    call = torch.jit.ScriptFunction.__call__
    assert last(lambda m, x: x + blurred(m.conv(x))).size == (7, 7)
    assert torch.jit.ScriptFunction.__call__ is call
    assert blurred(torch.ones(1, 1, 9, 9)).shape == (1, 1, 9, 9)


def _blurred(x: torch.Tensor) -> torch.Tensor:
    return F.avg_pool2d(x, 5, 1, 2)


def test_an_error_holds_what_was_followed_before() -> None:
    net = nn.Sequential(conv(3), nn.ReLU(), Forward(lambda m, x: torch.fft.fft2(x).real), conv(3))
    with pytest.raises(UnknownOperationError, match="at '2.fft_fft2'") as caught:
        receptive_field(net, 16)
    assert caught.value.so_far is not None
    assert [record.name for record in caught.value.so_far] == ["0", "1"]
    field = receptive_field(net, 16, partial=True)
    assert field["1"].size == (3, 3) and field.stopped == str(caught.value)
    assert receptive_field(net[:2], 16, partial=True).stopped is None


def test_writing_into_a_part_of_the_channels_is_followed() -> None:
    def half(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        x = m.conv(x)
        x[:, :1].add_(F.conv2d(x[:, 1:].clone(), torch.ones(1, 1, 5, 5), padding=2))
        return x.relu()

    def listed(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        out = torch.zeros_like(x)
        out[:, 0], out[:, 1] = x[:, 1], m.conv(x)[:, 0]
        return out.relu()

    assert last(half).size == (7, 7)
    assert last(listed).size == (3, 3)


def test_net_that_decides_by_values_cannot_be_traced() -> None:
    def decide(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return m.conv(x) if x.sum() > 0 else x

    with pytest.raises(ReceptiveFieldError, match="at 'bool': Forward reads the values.*cannot be traced"):
        last(decide)


def test_output_that_does_not_follow_from_the_input_is_an_error() -> None:
    with pytest.raises(ReceptiveFieldError, match="could not be followed back"):
        last(lambda m, x: torch.ones(1, 2, 3, 3))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripted_module_is_named() -> None:
    net = nn.Sequential(conv(1), torch.jit.script(nn.ReLU()))
    with pytest.raises(ReceptiveFieldError, match="module '1' is scripted: its operations cannot be traced"):
        receptive_field(net, 8)


def test_pooling_that_also_gives_its_indices_has_a_record() -> None:
    class Indices(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = nn.MaxPool2d(2, return_indices=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.pool(x)[0]

    assert receptive_field(Indices(), 8)["pool"].size == (2, 2)


def test_graph_module_of_fx_has_the_fields_of_its_net() -> None:
    net = nn.Sequential(Branches(conv(3, 1, 1), conv(1)), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32, 2))
    traced, own = receptive_field(torch.fx.symbolic_trace(net), 8), receptive_field(net, 8)
    for name in ("0.left", "1", "3"):
        assert traced[name] == own[name]
        assert traced[name].unit() == own[name].unit()
        assert (traced[name].size, traced[name].padding) == (own[name].size, own[name].padding)


def test_error_in_the_forward_pass_is_named_with_its_module() -> None:
    class Fails(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise KeyError("lost")

    with pytest.raises(ReceptiveFieldError, match="Sequential cannot be traced: KeyError in '1'"):
        receptive_field(nn.Sequential(conv(1), Fails()), 16)


def test_input_too_small_names_the_layer_and_the_sizes() -> None:
    net = nn.Sequential(conv(3, 2), nn.MaxPool2d(2), conv(3))
    with pytest.raises(ReceptiveFieldError, match=r"at '2': conv2d cannot take maps of 2×1×1; .* 6×7 is too small"):
        receptive_field(net, (6, 7))
    for size in (0, 2.5, "28", (28.0, 28), (8, 8, 8)):
        with pytest.raises(ReceptiveFieldError, match=rf"input_size={re.escape(repr(size))}: allowed is one integer"):
            receptive_field(net, size)
    with pytest.raises(ReceptiveFieldError, match=r"no rows"):
        receptive_field([])
    with pytest.raises(ReceptiveFieldError, match=r"these rows are sized for 28×28"):
        receptive_field(layers(NetConfig()), 32)


@pytest.mark.parametrize("net", ["resnet50", None, [nn.Conv2d(1, 1, 3)]])
def test_what_is_no_net_is_named(net: Any) -> None:
    with pytest.raises(ReceptiveFieldError, match=rf"net={re.escape(repr(net))}: allowed is a torch module"):
        receptive_field(net, 28)


def test_a_compiled_net_is_followed_as_it_was_written() -> None:
    class Compiled(nn.Module):
        """As torch.compile wraps a net; compiling one would take seconds."""

        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self._orig_mod = net

    net = nn.Sequential(conv(3), nn.ReLU(), conv(5))
    assert receptive_field(Compiled(net), 28)["2"] == receptive_field(net, 28)["2"]


def test_a_batch_norm_for_other_channels_does_not_pass() -> None:
    with pytest.raises(ReceptiveFieldError, match="at '1': batch_norm cannot take maps of 2×8×8"):
        receptive_field(nn.Sequential(conv(1), nn.BatchNorm2d(3)), 8)


def test_wrong_channels_are_an_error_and_can_be_given() -> None:
    net = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(5, 1, 1))
    assert receptive_field(net, 8)["1"].size == (2, 2)
    with pytest.raises(ReceptiveFieldError, match="at '1': conv2d cannot take maps of 3×4×4"):
        receptive_field(net, 8, channels=3)


def test_unknown_layer_offers_the_nearest() -> None:
    field = receptive_field(nn.Sequential(conv(1), nn.ReLU()), 8)
    named = receptive_field(build(NetConfig()), 28)
    with pytest.raises(UnknownLayerError, match="unknown layer 'conv': did you mean 'conv4' or 'conv3'"):
        named["conv"]
    with pytest.raises(KeyError, match="unknown layer 'features': known: 0, 1$"):
        field["features"]
    with pytest.raises(IndexError, match=r"layer 'conv4' has no unit in column 12: columns 0 to 11"):
        named["conv4"].unit(0, 12)


def test_module_called_twice_has_a_record_for_each_call() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.act = conv(3), nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.conv(self.act(self.conv(x))))

    field = receptive_field(nn.Sequential(Twice(), conv(1)), 16)
    assert [record.name for record in field] == ["0.conv#1", "0.act#1", "0.conv#2", "0.act#2", "1"]
    assert field["0.conv#1"].size == (3, 3)
    assert field["0.conv"].size == field["0.act"].size == field["0"].size == (5, 5)


def test_functional_calls_are_named_by_the_module_they_are_in() -> None:
    field = receptive_field(nn.Sequential(Branches(conv(3, 1, 1), nn.Identity())), 8)
    assert [record.name for record in field] == ["0.left", "0.right", "0.add"]
    assert isinstance(field, ReceptiveField) and len(field) == 3 and "0.add" in field and "add" not in field


def test_net_is_left_as_it_was() -> None:
    net = nn.Sequential(conv(3), nn.BatchNorm2d(2), nn.Dropout()).train()
    net[2].eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    receptive_field(net, 8)
    assert [module.training for module in net] == [True, True, False]
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


def test_half_precision_and_meta_nets_are_followed() -> None:
    assert receptive_field(conv(3).half(), 8).input_size == (8, 8)
    with torch.device("meta"):
        net = nn.Sequential(conv(3), nn.Linear(6, 6))
    assert receptive_field(net, 8)["1"].size == (3, 8)


def test_importing_the_package_imports_no_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from s6core.receptive import fields, receptive_field; from s6core.config import NetConfig; "
        "receptive_field(NetConfig()); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_kernel_larger_than_the_maps_of_a_signal_is_named() -> None:
    net = nn.Sequential(nn.Conv1d(1, 1, 3), nn.Conv1d(1, 1, 5, dilation=2))
    with pytest.raises(
        ReceptiveFieldError, match="at '1': conv1d cannot take maps of 1×6; the input size 8 is too small"
    ):
        receptive_field(net, 8)


class Beside(nn.Module):
    """A 3×3 and a 7×7 convolution side by side, four channels each, and a function of both."""

    def __init__(self, function: Callable[[Any, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.small, self.large = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 7, padding=3)
        self.each, self.pairs = nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self, torch.cat([self.small(x), self.large(x)], 1))


def overwritten(net: Any, x: torch.Tensor) -> torch.Tensor:
    x = x.clone()
    x[:, 4:] = x[:, :4]
    return x


CHANNELS: dict[str, tuple[Callable[[Any, torch.Tensor], torch.Tensor], int]] = {
    "slice": (lambda m, x: x[:, :4].relu(), 3),
    "slice across": (lambda m, x: x[:, 2:5].relu(), 7),
    "chunk": (lambda m, x: x.chunk(2, 1)[0].relu(), 3),
    "every second": (lambda m, x: x.view(1, 2, 4, 16, 16).transpose(1, 2).reshape(1, 8, 16, 16)[:, ::2].relu(), 3),
    "channel shuffle": (lambda m, x: F.channel_shuffle(x, 2)[:, ::2].relu(), 3),
    "depthwise": (lambda m, x: m.each(x)[:, :4], 5),
    "grouped": (lambda m, x: m.pairs(x).relu()[:, 1:2], 5),
    "pooling": (lambda m, x: F.max_pool2d(x, 2)[:, :4], 4),
    "resizing": (lambda m, x: F.interpolate(x, scale_factor=2)[:, :4], 3),
    "mirrored": (lambda m, x: (x * x.flip(1))[:, :2], 7),
    "softmax": (lambda m, x: x.softmax(1)[:, :2], 7),
    "stack": (lambda m, x: torch.stack(x.chunk(2, 1))[0].relu(), 3),
    "beside zeros": (lambda m, x: torch.cat([x[:, :4], torch.zeros_like(x)], 1), 3),
    "space to depth": (lambda m, x: F.pixel_unshuffle(x[:, :4], 2)[:, ::4].relu(), 3),
    "written over": (overwritten, 3),
    "a mean added": (lambda m, x: (x[:, 3:5].mean(1, keepdim=True) + x)[:, :4], 7),
    "masked": (lambda m, x: x[:, torch.arange(8) < 4].relu(), 3),
    "transposed and back": (lambda m, x: x.movedim(1, -1)[..., :4].movedim(-1, 1).relu(), 3),
    "mean of pairs": (lambda m, x: x.view(1, 4, 2, 16, 16).mean(2)[:, :2], 3),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANNELS)
def test_channels_that_see_differently_are_told_apart(name: str) -> None:
    function, size = CHANNELS[name]
    record = receptive_field(Beside(function), 16)[-1]
    assert (record.size, record.at_most_by) == ((size, size), ())


def test_channels_that_cannot_be_told_apart_are_an_upper_bound_until_all_are_joined_and_after_a_selection() -> None:
    def columns(net: Any, x: torch.Tensor) -> torch.Tensor:
        return F.unfold(x, 3, padding=1).view(1, 72, 16, 16)

    picked = receptive_field(Beside(lambda m, x: x.gather(1, torch.zeros(1, 2, 16, 16, dtype=torch.int64)).relu()), 16)
    summed = receptive_field(Beside(lambda m, x: x.cumsum(1)[:, :4].relu()), 16)
    assert picked[-1].size == summed[-1].size == (7, 7) and picked[-1].is_upper_bound and summed[-1].is_upper_bound
    grouped = receptive_field(
        Beside(lambda m, x: F.conv2d(columns(m, x), torch.ones(72, 1, 1, 1), groups=72)[:, :9].relu()), 16
    )
    assert grouped[-1].is_upper_bound
    assert not receptive_field(Beside(columns), 16)[-1].is_upper_bound
    chosen = receptive_field(Beside(lambda m, x: columns(m, x)[:, :9].relu()), 16)[-1]
    assert (chosen.size, chosen.at_most_by) == ((9, 9), ("getitem",))
    assert repr(chosen).endswith("an upper bound)") and chosen.is_upper_bound
