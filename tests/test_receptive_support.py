"""The formulas against an independent probe: what a unit depends on, found by differentiating random nets."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import get_model

from s6core.receptive import Box, receptive_field, support

CHANNELS = 4
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


class Residual(nn.Module):
    """Two branches whose kernels differ and whose centres agree."""

    def __init__(self, a: nn.Module, b: nn.Module, join: str) -> None:
        super().__init__()
        self.a, self.b, self.join = a, b, join
        self.mix = nn.Conv2d(2 * CHANNELS, CHANNELS, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.a(x), self.b(x)
        return a + b if self.join == "add" else self.mix(torch.cat([a, b], 1))


class Crop(nn.Module):
    def __init__(self, top: int, left: int, step: int) -> None:
        super().__init__()
        self.top, self.left, self.step = top, left, step

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[..., self.top :, self.left :: self.step]


def conv(draw: random.Random) -> nn.Module:
    kernel = (draw.randint(1, 7), draw.randint(1, 7))
    stride, dilation = ((draw.choice((1, 1, 2, 3)), draw.choice((1, 1, 2))) for _ in range(2))
    padding = tuple(draw.randint(0, k) for k in kernel)
    groups = draw.choice((1, 2, CHANNELS))
    return nn.Conv2d(CHANNELS, CHANNELS, kernel, stride, padding, dilation, groups=groups)


def same(draw: random.Random) -> nn.Module:
    kernel = (draw.randint(1, 6), draw.randint(1, 6))  # even ones too: torch pads one more behind
    return nn.Conv2d(CHANNELS, CHANNELS, kernel, padding="same", dilation=draw.randint(1, 2))


def pool(draw: random.Random) -> nn.Module:
    kernel = (draw.randint(1, 4), draw.randint(1, 4))
    padding = tuple(draw.randint(0, k // 2) for k in kernel)
    stride, ceil = draw.randint(1, 3), draw.random() < 0.5
    if draw.random() < 0.5:
        return nn.AvgPool2d(kernel, stride, padding, ceil_mode=ceil)
    return nn.MaxPool2d(kernel, stride, padding, dilation=draw.choice((1, 1, 2)), ceil_mode=ceil)


def pad(draw: random.Random) -> nn.Module:
    kind = draw.choice((nn.ZeroPad2d, nn.ZeroPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.CircularPad2d))
    return kind(tuple(draw.randint(0, 2) for _ in range(4)))


def branches(draw: random.Random) -> nn.Module:
    stride, join = draw.choice((1, 2)), draw.choice(("add", "cat"))
    arms = []
    for _ in range(2):
        half, dilation = (draw.randint(0, 3), draw.randint(0, 3)), draw.choice((1, 1, 2))
        kernel = tuple(2 * n + 1 for n in half)
        padding = tuple(dilation * n for n in half)
        arms.append(nn.Conv2d(CHANNELS, CHANNELS, kernel, stride, padding, dilation))
    if stride == 1 and draw.random() < 0.5:
        arms[1] = nn.Identity()
    return Residual(*arms, join)


def up(draw: random.Random) -> nn.Module:
    factor = draw.choice((2, 3))
    mode = draw.choice(("nearest", "bilinear", "transposed", "shuffle"))
    if mode == "transposed":
        kernel, padding = draw.randint(factor, 5), draw.randint(0, 1)
        return nn.ConvTranspose2d(CHANNELS, CHANNELS, kernel, factor, padding, output_padding=draw.randint(0, 1))
    if mode == "shuffle":
        return nn.Sequential(nn.PixelShuffle(2), nn.Conv2d(CHANNELS // 4, CHANNELS, 1))
    return nn.Upsample(scale_factor=factor, mode=mode)


def crop(draw: random.Random) -> nn.Module:
    return Crop(draw.randint(0, 2), draw.randint(0, 2), draw.randint(1, 2))


def dressed(draw: random.Random) -> nn.Module:
    return draw.choice((nn.ReLU(inplace=True), nn.BatchNorm2d(CHANNELS), nn.Dropout(0.5), nn.Hardswish(), nn.Tanh()))


def adaptive(draw: random.Random) -> nn.Module:
    kind = draw.choice((nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d))
    return kind((draw.randint(1, 5), draw.randint(1, 5)))


STAGES = [conv, conv, conv, same, pool, pool, pad, branches, branches, dressed, crop, up]


def random_net(draw: random.Random, size: tuple[int, int]) -> nn.Sequential:
    """Return a net of up to seven stages whose maps stay between 1 and 60 units long."""
    stages: list[nn.Module] = [nn.Conv2d(1, CHANNELS, draw.randint(1, 3), padding=draw.randint(0, 1))]
    x = stages[0](torch.zeros(1, 1, *size))
    for _ in range(draw.randint(2, 6)):
        stage = draw.choice(STAGES)(draw)
        try:
            output = stage.eval()(x)
        except (RuntimeError, ValueError):
            continue  # it does not fit into maps this small
        if min(output.shape[2:]) >= 1 and max(output.shape[2:]) <= 60:
            stages.append(stage)
            x = output
    if draw.random() < 0.15:
        stages.append(adaptive(draw))
    return nn.Sequential(*stages)


def bounding_box(pixels: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    if not len(rows):
        return Box(0, 0, 0, 0)
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


@pytest.mark.parametrize("seed", range(240))
def test_random_net_agrees_with_probe(seed: int) -> None:
    draw = random.Random(seed)
    torch.manual_seed(seed)
    size = (draw.randint(12, 40), draw.randint(12, 40))
    net = random_net(draw, size)
    field = receptive_field(net, size)
    name = str(len(net) - 1)
    last = field[name]
    height, width = last.units
    units = {(0, 0), (height - 1, width - 1), (height // 2, width // 2)}
    units.add((draw.randrange(height), draw.randrange(width)))
    for unit in units:
        seen = last.unit(*unit)
        assert bounding_box(support(net, name, unit, input_size=size)) == seen.clipped, (net, unit)
        box = seen.unclipped
        assert box.size[0] <= last.size[0] and box.size[1] <= last.size[1]
        inside = min(box.top, box.left) >= 0 and box.bottom <= size[0] and box.right <= size[1]
        replicates = any(isinstance(m, nn.ReflectionPad2d | nn.ReplicationPad2d | nn.CircularPad2d) for m in net)
        if inside and not seen.clipped.empty and not replicates and not any(isinstance(m, Crop) for m in net):
            assert seen.clipped.top >= box.top and seen.clipped.bottom <= box.bottom


@pytest.mark.parametrize("seed", range(40))
def test_an_inner_unit_sees_exactly_its_size(seed: int) -> None:
    """Far from every border there is nothing to clip: the probe finds the size and the place that the numbers give."""
    draw = random.Random(1000 + seed)
    torch.manual_seed(seed)
    stages: list[nn.Module] = [nn.Conv2d(1, CHANNELS, 1)]
    for _ in range(draw.randint(1, 3)):
        kernel = (draw.randint(1, 5), draw.randint(1, 5))
        stages.append(nn.Conv2d(CHANNELS, CHANNELS, kernel, draw.choice((1, 2)), (kernel[0] // 2, kernel[1] // 2)))
        stages.append(draw.choice((nn.ReLU(), nn.MaxPool2d(2), nn.MaxPool2d(3, 1, 1))))
    net, name = nn.Sequential(*stages), str(len(stages) - 1)
    last = receptive_field(net, (120, 120))[name]
    unit = (last.units[0] // 2, last.units[1] // 2)
    box = bounding_box(support(net, name, unit, input_size=(120, 120)))
    assert box == last.unit(*unit).unclipped
    assert box.size == last.size
    for side, (first, after) in enumerate(((box.top, box.bottom), (box.left, box.right))):
        centre = -last.padding[side] + unit[side] * last.stride[side] + (last.size[side] - 1) / 2
        assert (first + after - 1) / 2 == centre


def test_dilated_kernel_leaves_holes_that_the_box_spans() -> None:
    net = nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2))
    pixels = support(net, "0", (2, 2), input_size=9)
    assert pixels.sum() == 9
    assert bounding_box(pixels) == Box(2, 2, 7, 7) == receptive_field(net, 9)["0"].unit(2, 2).unclipped


def test_pixels_left_out_before_are_not_in_the_clipped_box() -> None:
    """A 3×3 window with stride 2 never reaches the last of 28 pixels; padding behind it does not bring it back."""
    net = nn.Sequential(nn.MaxPool2d(3, 2), nn.Conv2d(1, 1, 3, padding=1))
    seen = receptive_field(net, 28)["1"].unit(12, 12)
    assert seen.unclipped == Box(22, 22, 29, 29)
    assert seen.clipped == Box(22, 22, 27, 27) == bounding_box(support(net, "1", (12, 12), input_size=28))


@pytest.mark.parametrize(
    "layer",
    [nn.GroupNorm(2, CHANNELS), nn.LayerNorm([CHANNELS, 9, 9]), nn.InstanceNorm2d(CHANNELS)],
    ids=lambda m: type(m).__name__,
)
def test_a_norm_over_positions_is_marked_and_global_in_truth(layer: nn.Module) -> None:
    net = nn.Sequential(nn.Conv2d(1, CHANNELS, 3, padding=1), layer, nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1))
    field = receptive_field(net, 9)
    assert not field["0"].is_global
    assert field["1"].global_by == field["2"].global_by == ("1",)
    assert field["2"].size == (5, 5)
    assert support(net, "2", (0, 0), input_size=9).all()
    assert not support(net, "0", (0, 0), input_size=9).all()


def test_batch_norm_is_local_in_eval_mode_whatever_mode_the_net_is_in() -> None:
    net = nn.Sequential(nn.Conv2d(1, CHANNELS, 3), nn.BatchNorm2d(CHANNELS)).train()
    assert not receptive_field(net, 9)["1"].is_global
    assert support(net, "1", (0, 0), input_size=9).sum() == 9
    assert net[1].training and net[1].num_batches_tracked == 0
    batch = nn.Sequential(nn.Conv2d(1, CHANNELS, 3), nn.BatchNorm2d(CHANNELS, track_running_stats=False))
    assert receptive_field(batch, 9)["1"].global_by == ("1",)


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "squeezenet1_0"])
def test_a_poisoned_row_reaches_the_units_that_see_it_and_no_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second probe, of the real nets as they are: a row of pixels that are no numbers makes numbers of none above."""
    torch.manual_seed(0)
    net, size = (
        get_model(name, weights=None, **({"init_weights": False} if name == "googlenet" else {})).eval(),
        (75, 99),
    )
    field = receptive_field(net, size)
    slides = [record for record in field if record.op in ("Conv2d", "MaxPool2d") and record.units != (1, 1)]
    asked = {record.name: record for record in [*slides[::5], slides[-1]]}
    modules, poisoned = dict(net.named_modules()), {}
    for layer in asked:
        modules[layer].register_forward_hook(
            lambda _module, _args, output, layer=layer: poisoned.update({layer: output[0].isnan().any(0)})
        )
    # blocked convolutions work in tiles, and let what is no number pass to the whole tile
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)
    with torch.no_grad():
        for side, pixel in ((0, 0), (0, 37), (0, 74), (1, 1), (1, 50), (1, 97)):
            image = torch.rand(1, 3, *size)
            image.select(2 + side, pixel).fill_(torch.nan)
            net(image)
            for layer, record in asked.items():
                boxes = [
                    record.unit(*(i if s == side else 0 for s in (0, 1))).clipped for i in range(record.units[side])
                ]
                ends = [(box.top, box.bottom) if side == 0 else (box.left, box.right) for box in boxes]
                expected = [first <= pixel < after for first, after in ends]
                assert poisoned[layer].any(1 - side).tolist() == expected, (layer, side, pixel)


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("seed", range(6))
def test_signals_and_volumes_agree_with_the_probe(rank: int, seed: int) -> None:
    draw = random.Random(seed)
    conv, pool, average = (getattr(nn, f"{name}{rank}d") for name in ("Conv", "MaxPool", "AdaptiveAvgPool"))
    size = tuple(draw.randint(12, 15) for _ in range(rank))
    net = nn.Sequential(
        conv(2, 3, draw.randint(1, 3), padding=draw.randint(0, 1)), nn.ReLU(), pool(2, draw.randint(1, 2)),
        conv(3, 3, tuple(draw.randint(1, 3) for _ in range(rank)), dilation=draw.randint(1, 2)), average(2),
    )  # fmt: skip
    field = receptive_field(net, size)
    for name in ("2", "3", "4"):
        unit = tuple(draw.randrange(n) for n in field[name].units)
        pixels = support(net, name, unit, input_size=size)
        assert pixels.shape == size
        hull = [(int(n.min()), int(n.max()) + 1) for n in np.nonzero(pixels)]
        assert Box(*(a for a, _ in hull), *(b for _, b in hull)) == field[name].unit(*unit).clipped, (net, name, unit)
