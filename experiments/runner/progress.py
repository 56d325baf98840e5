"""How far a study is, read from its folder alone: the same from any process, whether a runner is at work or none."""

from __future__ import annotations

import contextlib
import json
import math
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import psutil

from s6core import results
from s6core.config import ConfigError
from s6core.layers import layers
from s6core.plan import Plan
from s6core.results import ResultsError

State = Literal["finished", "diverged", "running", "interrupted", "failed", "waiting", "refused"]
DONE = ("finished", "diverged")
NOTEBOOK = 6.0
"""Seconds that a notebook takes beside its training: kernel, imports, data."""
CORE = 1 / 1_350 / 7_060_000
"""Seconds per unit of `work` on a core of a server: 1,350 images of the reference net a second."""
EVALUATION = 1.1  # what comes on top of training
FRESH = 600
"""Seconds for which another machine's mark is believed where no runner is at work; between two marks lies an epoch."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One seed of one variant, as its folder shows it."""

    variant: str
    seed: int
    state: State
    epoch: float = 0  # how many are through, and the part of one under way
    epochs: int = 0
    accuracy: float = math.nan  # test, percent, after the last epoch so far
    learned: bool = True  # False for a finished run at chance
    seconds: float = math.nan  # of its training: in all, or of this process so far
    trained: float = 0  # epochs that took these seconds
    reason: str = ""  # of a failure, a refusal

    @property
    def left(self) -> float:
        """Seconds to go, as the epochs so far went; NaN before there are any."""
        return (self.epochs - self.epoch) * self.seconds / self.trained if self.trained else math.nan


def look(plan: Plan, *, at_work: bool = True) -> list[Run]:
    """Return the state of every planned run of a variant; `at_work`: whether a runner is, on whatever machine."""
    return [_look(plan, seed, at_work) for seed in plan.seeds]


@lru_cache(maxsize=1_000)
def work(plan: Plan) -> float:
    """Return the size of an epoch's training: images × operations."""
    operations = 0.0
    for row in layers(plan.net):
        size = math.prod(row.output[1:])
        # memory, not arithmetic, is what the others cost
        operations += row.parameters * size if row.op in ("conv", "linear") else 10 * row.output[0] * size
    return plan.images * plan.train.repeats * operations


def left(plans: Iterable[Plan], runs: Sequence[Run], workers: int, *, only: str = "") -> float:
    """Return the seconds until all runs are done, at the pace of those that have trained here.

    The pace is all their time over all their work, so that a quick look among long runs counts as little as it took.
    Where none has trained yet it is that of one core.
    """
    sizes = {plan.variant: work(plan) for plan in plans}
    trained = [run for run in runs if run.trained]
    done = sum(run.trained * sizes[run.variant] for run in trained)
    pace = EVALUATION * sum(run.seconds for run in trained) / done if done else CORE
    seconds = 0.0
    for run in runs:
        if run.state not in DONE and only in ("", run.variant):
            own = run.left if run.state == "running" else math.nan
            seconds += (run.epochs - run.epoch) * pace * sizes[run.variant] + NOTEBOOK if math.isnan(own) else own
    return seconds / max(workers, 1)


def clear(folder: Path, mine: Any) -> None:
    """Remove the marks of one's runs that are over: stored, or dead. Only for who holds the folder.

    Another machine's goes too: its runner is gone. A run that lives all the same marks its next epoch anew.
    """
    for path in folder.glob("*/seed-*.progress"):
        watch = read(path)
        over = path.with_suffix(".json").exists() or not watch or watch["host"] != platform.node() or not _alive(watch)
        if over and mine(path.parent.name, int(path.stem.removeprefix("seed-"))):
            path.unlink(missing_ok=True)


def read(path: Path) -> dict[str, Any]:
    """Return what a mark or a failure says; nothing where there is none."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _look(plan: Plan, seed: int, at_work: bool) -> Run:
    path = results.record_path(plan.folder, plan.variant, seed)
    run = Run(variant=plan.variant, seed=seed, state="waiting", epochs=plan.train.epochs)
    with contextlib.suppress(FileNotFoundError):
        stamp = path.stat()
        return _stored(replace(plan, seeds=(seed,)), (stamp.st_mtime_ns, stamp.st_size))
    watch = read(results.progress_path(plan.folder, plan.variant, seed))
    failure = read(results.failure_path(plan.folder, plan.variant, seed))
    if watch:
        epoch = watch["epoch"] + watch["part"]
        accuracy = watch["row"].get("test_accuracy") or math.nan
        run = replace(run, epoch=epoch, epochs=watch["epochs"], accuracy=accuracy)
        if _alive(watch, at_work):
            seconds = _between(watch["started_at"], watch["marked_at"])
            return replace(run, state="running", trained=epoch - watch["first"], seconds=seconds)
        if not failure:
            return replace(run, state="interrupted", epoch=watch["epoch"])
    return replace(run, state="failed", reason=failure["reason"]) if failure else run


@lru_cache(maxsize=10_000)
def _stored(plan: Plan, stamp: tuple[int, int]) -> Run:
    """Return the state of a stored run. The file's stamp is part of the key: a runner asks for it twice a second."""
    run = Run(variant=plan.variant, seed=plan.seeds[0], state="waiting", epochs=plan.train.epochs)
    try:
        found = plan.records()
    except (ConfigError, ResultsError) as error:
        return replace(run, state="refused", reason=str(error))
    if not found:  # gone since
        return run
    record, epochs = found[0], len(found[0].epochs)
    accuracy, seconds = record.final["test_accuracy"], sum(row["seconds"] for row in record.epochs)
    run = replace(run, epoch=epochs, accuracy=accuracy, seconds=seconds, trained=epochs)
    if record.status == "diverged":
        return replace(run, state="diverged", learned=False, reason=f"the loss was not finite in epoch {epochs}")
    return replace(run, state="finished", learned=plan.learned(accuracy))


def _alive(watch: dict[str, Any], at_work: bool = False) -> bool:
    """Return whether the process that wrote a progress file still works on it.

    Another machine's cannot be asked: it is believed while a runner is at work, or while its mark is fresh.
    """
    if watch["host"] != platform.node():
        return at_work or _between(watch["marked_at"], results.now()) < FRESH
    try:
        process = psutil.Process(watch["pid"])
        born = datetime.fromtimestamp(process.create_time(), UTC)
        older = born.replace(microsecond=0) <= datetime.fromisoformat(watch["started_at"])
        return older and process.status() != psutil.STATUS_ZOMBIE  # a younger one has only inherited the number
    except psutil.NoSuchProcess:
        return False


def _between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
