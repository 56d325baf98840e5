"""What progress looks like: lines and a bar while runs train, a table for `s6 status`."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Callable, Sequence
from itertools import groupby

from tqdm import tqdm

from experiments.runner.progress import DONE, Run
from s6core.watch import clock

CHANCE = "did not learn"
MARKS = {
    "finished": "●", CHANCE: "▁", "running": "◐", "waiting": "·", "interrupted": "○", "diverged": "∞", "failed": "×",
    "refused": "!",
}  # fmt: skip
OVER = (*DONE, "failed")


class Live:
    """Shows runs as they go: a line as one ends, and in a terminal a bar that names those under way."""

    def __init__(self, runs: Sequence[Run], *, terminal: bool | None = None) -> None:
        terminal = sys.stderr.isatty() if terminal is None else terminal
        self.told = {(run.variant, run.seed) for run in runs if run.state in OVER}
        layout = "{n:.1f} of {total} runs {bar:20} {postfix}"
        self.bar = tqdm(total=len(runs), disable=not terminal, leave=False, dynamic_ncols=True, bar_format=layout)

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def say(self, line: str) -> None:
        tqdm.write(line, file=sys.stderr)

    def update(self, runs: Sequence[Run], left: float) -> None:
        """Show what has changed."""
        over = [run for run in runs if run.state in OVER]
        rest = f"about {clock(left)} left"
        for run in over:
            if (run.variant, run.seed) not in self.told:
                self.told.add((run.variant, run.seed))
                self.say(f"{run.variant}, seed {run.seed}: {sentence(run)}; {len(over)} of {len(runs)} runs, {rest}")
        running = [run for run in runs if run.state == "running"]
        self.bar.n = len(over) + sum(run.epoch / run.epochs for run in running)
        self.bar.set_postfix_str("; ".join([rest, *(f"{run.variant} {run.seed}: {doing(run)}" for run in running)]))


def sentence(run: Run) -> str:
    """Say how a run ended."""
    if run.state == "finished":
        return f"{run.accuracy:.2f}% of the test set in {clock(run.seconds)}" + ("" if run.learned else f": {CHANCE}")
    return f"{run.state}: {run.reason}"


def doing(run: Run) -> str:
    """Say how far a run under way is."""
    return f"epoch {math.ceil(run.epoch) or 1} of {run.epochs}" + (
        "" if math.isnan(run.accuracy) else f", {run.accuracy:.2f}%"
    )


def state(run: Run) -> str:
    """Return a run's state as it is shown: a finished run may not have learned."""
    return CHANCE if run.state == "finished" and not run.learned else run.state


def status(runs: Sequence[Run], parameters: dict[str, int], left: float, echo: Callable[[str], None]) -> None:
    """Print a study's variants with a mark per seed, figures so far, then what is under way or went wrong."""
    width = max(12, *(len(run.variant) + 2 for run in runs))
    echo(f"{'variant':<{width}}{'parameters':>12}  {'test accuracy':<20}seeds")
    for variant, group in groupby(runs, key=lambda run: run.variant):
        seeds = list(group)
        marks = "".join(MARKS[state(run)] for run in seeds)
        echo(f"{variant:<{width}}{parameters[variant]:>12,}  {figure(seeds):<20}{marks}")
    for run in runs:
        where = f"  {run.variant}, seed {run.seed}: "
        if run.state == "running":
            echo(f"{where}{doing(run)}" + ("" if math.isnan(run.left) else f", about {clock(run.left)} left"))
        elif run.state == "interrupted":
            echo(f"{where}interrupted after epoch {run.epoch:.0f} of {run.epochs}; `s6 run` goes on from there")
        elif run.state == "finished" and not run.learned:
            echo(f"{where}{run.accuracy:.2f}% after the last epoch: {CHANCE}")
        elif run.state in ("diverged", "failed", "refused"):
            echo(f"{where}{run.state}: {run.reason}")
    echo(counted(runs) + (f"; about {clock(left)} of work left" if left else ""))


def counted(runs: Sequence[Run]) -> str:
    """Say how many runs are in which state."""
    counts = {word: sum(state(run) == word for run in runs) for word in MARKS}
    return f"{len(runs)} runs: " + ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def figure(runs: Sequence[Run]) -> str:
    """Return the mean test accuracy of the finished seeds, with their standard deviation."""
    figures = [run.accuracy for run in runs if run.state == "finished" and not math.isnan(run.accuracy)]
    if not figures:
        return "–"
    spread = f" ± {statistics.stdev(figures):.2f}" if len(figures) > 1 else ""
    return f"{statistics.mean(figures):.2f}{spread} %"
