"""Which fields have no effect in a config: said where it is so and only there, and refused in a plan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from random_configs import random_configs

from experiments.studies import STUDIES
from s6core import results
from s6core.config import ConfigError, NetConfig, TrainConfig, from_dict
from s6core.data import Data, Images
from s6core.layers import layers
from s6core.matters import MATTERS, idle
from s6core.net import build
from s6core.plan import plan
from s6core.train import fit

OTHERS: dict[str, list[Any]] = {
    "image": [(2, 28, 28)],
    "classes": [7, 12],
    "kernel": [1, 2, 4],
    "padding": [0, 1, 2, 3],
    "dilation": [2, 3],
    "bias": [True, False],
    "init": ["torch", "he", "orthogonal"],
    "norm": ["batch", "none", "group", "layer"],
    "norm_groups": [1, 2, 3, 5, 7, 11],
    "order": ["conv-relu-norm", "conv-norm-relu"],
    "activation": ["relu", "gelu", "none"],
    "pool": ["max", "average", "stride", "none"],
    "dropout": [0.0, 0.5],
    "dropout_kind": ["element", "channel"],
    "dropout_place": ["all", "last"],
    "logit_kernel": [1, 2, 3],
    "logit_activation": [True, False],
    "logit_norm": [True, False],
    "head": ["gap", "fc", "gap-fc", "max", "conv"],
    "dataset": ["mnist", "fashion-mnist"],
    "validate": [True, False],
    "train_images": [0, 10],
    "normalise": ["dataset", "none", "image"],
    "augment": ["none", "affine", "erase"],
    "repeats": [1, 2],
    "epochs": [2, 3],
    "batch_size": [8, 16],
    "optimiser": ["sgd", "nesterov", "adam", "adamw"],
    "lr": [0.01, 0.1],
    "momentum": [0.1, 0.9],
    "weight_decay": [0.0, 0.1],
    "schedule": ["one-cycle", "step", "constant", "cosine"],
    "step_epoch": [1, 15],
    "label_smoothing": [0.0, 0.3],
    "dropout_from": [1, 2],
    "seed_varies": ["all", "weights", "order"],
}
"""Other values of each field; those that name blocks or depend on their number are `blocks`'s."""

NET = {f.name for f in fields(NetConfig)}


def blocks(net: NetConfig) -> dict[str, list[Any]]:
    depth = len(net.channels)
    some: list[Any] = [(), (1,), tuple(range(1, depth + 1))]
    return {
        "channels": [tuple(n + 1 for n in net.channels), (3,) * depth],
        "separable": some,
        "shared": [(), tuple(range(2, depth + 1))],
        "norm_blocks": some,
        "pool_after": [*some, (depth,)],
    }


def changed(net: NetConfig, train: TrainConfig, name: str) -> Iterator[tuple[NetConfig, TrainConfig]]:
    """Yield the configs with other values of one field, where they are allowed at all."""
    for value in (OTHERS | blocks(net))[name]:
        try:
            ours = (replace(net, **{name: value}), train) if name in NET else (net, replace(train, **{name: value}))
        except ConfigError:
            continue
        if ours != (net, train):
            yield ours


def net_of(config: NetConfig) -> Any:
    """Return what a net is made of: its rows and how their weights start; or why there is none."""
    try:
        rows = layers(config)
        return [replace(row, dilation=(1, 1)) if row.kernel == (1, 1) else row for row in rows], config.init
    except ConfigError as error:
        return str(error)


def test_every_field_has_other_values_here():
    assert set(OTHERS) | set(blocks(NetConfig())) == NET | {f.name for f in fields(TrainConfig)}
    assert set(MATTERS) <= set(OTHERS) | set(blocks(NetConfig()))


def test_an_idle_field_of_the_net_makes_the_same_net_and_any_other_can_make_another():
    seen: set[tuple[str, bool]] = set()
    for config in random_configs(400, seed=5):
        if isinstance(net_of(config), str):
            continue
        for name in sorted(NET):
            matters = name not in MATTERS or MATTERS[name].holds(config, TrainConfig())
            nets = [net_of(other) == net_of(config) for other, _ in changed(config, TrainConfig(), name)]
            if nets:
                assert not all(nets) if matters else all(nets), f"{name} in {config}: declared to matter: {matters}"
                seen.add((name, matters))
    assert {(name, False) for name in NET & set(MATTERS)} <= seen and {(name, True) for name in NET} <= seen


