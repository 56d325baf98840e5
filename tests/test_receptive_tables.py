"""The records as tables, nets of one and three axes, and what is said where something does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from s6core.config import NetConfig
from s6core.receptive import Box, ReceptiveFieldError, receptive_field


def test_a_field_says_its_numbers() -> None:
    field = receptive_field(nn.Sequential(nn.Conv2d(1, 2, (3, 5), 2, 1), nn.Upsample(scale_factor=2)), 16)
    assert repr(field[0]) == "Field('0', Conv2d, size=3×5, stride=2, padding=1, output=2×8×7)"
    assert repr(field[1]) == "Field('1', Upsample, size=3×5, stride=1, padding=1.5, phases=2, output=2×16×14)"
    marked = receptive_field(NetConfig(norm="group"))["norm1"]
    assert repr(marked).endswith("output=8×28×28, global_by=1 layers)")
    assert repr(field) == "<ReceptiveField of 2 layers on 16×16 pixels>"


def test_a_frame_has_a_number_per_axis() -> None:
    frame = receptive_field(nn.Sequential(nn.Conv2d(1, 2, (3, 5)), nn.Upsample(scale_factor=2)), 16).to_frame()
    assert frame["layer"].tolist() == ["0", "1"]
    assert frame.loc[1, ["size_v", "size_h", "stride_v", "padding_h"]].tolist() == [3, 5, 0.5, 0.25]
    assert frame["regular"].tolist() == [True, False]
    signal = receptive_field(nn.Sequential(nn.Conv1d(1, 2, 3)), 16).to_frame()
    assert signal[["size", "units"]].values.tolist() == [[3, 14]]


def test_a_notebook_shows_every_layer_and_escapes_names() -> None:
    field = receptive_field(nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2)), 16)
    html = field._repr_html_()
    assert html.count("<tr>") == 3 and "<td>GroupNorm</td>" in html and "<td>yes</td>" in html
    assert "<caption>ReceptiveField of 2 layers on 16×16 pixels</caption>" in html
    stopped = receptive_field(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(5, 1, 1)), 16, partial=True)
    assert "stopped at &#x27;1&#x27;" in stopped._repr_html_()


def test_a_net_for_signals_has_one_axis() -> None:
    """WaveNet's causal, dilated windows of two: each layer doubles the reach, and all of it lies before the unit."""
    layers = [nn.Sequential(nn.ConstantPad1d((d, 0), 0), nn.Conv1d(1, 1, 2, dilation=d)) for d in (1, 2, 4, 8)]
    field = receptive_field(nn.Sequential(*layers), 64)
    assert [field[str(i)].size for i in range(4)] == [(2,), (4,), (8,), (16,)]
    assert field["3"].unit(20).clipped == Box(5, 21) and field["3"].unit(3).clipped == Box(0, 4)
    with pytest.raises(IndexError, match="no unit in place 64: places 0 to 63"):
        field["3"].unit(64)


def test_a_net_for_volumes_has_three_axes() -> None:
    net = nn.Sequential(nn.Conv3d(1, 2, (3, 5, 1), (1, 2, 1)), nn.MaxPool3d((1, 2, 2)), nn.BatchNorm3d(2))
    record = receptive_field(net, (8, 20, 6))["2"]
    assert (record.size, record.stride, record.units) == ((3, 7, 2), (1, 4, 2), (6, 4, 3))
    assert record.unit(5, 3, 2).clipped == Box(5, 12, 4, 8, 19, 6)
    assert record.unit(5, 3, 2).clipped.size == (3, 7, 2)


def test_parts_of_one_net_may_have_other_axes() -> None:
    """A picture of a sound: a strip of 1-d convolutions over what an image net averaged along its height."""

    class Strip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.along = nn.Conv2d(1, 4, 3, padding=1), nn.Conv1d(4, 2, 5, stride=2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.along(self.conv(x).mean(2))

    record = receptive_field(Strip(), (16, 40))["along"]
    assert (record.size, record.stride, record.units) == ((18, 7), (16, 2), (1, 18))


@dataclass
class Output:
    logits: torch.Tensor
    scores: dict[str, list[torch.Tensor]]


@pytest.mark.parametrize("kind", ["dataclass", "dict", "list", "object"])
def test_an_output_may_be_any_structure(kind: str) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> object:
            y = self.conv(x)
            other = type("Result", (), {})()
            other.__dict__["maps"] = y
            return {"dataclass": Output(y, {}), "dict": {"a": [y]}, "list": [None, (y, 1)], "object": other}[kind]

    assert receptive_field(Net(), 16)["conv"].size == (3, 3)


@pytest.mark.parametrize(
    ("net", "size", "message"),
    [
        (
            nn.Conv1d(1, 4, 5),
            (1, 100),
            r"input_size=\(1, 100\): allowed is one integer from 1, or \(length,\): its conv",
        ),
        (nn.Conv3d(1, 4, 3), (9, 9), r"or \(depth, height, width\): its convolutions slide along three axes"),
        (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(3, 4, 3)),
            9,
            "at '1': .*; it expects 3 channels and gets 4 channels",
        ),
        (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Conv1d(4, 4, 3)),
            9,
            "it slides along one axis, the images",
        ),
        (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4, 4)),
            9,
            "the input size 9×9 is too small .* or does",
        ),
    ],
)
def test_words_say_what_does_not_fit(net: nn.Module, size: int | tuple[int, ...], message: str) -> None:
    with pytest.raises(ReceptiveFieldError, match=message):
        receptive_field(net if isinstance(net, nn.Sequential) else nn.Sequential(net), size)


def test_the_first_convolution_may_stand_behind_what_makes_channels() -> None:
    """Space to depth of an RGB image: the first convolution takes 48 channels, the image has 3."""
    assert receptive_field(nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(48, 8, 3)), 32)["1"].size == (12, 12)


@pytest.mark.parametrize(
    ("units", "outputs"), [(7, 14), (5, 13), (13, 5), (65, 513), (3, 4), (9, 9), (12, 31), (2, 82), (3, 123)]
)
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "corners", "area", "bicubic"])
def test_resizing_reads_what_torch_reads(units: int, outputs: int, mode: str) -> None:
    """Each unit's box against the pixels of which it has a gradient, in double precision."""
    image = torch.rand(1, 1, units, 2, dtype=torch.float64, requires_grad=True)
    name = "bilinear" if mode == "corners" else mode
    corners = mode == "corners" if name in ("bilinear", "bicubic") else None

    class Resize(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.interpolate(x, (outputs, 2), mode=name, align_corners=corners)

    record = receptive_field(Resize(), (units, 2), channels=1)[-1]
    resized = Resize()(image)
    for i in range(outputs):
        (gradient,) = torch.autograd.grad(resized[0, 0, i, 0], image, retain_graph=True)
        seen = (gradient[0, 0].abs().sum(1) > 1e-12).nonzero().flatten()
        box = record.unit(i, 0).clipped
        assert (int(seen.min()), int(seen.max()) + 1) == (box.top, box.bottom), i
    if mode == "corners" and units > 1:
        assert record.stride[0] == Fraction(units - 1, outputs - 1)
