"""Milliseconds that the engine of receptive fields takes, beside a calculator that hooks a forward pass.

The opponent works as the usual tools do: a hook on every leaf module, one forward pass over an image, and the
recurrences, applied in the order of the calls. That is right for nets whose layers follow one another. Where branches
meet, it takes them for one long chain; the table holds both answers. Engine and calculator take turns in one process
with one thread, on the same net.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
import pandas as pd
import torch
from torch import nn
from torchvision import models

from experiments.measure import timing
from s6core import results
from s6core.config import NetConfig
from s6core.net import build
from s6core.receptive import ReceptiveField, receptive_field

TITLES = {
    "s6": "reference net", "alexnet": "AlexNet", "vgg16": "VGG-16", "resnet18": "ResNet-18", "googlenet": "GoogLeNet",
    "resnet152": "ResNet-152",
}  # fmt: skip
WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


class Slid(NamedTuple):
    """Along the vertical axis: field, effective stride, and pixels by which unit 0's box starts before the image."""

    size: int
    stride: int
    padding: int


def by_hooks(net: nn.Module, image: torch.Tensor) -> dict[str, Slid]:
    """Return the field after every leaf module of a net in eval mode, as if each had read the one called before it."""
    seen = {"": Slid(1, 1, 0)}

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            size, stride, padding = next(reversed(seen.values()))
            kernel, step, before = _window(module, args[0])
            seen.pop(name, None)  # a module that is called again: its last call counts, and comes last
            seen[name] = Slid(size + (kernel - 1) * stride, stride * step, padding + before * stride)

        return hook

    with ExitStack() as stack, torch.inference_mode():
        for name, module in net.named_modules():
            if next(module.children(), None) is None:
                stack.callback(module.register_forward_hook(note(name)).remove)
        net(image)
    return seen


def _window(module: nn.Module, x: torch.Tensor) -> Slid:
    """Return kernel (with its dilation), stride and padding of what slides, 1, 1 and 0 of everything else."""
    if isinstance(module, WINDOWS):
        kernel, stride, padding, dilation = (
            n if isinstance(n, int) else n[0]
            for n in (module.kernel_size, module.stride, module.padding, getattr(module, "dilation", 1))
        )
        return Slid(int(dilation) * (int(kernel) - 1) + 1, int(stride), int(padding))
    if isinstance(module, nn.AdaptiveAvgPool2d):
        size: Any = module.output_size
        units = (size if isinstance(size, int) else size[0]) or x.shape[2]
        stride = x.shape[2] // units
        return Slid(x.shape[2] - (units - 1) * stride, stride, 0)
    return Slid(1, 1, 0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A net, an image for it, and the last of its layers that slides over maps: where the two answers are compared."""

    name: str
    net: nn.Module
    image: torch.Tensor
    layer: str
    layers: int

    @classmethod
    def of(cls, name: str) -> Case:
        """Return the case of `s6` or of one of torchvision's nets, with random weights, in eval mode."""
        extra = {"init_weights": False} if name == "googlenet" else {}
        net = build(NetConfig()) if name == "s6" else models.get_model(name, weights=None, **extra)
        image = torch.rand(1, 1, 28, 28) if name == "s6" else torch.rand(1, 3, 224, 224)
        field = receptive_field(net.eval(), (image.shape[2], image.shape[3]))
        modules = dict(net.named_modules())
        slides = [r for r in field if isinstance(modules.get(r.name), WINDOWS) and r.units != (1, 1)]
        return cls(name=name, net=net, image=image, layer=slides[-1].name, layers=len(field))

    def engine(self) -> ReceptiveField:
        return receptive_field(self.net, (self.image.shape[2], self.image.shape[3]))

    def hooks(self) -> dict[str, Slid]:
        return by_hooks(self.net, self.image)


def milliseconds(call: Callable[[], Any], least: float) -> float:
    """Return how long a call takes, on average over as many as last `least` seconds."""
    calls, start = 0, time.perf_counter()
    while not calls or time.perf_counter() - start < least:
        call()
        calls += 1
    return 1000 * (time.perf_counter() - start) / calls


def row(case: Case, spent: Mapping[str, list[float]]) -> dict[str, Any]:
    """Return the line of the table from the rounds of a case; `ratio` is how many times as long the hooks take."""
    ratios = timing.ratios(spent["hooks"], spent["engine"])
    line: dict[str, Any] = {"net": case.name, "title": TITLES[case.name], "layers": case.layers}
    for who, times in spent.items():
        line |= timing.middle((f"{who}_ms", f"{who}_low", f"{who}_high"), times, three)
    line |= timing.middle(("ratio", "ratio_low", "ratio_high"), ratios, three) | {"rounds": len(ratios)}
    both = {"engine_size": case.engine()[case.layer].size[0], "hooks_size": case.hooks()[case.layer].size}
    return line | {"compared_at": case.layer} | both


def three(number: float) -> float:
    """Round to three significant digits."""
    return float(f"{number:.3g}")


@click.command("receptive-speed")
@timing.options(rounds=7, seconds=0.5, out="receptive/speed.csv in this repository's results")
@click.option("--only", type=click.Choice(list(TITLES)), multiple=True, help="Time these nets and no others.")
def command(rounds: int, seconds: float, only: tuple[str, ...], out: Path | None) -> None:
    """Time the engine of receptive fields beside hooks in a forward pass, on an otherwise idle machine.

    \b
    Example: s6 measure receptive-speed --only s6 --rounds 1 --out speed.csv
    """
    torch.set_num_threads(1)
    lines = []
    for case in map(Case.of, only or TITLES):
        calls = {"engine": partial(milliseconds, case.engine), "hooks": partial(milliseconds, case.hooks)}
        lines.append(row(case, timing.turns(calls, rounds=rounds, seconds=seconds)))
    shown = ["net", "layers", "engine_ms", "hooks_ms", "ratio", "ratio_low", "ratio_high", "engine_size", "hooks_size"]
    path = out or results.PUBLISHED / "receptive" / "speed.csv"
    timing.store(path, pd.DataFrame(lines), torch.device("cpu"), shown=shown, threads=1)
