"""What dropout does to the statistics of batch normalisation.

A norm that follows a dropout learns its running variance from maps in which the dropout is at work, and normalises with
it when the dropout is not: Li et al. (2019) call that the variance shift. This writes by how much the two variances
differ in the stored nets (weights of seed 0), how far the means move, and what the nets score on test and training
images once the statistics are taken anew without dropout, all weights as they are.
"""

from __future__ import annotations

import click
import pandas as pd
import torch
from torch import nn

from experiments.measure import stored
from experiments.measure.stored import percent
from s6core import data
from s6core.config import TrainConfig
from s6core.step import batch
from s6core.train import SAMPLE, logits

VARIANTS = (
    "reference", "dropout-0.05", "dropout-0.10", "dropout-0.25", "dropout-0.50", "dropout-0.10-channel",
    "fc+dropout-0.10", "fc+dropout-0.25",
)  # fmt: skip
COLUMNS = ["variant", "layer", "after_dropout", "running", "evaluated", "ratio", "moved"]
IMAGES = 5_000  # training images, the first ones


@click.command("variance")
def command() -> None:
    """Write evidence/variance.csv and recalibrated.csv: running variances beside those met, and what they cost."""
    torch.set_num_threads(1)
    nets = {variant: stored.load(variant) for variant in stored.stored(VARIANTS)}
    images, ratios, scores = data.load(), [], []
    part = images.train.take(slice(0, IMAGES))
    for variant, found in nets.items():
        ratios.append(variances(found.net, part, found.train).assign(variant=variant)[COLUMNS])
        recalibrate(found.net, part, found.train)
        before = found.record.final
        anew, anew_train = (
            percent(logits(found.net, some, found.train).argmax(1) == some.labels)
            for some in (images.test, images.train.take(slice(SAMPLE)))
        )
        scores.append({
            "variant": variant, "images": IMAGES, "accuracy": before["test_accuracy"], "recalibrated": anew,
            "train_accuracy": before["train_accuracy"], "train_recalibrated": anew_train,
        })  # fmt: skip
    stored.table("evidence/variance.csv", pd.concat(ratios))
    stored.table("evidence/recalibrated.csv", pd.DataFrame(scores))
    stored.origin("evidence/dropout.json", nets, images)


@torch.no_grad()
def variances(net: nn.Sequential, part: data.Images, train: TrainConfig) -> pd.DataFrame:
    """Return a row per batch norm: its running variance, that of its inputs in eval mode, and evaluated over running.

    Variances are means over the channels; the ratio is the median of the channels' own, for a channel may be dead.
    `moved` is how far the mean of the inputs lies from the running mean, in learnt deviations, and a median as well.
    """
    sums = {name: torch.zeros(3, module.num_features).double() for name, module in norms(net).items()}
    net.eval()
    for images in part.images.split(250):
        maps = batch(images, train)
        for name, module in net.named_children():
            if name in sums:
                x = maps.double()
                count = torch.full(x.shape[1:2], x[:, 0].numel())
                sums[name] += torch.stack([x.sum((0, 2, 3)), (x**2).sum((0, 2, 3)), count])
            maps = module(maps)
    rows, names = [], list(net._modules)
    for name, (total, squares, count) in sums.items():
        mean, running = total / count, net.get_buffer(f"{name}.running_var").double()
        evaluated = squares / count - mean**2
        moved = (mean - net.get_buffer(f"{name}.running_mean").double()).abs() / running.sqrt()
        before = any("dropout" in other for other in names[: names.index(name)])
        rows.append({
            "layer": name, "after_dropout": before, "running": float(running.mean()),
            "evaluated": float(evaluated.mean()), "ratio": float((evaluated / running).nanmedian()),
            "moved": float(moved.nanmedian()),
        })  # fmt: skip
    return pd.DataFrame(rows).round(4)


@torch.no_grad()
def recalibrate(net: nn.Sequential, part: data.Images, train: TrainConfig) -> None:
    """Take the statistics of every batch norm anew from these images, without dropout; no weight changes."""
    net.eval()
    for module in norms(net).values():
        module.reset_running_stats()
        module.momentum = None  # a plain mean over the batches
        module.train()
    for images in part.images.split(train.batch_size):
        net(batch(images, train))
    net.eval()


def norms(net: nn.Sequential) -> dict[str, nn.BatchNorm2d]:
    return {name: module for name, module in net.named_children() if isinstance(module, nn.BatchNorm2d)}
