"""What progress looks like: a line per worker in a terminal, plain lines elsewhere, a table for `s6 status`."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from types import TracebackType
from typing import Any

import click
from tqdm import tqdm

from experiments.runner.progress import Run, clock

MARKS = {
    "finished": "●", "running": "◐", "waiting": "·", "interrupted": "○", "diverged": "∞", "failed": "×", "refused": "!",
}  # fmt: skip
OVER = ("finished", "diverged", "failed")


class Live:
    """Shows runs as they go. In a terminal: a bar per worker and one in all; elsewhere: a line as a run ends."""

    def __init__(self, workers: int, runs: Sequence[Run], *, terminal: bool | None = None) -> None:
        self.terminal = sys.stderr.isatty() if terminal is None else terminal
        self.shown = {(run.variant, run.seed): run.state for run in runs}
        self.total = len(runs)
        self.slots: dict[tuple[str, int], tqdm[Any]] = {}
        layout = "{desc:<32} {bar:24} {n_fmt}/{total_fmt} {unit}{postfix}"
        options = {"disable": not self.terminal, "leave": False, "dynamic_ncols": True, "bar_format": layout}
        self.bars = [tqdm(total=1, position=n, desc="waiting", unit="epochs", **options) for n in range(workers)]
        self.sum = tqdm(total=self.total, position=workers, desc="all", unit="runs", **options)

    def __enter__(self) -> Live:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for bar in (*self.bars, self.sum):
            bar.close()

    def say(self, line: str) -> None:
        if self.terminal:
            tqdm.write(line, file=sys.stderr)
        else:
            click.echo(line, err=True)

    def update(self, runs: Sequence[Run], left: float) -> None:
        """Show what has changed."""
        over = sum(run.state in OVER for run in runs)
        for run in runs:
            key = (run.variant, run.seed)
            if run.state != self.shown.get(key) and run.state in OVER:
                rest = f"; {over} of {self.total} runs, about {clock(left)} left" if over < self.total else ""
                self.say(f"{key[0]}, seed {key[1]}: {sentence(run)}{rest}")
            self.shown[key] = run.state
        running = {(run.variant, run.seed): run for run in runs if run.state == "running"}
        for key in [key for key in self.slots if key not in running]:
            bar = self.slots.pop(key)
            bar.set_description_str("waiting", refresh=False)
            bar.set_postfix_str("", refresh=False)
            bar.reset(1)
        free = [bar for bar in self.bars if bar not in self.slots.values()]
        for key, run in running.items():
            if key not in self.slots and free:
                self.slots[key] = free.pop(0)
            if key in self.slots:
                bar = self.slots[key]
                bar.total, bar.n = run.epochs, run.epoch
                bar.set_description_str(f"{run.variant}, seed {run.seed}", refresh=False)
                bar.set_postfix_str(doing(run), refresh=False)
                bar.refresh()
        self.sum.n = over
        self.sum.set_postfix_str(f"about {clock(left)} left", refresh=False)
        self.sum.refresh()


def sentence(run: Run) -> str:
    """Say how a run ended."""
    if run.state == "finished":
        return f"{run.accuracy:.2f}% of the test set in {clock(run.seconds)}"
    return f"{run.state}: {run.reason}"


def doing(run: Run) -> str:
    """Say how far a run under way is."""
    if not run.epoch:
        return "starting"
    return f"{run.accuracy:.2f}%, about {clock(run.left)} left"


def status(runs: Sequence[Run], parameters: dict[str, int], left: float, echo: Callable[[str], None]) -> None:
    """Print a study's variants with a mark per seed, figures so far, then what is under way or went wrong."""
    width = max(12, *(len(run.variant) + 2 for run in runs))
    echo(f"{'variant':<{width}}{'parameters':>12}  {'test accuracy':<20}seeds")
    for variant, group in groupby(runs, key=lambda run: run.variant):
        seeds = list(group)
        marks = "".join(MARKS[run.state] for run in seeds)
        echo(f"{variant:<{width}}{parameters[variant]:>12,}  {figure(seeds):<20}{marks}")
    for run in runs:
        where = f"  {run.variant}, seed {run.seed}: "
        if run.state == "running":
            echo(f"{where}epoch {run.epoch} of {run.epochs}, {doing(run)}")
        elif run.state == "interrupted":
            echo(f"{where}interrupted after epoch {run.epoch} of {run.epochs}; `s6 run` trains it again")
        elif run.state in ("diverged", "failed", "refused"):
            echo(f"{where}{run.state}: {run.reason}")
    counts = {state: sum(run.state == state for run in runs) for state in MARKS}
    words = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    echo(f"{len(runs)} runs: {words}" + (f"; about {clock(left)} of work left" if left else ""))


def figure(runs: Sequence[Run]) -> str:
    """Return the mean test accuracy of the finished seeds, with their standard deviation."""
    figures = [run.accuracy for run in runs if run.state == "finished" and not math.isnan(run.accuracy)]
    if not figures:
        return "–"
    spread = f" ± {statistics.stdev(figures):.2f}" if len(figures) > 1 else ""
    return f"{statistics.mean(figures):.2f}{spread} %"
