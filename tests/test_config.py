"""The configs: what they accept, what they refuse and how they say so, and how two of them differ."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from random_configs import CHOICES, random_configs

from s6core.config import (
    RECIPES,
    ConfigError,
    NetConfig,
    TrainConfig,
    diff,
    from_dict,
    overrides,
    parse,
    to_dict,
    unknown,
)


def test_defaults_are_the_reference_net():
    net = NetConfig()
    assert (net.image, net.classes, net.channels, net.kernel) == ((1, 28, 28), 10, (8, 16, 32, 32), 3)
    assert (net.norm, net.order, net.head, net.dropout) == ("batch", "conv-relu-norm", "gap", 0.0)
    assert (net.pool, net.pool_after, net.logit_activation, net.logit_norm) == ("max", (3,), True, True)


def test_the_reference_recipe_is_the_published_one():
    """SGD .05, momentum .9, a tenth after epoch 15, batch 64, 20 epochs, nothing else (TOPICS)."""
    train = from_dict(TrainConfig, RECIPES["reference"])
    assert (train.optimiser, train.lr, train.momentum, train.schedule, train.step_epoch) == (
        "sgd",
        0.05,
        0.9,
        "step",
        15,
    )
    assert (train.batch_size, train.epochs, train.weight_decay, train.augment) == (64, 20, 0.0, "none")
    assert (train.train_images, train.validate, train.label_smoothing) == (0, False, 0.0)


def test_every_recipe_is_a_valid_difference():
    for recipe in RECIPES.values():
        assert overrides(from_dict(TrainConfig, recipe)).items() <= recipe.items()


def test_configs_are_frozen_and_keyword_only():
    with pytest.raises(FrozenInstanceError):
        NetConfig().norm = "none"  # type: ignore[misc]
    with pytest.raises(TypeError):
        NetConfig((1, 28, 28))  # type: ignore[misc]
    assert hash(NetConfig()) == hash(NetConfig(kernel=(3, 3, 3, 3)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"norm": "foo"}, "norm='foo': allowed is batch, group, layer, instance, none"),
        ({"norm": None}, "norm=None: allowed is batch, group, layer, instance, none"),
        ({"head": "GAP"}, "head='GAP': allowed is gap, fc, gap-fc, max, conv"),
        ({"order": "relu"}, "order='relu': allowed is conv-relu-norm, conv-norm-relu"),
        ({"dropout": 2}, "dropout=2.0: allowed is a number from 0 to below 1"),
        ({"dropout": 1.0}, "dropout=1.0: allowed is a number from 0 to below 1"),
        ({"dropout": -0.1}, "dropout=-0.1: allowed is a number from 0 to below 1"),
        ({"dropout": float("nan")}, "dropout=nan: allowed is a number from 0 to below 1"),
        ({"dropout": True}, "dropout=True: allowed is a number"),
        ({"classes": 1}, "classes=1: allowed is an integer from 2"),
        ({"classes": 10.0}, "classes=10.0: allowed is an integer"),
        ({"image": (28, 28)}, "image=(28, 28): allowed is 3 integers"),
        ({"image": (1, 0, 28)}, "image=(1, 0, 28): allowed is three integers from 1: channels, height, width"),
        ({"channels": ()}, "channels=(): allowed is at least one integer, each from 1"),
        ({"channels": (8, 0)}, "channels=(8, 0): allowed is at least one integer, each from 1"),
        ({"channels": 8}, "channels=8: allowed is a list of integers"),
        ({"kernel": 0}, "kernel=0: allowed is an integer from 1, or 4 of them (one per block)"),
        ({"kernel": (3, 3)}, "kernel=(3, 3): allowed is an integer from 1, or 4 of them (one per block)"),
        ({"kernel": "auto"}, "kernel='auto': allowed is an integer or a list of integers"),
        ({"padding": -1}, "padding=-1: allowed is an integer from 0, or 4 of them (one per block)"),
        ({"padding": "same"}, "padding='same': allowed is auto or an integer or a list of integers"),
        ({"dilation": 0}, "dilation=0: allowed is an integer from 1, or 4 of them (one per block)"),
        ({"norm_groups": 0}, "norm_groups=0: allowed is an integer from 1"),
        ({"pool_after": (5,)}, "pool_after=(5,): allowed is ascending block numbers from 1 to 4"),
        ({"pool_after": (0,)}, "pool_after=(0,): allowed is ascending block numbers from 1 to 4"),
        ({"pool_after": (3, 1)}, "pool_after=(3, 1): allowed is ascending block numbers from 1 to 4"),
        ({"pool_after": (2, 2)}, "pool_after=(2, 2): allowed is ascending block numbers from 1 to 4"),
        ({"logit_norm": 1}, "logit_norm=1: allowed is true or false"),
    ],
)
def test_a_net_field_out_of_range_says_what_is_allowed(given: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match="^" + re.escape(message)):
        NetConfig(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"dataset": "cifar"},
            "dataset='cifar': allowed is mnist, fashion-mnist, kmnist, qmnist, emnist-digits, cifar-10, or folder:PATH",
        ),
        ({"epochs": 0}, "epochs=0: allowed is an integer from 1"),
        ({"epochs": 2.5}, "epochs=2.5: allowed is an integer"),
        ({"batch_size": 1}, "batch_size=1: allowed is an integer from 2"),
        ({"lr": 0}, "lr=0.0: allowed is a number above 0"),
        ({"lr": -1.0}, "lr=-1.0: allowed is a number above 0"),
        ({"lr": float("inf")}, "lr=inf: allowed is a number above 0"),
        ({"lr": float("nan")}, "lr=nan: allowed is a number above 0"),
        ({"lr": "fast"}, "lr='fast': allowed is a number"),
        ({"momentum": 1}, "momentum=1.0: allowed is a number from 0 to below 1"),
        ({"weight_decay": -1e-4}, "weight_decay=-0.0001: allowed is a number from 0"),
        ({"weight_decay": float("inf")}, "weight_decay=inf: allowed is a number from 0"),
        ({"schedule": "cyclic"}, "schedule='cyclic': allowed is one-cycle, step, constant, cosine"),
        ({"step_epoch": 0}, "step_epoch=0: allowed is an integer from 1"),
        ({"label_smoothing": 1}, "label_smoothing=1.0: allowed is a number from 0 to below 1"),
        ({"train_images": -1}, "train_images=-1: allowed is 0 for all, or up to 60,000 images"),
        ({"train_images": 60_001}, "train_images=60001: allowed is 0 for all, or up to 60,000 images"),
        (
            {"train_images": 60_000, "validate": True},
            "train_images=60000: allowed is 0 for all, or up to 55,000 images",
        ),
        ({"validate": "yes"}, "validate='yes': allowed is true or false"),
        ({"augment": "flip"}, "augment='flip': allowed is none, affine, shift, rotate, erase"),
    ],
)
def test_a_training_field_out_of_range_says_what_is_allowed(given: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match="^" + re.escape(message)):
        TrainConfig(**given)


@pytest.mark.parametrize(("mistyped", "nearest"), [("nrom", "norm"), ("droput", "dropout"), ("chanels", "channels")])
def test_an_unknown_field_offers_the_nearest(mistyped: str, nearest: str):
    with pytest.raises(ConfigError, match=rf"unknown field '{mistyped}': did you mean {nearest}\b"):
        parse(NetConfig, [f"{mistyped}=1"])


def test_a_name_like_no_other_gets_the_whole_list():
    assert unknown("study", "zzz", ["b", "a"]) == "unknown study 'zzz': known: a, b"


@pytest.mark.parametrize("typed", ["norm", "", "batch"])
def test_a_field_without_a_value_shows_how_to_write_one(typed: str):
    with pytest.raises(ConfigError, match=f"^'{typed}': write field=value"):
        parse(NetConfig, [typed])


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ("channels=8,16,32,32", "channels", (8, 16, 32, 32)),
        ("channels=[8, 16]", "channels", (8, 16)),
        ("channels=(8, 16,)", "channels", (8, 16)),
        ("channels=8", "channels", (8,)),
        ("pool_after=", "pool_after", ()),
        ("pool_after=1,2", "pool_after", (1, 2)),
        ("kernel=5", "kernel", 5),
        ("kernel=3,5,3,3", "kernel", (3, 5, 3, 3)),
        ("kernel=5,5,5,5", "kernel", 5),
        ("padding=auto", "padding", "auto"),
        ("padding=1", "padding", 1),
        ("dropout=.1", "dropout", 0.1),
        ("dropout=0", "dropout", 0.0),
        ("dropout=1e-1", "dropout", 0.1),
        ("logit_norm=False", "logit_norm", False),
        ("logit_norm=true", "logit_norm", True),
        (" norm = none ", "norm", "none"),
    ],
)
def test_typed_text_becomes_the_field_s_type(typed: str, field: str, value: Any):
    before = ["pool_after="] if field == "channels" else []  # a net of fewer blocks has no third to pool after
    read = getattr(parse(NetConfig, [*before, typed]), field)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize("typed", ["channels=8,,16", "channels=", "channels=8;16", "channels=8,x", "channels=8.5"])
def test_a_broken_list_is_refused_as_it_was_typed(typed: str):
    with pytest.raises(ConfigError, match="^channels="):
        parse(NetConfig, ["pool_after=", typed])


def test_a_list_from_json_or_yaml_is_a_tuple():
    assert from_dict(NetConfig, {"channels": [4, 8, 8, 8], "pool_after": []}).pool_after == ()


def test_any_config_survives_a_round_trip_through_json_and_through_text():
    for config in random_configs(200, seed=1):
        assert from_dict(NetConfig, json.loads(json.dumps(to_dict(config)))) == config
        typed = [f"{k}={','.join(map(str, v)) if isinstance(v, tuple) else v}" for k, v in overrides(config).items()]
        assert parse(NetConfig, typed) == config


def test_to_dict_holds_every_field():
    assert list(to_dict(TrainConfig())) == [f.name for f in fields(TrainConfig)]


def test_an_ablation_prints_as_a_diff():
    assert diff(NetConfig(), NetConfig()) == {}
    assert diff(NetConfig(), NetConfig(norm="none", dropout=0.1)) == {"norm": ("batch", "none"), "dropout": (0.0, 0.1)}
    assert overrides(TrainConfig(epochs=2, lr=0.1)) == {"epochs": 2}


@pytest.mark.parametrize("name", CHOICES)
def test_a_change_of_one_field_is_a_diff_of_that_field(name: str):
    for value in CHOICES[name]:
        changed = replace(NetConfig(), **{name: value})
        assert set(diff(NetConfig(), changed)) <= {name}
        assert (name in diff(NetConfig(), changed)) == (value != getattr(NetConfig(), name))


def test_equal_values_in_other_types_are_the_same_config():
    assert NetConfig(dropout=0) == NetConfig(dropout=0.0)
    assert to_dict(TrainConfig(lr=1)) == to_dict(TrainConfig(lr=1.0))
    assert type(NetConfig(dropout=0).dropout) is float
