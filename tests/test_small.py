"""Small nets written as a line: their layers, their sizes, and weights that are used more than once."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from experiments import small
from s6core.config import ConfigError, NetConfig, from_dict
from s6core.layers import layers, parameters
from s6core.net import build


def config(line: str) -> NetConfig:
    return from_dict(NetConfig, small.net(line))


@pytest.mark.parametrize(
    ("line", "total"),
    [  # counted by hand, and as the plan's probes have them
        ("v8 p s16 s16 s16 s16 p s16 s16", 2_650),
        ("v8 p s16 s16 s16 p s16 s16", 2_218),
        ("v8 v8 p v12 v12 p x16", 3_282),
        ("v6 p s12 s12 p s12 s12", 1_174),
        ("v8 p s16 s16 r r r p r r", 2_650 - 4 * 400 + 32),  # four separable blocks fewer, one more norm
    ],
)
def test_a_line_is_a_net_of_the_size_that_was_counted(line: str, total: int):
    assert parameters(layers(config(line))) == sum(p.numel() for p in build(config(line)).parameters()) == total


def test_a_repeated_block_has_the_same_weights_and_a_norm_of_its_own():
    net = build(config("v8 p s16 s16 r p r"), seed=1)
    assert net.conv3 is net.conv4 is net.conv5 and net.depthwise3 is net.depthwise5
    assert net.norm3 is not net.norm4
    first = net(torch.zeros(2, 1, 28, 28)).sum()
    first.backward()
    assert net.conv3.weight.grad is net.conv5.weight.grad


def test_a_convolution_of_another_size_or_geometry_cannot_be_shared():
    with pytest.raises(ConfigError, match="layer conv2: shared=2 needs the same convolution in block 1"):
        layers(NetConfig(shared=(2,)))
    with pytest.raises(ConfigError, match="layer conv4: shared=4 needs the same convolution in block 3"):
        layers(NetConfig(channels=(8, 8, 8, 8), shared=(4,)))  # auto pads block 3, which is pooled, and not block 4
    with pytest.raises(ConfigError, match="block 1 has none before it"):
        NetConfig(shared=(1,))


@pytest.mark.parametrize("line", ["q8", "v8 9", "r", "p v8", "v"])
def test_an_odd_word_is_named(line: str):
    with pytest.raises(ValueError, match="allowed are c8, v8, s8 or x8"):
        small.net(line)


def test_each_budget_takes_the_best_on_validation_and_the_smaller_of_equals():
    rows = [
        ("a", 700, 98.0),
        ("b", 1_400, 99.0),
        ("c", 2_400, 98.9),
        ("d", 2_900, 99.2),
        ("e", 2_800, 99.2),
        ("f", 4_000, 99.9),
    ]
    runs = pd.DataFrame(rows, columns=["variant", "parameters", "validation_accuracy"])
    assert small.chosen(runs) == {1_000: "a", 1_500: "b", 2_500: "b", 3_000: "e"}
    assert 1_000 not in small.chosen(runs[runs["parameters"] > 1_000])
