"""What goes through the net with batch norms and without.

Each net is watched in train mode, as the optimiser meets it: on the same training images with its initial weights (of
many seeds) and with its trained ones (of seed 0), and over its first steps of training.
"""

from __future__ import annotations

import math
from typing import Any

import click
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from experiments.measure import stored
from s6core import data
from s6core.config import NetConfig, TrainConfig
from s6core.net import build
from s6core.step import batch, optimiser, step
from s6core.train import SCHEDULES

NETS = {"reference": NetConfig(), "no-bn": NetConfig(norm="none")}
SEEDS = 10  # initial weights
BATCHES = 2  # of the recipe's size: the first training images
STEPS, EVERY = 100, 5  # the first steps of training, and how often they are looked at
FOLLOWED = 3  # seeds whose first steps are followed
BLOCK, CHANNELS = "2", 4  # whose maps of one digit are stored, for a picture


@click.command("inside")
def command() -> None:
    """Write inside/: inputs, gradients and dead channels of each convolution, at the start, trained, step by step."""
    torch.set_num_threads(1)
    trained = {variant: stored.load(variant).net for variant in NETS}
    images, train = data.load(), TrainConfig()
    maps(trained["reference"], images.test, train)
    states = {}
    for variant, config in NETS.items():
        for seed in range(SEEDS):
            states[variant, "start", seed] = state(build(config, seed=seed), images.train, train)
        states[variant, "trained", 0] = state(trained[variant], images.train, train)
    _store("inside/states.csv", states, ["variant", "state", "seed"])
    followed = {
        (variant, seed): first_steps(config, images, train, seed=seed, steps=STEPS)
        for seed in range(FOLLOWED)
        for variant, config in NETS.items()
    }
    _store("inside/steps.csv", followed, ["variant", "seed"])
    stored.origin("inside/provenance.json", NETS, images, images=BATCHES * train.batch_size)


class Watch:
    """Notes what each convolution of a net gets and what its ReLU passes on, while batches run through.

    `rows()` gives a row per convolution: mean and standard deviation of its inputs over all places and channels;
    `shift`, how far a channel's mean lies from zero, in the channel's own deviations (mean over the channels); of the
    ReLU outputs the mean, the deviation, the share of zeros (%) and the channels that are zero throughout the batch;
    the norms of its weights and of their gradient. The image itself is the first one's input.
    """

    def __init__(self, net: nn.Sequential) -> None:
        self.net = net
        self.seen: dict[str, dict[str, float]] = {}
        self.handles = [
            module.register_forward_hook(self._convolution(name) if isinstance(module, nn.Conv2d) else self._relu(name))
            for name, module in net.named_children()
            if isinstance(module, nn.Conv2d | nn.ReLU)
        ]

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self.handles:
            handle.remove()

    def rows(self) -> pd.DataFrame:
        rows = []
        for name, module in self.net.named_children():
            if isinstance(module, nn.Conv2d):
                assert module.weight.grad is not None
                rows.append({
                    "layer": name, **self.seen[name], "gradient": float(module.weight.grad.norm()),
                    "weight": float(module.weight.detach().norm()),
                })  # fmt: skip
        return pd.DataFrame(rows)

    def _convolution(self, name: str) -> Any:
        def note(module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
            self.last = name
            maps = inputs[0].detach()
            deviations, means = torch.std_mean(maps, dim=(0, 2, 3))
            alive = deviations > 0  # a dead channel has no deviation to measure in
            shift = (means.abs() / deviations)[alive].mean() if alive.any() else torch.tensor(math.nan)
            self.seen[name] = {"input_mean": maps.mean().item(), "input_sd": maps.std().item(), "shift": shift.item()}

        return note

    def _relu(self, name: str) -> Any:
        def note(module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
            maps = output.detach()
            self.seen[self.last] |= {
                "mean": maps.mean().item(), "sd": maps.std().item(),
                "zeros": 100 * (maps == 0).double().mean().item(),
                "dead": float((maps.amax((0, 2, 3)) == 0).sum()), "channels": float(maps.shape[1]),
            }  # fmt: skip

        return note


def state(net: nn.Sequential, part: data.Images, train: TrainConfig) -> pd.DataFrame:
    """Return a row per convolution, means over the first batches of `part`: see `Watch`. No weight changes."""
    net.train()
    found = []
    with Watch(net) as watch:
        for first in range(0, BATCHES * train.batch_size, train.batch_size):
            some = part.take(slice(first, first + train.batch_size))
            net.zero_grad()
            F.cross_entropy(net(batch(some.images, train)), some.labels.long()).backward()
            found.append(watch.rows())
    return pd.concat(found).groupby("layer", sort=False).mean().reset_index()


def first_steps(config: NetConfig, images: data.Data, train: TrainConfig, *, seed: int, steps: int) -> pd.DataFrame:
    """Train as `s6core.train.fit` begins to, and return a row per convolution for every few steps, the loss beside."""
    net = build(config, seed=seed).train()
    device = images.train.images.device
    sgd = optimiser(net, train, device)
    schedule = SCHEDULES[train.schedule](sgd, train, math.ceil(len(images.train) / train.batch_size))
    train_on = step(net, images.train, train, sgd, torch.Generator(device))
    order = torch.randperm(len(images.train), generator=torch.Generator().manual_seed(10_000 * seed + 1))
    found = []
    for number, index in enumerate(order.split(train.batch_size)[:steps], start=1):
        lr = float(schedule.get_last_lr()[0])
        if number % EVERY == 0 or number == 1:
            with Watch(net) as watch:
                loss = train_on(index).item()
            found.append(watch.rows().assign(step=number, lr=lr, loss=loss))
        else:
            train_on(index)
        schedule.step()
    return pd.concat(found)


@torch.no_grad()
def maps(net: nn.Sequential, part: data.Images, train: TrainConfig) -> None:
    """Store a digit's maps in eval mode, of one block: after its ReLU, normalised, and scaled and shifted."""
    digit = part.take(slice(0, 1))
    relu, norm = (stored.upto(net.eval(), f"{kind}{BLOCK}")(batch(digit.images, train))[0] for kind in ("relu", "norm"))
    layer = net.get_submodule(f"norm{BLOCK}")
    scale, shift = (layer.get_parameter(name)[:, None, None] for name in ("weight", "bias"))
    # a channel that this digit leaves dark shows nothing
    alive = relu.amax((1, 2)).topk(CHANNELS).indices.sort().values
    stages = {"relu": relu, "normalised": (norm - shift) / scale, "norm": norm}
    stored.arrays(
        "inside/maps.npz", {"digit": digit.images[0], **{name: stage[alive].half() for name, stage in stages.items()}}
    )


def _store(name: str, frames: dict[Any, pd.DataFrame], keys: list[str]) -> None:
    """Write frames as one table of five significant digits, what names each of them in its first columns."""
    stored.table(name, pd.concat(frames, names=keys).reset_index(keys), float_format="%.5g")
