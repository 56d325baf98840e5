"""Run a study: check everything, then papermill notebooks on as many workers as there are.

A run is one seed of one variant. It is done when its record is stored, and what is stored is not run again: after a
kill at any moment the same command goes on where the work stopped.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    def runs(self, *, at_work: bool = True) -> list[progress.Run]:
        return [run for plan in self.plans for run in progress.look(plan, at_work=at_work)]

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
        try:
            checked = plan({"seeds": study.seeds, **values} | ({} if seeds is None else {"seeds": seeds}))
        except ConfigError as error:
            raise ConfigError(f"{name}, variant {variant}: {error}") from error
        if "dataset" in values:
            values["dataset"] = checked.train.dataset  # a folder's path from the root on: workers start elsewhere
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


def execute(
    task: Task, client: Client, live: Live, workers: int, expected: Mapping[str, Any] | None = None
) -> list[str]:
    """Do all jobs; a failing one leaves its reason, and the others go on. Return what went wrong beside single runs.

    With `expected` (`cluster.look`) a worker that differs from it does no job.
    """
    from experiments.cluster import do

    known = progress.pace(task.folder)
    todo = jobs(task, workers)
    queue = {client.submit(do, job, expected, pure=False, priority=-n): job for n, job in enumerate(todo)}
    pending = Counter(job.variant for job in todo)
    through: list[Job] = []
    problems: list[str] = []
    try:
        while queue:
            for future in _done(queue):
                job = queue.pop(future)
                pending[job.variant] -= 1
                failure = _failure(job, future)
                if failure and (failure.hopeless or failure.seed is None):
                    problems.append(f"{job.variant}: {failure.reason}")
                    if failure.hopeless:
                        return problems
                if not failure:
                    through.append(job)
                try:
                    another = _next(task, job, failure, last=not pending[job.variant])
                except (ConfigError, ResultsError) as error:  # stored, but not what was planned
                    problems.append(f"{job.variant}: {error}")
                    another = None
                if another:
                    pending[job.variant] += 1
                    queue[client.submit(do, another, expected, pure=False, priority=1)] = another
            runs = task.runs()
            live.update(runs, progress.left(task.plans, runs, workers, known))
    except CancelledError:
        queue.clear()
        problems.append("the scheduler is gone")
    finally:
        client.cancel(list(queue))
    return problems + _unseen(through)


@contextmanager
def retrying(task: Task) -> Iterator[None]:
    """Take away what is to be tried again: the reasons of failed runs, and the runs that diverged.

    The records of those wait beside their places, so that a kill loses none: `tidy` and the end put them back.
    """
    from experiments.job import forget

    try:
        for planned in task.plans:
            for seed in planned.missing():
                forget(task.folder, planned.variant, seed)
            for record in planned.records():
                if record.status == "diverged":
                    path = results.record_path(task.folder, record.variant, record.seed)
                    path.replace(results.before_path(path))
        yield
    finally:
        _put_back(task.folder)


def tidy(folder: Path) -> None:
    """Clear away what killed processes left in a study's folder. Only for who holds it."""
    _put_back(folder)
    progress.clear(folder)
    for path in results.abandoned(folder):
        path.unlink(missing_ok=True)


def _put_back(folder: Path) -> None:
    """Give runs that were tried again their old records back, unless the new ones say something new."""
    for path, old in results.set_aside(folder).items():
        if _new(path, old):
            old.unlink()
        else:
            old.replace(path)


def _new(path: Path, old: Path) -> bool:
    """Return whether a record says what an old one does not; one that is missing or damaged says nothing."""
    try:
        results.load(path)
    except ResultsError:
        return False
    return results.digest(path.read_bytes()) != results.digest(old.read_bytes())


def _done(queue: Iterable[Future]) -> set[Future]:
    """Return the futures that are through, or none after half a second."""
    from distributed import wait

    try:
        return wait(list(queue), timeout=0.5, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        return set()


def _unseen(through: Iterable[Job]) -> list[str]:
    """Name the runs whose worker says that they are stored, but whose records are not here."""
    return [
        f"{job.variant}: its worker says that seed {seed} is stored, but {path} is not here; do all see the same disk?"
        for job in through
        for seed in job.seeds
        if not (path := results.record_path(job.folder, job.variant, seed)).exists()
    ]


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
        return f"{error}; --force trains it anew"
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
