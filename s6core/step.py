"""One step of training; on a CUDA device it is recorded once and then replayed.

A step of so small a net is a hundred kernels of a few microseconds each: to launch them one by one takes longer than to
run them. A CUDA graph launches them all at once (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from s6core.config import TrainConfig
from s6core.data import Images, augment, normalise

Step = Callable[[torch.Tensor], torch.Tensor]
"""From the indices (B,) of a batch to its loss, a tensor that stays on the device: no step waits for a number."""

EAGER = 3
"""Steps before the recording: libraries choose their kernels in them, and the optimiser makes its buffers."""

SWITCH = "S6_CUDA_GRAPH"
"""The environment variable that, set to 0, has every step launched kernel by kernel."""


OPTIMISERS: dict[str, Callable[[TrainConfig], tuple[type[Optimizer], dict[str, Any]]]] = {
    "sgd": lambda config: (SGD, {"momentum": config.momentum}),
    "nesterov": lambda config: (SGD, {"momentum": config.momentum, "nesterov": True}),
    "adam": lambda config: (Adam, {"betas": (config.momentum, 0.999)}),
    "adamw": lambda config: (AdamW, {"betas": (config.momentum, 0.999)}),
}
"""Each optimiser with what it takes beside a rate and weight decay (Adam: Kingma & Ba 2015; AdamW: Loshchilov 2019)."""


def optimiser(net: nn.Module, config: TrainConfig, device: torch.device) -> Optimizer:
    """Return the optimiser. On CUDA its rate lies on the device, where a recorded step reads it anew each time."""
    kind, options = OPTIMISERS[config.optimiser](config)
    options |= {"lr": config.lr, "weight_decay": config.weight_decay}
    if device.type == "cuda":
        options |= {"lr": torch.tensor(config.lr, device=device), "fused": True}
        if kind is not SGD:
            options["capturable"] = True  # counts its steps on the device, where a recorded step can
    return kind(net.parameters(), **options)


def step(net: nn.Module, part: Images, config: TrainConfig, sgd: Optimizer, noise: torch.Generator) -> Step:
    """Return the step that trains `net` on a batch of `part`. Augmentation draws from `noise`, dropout from torch."""

    def train(index: torch.Tensor) -> torch.Tensor:
        images = augment(batch(part.images[index], config), config.augment, noise)
        loss = F.cross_entropy(net(images), part.labels[index].long(), label_smoothing=config.label_smoothing)
        sgd.zero_grad(set_to_none=True)
        loss.backward()
        sgd.step()
        return loss.detach()

    if part.images.device.type == "cuda" and os.environ.get(SWITCH) != "0":
        return Recorded(train, noise, size=config.batch_size)
    return train


def batch(images: torch.Tensor, config: TrainConfig) -> torch.Tensor:
    """Return bytes (B, H, W) or (B, C, H, W) as the net reads them: normalised floats (B, C, H, W), channels last."""
    floats = normalise(images, config.normalise, config.dataset)
    return floats.contiguous(memory_format=torch.channels_last)


class Recorded:
    """A step on batches of one size, recorded after the first few and replayed from then on.

    A batch of another size, as an epoch's last one may be, is not replayed. Raises `RuntimeError` where the device
    cannot record: what a broken recording leaves behind (its stream, its generators) would spoil the steps after it.
    """

    def __init__(self, step: Step, noise: torch.Generator, *, size: int) -> None:
        self.step, self.noise, self.size = step, noise, size
        self.eager = EAGER
        self.replay: Callable[[], None] | None = None

    def __call__(self, index: torch.Tensor) -> torch.Tensor:
        if len(index) != self.size:
            return self.step(index)
        if self.eager:
            self.eager -= 1
            return self.aside(index)
        if self.replay is None:
            self.index = index.clone()
            try:
                self.replay = self.record()
            except RuntimeError as error:
                raise RuntimeError(
                    f"the training step cannot be recorded as a CUDA graph: {error}; {SWITCH}=0 trains without"
                ) from error
        self.index.copy_(index)
        self.replay()
        return self.loss

    def aside(self, index: torch.Tensor) -> torch.Tensor:
        """Take the step on a stream of its own, so that what autograd keeps is not tied to the default stream."""
        stream, own = torch.cuda.current_stream(), torch.cuda.Stream()
        own.wait_stream(stream)
        with torch.cuda.stream(own):
            loss = self.step(index)
        stream.wait_stream(own)
        return loss

    def record(self) -> Callable[[], None]:
        """Record the step on `self.index`, without taking it, and return what takes it."""
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.noise)  # torch's own generator, dropout's, is registered already
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self.loss = self.step(self.index)
        return graph.replay
