"""Run a study: check everything, then papermill notebooks on as many workers as there are.

A run is one seed of one variant. It is done when its record is stored, and what is stored is not run again: after a
kill at any moment the same command goes on where the work stopped.
"""

from __future__ import annotations

import re
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import progress
from experiments.studies import Study
from s6core import results
from s6core.config import ConfigError
from s6core.plan import Plan, plan
from s6core.results import ResultsError

if TYPE_CHECKING:
    from distributed import Client, Future

    from experiments.display import Live
    from experiments.job import Failure, Job


@dataclass(frozen=True, kw_only=True)
class Task:
    """A study's work in one folder, checked: a plan per variant, and its notebook's parameters."""

    folder: Path
    plans: Sequence[Plan]
    parameters: Mapping[str, dict[str, Any]]
    template: Path | None = None

    def runs(self) -> list[progress.Run]:
        return [run for plan in self.plans for run in progress.look(plan)]

    def job(self, plan: Plan, seeds: Sequence[int], *, report: bool) -> Job:
        from experiments.job import Job

        parameters = self.parameters[plan.variant]
        return Job(folder=self.folder, parameters=parameters, seeds=tuple(seeds), report=report, template=self.template)


def prepare(
    name: str,
    study: Study,
    *,
    root: Path,
    only: Sequence[str] = (),
    seeds: int | None = None,
    template: Path | None = None,
    **own: Any,
) -> Task:
    """Check every variant of a study, without torch and before anything runs. Raises `ConfigError`."""
    folder = root.absolute() / name
    parameters, plans = {}, []
    for variant in dict.fromkeys(only or study.variants):
        values = study.parameters(variant) | own | {"study": name, "variant": variant}
        if not re.fullmatch(r"\w[\w.+-]*", variant):
            raise ConfigError(
                f"{name}, variant {variant!r}: allowed are letters, digits and _ . + -, as it names a folder"
            )
        try:
            checked = plan({"seeds": study.seeds, **values} | ({} if seeds is None else {"seeds": seeds}))
        except ConfigError as error:
            raise ConfigError(f"{name}, variant {variant}: {error}") from error
        parameters[variant] = values
        plans.append(replace(checked, folder=folder))
    return Task(folder=folder, plans=plans, parameters=parameters, template=template)


def conflicts(task: Task) -> dict[Path, str]:
    """Return the stored runs that are in the way: of another config, or no whole record; and why."""
    return {
        results.record_path(task.folder, planned.variant, seed): conflict
        for planned in task.plans
        for seed in planned.seeds
        if (conflict := _conflict(planned, seed))
    }


def jobs(task: Task, workers: int) -> list[Job]:
    """Return what is to be done. Where there are few variants for the workers, each seed is a job of its own."""
    from experiments.job import reported

    missing = {planned.variant: planned.missing() for planned in task.plans}
    whole = workers == 1 or sum(map(bool, missing.values())) >= 4 * workers
    todo: list[Job] = []
    for planned in task.plans:
        seeds = missing[planned.variant]
        if len(seeds) == 1 or (seeds and whole) or (not seeds and not reported(planned)):
            todo.append(task.job(planned, _stored(planned, seeds), report=True))
        else:
            todo += [task.job(planned, [seed], report=False) for seed in seeds]
    return sorted(todo, key=lambda job: job.seeds[-1])  # pairs first: an early end leaves comparisons, not variants


def execute(task: Task, client: Client, live: Live, workers: int) -> list[str]:
    """Do all jobs; a failing one leaves its reason, and the others go on. Return what went wrong beside single runs."""
    from distributed import wait

    from experiments.cluster import do

    known = progress.pace(task.folder)
    queue = {client.submit(do, job, pure=False, priority=-n): job for n, job in enumerate(jobs(task, workers))}
    pending = Counter(job.variant for job in queue.values())
    problems: list[str] = []
    try:
        while queue:
            try:
                done = wait(list(queue), timeout=0.5, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                done = set()
            for future in done:
                job = queue.pop(future)
                pending[job.variant] -= 1
                failure = _failure(job, future)
                if failure and (failure.hopeless or failure.seed is None):
                    problems.append(f"{job.variant}: {failure.reason}")
                    if failure.hopeless:
                        return problems
                another = _next(task, job, failure, last=not pending[job.variant])
                if another:
                    pending[job.variant] += 1
                    queue[client.submit(do, another, pure=False, priority=1)] = another
            runs = task.runs()
            live.update(runs, progress.left(task.plans, runs, workers, known))
    except CancelledError:
        queue.clear()
        problems.append("the scheduler is gone")
    finally:
        client.cancel(list(queue))
    return problems


@contextmanager
def retrying(task: Task) -> Iterator[None]:
    """Take away what is to be tried again: the reasons of failed runs, and the runs that diverged.

    A run that diverges as before gets its old record back: a file changes only where there is something new in it.
    """
    from experiments.job import forget

    before = {}
    for planned in task.plans:
        for seed in planned.missing():
            forget(task.folder, planned.variant, seed)
        for record in planned.records():
            if record.status == "diverged":
                path = results.record_path(task.folder, record.variant, record.seed)
                before[path] = path.read_bytes()
                path.unlink()
    try:
        yield
    finally:
        for path, content in before.items():
            if not path.exists() or results.digest(path.read_bytes()) == results.digest(content):
                results.write(path, content)


def sweep(folder: Path, *, age: float = 600) -> None:
    """Remove the beginnings of files that killed processes left."""
    for path in [*folder.glob(".*.tmp"), *folder.glob("*/.*.tmp")]:
        if time.time() - path.stat().st_mtime > age:
            path.unlink(missing_ok=True)


def _next(task: Task, job: Job, failure: Failure | None, *, last: bool) -> Job | None:
    """Return the job that follows from one that is through: the seeds after a failed one, or the variant's report."""
    planned = next(planned for planned in task.plans if planned.variant == job.variant)
    if failure and failure.seed is not None:
        rest = [seed for seed in job.plan().missing() if seed > failure.seed]
        return task.job(planned, rest, report=False) if rest else None
    if not failure and not job.report and last and not planned.missing():
        return task.job(planned, _stored(planned), report=True)
    return None


def _stored(planned: Plan, also: Sequence[int] = ()) -> list[int]:
    """Return the seeds that a variant's report covers: the planned ones and all that are stored beside them."""
    seeds = {*planned.seeds, *also}
    for path in (planned.folder / planned.variant).glob("seed-*.json"):
        number = path.stem.removeprefix("seed-")
        if number.isdigit() and not _conflict(planned, int(number)):
            seeds.add(int(number))
    return sorted(seeds)


def _conflict(planned: Plan, seed: int) -> str:
    try:
        replace(planned, seeds=(seed,)).records()
    except (ConfigError, ResultsError) as error:
        return str(error)
    return ""


def _failure(job: Job, future: Future) -> Failure | None:
    """Return what a job returned; one whose workers were killed again and again could not."""
    from distributed import KilledWorker

    from experiments.job import fail

    if future.status == "finished":
        return future.result()
    error = future.exception()
    if isinstance(error, KilledWorker):
        return fail(job, RuntimeError("its workers were killed again and again"))
    return fail(job, error, traceback="".join(traceback.format_exception(error)))
