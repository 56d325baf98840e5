"""The command `s6 run`."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from experiments import studies
from experiments.cli.options import folder
from experiments.runner import display, machine, progress
from experiments.runner import run as runner
from experiments.runner.lock import alone, holder
from s6core import devices, results
from s6core.config import ConfigError, diff


@click.command()
@click.argument("name", metavar="STUDY")
@click.option("--only", multiple=True, metavar="NAME", help="Only this variant; may be given more than once.")
@click.option("--seeds", type=click.IntRange(1), help="Seeds per variant instead of the study's number.")
@click.option("--epochs", type=click.IntRange(1), help="Epochs instead of the recipe's.")
@click.option("--device", metavar="NAME", help="auto, cpu, cuda or mps.")
@folder
@click.option("--force", is_flag=True, help="Train anew what is stored with another config.")
@click.option("--workers", type=click.IntRange(1), help="Runs at once.  [default: one per GPU, else one per core]")
@click.option(
    "--scheduler", metavar="TCP://HOST:PORT", help="A Dask cluster that exists, instead of workers of our own."
)
@click.option("--dry-run", is_flag=True, help="Check everything and print the plan, but run nothing.")
def run(
    name: str, only: tuple[str, ...], seeds: int | None, epochs: int | None, device: str | None, root: Path,
    force: bool, workers: int | None, scheduler: str | None, dry_run: bool,
) -> None:  # fmt: skip
    """Train what is missing of a study, through papermill, and make its notebooks and tables.

    Whatever is killed, the same command goes on. Exit status: 0 if every run is finished and stands in the tables, 1 if
    not, 2 for a mistake in what was asked for.
    """
    own = {key: value for key, value in {"epochs": epochs, "device": device}.items() if value is not None}
    task = runner.prepare(name, studies.study(name), root=root, only=only, seeds=seeds, **own)
    if not scheduler:  # else its workers have the devices
        for named in {planned.device for planned in task.plans} - {"auto", "cpu"}:
            devices.choose(named)  # asks torch, which takes seconds
    if dry_run:
        _refused(task, force)
        _plan(task, workers, scheduler)
        return
    try:
        sys.exit(_run(task, workers, scheduler, force))
    except KeyboardInterrupt:
        click.echo("s6: interrupted; what is stored stays, and the same command goes on", err=True)
        sys.exit(130)


def _run(task: runner.Task, workers: int | None, scheduler: str | None, force: bool) -> int:
    with alone(task.folder):
        runner.tidy(task.folder)
        for path in _refused(task, force):
            path.unlink(missing_ok=True)
        with runner.retrying(task):
            problems = _work(task, workers, scheduler)
        for problem in dict.fromkeys(problems):
            click.echo(f"s6: {problem}", err=True)
        runs = task.runs()
        finished = sum(run.state == "finished" for run in runs)
        if any(run.state in ("finished", "diverged") for run in runs):
            left_out = results.collect(task.folder)
            for reason in left_out:
                click.echo(f"s6: {reason}", err=True)
            problems += left_out
        click.echo(f"{task.folder}: {finished} of {len(runs)} runs finished", err=True)
    return 1 if problems or finished < len(runs) else 0


def _refused(task: runner.Task, force: bool) -> list[Path]:
    """Return the stored runs to replace. Raises `ConfigError` for the first of them where that is not wanted."""
    refused = runner.conflicts(task)
    if refused and not force:
        raise ConfigError(next(iter(refused.values())))
    return list(refused)


def _work(task: runner.Task, workers: int | None, scheduler: str | None) -> list[str]:
    """Have the jobs done, where there are any; return what went wrong beside single runs."""
    if not runner.jobs(task, 1):
        return []
    from experiments.runner import cluster
    from s6core import sources

    where: AbstractContextManager[Any]
    if scheduler:
        where = cluster.existing(scheduler, task.folder)
        expected = cluster.look(task.folder)
    else:
        for dataset in {planned.train.dataset for planned in task.plans if planned.missing()}:
            sources.fetch(dataset)  # once, before all workers do
        gpus = _gpus(task)
        number = workers or len(gpus) or machine.cores()
        where = cluster.local(min(number, len(runner.jobs(task, number))), gpus)
        expected = None
    with where as client:
        count = cluster.size(client)
        runs = task.runs()
        with display.Live(count, runs) as live:
            missing = sum(run.state != "finished" for run in runs)
            live.say(f"{task.folder}: {missing} of {len(runs)} runs to train, {count} at once")
            return runner.execute(task, client, live, count, expected)


def _gpus(task: runner.Task) -> list[str]:
    """Return the GPUs for a study's workers: none where all of it is to run on the CPU."""
    return machine.gpus() if any(planned.device != "cpu" for planned in task.plans) else []


def _plan(task: runner.Task, workers: int | None, scheduler: str | None) -> None:
    """Print what would be done, and how long it would take."""
    known = progress.pace(task.folder)
    runs = task.runs(at_work=bool(holder(task.folder)))
    number = _at_once(task, workers, scheduler)
    click.echo(f"{task.folder}")
    for planned in task.plans:
        mine = [run for run in runs if run.variant == planned.variant]
        todo = [str(run.seed) for run in mine if run.state != "finished"]
        time = progress.left([planned], mine, 1, known, again=True)
        does = f"train seed {', '.join(todo)}: {progress.clock(time)}" if todo else "all stored"
        click.echo(f"  {planned.variant}: {_changes(planned)}; {len(mine) - len(todo)} of {len(mine)} stored; {does}")
    todo_count = sum(run.state != "finished" for run in runs)
    number = max(1, min(number, todo_count))
    time = progress.left(task.plans, runs, number, known, again=True)
    click.echo(f"{todo_count} of {len(runs)} runs to train, {number} at once, about {progress.clock(time)}")


def _at_once(task: runner.Task, workers: int | None, scheduler: str | None) -> int:
    """Return how many runs would train side by side."""
    if not scheduler:
        return workers or len(_gpus(task)) or machine.cores()
    from experiments.runner import cluster

    with cluster.existing(scheduler, task.folder) as client:
        return cluster.size(client)


def _changes(planned: Any) -> str:
    from s6core.config import NetConfig, TrainConfig

    found = diff(NetConfig(), planned.net) | diff(TrainConfig(), planned.train)
    return ", ".join(f"{field} {old} → {new}" for field, (old, new) in found.items()) or "as the reference"
