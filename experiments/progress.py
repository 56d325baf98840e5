"""How far a study is, read from its folder alone: the same from any process, whether a runner is at work or none."""

from __future__ import annotations

import contextlib
import json
import math
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import psutil

from s6core import devices, results
from s6core.config import ConfigError
from s6core.layers import layers
from s6core.plan import Plan
from s6core.results import Record, ResultsError

State = Literal["finished", "diverged", "running", "interrupted", "failed", "waiting", "refused"]
NOTEBOOK = 6.0
"""Seconds that a notebook takes beside its training: kernel, imports, data."""
FRESH = 600
"""Seconds for which another machine's mark is believed where no runner is at work; between two marks lies an epoch."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One seed of one variant, as its folder shows it."""

    variant: str
    seed: int
    state: State
    epoch: int = 0
    epochs: int = 0
    accuracy: float = math.nan  # test, percent, after the last epoch so far
    seconds: float = math.nan  # so far, or in all
    per_epoch: float = math.nan  # seconds, NaN before the first epoch is through
    reason: str = ""  # of a failure, a refusal

    @property
    def left(self) -> float:
        """Seconds to go, as the epochs so far went; NaN before the first."""
        return max(0.0, self.per_epoch * self.epochs - self.seconds) if self.epoch else math.nan


def look(plan: Plan, *, at_work: bool = True) -> list[Run]:
    """Return the state of every planned run of a variant; `at_work`: whether a runner is, on whatever machine."""
    return [_look(plan, seed, at_work) for seed in plan.seeds]


def clear(folder: Path) -> None:
    """Remove the marks of runs that are over: stored, or dead. Only for who holds the folder.

    Another machine's goes too: its runner is gone. A run that lives all the same marks its next epoch anew.
    """
    for path in folder.glob("*/seed-*.progress"):
        watch = _read(path)
        if path.with_suffix(".json").exists() or not watch or watch["host"] != platform.node() or not _alive(watch):
            path.unlink(missing_ok=True)


@lru_cache(maxsize=1_000)
def work(plan: Plan) -> float:
    """Return a run's size: epochs × images × operations, where evaluation counts as the third of a training step."""
    images = plan.images + 20_000 / 3
    operations = 0.0
    for row in layers(plan.net):
        height, width = row.output[1:]
        if row.op in ("conv", "linear"):
            operations += row.parameters * height * width
        else:
            operations += 10 * math.prod(row.output)  # memory, not arithmetic, is what these cost
    return plan.train.epochs * images * operations


def pace(folder: Path) -> float:
    """Return the seconds per unit of work of the folder's stored runs, or else of others of this machine; or NaN."""
    cpu = devices.cpu()
    for place in (folder, folder.parent, results.REPOSITORY / "results"):
        known = [r for r in _records(place) if r.status == "finished"]
        if place != folder:
            known = [r for r in known if r.provenance.get("device") == cpu]
        if known:
            return statistics.median(_seconds(r) / _size(r) for r in known)
    return math.nan


def left(plans: Iterable[Plan], runs: Sequence[Run], workers: int, known: float, *, again: bool = False) -> float:
    """Return the seconds until all runs are through, by their own pace or else the known; NaN without.

    What diverged or failed is over for the runner at work; with `again` it counts, as the next one tries it again.
    """
    over = ("finished",) if again else ("finished", "diverged", "failed")
    sizes = {(plan.variant, seed): work(plan) for plan in plans for seed in plan.seeds}
    under_way = [run for run in runs if run.state in ("running", "finished") and run.epoch]
    own = [run.per_epoch * run.epochs / sizes[run.variant, run.seed] for run in under_way]
    pace = statistics.median(own) if own else known
    seconds = 0.0
    for run in runs:
        whole = pace * sizes[run.variant, run.seed]
        if run.state == "running":
            seconds += run.left if run.epoch else whole
        elif run.state not in over:
            seconds += whole + NOTEBOOK
    return seconds / max(workers, 1)


def clock(seconds: float) -> str:
    """Return a time as one reads it: 45 s, 3 min, 2.5 h."""
    if math.isnan(seconds):
        return "?"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _look(plan: Plan, seed: int, at_work: bool) -> Run:
    path = results.record_path(plan.folder, plan.variant, seed)
    run = Run(variant=plan.variant, seed=seed, state="waiting", epochs=plan.train.epochs)
    with contextlib.suppress(FileNotFoundError):
        stamp = path.stat()
        return _stored(replace(plan, seeds=(seed,)), (stamp.st_mtime_ns, stamp.st_size))
    watch = _read(results.progress_path(plan.folder, plan.variant, seed))
    failure = _read(results.failure_path(plan.folder, plan.variant, seed))
    if watch:
        so_far = replace(
            run,
            epoch=watch["epoch"],
            epochs=watch["epochs"],
            accuracy=watch["row"].get("test_accuracy") or math.nan,
            seconds=_between(watch["started_at"], results.now()),
            per_epoch=_between(watch["started_at"], watch["marked_at"]) / max(watch["epoch"], 1),
        )
        if _alive(watch, at_work):
            return replace(so_far, state="running")
        if not failure:
            return replace(so_far, state="interrupted")
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
    record = found[0]
    diverged = record.status == "diverged"
    seconds = _seconds(record)
    return replace(
        run,
        state="diverged" if diverged else "finished",
        epoch=len(record.epochs),
        accuracy=record.final["test_accuracy"],
        seconds=seconds,
        per_epoch=seconds / len(record.epochs),
        reason=f"the loss was not finite in epoch {len(record.epochs)}" if diverged else "",
    )


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


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=4)
def _records(place: Path) -> tuple[Record, ...]:
    found = []
    for path in sorted({*place.glob("*/seed-*.json"), *place.glob("*/*/seed-*.json")}):
        if path.stem[5:].isdigit():
            try:
                found.append(results.load(path))
            except ResultsError:
                continue  # an estimate can do without
    return tuple(found)


def _seconds(record: Record) -> float:
    training = sum(row["seconds"] for row in record.epochs)
    try:
        return max(training, _between(record.provenance["started_at"], record.provenance["finished_at"]))
    except KeyError:
        return training


def _between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _size(record: Record) -> float:
    return work(
        Plan(
            study=record.study,
            variant=record.variant,
            net=record.net,
            train=record.train,
            seeds=(record.seed,),
            device="auto",
            folder=Path(),
        )  # fmt: skip
    )
