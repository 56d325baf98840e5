"""The built net against its rows, and each module against what its option promises."""

from __future__ import annotations

import itertools

import pytest
import torch
from random_configs import random_configs
from torch import nn

from s6core.config import ConfigError, NetConfig
from s6core.layers import layers, parameters
from s6core.net import build
from s6core.operations import POOLS

SMALL = {"image": (1, 12, 12), "channels": (4, 6), "pool_after": (1,), "classes": 4}


def count(net: nn.Module) -> int:
    return sum(weights.numel() for weights in net.parameters())


def shapes(net: nn.Module, images: torch.Tensor) -> dict[str, tuple[int, ...]]:
    """Return the shape that each module of the net puts out, without the batch."""
    seen = {}
    hooks = [
        module.register_forward_hook(lambda _, __, out, name=name: seen.update({name: tuple(out.shape[1:])}))
        for name, module in net.named_children()
    ]
    net(images)
    for hook in hooks:
        hook.remove()
    return seen


def test_the_reference_net_has_15_662_parameters_in_torch():
    net = build(NetConfig())
    assert count(net) == 15_662
    assert net(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_any_net_that_its_rows_describe_is_what_torch_builds():
    built = 0
    for config in random_configs(120, seed=3):
        try:
            rows = layers(config)
        except ConfigError:
            continue
        net = build(config).train()
        images = torch.randn(2, *config.image)
        assert count(net) == parameters(rows), config
        seen = shapes(net, images)
        for row in rows:
            module = net.get_submodule(row.name)
            assert sum(w.numel() for w in module.parameters()) == row.parameters, (config, row)
            expected = row.output[:1] if row.op in ("flatten", "linear") else row.output
            assert seen[row.name] == expected, (config, row)
        assert net.eval()(images).shape == (2, config.classes)
        built += 1
    assert built >= 60


@pytest.mark.parametrize("head", ["gap", "fc", "gap-fc", "max", "conv"])
def test_every_norm_order_and_pool_trains_under_every_head(head: str):
    images = torch.randn(3, 1, 6, 6)
    pools = itertools.cycle([*(name.removesuffix("-pool") for name in POOLS), "stride", "none"])
    for norm, order in itertools.product(
        ["batch", "none", "group", "layer", "instance"], ["conv-relu-norm", "conv-norm-relu"]
    ):
        changes = SMALL | {"image": (1, 6, 6), "padding": 1}
        net = build(NetConfig(**changes, norm=norm, order=order, pool=next(pools), dropout=0.2, head=head))
        net(images).square().sum().backward()
        assert all(weights.grad is not None for weights in net.parameters())


def test_the_weights_come_from_the_seed_alone():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first, again, other = (build(NetConfig(), seed=seed).state_dict() for seed in (7, 7, 8))
    assert torch.equal(torch.get_rng_state(), state), "building a net must not move torch's own random stream"
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_nets_that_differ_from_some_layer_on_start_alike_up_to_there():
    reference, other = (build(NetConfig(head=head), seed=5).state_dict() for head in ("gap", "fc"))
    for name, tensor in reference.items():
        assert torch.equal(tensor, other[name]), name
    batch, none = (build(NetConfig(norm=norm), seed=5).state_dict() for norm in ("batch", "none"))
    for name, tensor in none.items():  # a norm draws nothing
        assert torch.equal(tensor, batch[name]), name


def test_dropout_and_batch_statistics_rest_in_eval_mode():
    images = torch.randn(4, 1, 12, 12)
    net = build(NetConfig(**SMALL, dropout=0.5))
    assert not torch.equal(net.train()(images), net(images))
    net.eval()
    assert torch.equal(net(images), net(images))
    assert torch.allclose(net(images)[:1], net(images[:1]), atol=1e-6)


@pytest.mark.parametrize(("kind", "whole"), [("channel", True), ("element", False)])
def test_dropout_takes_elements_or_whole_channels_at_its_rate(kind: str, whole: bool):
    torch.manual_seed(0)
    module = build(NetConfig(**SMALL, dropout=0.25, dropout_kind=kind)).dropout1.train()
    gone = module(torch.ones(500, 4, 8, 8)) == 0
    maps = gone.flatten(2)
    assert bool((maps.all(2) == maps.any(2)).all()) == whole
    assert gone.float().mean() == pytest.approx(0.25, abs=0.04)  # 2,000 maps: 4 standard errors


@pytest.mark.parametrize(
    ("norm", "over"),
    [("batch", (0, 2, 3)), ("layer", (1, 2, 3)), ("instance", (2, 3))],
)
def test_a_norm_takes_its_statistics_over_its_own_axes(norm: str, over: tuple[int, ...]):
    module = build(NetConfig(**SMALL, norm=norm)).norm1.train()
    maps = torch.randn(5, 4, 9, 9) * torch.tensor([1.0, 2, 3, 4]).view(1, 4, 1, 1) + 3
    out = module(maps)
    assert out.mean(over).abs().max() < 1e-5
    assert (out.var(over, correction=0) - 1).abs().max() < 1e-3
    for other in {(0, 2, 3), (1, 2, 3), (2, 3)} - {over}:
        if set(over) - set(other):
            assert out.mean(other).abs().max() > 1e-3  # or the test could not tell the kinds apart


def test_group_norm_normalises_each_group_of_channels():
    module = build(NetConfig(**SMALL, norm="group", norm_groups=2)).norm1
    out = module(torch.randn(5, 4, 9, 9) + torch.arange(4.0).view(1, 4, 1, 1)).reshape(5, 2, 2, 9, 9)
    assert out.mean((2, 3, 4)).abs().max() < 1e-5
    assert out.mean((3, 4)).abs().max() > 0.1


@pytest.mark.parametrize(
    ("activation", "value"), [("relu", 0.0), ("leaky", -0.01), ("gelu", -0.158655), ("silu", -0.268941)]
)
def test_an_activation_at_minus_one(activation: str, value: float):
    """Leaky slope .01; −Φ(−1); −1/(1+e)."""
    module = getattr(build(NetConfig(**SMALL, activation=activation)), f"{activation}1")
    assert module(torch.tensor(-1.0)).item() == pytest.approx(value, abs=1e-6)


def test_heads_reduce_the_logit_maps_as_they_say():
    images = torch.randn(3, 1, 12, 12)
    for head, reduce in (("gap", lambda maps: maps.mean((2, 3))), ("max", lambda maps: maps.amax((2, 3)))):
        net = build(NetConfig(**SMALL, head=head)).eval()
        maps = net[: list(dict(net.named_children())).index("norm-logits") + 1](images)
        assert torch.allclose(net(images), reduce(maps), atol=1e-6)


def test_a_full_size_convolution_is_a_linear_layer_of_the_flat_maps():
    net = build(NetConfig(**SMALL, head="conv")).eval()
    maps = net[:-2](torch.randn(3, 1, 12, 12))
    full = net.get_submodule("full-conv")
    flat = maps.flatten(1) @ full.weight.flatten(1).T + full.bias
    assert torch.allclose(net[-2:](maps), flat, atol=1e-5)


def test_a_net_is_built_from_rows_as_from_its_config():
    rows = layers(NetConfig(head="fc"))
    assert str(build(rows)) == str(build(NetConfig(head="fc")))


def test_initial_weights_have_the_spread_that_their_papers_give():
    config = NetConfig(channels=(64, 64), pool_after=(), init="he")
    weight = build(config, seed=0).conv2.weight
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)  # He et al. 2015, equation 10
    rows = build(NetConfig(channels=(64, 64), pool_after=(), init="orthogonal"), seed=0).conv2.weight.flatten(1)
    assert torch.allclose(rows @ rows.T, torch.eye(64), atol=1e-5)  # Saxe et al. 2014: orthonormal rows
    assert build(config, seed=0).conv2.bias.count_nonzero() == 0