def trained(net: NetConfig, train: TrainConfig) -> dict[str, torch.Tensor]:
    """Train on a few invented images, as `lab.run` does: the subset is taken and the seed shared out by the config."""
    rng = np.random.default_rng(0)
    count = train.train_images or (22 if train.validate else 24)
    pixels = torch.from_numpy(rng.integers(0, 256, (24, 8, 8), np.uint8))
    part = Images(images=pixels, labels=torch.from_numpy(rng.integers(0, 3, 24).astype(np.uint8))).take(slice(count))
    built = build(net, seed=0 if train.seed_varies == "order" else 1)
    torch.set_num_threads(1)
    list(fit(built, Data(name=train.dataset, train=part, validation=None, test=part, sha256=""), train, seed=1))
    return {name: tensor.clone() for name, tensor in built.state_dict().items()}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


SMALL = NetConfig(image=(1, 8, 8), classes=3, channels=(3, 4), pool_after=(1,), padding=1)


@pytest.mark.parametrize("net", [SMALL, replace(SMALL, dropout=0.5)], ids=["plain", "dropout"])
@pytest.mark.parametrize("schedule", ["one-cycle", "step"])
def test_an_idle_field_of_the_training_trains_the_same_weights_and_any_other_can_train_others(
    net: NetConfig, schedule: str
):
    train = TrainConfig(epochs=2, batch_size=8, schedule=schedule)  # type: ignore[arg-type]
    ours = trained(net, train)
    for name in (f.name for f in fields(TrainConfig)):
        matters = name not in MATTERS or MATTERS[name].holds(net, train)
        same = [equal(ours, trained(*other)) for other in changed(net, train, name)]
        assert same and (not all(same) if matters else all(same)), f"{name}: declared to matter: {matters}"


def test_an_idle_field_of_the_net_trains_the_same_weights():
    train = TrainConfig(epochs=1, batch_size=8)
    ours = trained(SMALL, train)
    for name in ("dropout_kind", "dropout_place", "norm_groups"):
        assert all(equal(ours, trained(*other)) for other in changed(SMALL, train, name))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"dropout_kind": "channel"},
            "dropout_kind='channel': no effect while dropout=0.0; it matters where dropout",
        ),
        ({"dropout_place": "last"}, "dropout_place='last': no effect while dropout=0.0, channels=(8, 16, 32, 32)"),
        ({"dropout_from": 2}, "dropout_from=2: no effect while dropout=0.0"),
        ({"step_epoch": 2}, "step_epoch=2: no effect while schedule='one-cycle'; it matters where schedule is step"),
        ({"norm_groups": 8}, "norm_groups=8: no effect while norm='batch'"),
        ({"norm": "none", "norm_blocks": [1]}, "norm_blocks=[1]: no effect while norm='none'"),
        ({"norm": "none", "order": "conv-norm-relu"}, "order='conv-norm-relu': no effect while norm='none'"),
        ({"head": "conv", "logit_kernel": 3}, "logit_kernel=3: no effect while head='conv'"),
        ({"pool": "none", "pool_after": [2]}, "pool_after=[2]: no effect while pool='none'"),
        ({"optimiser": "nesterov", "momentum": 0}, "momentum=0.0: allowed is a number above 0 for optimiser=nesterov"),
    ],
)
def test_a_plan_refuses_what_would_train_a_copy(given: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match="^" + re.escape(message)):
        plan(given)


def test_the_field_that_makes_it_matter_makes_it_allowed():
    assert plan({"dropout_kind": "channel", "dropout": 0.1}).variant == "dropout-0.1_dropout_kind-channel"
    assert plan({"step_epoch": 2, "schedule": "step"}).train.step_epoch == 2
    assert idle(NetConfig(), TrainConfig()) == {}


def test_everything_published_or_planned_can_still_be_planned():
    paths = sorted((results.REPOSITORY / "results").glob("*/*/seed-*.json"))
    assert paths
    for path in paths:
        stored = json.loads(path.read_text())
        whole = plan({**stored["net"], **stored["train"], "study": stored["study"], "variant": stored["variant"]})
        assert whole.net == from_dict(NetConfig, stored["net"])
        assert whole.train == from_dict(TrainConfig, stored["train"])
    for name, study in STUDIES.items():
        for variant in study.variants:
            assert plan({**study.parameters(variant), "study": name, "variant": variant}).variant == variant
