"""The net as rows: the published table, the options' geometry, and nets that an image does not allow."""

from __future__ import annotations

import re
from math import prod

import pytest
from random_configs import random_configs

from s6core.config import ConfigError, NetConfig
from s6core.layers import Layer, layers, parameters

REFERENCE = [  # as published, counted by hand: 3·3·in·out weights + out biases; 2 numbers per normalised map
    ("conv1", "conv", (8, 28, 28), 3 * 3 * 1 * 8 + 8),
    ("relu1", "relu", (8, 28, 28), 0),
    ("norm1", "batch-norm", (8, 28, 28), 16),
    ("conv2", "conv", (16, 28, 28), 1_168),
    ("relu2", "relu", (16, 28, 28), 0),
    ("norm2", "batch-norm", (16, 28, 28), 32),
    ("conv3", "conv", (32, 28, 28), 4_640),
    ("relu3", "relu", (32, 28, 28), 0),
    ("norm3", "batch-norm", (32, 28, 28), 64),
    ("pool3", "max-pool", (32, 14, 14), 0),
    ("conv4", "conv", (32, 12, 12), 9_248),
    ("relu4", "relu", (32, 12, 12), 0),
    ("norm4", "batch-norm", (32, 12, 12), 64),
    ("logits", "conv", (10, 12, 12), 330),
    ("relu-logits", "relu", (10, 12, 12), 0),
    ("norm-logits", "batch-norm", (10, 12, 12), 20),
    ("gap", "global-average", (10, 1, 1), 0),
]


def row(config: NetConfig, name: str) -> Layer:
    return next(row for row in layers(config) if row.name == name)


def ops(config: NetConfig) -> list[str]:
    return [row.op for row in layers(config)]


def test_the_reference_net_row_by_row():
    assert [(r.name, r.op, r.output, r.parameters) for r in layers(NetConfig())] == REFERENCE
    assert parameters(layers(NetConfig())) == 15_662


def test_the_reference_net_pads_before_its_pooling_only():
    convolutions = [r for r in layers(NetConfig()) if r.op == "conv"]
    assert [r.padding for r in convolutions] == [(1, 1), (1, 1), (1, 1), (0, 0), (0, 0)]
    assert [r.kernel for r in convolutions] == [(3, 3)] * 4 + [(1, 1)]
    assert row(NetConfig(), "pool3").kernel == row(NetConfig(), "pool3").stride == (2, 2)


def test_every_row_starts_from_the_shape_the_row_before_left():
    for config in random_configs(200, seed=2):
        try:
            rows = layers(config)
        except ConfigError:
            continue
        shapes = [config.image, *(r.output for r in rows)]
        assert [r.input for r in rows] == shapes[:-1]
        assert shapes[-1] == (config.classes, 1, 1)
        assert len({r.name for r in rows}) == len(rows)


@pytest.mark.parametrize(
    ("changes", "total"),
    [
        ({"norm": "none"}, 15_662 - 16 - 32 - 64 - 64 - 20),
        ({"norm": "layer"}, 15_662),
        ({"head": "max"}, 15_662),
        ({"head": "fc"}, 15_662 + (10 * 12 * 12 + 1) * 10),
        ({"head": "gap-fc"}, 15_662 + (10 + 1) * 10),
        ({"head": "conv"}, 15_662 - 330 - 20 + (32 * 12 * 12 + 1) * 10),
        ({"logit_norm": False}, 15_662 - 20),
        ({"logit_activation": False, "dropout": 0.25, "pool": "average"}, 15_662),
        ({"image": (3, 28, 28)}, 15_662 + 2 * 3 * 3 * 8),
    ],
)
def test_parameters_of_an_ablation_counted_by_hand(changes: dict, total: int):
    assert parameters(layers(NetConfig(**changes))) == total


def test_order_puts_the_norm_before_or_after_the_activation():
    assert ops(NetConfig())[:3] == ["conv", "relu", "batch-norm"]
    assert ops(NetConfig(order="conv-norm-relu"))[:3] == ["conv", "batch-norm", "relu"]


def test_logit_maps_carry_what_the_config_says():
    bare = layers(NetConfig(logit_norm=False, logit_activation=False))
    assert [r.name for r in bare[-2:]] == ["logits", "gap"]
    assert [r.name for r in layers(NetConfig(logit_norm=False))[-3:]] == ["logits", "relu-logits", "gap"]


