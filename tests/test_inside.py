"""What is measured inside the nets: known values on nets small enough to reckon by hand, and the stored tables."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from experiments.measure.inside import NETS, SEEDS, Watch, first_steps, state
from s6core import data
from s6core.config import NetConfig, TrainConfig
from s6core.net import build
from s6core.train import fit

RESULTS = Path(__file__).parent.parent / "results"
STORED = RESULTS / "inside"
SMALL = NetConfig(channels=(2, 2), pool_after=(1,))


@pytest.fixture(scope="module")
def images() -> data.Data:
    draw = torch.Generator().manual_seed(0)
    part = data.Images(
        images=torch.randint(256, (256, 28, 28), generator=draw, dtype=torch.uint8),
        labels=torch.randint(10, (256,), generator=draw, dtype=torch.uint8),
    )
    return data.Data(name="mnist", train=part, validation=None, test=part, sha256="")


def by_hand() -> nn.Sequential:
    """Return a net whose first channel passes its input on and whose second one ReLU silences."""
    net = nn.Sequential()
    net.add_module("conv", nn.Conv2d(1, 2, 1))
    net.add_module("relu", nn.ReLU())
    conv = net.get_submodule("conv")
    with torch.no_grad():
        conv.get_parameter("weight").copy_(torch.tensor([1.0, 0.0]).view(2, 1, 1, 1))
        conv.get_parameter("bias").copy_(torch.tensor([0.0, -1.0]))
    return net


def test_a_watch_sees_what_can_be_reckoned_by_hand() -> None:
    net = by_hand()
    with Watch(net) as watch:
        net(torch.tensor([-1.0, 1.0, 2.0, 6.0]).view(1, 1, 2, 2)).sum().backward()
    row = watch.rows().iloc[0]
    deviation = math.sqrt((9 + 1 + 0 + 16) / 3)  # of -1, 1, 2, 6 about their mean 2
    assert (row["input_mean"], row["input_sd"]) == pytest.approx((2, deviation))
    assert row["shift"] == pytest.approx(2 / deviation)
    assert row["mean"] == pytest.approx(9 / 8)  # 0, 1, 2, 6 and four zeros
    assert (row["zeros"], row["dead"], row["channels"]) == (100 * 5 / 8, 1, 2)
    assert row["weight"] == pytest.approx(1)
    assert row["gradient"] == pytest.approx(9)  # ReLU passes 1, 2 and 6, and nothing of the second channel


def test_a_watch_ends() -> None:
    net = by_hand()
    with Watch(net) as watch:
        net(torch.ones(1, 1, 2, 2)).sum().backward()
    before = watch.rows()["input_mean"].item()
    net(torch.full((1, 1, 2, 2), 5.0))
    assert watch.rows()["input_mean"].item() == before == 1


def test_batch_norm_gives_the_next_convolution_mean_0_and_deviation_1(images: data.Data) -> None:
    found = state(build(SMALL), images.train, TrainConfig()).set_index("layer")
    last = found.loc["logits"]
    assert (last["input_mean"], last["input_sd"], last["shift"]) == pytest.approx((0, 1, 0), abs=0.01)
    without = state(build(NetConfig(channels=(2, 2), pool_after=(1,), norm="none")), images.train, TrainConfig())
    assert (without.set_index("layer").loc[["conv2", "logits"], "input_mean"] > 0).all()  # behind a ReLU


def test_a_state_changes_no_weight(images: data.Data) -> None:
    net = build(SMALL)
    before = [p.detach().clone() for p in net.parameters()]
    state(net, images.train, TrainConfig())
    assert all(torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True))


def test_larger_weights_in_front_of_a_batch_norm_change_no_answer_and_shrink_the_gradient(images: data.Data) -> None:
    net, large = build(SMALL).double().train(), build(SMALL).double().train()
    with torch.no_grad():
        for parameter in large.get_submodule("conv1").parameters():
            parameter.mul_(10)
    some, labels = data.normalise(images.train.images, "dataset", "mnist").double(), images.train.labels.long()
    for each in (net, large):
        nn.functional.cross_entropy(each(some), labels).backward()
    assert torch.allclose(net(some), large(some), atol=1e-3)  # but for the norm's epsilon
    one, other = (each.get_parameter("conv1.weight").grad for each in (net, large))
    assert one is not None and other is not None
    assert float(other.norm() / one.norm()) == pytest.approx(0.1, rel=0.01)


def test_the_first_steps_are_those_of_training(images: data.Data) -> None:
    train = TrainConfig(epochs=1)  # two steps: the last one followed is the epoch's last
    rows = first_steps(SMALL, images, train, seed=3, steps=2)
    assert set(rows["step"]) == {1}  # every fifth, and the first
    net = build(SMALL, seed=3)
    epoch = next(iter(fit(net, images, train, seed=3)))
    assert rows["lr"].iloc[0] == pytest.approx(epoch.lr)
    order = torch.randperm(256, generator=torch.Generator().manual_seed(30_001))[:128]
    first = images.train.take(order)
    fresh = build(SMALL, seed=3).train()
    loss = nn.functional.cross_entropy(fresh(data.normalise(first.images, "dataset", "mnist")), first.labels.long())
    assert rows["loss"].iloc[0] == pytest.approx(loss.item(), rel=1e-4)


def test_the_stored_states_are_whole() -> None:
    found = pd.read_csv(STORED / "states.csv")
    assert not found.duplicated(["variant", "state", "seed", "layer"]).any()
    counts = found.groupby(["variant", "state"])["seed"].nunique()
    assert {key: counts[key] for key in counts.index} == {
        (net, which): n for net in NETS for which, n in (("start", SEEDS), ("trained", 1))
    }
    image = found[found["layer"] == "conv1"].groupby("state")["input_sd"].nunique()
    assert (image == 1).all()  # all nets were shown the same images
    same = found[found["state"] == "start"].pivot(index=["seed", "layer"], columns="variant", values="weight")
    assert (same["reference"] == same["no-bn"]).all()  # and started from the same weights
