"""What timings share: turns round by round, ratios within a round, and the machine that a table speaks of."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import click
import pandas as pd
import torch
from tqdm import tqdm

from experiments.cli.options import HomePath
from s6core import devices, results

Call = Callable[[float], float]
"""Does its work for at least so many seconds, and returns the figure of this turn."""

WARM_UP = 0.1  # seconds


def options(*, rounds: int, seconds: float, out: str) -> Callable[[Any], Any]:
    """Return the options `--rounds`, `--seconds` and `--out` of a command that times."""
    number, length = click.IntRange(1), click.FloatRange(0, min_open=True)
    path = HomePath(dir_okay=False, writable=True)

    def add(command: Any) -> Any:
        command = click.option("--out", type=path, metavar="CSV", help=f"The table.  [default: {out}]")(command)
        command = click.option("--seconds", type=length, default=seconds, show_default=True, help="Of a turn.")(command)
        return click.option("--rounds", type=number, default=rounds, show_default=True, help="Turns of each.")(command)

    return add


device = click.option("--device", type=click.Choice(devices.ALLOWED), default="auto", show_default=True)


def turns(calls: Mapping[str, Call], *, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Give each call its turn, round by round, and return its figures.

    What slows the machine slows down all of a round. A short one before the first warms up and does not count.
    """
    found: dict[str, list[float]] = {name: [] for name in calls}
    with tqdm(total=(rounds + 1) * len(calls), unit="turn") as bar:
        for turn in range(rounds + 1):
            for name, call in calls.items():
                bar.set_description(f"round {turn} of {rounds}: {name}" if turn else f"warming up {name}")
                figure = call(seconds if turn else min(seconds, WARM_UP))
                if turn:
                    found[name].append(figure)
                bar.update()
    return found


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return the ratio of two rows of figures within each round."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def middle(names: Sequence[str], figures: Sequence[float], rounded: Callable[[float], float]) -> dict[str, float]:
    """Return the median, the lowest and the highest of some figures under these names."""
    return dict(zip(names, map(rounded, (median(figures), min(figures), max(figures))), strict=True))


def store(path: Path, frame: pd.DataFrame, where: torch.device, *, shown: Sequence[str], **more: Any) -> None:
    """Write a table with the machine and the code it was measured on, and print the columns to be shown."""
    origin = results.provenance()
    more |= {"device": devices.name(where), "cores": os.cpu_count(), "torch": torch.__version__}
    more |= {"commit": origin["commit"], "clean": origin["clean"], "measured_at": results.now()}
    results.write(path, frame.assign(**more).to_csv(index=False, float_format="%.10g", lineterminator="\n").encode())
    readable = frame.reindex(columns=list(shown)).dropna(axis="columns", how="all")
    click.echo(readable.to_string(index=False, na_rep=""))
    click.echo(f"written to {path}")
