"""Images per second of this project's training beside the published recipe's own pipeline, and what a notebook costs.

All ways train the reference net on the same digits, in processes of their own that wait while another way has its
turn. The table holds the median of the rounds, the lowest and the highest:

published           torchvision's MNIST, ToTensor and Normalize per image, DataLoader, batch 64, all cores as threads;
                    the faster of no loader processes and one per core (the other one is published-slower-loader)
published-128       the same at batch 128
ours                `s6core.train.fit` at batch 128 as `s6 run` trains: a process with one thread per core, summed; on
                    a GPU one process
ours-one-process    one of these alone
ours-memory-returned   the same without `s6core.devices.keep_freed_memory`
notebook-empty, notebook-imports   seconds that papermill takes with a notebook that does nothing, or only imports
                    what the template does
"""

from __future__ import annotations

import ast
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import click
import nbformat
import pandas as pd
import torch
import torch.nn.functional as F
from torch.optim import SGD
from torch.utils.data import DataLoader

from experiments.measure import timing
from experiments.runner import machine
from s6core import data, devices, results, sources, train
from s6core.config import RECIPES, NetConfig, TrainConfig
from s6core.net import build

MEAN, DEVIATION = 0.1307, 0.3081  # as published
EPOCH = 256  # images of an epoch on a CPU: what runs side by side should also stop together
TEMPLATE = results.REPOSITORY / "experiments" / "ablation.ipynb"
NOTEBOOKS = 3  # times that each notebook is executed


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to train: how many processes and threads, and for the published one how many that load (None: ours)."""

    name: str
    batch_size: int
    processes: int = 1
    threads: int = 1
    loader_processes: int | None = None
    keep_memory: bool = True

    @property
    def published(self) -> bool:
        return self.loader_processes is not None

    def seats(self) -> list[str]:
        """Return the names of its processes; ways that can share a process do."""
        if self.published:
            return ["published"]
        return [f"ours-{n}" if self.keep_memory else "ours-memory-returned" for n in range(self.processes)]


def ways(device: str, cores: int, processes: int) -> list[Way]:
    """Return the ways to time on a device, in the order of their turns."""
    theirs = [
        Way(name=f"published-{size}-{n}", batch_size=size, threads=cores, loader_processes=n)
        for size in (RECIPES["reference"]["batch_size"], TrainConfig().batch_size)
        for n in (0, cores)
    ]
    ours = [Way(name="ours", batch_size=TrainConfig().batch_size, processes=processes if device == "cpu" else 1)]
    if device == "cpu":
        ours.append(replace(ours[0], name="ours-one-process", processes=1))
        ours.append(replace(ours[1], name="ours-memory-returned", keep_memory=False))
    turns = [way for pair in zip(theirs, ours, strict=False) for way in pair]
    return turns + theirs[len(ours) :]


@cache
def mnist() -> Any:
    """Return torchvision's own training set, read from this project's verified files."""
    from torchvision import datasets, transforms

    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (DEVIATION,))])
    with tempfile.TemporaryDirectory() as root:
        raw = Path(root, "MNIST", "raw")
        raw.mkdir(parents=True)
        for found in sources.obtain("mnist"):
            (raw / found.file.name).write_bytes(found.raw)
        return datasets.MNIST(root, train=True, transform=steps)


def time_published(way: Way, seconds: float, device: str) -> tuple[int, float]:
    """Train as published for some seconds. Return how many images and how many seconds it was."""
    torch.set_num_threads(way.threads)
    recipe = TrainConfig(**RECIPES["reference"])
    net = build(NetConfig()).to(device=device, memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    optimiser = SGD(net.train().parameters(), recipe.lr, recipe.momentum)
    workers = way.loader_processes or 0
    loader = DataLoader(mnist(), way.batch_size, shuffle=True, num_workers=workers, pin_memory=device == "cuda")
    ahead = 2 * workers + 2  # batches that loading may be ahead when the net starts; they are not timed
    start, seen = 0.0, -ahead * way.batch_size
    for images, labels in _forever(loader):
        optimiser.zero_grad()
        loss = F.cross_entropy(net(images.to(device)), labels.to(device))
        loss.backward()
        optimiser.step()
        seen += len(labels)
        if seen <= 0:
            loss.item()  # waits for the device
            start = time.perf_counter()
        elif time.perf_counter() - start >= seconds:
            break
    loss.item()
    return seen, time.perf_counter() - start


def time_ours(way: Way, seconds: float, device: str) -> tuple[int, float]:
    """Train as `s6 run` does for some seconds. Return how many images and how many seconds it was."""
    return train_for(NetConfig(), way.batch_size, device, seconds, keep_memory=way.keep_memory)


def train_for(
    config: NetConfig, batch_size: int, device: str, seconds: float, *, keep_memory: bool = True
) -> tuple[int, float]:
    """Train a net with `fit` for some seconds, its evaluation left out. Return how many images and seconds it was."""
    images, epochs = training(config, batch_size, device, keep_memory=keep_memory)
    seen, spent = 0, 0.0
    while spent < seconds:
        seen, spent = seen + images, spent + next(epochs).seconds
    return seen, spent


@cache
def training(
    config: NetConfig, batch_size: int, device: str, *, keep_memory: bool = True
) -> tuple[int, Iterator[train.Epoch]]:
    """Return how many images an epoch has and the epochs of a net, without an end, after one to warm up."""
    torch.set_num_threads(1)
    where = devices.choose(device) if keep_memory else torch.device(device)
    images = data.load(device=where, train_images=EPOCH if device == "cpu" else 0)
    images = replace(images, test=images.test.take(slice(1)))
    net = build(config).to(where)
    epochs = train.fit(net, images, TrainConfig(batch_size=batch_size, epochs=1_000_000), seed=0)
    with mock.patch.object(train, "SAMPLE", 1):  # what is scored is not timed, so next to nothing is
        next(epochs)
    return len(images.train), epochs


def rate(way: Way, device: str, seats: dict[str, ProcessPoolExecutor], seconds: float) -> float:
    """Return a way's images per second, summed over its processes, which train side by side."""
    call = time_published if way.published else time_ours
    counts = [seats[seat].submit(call, way, seconds, device) for seat in way.seats()]
    return sum(images / spent for images, spent in (count.result() for count in counts))


