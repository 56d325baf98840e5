"""Run a study's jobs on as many workers as there are.

A run is one seed of one variant. It is done when its record is stored, diverged or not, and what is stored is not run
again: after a kill at any moment the same command goes on where the work stopped.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any

from distributed import Client, Future, KilledWorker, wait

from experiments.runner import cluster, progress
from experiments.runner.display import Live
from experiments.runner.job import Failure, Job, fail, forget, reported
from experiments.runner.task import Task, conflict
from s6core import results
from s6core.config import ConfigError
from s6core.plan import Plan
from s6core.results import ResultsError


def tidy(task: Task) -> None:
    """Clear away what killed processes left in a study's folder, and the reasons of what is tried again."""
    progress.clear(task.folder, task.mine)
    stored = [p for p in task.folder.glob("*/seed-*.checkpoint") if p.with_suffix(".json").exists()]
    for path in [*stored, *results.abandoned(task.folder)]:
        path.unlink(missing_ok=True)
    for planned in task.plans:
        for seed in task.missing(planned):
            forget(planned, seed)


def jobs(task: Task, workers: int) -> list[Job]:
    """Return what is to be done. Where there are few variants for the workers, each seed is a job of its own."""
    missing = {planned.variant: task.missing(planned) for planned in task.plans}
    whole = workers == 1 or sum(map(bool, missing.values())) >= 4 * workers
    todo: list[Job] = []
    for planned in task.plans:
        seeds, all_mine = missing[planned.variant], missing[planned.variant] == planned.missing()
        if all_mine and (len(seeds) == 1 or (seeds and whole) or (not seeds and not reported(planned))):
            todo.append(_report(task, planned))
        else:
            todo += [_job(task, planned, [seed]) for seed in seeds]
    return sorted(todo, key=lambda job: job.plan.seeds[-1])  # low seeds first: an early end leaves comparisons


def execute(
    task: Task, client: Client, live: Live, workers: int, expected: Mapping[str, Any] | None = None
) -> list[str]:
    """Do all jobs; a failing one leaves its reason, and the others go on. Return what went wrong beside single runs.

    With `expected` (`cluster.look`) a worker that differs from it does no job.
    """
    todo = jobs(task, workers)
    queue = {client.submit(cluster.do, job, expected, pure=False, priority=-n): job for n, job in enumerate(todo)}
    pending = Counter(job.plan.variant for job in todo)
    through: list[Job] = []
    problems: list[str] = []
    try:
        while queue:
            for future in _done(queue):
                job = queue.pop(future)
                variant = job.plan.variant
                pending[variant] -= 1
                failure = _failure(job, future)
                if not failure:
                    through.append(job)
                elif failure.hopeless or failure.seed is None:
                    problems.append(f"{variant}: {failure.reason}")
                    if failure.hopeless:
                        return problems
                try:
                    another = _next(task, job, failure, last=not pending[variant])
                except (ConfigError, ResultsError) as error:  # stored, but not what was planned
                    problems.append(f"{variant}: {error}")
                    continue
                if another:
                    pending[variant] += 1
                    queue[client.submit(cluster.do, another, expected, pure=False, priority=1)] = another
            runs = task.runs()
            live.update(runs, progress.left(task.plans, [run for run in runs if run.state != "failed"], workers))
    except CancelledError:
        queue.clear()
        problems.append("the scheduler is gone")
    finally:
        client.cancel(list(queue))
    return problems + _unseen(through)


def _done(queue: Mapping[Future, Job]) -> set[Future]:
    """Return the futures that are through, or none after half a second."""
    try:
        return wait(list(queue), timeout=0.5, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        return set()


def _unseen(through: Sequence[Job]) -> list[str]:
    """Name the runs whose worker says that they are stored, but whose records are not here."""
    stored = [(job.plan, seed) for job in through for seed in job.plan.seeds]
    return [
        f"{plan.variant}: its worker says that seed {seed} is stored, but {path} is not here; do all see the same disk?"
        for plan, seed in stored
        if not (path := results.record_path(plan.folder, plan.variant, seed)).exists()
    ]


def _next(task: Task, job: Job, failure: Failure | None, *, last: bool) -> Job | None:
    """Return the job that follows from one that is through: the seeds after a failed one, or the variant's report."""
    planned = next(planned for planned in task.plans if planned.variant == job.plan.variant)
    if failure and failure.seed is not None:
        rest = [seed for seed in job.plan.missing() if seed > failure.seed]
        return _job(task, planned, rest) if rest else None
    if not failure and not job.report and last and not planned.missing():
        return _report(task, planned)
    return None


def _report(task: Task, planned: Plan) -> Job:
    """Return the job that trains what is missing of a variant and reports on all of it, what lies beside included."""
    beside = {int(path.stem[5:]) for path in results.record_paths(planned.folder, planned.variant)}
    return _job(task, planned, sorted({*planned.seeds, *(s for s in beside if not conflict(planned, s))}), report=True)


def _job(task: Task, planned: Plan, seeds: Sequence[int], *, report: bool = False) -> Job:
    return Job(plan=replace(planned, seeds=tuple(seeds)), report=report, template=task.template)


def _failure(job: Job, future: Future) -> Failure | None:
    """Return what a job returned; one whose workers were killed again and again could not."""
    if future.status == "finished":
        return future.result()
    error = future.exception()
    if isinstance(error, KilledWorker):
        return fail(job, RuntimeError("its workers were killed again and again"))
    return fail(job, error, traceback="".join(traceback.format_exception(error)))
