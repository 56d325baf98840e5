"""What a notebook says of its runs while they train: a mark for other processes, a line for whoever looks on."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from s6core import results
from s6core.plan import Plan

LOG = logging.getLogger(__name__)
PAUSE = 20.0
"""Seconds without a word, after which an epoch that is not through says how far it is."""


def clock(seconds: float) -> str:
    """Return a time as one reads it: 45 s, 3 min, 2.5 h."""
    if math.isnan(seconds):
        return "?"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Watch:
    """Follows the seeds of a plan, one after the other; `say` gets a line per epoch, and more in long ones."""

    def __init__(self, plan: Plan, seeds: Sequence[int], say: Callable[[str], object]) -> None:
        self.plan, self.say = plan, say
        self.left = len(seeds) * plan.train.epochs  # epochs
        self.done = 0  # epochs, by this process
        self.begun = time.monotonic()

    def start(self, seed: int, rows: list[dict[str, Any]]) -> None:
        """Begin with a seed whose first rows are there already."""
        self.seed, self.rows, self.first = seed, rows, len(rows)
        self.left -= len(rows)
        self.started_at = results.now()
        self._mark()

    def step(self, taken: int, steps: int) -> None:
        if taken < steps and time.monotonic() - self.spoke > PAUSE:
            part = taken / steps
            self._mark(part)
            self._say(len(self.rows) + 1, f"step {taken:,} of {steps:,}", part)

    def epoch(self, *, diverged: bool) -> None:
        """Tell of the row that has just come."""
        self._mark()
        self.done += 1
        self.left -= self.plan.train.epochs - len(self.rows) + 1 if diverged else 1
        accuracy = self.rows[-1]["test_accuracy"]
        told = "the loss is not finite: diverged" if diverged else f"{accuracy:.2f}% of the test set"
        if not diverged and len(self.rows) == self.plan.train.epochs:
            told += "" if self.plan.learned(accuracy) else ": did not learn"
        self._say(len(self.rows), told)

    def _say(self, epoch: int, told: str, part: float = 0.0) -> None:
        each = (time.monotonic() - self.begun) / (self.done + part)
        rest = f", about {clock(each * (self.left - part))} left" if self.left > part else ""
        line = f"seed {self.seed}, epoch {epoch} of {self.plan.train.epochs}: {told}{rest}"
        LOG.info(line)
        self.say(line)

    def _mark(self, part: float = 0.0) -> None:
        self.spoke = time.monotonic()
        results.mark(
            self.plan.folder, self.plan.variant, self.seed, epochs=self.plan.train.epochs, started_at=self.started_at,
            rows=self.rows, first=self.first, part=part, parameters=self.plan.parameters(),
        )  # fmt: skip
