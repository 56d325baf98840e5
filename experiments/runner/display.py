"""What progress looks like: lines and a bar while runs train, a table for `s6 status`."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Callable, Sequence
from itertools import groupby

from tqdm import tqdm

from experiments.runner.progress import DONE, Run
from experiments.terminal import paragraph, width
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
        layout = f"{{n:.1f}} of {{total}} runs {{bar:{20 if width() >= 80 else 8}}} {{desc}}"
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
        rest = f"about {clock(left)} left" if len(over) < len(runs) else "reports to finish"
        for run in over:
            if (run.variant, run.seed) not in self.told:
                self.told.add((run.variant, run.seed))
                self.say(f"{run.variant}, seed {run.seed}: {sentence(run)}; {len(over)} of {len(runs)} runs, {rest}")
        running = [run for run in runs if run.state == "running"]
        self.bar.n = len(over) + sum(run.epoch / run.epochs for run in running)
        self.bar.set_description_str("; ".join([rest, *(f"{run.variant} {run.seed}: {doing(run)}" for run in running)]))


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
    rows = [(v, f"{parameters[v]:,}", figure(seeds), "".join(MARKS[state(run)] for run in seeds))
            for v, seeds in ((v, list(group)) for v, group in groupby(runs, key=lambda run: run.variant))]  # fmt: skip
    for line in _table([("variant", "parameters", "test accuracy", "seeds"), *rows]):
        echo(line)
    for run in runs:
        if told := _news(run):
            echo(paragraph(f"{run.variant}, seed {run.seed}: {told}", indent="  "))
    echo(paragraph(counted(runs) + (f"; about {clock(left)} of work left" if left else "")))


def _table(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """Return the rows in columns; where the terminal is too narrow, a variant's figures stand below its name."""
    first = max(12, *(len(row[0]) + 2 for row in rows))
    wide = [f"{name:<{first}}{count:>12}  {figures:<20}{marks}" for name, count, figures, marks in rows]
    if max(map(len, wide)) <= width():
        return wide
    return [line for name, _, figures, marks in rows for line in (name, f"  {figures:<16} {marks}")]


def _news(run: Run) -> str:
    """Say what of a run its mark does not tell; nothing where there is no such thing."""
    if run.state == "running":
        return doing(run) + ("" if math.isnan(run.left) else f", about {clock(run.left)} left")
    if run.state == "interrupted":
        return f"interrupted after epoch {run.epoch:.0f} of {run.epochs}; `s6 run` goes on from there"
    if run.state == "finished" and not run.learned:
        return f"{run.accuracy:.2f}% after the last epoch: {CHANCE}"
    return f"{run.state}: {run.reason}" if run.state in ("diverged", "failed", "refused") else ""


def counted(runs: Sequence[Run]) -> str:
    """Say how many runs are in which state."""
    counts = {word: sum(state(run) == word for run in runs) for word in MARKS}
    return f"{len(runs)} runs: " + ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def figure(runs: Sequence[Run]) -> str:
    """Return the mean test accuracy of the seeds that learned, as in `s6 table`, with their standard deviation."""
    figures = [run.accuracy for run in runs if state(run) == "finished" and not math.isnan(run.accuracy)]
    if not figures:
        return "–"
    spread = f" ± {statistics.stdev(figures):.2f}" if len(figures) > 1 else ""
    return f"{statistics.mean(figures):.2f}{spread} %"
