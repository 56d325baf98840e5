"""The effective receptive field, on nets whose gradients are known by hand."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest
import torch
from torch import nn

from s6core.config import NetConfig
from s6core.net import build
from s6core.receptive import Box, UnknownLayerError, effective_receptive_field, receptive_field


def ones(k: int, channels: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(channels, channels, k, padding=k // 2, bias=False, groups=channels)
    nn.init.ones_(conv.weight)
    return conv


def test_one_kernel_of_ones_is_an_even_square() -> None:
    found = effective_receptive_field(nn.Sequential(ones(3)), torch.rand(4, 1, 9, 9), "0")
    assert found.unit == (4, 4) and found.images == 4
    assert found.box == Box(3, 3, 6, 6)
    expected = np.zeros((9, 9))
    expected[3:6, 3:6] = 1
    assert np.allclose(found.gradient, expected)
    assert found.area == pytest.approx(9)
    assert found.radius == pytest.approx(sqrt(9 / pi))
    assert found.inside == 1 and found.fill == pytest.approx(1)


def test_two_kernels_of_ones_weigh_the_middle_more() -> None:
    """Their product is the pyramid 1, 2, 3, 2, 1 along each axis: (Σg)²/Σg² = (9²)²/19² pixels of 25."""
    found = effective_receptive_field(nn.Sequential(ones(3), ones(3)), torch.rand(2, 1, 11, 11), "1")
    pyramid = np.array([1, 2, 3, 2, 1])
    assert np.allclose(found.gradient[3:8, 3:8], np.outer(pyramid, pyramid))
    assert found.area == pytest.approx(81**2 / 19**2)
    assert found.fill == pytest.approx(81**2 / 19**2 / 25)


def test_radius_of_a_deep_linear_net_is_two_sigma() -> None:
    """Thirty 3×3 kernels of ones tend to a Gaussian of variance 30·2/3 pixels; the box is 61 wide (Luo et al., §2)."""
    net = nn.Sequential(*(ones(3) for _ in range(30))).double()
    with torch.no_grad():
        for conv in net:
            conv.weight /= 9
    found = effective_receptive_field(net, torch.rand(1, 1, 81, 81), "29")
    assert found.radius == pytest.approx(2 * sqrt(30 * 2 / 3), rel=0.02)
    assert found.box.size == (61, 61)
    assert found.fill < 0.1


def test_average_over_images_is_the_root_mean_square() -> None:
    """Half of a gradient that is there for one image in four: a ReLU that three images leave at rest."""
    net = nn.Sequential(ones(1), nn.ReLU())
    images = torch.tensor([1.0, -1, -1, -1]).view(4, 1, 1, 1).expand(4, 1, 3, 3)
    assert effective_receptive_field(net, images, "1").gradient[1, 1] == pytest.approx(0.5)


def test_channels_do_not_cancel_and_one_can_be_chosen() -> None:
    """Two maps of opposite sign see the pixel with gradients 3 and −3: √18 together, 3 alone."""
    conv = nn.Conv2d(1, 2, 1, bias=False)
    with torch.no_grad():
        conv.weight[:] = torch.tensor([3.0, -3.0]).view(2, 1, 1, 1)
    net, images = nn.Sequential(conv), torch.rand(400, 1, 3, 3)
    assert effective_receptive_field(net, images, "0").gradient[1, 1] == pytest.approx(sqrt(18), rel=0.15)
    assert effective_receptive_field(net, images, "0", channel=1).gradient[1, 1] == pytest.approx(3)


def test_a_global_norm_puts_gradient_outside_the_box() -> None:
    torch.manual_seed(0)
    images = torch.rand(8, 1, 28, 28)
    local = effective_receptive_field(build(NetConfig()), images, "conv4", (0, 5))
    spread = effective_receptive_field(build(NetConfig(norm="group")), images, "conv4", (0, 5))
    assert local.box == spread.box == Box(0, 7, 9, 19)
    assert local.inside == 1
    assert 0 < spread.inside < 1


def test_logit_depends_on_the_whole_image_and_less_on_its_border() -> None:
    torch.manual_seed(0)
    found = effective_receptive_field(build(NetConfig()), torch.rand(32, 1, 28, 28), "logit-vector", channel=3)
    assert found.box == Box(0, 0, 28, 28)
    assert found.gradient[10:18, 10:18].mean() > 2 * found.gradient[0].mean()


def test_same_seed_same_answer_and_the_net_is_left_alone() -> None:
    net = build(NetConfig()).train()
    images = torch.rand(3, 1, 28, 28)
    state = {name: value.clone() for name, value in net.state_dict().items()}
    a, b = (effective_receptive_field(net, images, "conv3", seed=7).gradient for _ in range(2))
    assert np.array_equal(a, b)
    assert all(module.training for module in net.modules())
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters()) and not images.requires_grad


def test_only_pixels_of_the_theoretical_field_have_a_gradient() -> None:
    torch.manual_seed(1)
    net = build(NetConfig(channels=(4, 4, 4), kernel=(5, 3, 3), dilation=(1, 2, 1), pool_after=(1,)))
    box = receptive_field(net, 28)["conv3"].unit(3, 4).clipped
    found = effective_receptive_field(net, torch.rand(16, 1, 28, 28), "conv3", (3, 4))
    outside = found.gradient.copy()
    outside[box.slices] = 0
    assert found.box == box and not outside.any() and found.gradient.any()


def test_wrong_names_and_units() -> None:
    net, images = build(NetConfig()), torch.rand(1, 1, 28, 28)
    with pytest.raises(UnknownLayerError, match="unknown layer 'conv5': did you mean 'conv4'"):
        effective_receptive_field(net, images, "conv5")
    with pytest.raises(IndexError, match="layer 'conv4' has no unit in row 12: rows 0 to 11"):
        effective_receptive_field(net, images, "conv4", (12, 0))
    with pytest.raises(IndexError, match="layer 'logits' has no channel 10: channels 0 to 9"):
        effective_receptive_field(net, images, "logits", channel=10)


@pytest.mark.parametrize("rank", [1, 3])
def test_a_signal_and_a_volume_have_an_effective_field(rank: int) -> None:
    conv = getattr(nn, f"Conv{rank}d")(1, 1, 3, padding=1, bias=False)
    nn.init.ones_(conv.weight)
    found = effective_receptive_field(nn.Sequential(conv), torch.rand(2, 1, *(7,) * rank), "0")
    assert found.unit == (3,) * rank and found.gradient.shape == (7,) * rank
    assert found.area == pytest.approx(3**rank) and found.fill == pytest.approx(1) and found.inside == 1
    with pytest.raises(IndexError, match="has no unit in"):
        effective_receptive_field(nn.Sequential(conv), torch.rand(1, 1, *(7,) * rank), "0", (7,) * rank)