def test_dropout_stands_after_every_block_or_after_the_last():
    everywhere = [r for r in layers(NetConfig(dropout=0.1)) if "dropout" in r.op]
    assert [r.name for r in everywhere] == ["dropout1", "dropout2", "dropout3", "dropout4"]
    last = [
        r for r in layers(NetConfig(dropout=0.1, dropout_place="last", dropout_kind="channel")) if "dropout" in r.op
    ]
    assert [(r.name, r.op, r.rate) for r in last] == [("dropout4", "channel-dropout", 0.1)]
    assert not any("dropout" in op for op in ops(NetConfig()))


def test_pooling_moves_changes_kind_and_repeats():
    assert row(NetConfig(pool="average"), "pool3").op == "average-pool"
    assert [r.name for r in layers(NetConfig(pool_after=(1, 2))) if r.op == "max-pool"] == ["pool1", "pool2"]
    strided = NetConfig(pool="stride")
    assert "max-pool" not in ops(strided)
    assert row(strided, "conv3").stride == (2, 2) and row(strided, "conv3").output == (32, 14, 14)
    assert row(NetConfig(pool="none"), "logits").output == (10, 28, 28)  # "same" all the way where nothing pools


def test_dilation_widens_a_kernel_and_its_same_padding():
    dilated = NetConfig(pool="none", dilation=(1, 1, 1, 2))
    assert (row(dilated, "conv4").padding, row(dilated, "conv4").output) == ((2, 2), (32, 28, 28))
    assert row(NetConfig(padding=0, dilation=2), "conv1").output == (8, 24, 24)


def test_group_norm_takes_the_greatest_common_divisor_where_groups_do_not_divide():
    rows = [r for r in layers(NetConfig(norm="group", norm_groups=4, classes=10)) if r.op == "group-norm"]
    assert [r.groups for r in rows] == [4, 4, 4, 4, 2]


def test_a_full_size_convolution_has_the_kernel_of_its_maps_on_any_image():
    full = row(NetConfig(head="conv", image=(1, 30, 20)), "full-conv")
    assert full.kernel == full.input[1:] == (13, 8)
    assert full.parameters == (prod(full.input) + 1) * 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"image": (1, 4, 28)},
            "layer conv4: a window of 3 does not fit into maps of height 2 with padding 0; "
            "allowed is a larger image, a smaller kernel or dilation, fewer poolings or more padding",
        ),
        ({"image": (1, 28, 4)}, "layer conv4: a window of 3 does not fit into maps of width 2 with padding 0"),
        ({"padding": 0, "kernel": (3, 29, 3, 3)}, "layer conv2: a window of 29 does not fit into maps of height 26"),
        ({"padding": 0, "kernel": 9, "dilation": 4}, "layer conv1: a window of 33 does not fit into maps of height 28"),
        ({"padding": 1, "pool_after": (1, 2, 3, 4), "image": (1, 8, 8)}, "layer pool4: a window of 2 does not fit"),
        (
            {"norm": "instance", "image": (1, 2, 2), "padding": 1},
            "layer norm4: norm='instance' has nothing to normalise in maps of 1 × 1; allowed is another norm",
        ),
    ],
)
def test_a_net_that_the_image_does_not_allow_names_the_layer(changes: dict, message: str):
    with pytest.raises(ConfigError, match=re.escape(message)):
        layers(NetConfig(**changes))


def test_a_separable_block_is_one_kernel_per_channel_and_then_1x1():
    # 3×3 to 8 without padding, pooled, separable to 16: the first of the nets in the small-net search
    config = NetConfig(
        channels=(8, 16), separable=(2,), bias=False, padding=(0, 1), pool_after=(1,), order="conv-norm-relu",
        logit_activation=False, logit_norm=False,
    )  # fmt: skip
    rows = {r.name: r for r in layers(config)}
    assert (rows["depthwise2"].groups, rows["depthwise2"].parameters) == (8, 8 * 9)
    assert (rows["conv2"].kernel, rows["conv2"].parameters) == ((1, 1), 8 * 16)
    assert rows["conv2"].output == (16, 13, 13)
    assert parameters(layers(config)) == 72 + 16 + 72 + 128 + 32 + 170


def test_the_norm_sits_after_the_named_blocks_only():
    names = [r.name for r in layers(NetConfig(norm_blocks=(1, 3), logit_norm=False)) if "norm" in r.op]
    assert names == ["norm1", "norm3"]
    assert NetConfig(norm_blocks=(1, 2, 3, 4)) == NetConfig()


def test_the_logits_may_look_around():
    logits = row(NetConfig(logit_kernel=3), "logits")
    assert (logits.kernel, logits.output) == ((3, 3), (10, 10, 10))