def named(todo: list[Way], rates: dict[str, list[float]]) -> dict[str, Way]:
    """Give the published ways the names of the table: at each batch size the faster one stands for the pipeline."""
    names: dict[str, Way] = {}
    for size in sorted({way.batch_size for way in todo if way.published}):
        same = [way for way in todo if way.published and way.batch_size == size]
        best, *others = sorted(same, key=lambda way: -median(rates[way.name]))
        name = "published" if size == RECIPES["reference"]["batch_size"] else f"published-{size}"
        names |= {name: best} | {f"{name}-slower-loader": other for other in others}
    return names | {way.name: way for way in todo if not way.published}


def tabulate(todo: list[Way], rates: dict[str, list[float]], notebooks: dict[str, list[float]]) -> pd.DataFrame:
    """Return the table from each way's rates by round, and each notebook's seconds."""
    names = named(todo, rates)
    base = rates[names["published"].name]
    rows: list[dict[str, Any]] = []
    for name, way in names.items():
        own = rates[way.name]
        ratios = timing.ratios(own, base)
        rows.append({
            "name": name, **timing.middle(("images_per_second", "low", "high"), own, round),
            **timing.middle(("ratio", "ratio_low", "ratio_high"), ratios, hundredths), "rounds": len(own),
            "batch_size": way.batch_size, "processes": way.processes, "threads": way.threads,
            "loader_processes": way.loader_processes,
        })  # fmt: skip
        if not way.keep_memory:
            gains = timing.ratios(rates[names["ours-one-process"].name], own)
            rows[-1] |= timing.middle(("gain", "gain_low", "gain_high"), gains, hundredths)
    for name, spent in notebooks.items():
        seconds = timing.middle(("seconds", "low", "high"), spent, lambda number: round(number, 1))
        rows.append({"name": name, **seconds, "rounds": len(spent)})
    return pd.DataFrame(rows).convert_dtypes()


def hundredths(number: float) -> float:
    return round(number, 2)


def imports(template: Path) -> str:
    """Return the import statements of a notebook's cells."""
    cells = nbformat.read(template, as_version=4).cells
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    found = [node for tree in trees for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(map(ast.unparse, found))


def time_notebook(source: str) -> float:
    """Return the seconds in which papermill executes a notebook of one cell, as a run does it."""
    from experiments.runner import notebook  # the processes that train need no papermill

    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "template.ipynb")
        content = nbformat.read(TEMPLATE, as_version=4)  # for its metadata, which name the kernel
        content.cells = [nbformat.v4.new_code_cell(source)]
        nbformat.write(content, template)
        start = time.perf_counter()
        notebook.execute(template, {}, Path(folder, "out.ipynb"))
        return time.perf_counter() - start


@click.command("speed")
@timing.options(rounds=5, seconds=3, out="speed.csv in this repository's results")
@timing.device
def command(rounds: int, seconds: float, device: str, out: Path | None) -> None:
    """Time this project's training beside the published pipeline, on an otherwise idle machine.

    \b
    Example: s6 measure speed --rounds 1 --seconds 1 --out speed.csv
    """
    chosen = devices.choose(device)
    sources.fetch("mnist")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    todo = ways(chosen.type, cores, machine.cores())
    contents = {"notebook-empty": "", "notebook-imports": imports(TEMPLATE)}
    repeats = range(min(rounds, NOTEBOOKS))
    notebooks = {name: [time_notebook(source) for _ in repeats] for name, source in contents.items()}
    with ExitStack() as stack:
        seats = {seat: stack.enter_context(_process()) for way in todo for seat in way.seats()}
        calls = {way.name: partial(rate, way, chosen.type, seats) for way in todo}
        rates = timing.turns(calls, rounds=rounds, seconds=seconds)
    shown = ["name", "images_per_second", "seconds", "low", "high", "ratio", "ratio_low", "ratio_high", "gain"]
    frame = tabulate(todo, rates, notebooks)
    timing.store(out or results.PUBLISHED / "speed.csv", frame, chosen, shown=shown)


def _forever(loader: DataLoader) -> Iterator[Any]:
    while True:
        yield from loader


def _process() -> ProcessPoolExecutor:
    """Return a process that starts with its first task, and ends with this one however it ends."""
    context = get_context("spawn")  # a fork would inherit torch's threads and how it takes memory
    return ProcessPoolExecutor(1, mp_context=context, initializer=machine.die_with_parent, initargs=(os.getpid(),))
