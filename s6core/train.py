"""Training as a generator of epochs; nothing here prints, plots or touches a file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler, OneCycleLR, StepLR

from s6core.config import TrainConfig
from s6core.data import Data, Images
from s6core.step import Step, batch, optimiser, step

SAMPLE = 10_000
"""Training images that an epoch's train figures are taken on, so that they compare with the test set's."""


@dataclass(frozen=True)
class Epoch:
    """One epoch's row. Losses are cross-entropy in nats, accuracies percent, both in eval mode after the epoch.

    The train figures are taken on the first `SAMPLE` training images. Validation is NaN where all images train.
    `lr` is the rate at the epoch's start, `seconds` the time of its training alone, without evaluation.
    """

    epoch: int
    lr: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float

    @property
    def diverged(self) -> bool:
        return not math.isfinite(self.train_loss)


SCHEDULES: dict[str, Callable[[Optimizer, TrainConfig, int], LRScheduler]] = {
    "constant": lambda sgd, config, steps: LambdaLR(sgd, lambda step: 1.0),
    "step": lambda sgd, config, steps: StepLR(sgd, steps * config.step_epoch, gamma=0.1),
    "cosine": lambda sgd, config, steps: CosineAnnealingLR(sgd, steps * config.epochs),
    # a fifth of the way up, the rest down, momentum held (Smith & Topin 2019); a way up takes torch two steps at least
    "one-cycle": lambda sgd, config, steps: OneCycleLR(
        sgd, config.lr, max(steps * config.epochs, 10), pct_start=0.2, cycle_momentum=False
    ),
}
"""Learning-rate schedules, each advanced once a step; `steps` is the number of steps in an epoch."""


State = dict[str, Any]
"""Where a training stands after an epoch: its number, and what net, optimiser and schedule hold."""


def fit(
    net: nn.Module,
    data: Data,
    config: TrainConfig,
    *,
    seed: int,
    state: State | None = None,
    watch: Callable[[int, int], object] = lambda step, steps: None,
) -> Iterator[Epoch]:
    """Train `net` in place on the device that `data` lives on, and yield a row per epoch.

    Every random draw of an epoch (order, augmentation, dropout) comes from (seed, epoch) alone, so all variants of a
    seed see the same images in the same order, and on the CPU a repeated run is equal bit for bit. A loss that is
    not finite ends the run with a row whose losses and accuracies are NaN.

    `state` is brought up to date before each row. One that an earlier training left is gone on from, and the epochs
    that follow are then equal bit for bit to those of a training that was never interrupted. `watch` is told of every
    step: how many the epoch has taken, and of how many.
    """
    device = data.train.images.device
    seed = 0 if config.seed_varies == "weights" else seed
    steps = math.ceil(len(data.train) * config.repeats / config.batch_size)
    sgd = optimiser(net, config, device)
    schedule = SCHEDULES[config.schedule](sgd, config, steps)
    noise = torch.Generator(device)
    train_on = step(net, data.train, config, sgd, noise)
    sample = data.train.take(slice(SAMPLE))
    holders: dict[str, Any] = {"net": net, "optimiser": sgd, "schedule": schedule}
    first = _resume(holders, state) if state else 1
    for epoch in range(first, config.epochs + 1):
        lr = float(schedule.get_last_lr()[0])
        stream = 10_000 * seed + epoch
        order = _order(len(data.train), config.repeats, stream).to(device)
        noise.manual_seed(stream)
        start = time.perf_counter()
        with torch.random.fork_rng([device] if device.type != "cpu" else [], device_type=_fork(device)):
            torch.manual_seed(stream)
            net.train()
            if epoch < config.dropout_from:
                _without_dropout(net)
            elif epoch == config.dropout_from > 1:
                train_on = step(net, data.train, config, sgd, noise)  # what was recorded has no dropout
            loss = _epoch(train_on, order.split(config.batch_size), schedule, watch)
        seconds = time.perf_counter() - start  # reading the loss has waited for the device
        train, validation, test = (score(net, part, config) for part in (sample, data.validation, data.test))
        if not math.isfinite(loss + train[0]):  # a last step may spoil the weights after a finite loss
            train = validation = test = (math.nan, math.nan)
        row = Epoch(epoch, lr, *train, *validation, *test, seconds)
        if state is not None:
            state.update({"epoch": epoch, **{name: holder.state_dict() for name, holder in holders.items()}})
        yield row
        if row.diverged:
            return


def score(net: nn.Module, part: Images | None, config: TrainConfig) -> tuple[float, float]:
    """Return the mean cross-entropy (nats) and the accuracy (percent) on some images; NaN for none."""
    if part is None:
        return math.nan, math.nan
    scores, labels = logits(net, part, config).cpu(), part.labels.long().cpu()  # Apple's devices have no doubles
    accuracy = 100 * (scores.argmax(1) == labels).double().mean()
    return F.cross_entropy(scores.double(), labels).item(), accuracy.item()


@torch.inference_mode()
def logits(net: nn.Module, part: Images, config: TrainConfig, *, size: int | None = None) -> torch.Tensor:
    """Return the logits (N, classes) in eval mode, `size` images at a time."""
    net.eval()
    size = size or (250 if part.images.device.type == "cpu" else 5_000)  # what a core's cache holds, what fills a GPU
    return torch.cat([net(batch(images, config)) for images in part.images.split(size)])


def _resume(holders: dict[str, Any], state: State) -> int:
    """Give net, optimiser and schedule what they held, and return the epoch that comes next."""
    for name, holder in holders.items():
        holder.load_state_dict(state[name])
    return int(state["epoch"]) + 1


def _epoch(
    train_on: Step, indices: Sequence[torch.Tensor], schedule: LRScheduler, watch: Callable[[int, int], object]
) -> float:
    total = torch.zeros((), device=indices[0].device)
    for taken, index in enumerate(indices, start=1):
        total += train_on(index)
        schedule.step()
        watch(taken, len(indices))
    return total.item()


def _order(images: int, repeats: int, stream: int) -> torch.Tensor:
    """Return the order of an epoch, each pass over the images shuffled by itself; batches run on from pass to pass."""
    generator = torch.Generator().manual_seed(stream)
    return torch.cat([torch.randperm(images, generator=generator) for _ in range(repeats)])


def _without_dropout(net: nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d):
            module.eval()


def _fork(device: torch.device) -> str:
    return device.type if device.type != "cpu" else "cuda"
