"""The command `s6 run`."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from experiments.cli.completion import complete_studies
from experiments.cli.options import folder
from experiments.runner import display, machine, progress
from experiments.runner import task as tasks
from experiments.runner.lock import Shard, alone, holder
from experiments.runner.task import Task
from experiments.terminal import paragraph
from s6core import devices, results
from s6core.config import ConfigError, NetConfig, TrainConfig, diff, text
from s6core.plan import Plan
from s6core.watch import clock


def _shard(context: click.Context, option: click.Parameter, text: str | None) -> Shard | None:
    number, _, of = (text or "").partition("/")
    if text and not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise click.BadParameter(f"{text!r}: write NUMBER/OF, as in 2/8: the second of eight")
    return (int(number), int(of)) if text else None


@click.command()
@click.argument("name", metavar="STUDY|TOPIC|FILE.yaml", shell_complete=complete_studies)
@click.option("--only", multiple=True, metavar="NAME", help="Only this variant; may be given more than once.")
@click.option("--seeds", type=click.IntRange(1), help="Other seeds per variant, in a folder of their own.")
@click.option("--epochs", type=click.IntRange(1), help="Other epochs than the recipe's, in a folder of their own.")
@click.option("--device", metavar="NAME", help="auto, cpu, cuda or mps.")
@folder
@click.option("--force", is_flag=True, help="Train anew what is stored with another config.")
@click.option("--workers", type=click.IntRange(1), help="Runs at once.  [default: one per GPU, else one per core]")
@click.option("--scheduler", metavar="TCP://HOST:PORT", help="A Dask cluster that exists, instead of own workers.")
@click.option("--shard", callback=_shard, metavar="K/N", help="Only the Kth of N equal parts, as in an array of jobs.")
@click.option("--dry-run", is_flag=True, help="Check everything and print the plan, but run nothing.")
def run(
    name: str, only: tuple[str, ...], seeds: int | None, epochs: int | None, device: str | None, root: Path,
    force: bool, workers: int | None, scheduler: str | None, shard: Shard | None, dry_run: bool,
) -> None:  # fmt: skip
    """Train what is missing of a study, or of one of its topics, and make its notebooks and tables.

    Whatever is killed, the same command goes on. Exit status: 0 if every run is done and stands in the tables, also one
    that diverged, 1 if not, 2 for a mistake in what was asked for.
    """
    if scheduler and (workers or shard):
        given = "--workers" if workers else "--shard"
        raise ConfigError(f"{given} beside --scheduler: allowed is one of them; a cluster has workers of its own")
    task = tasks.find(name, root, only=only, seeds=seeds, epochs=epochs, device=device, shard=shard)
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
        click.echo("\ns6: interrupted; what is stored stays, and the same command goes on", err=True)
        sys.exit(130)


def _run(task: Task, workers: int | None, scheduler: str | None, force: bool) -> int:
    from experiments.runner.run import tidy  # and with it what takes seconds: distributed, papermill

    with alone(task.folder, task.shard):
        for path in _refused(task, force):
            path.unlink(missing_ok=True)
        tasks.remember(task)
        tidy(task)
        problems = _work(task, workers, scheduler)
        for problem in dict.fromkeys(problems):
            click.echo(f"s6: {problem}", err=True)
        runs = task.runs()
        done = sum(run.state in progress.DONE for run in runs)
        if done:
            left_out = results.collect(task.folder)
            for reason in left_out:
                click.echo(f"s6: {reason}", err=True)
            problems += left_out
        click.echo(f"{task.folder}: {display.counted(runs)}", err=True)
    return 1 if problems or done < len(runs) else 0


def _refused(task: Task, force: bool) -> list[Path]:
    """Return the stored runs to replace. Raises `ConfigError` for the first of them where that is not wanted."""
    refused = tasks.conflicts(task)
    if refused and not force:
        raise ConfigError(next(iter(refused.values())))
    return list(refused)


def _work(task: Task, workers: int | None, scheduler: str | None) -> list[str]:
    """Have the jobs done, where there are any; return what went wrong beside single runs."""
    from experiments.runner import cluster
    from experiments.runner import run as runner
    from s6core import sources

    if not runner.jobs(task, 1):
        return []

    where: AbstractContextManager[Any]
    if scheduler:
        where = cluster.existing(scheduler, task.folder)
    else:
        for dataset in {planned.train.dataset for planned in task.plans if task.missing(planned)}:
            sources.fetch(dataset)  # once, before all workers do
        number, gpus = machine.workers({planned.device for planned in task.plans})
        number = workers or number
        where = cluster.local(min(number, len(runner.jobs(task, number))), gpus)
    with where as client:
        count, runs = cluster.size(client), task.runs()
        with display.Live(runs) as live:
            missing = sum(run.state not in progress.DONE for run in runs)
            live.say(f"{task.folder}: {missing} of {len(runs)} runs to train, {count} at once")
            return runner.execute(task, client, live, count, cluster.look(task.folder) if scheduler else None)


def _plan(task: Task, workers: int | None, scheduler: str | None) -> None:
    """Print what would be done, and how long it would take."""
    runs = task.runs(at_work=bool(holder(task.folder)))
    click.echo(f"{task.folder}")
    for planned in task.plans:
        mine = [run for run in runs if run.variant == planned.variant]
        todo = [str(run.seed) for run in mine if run.state not in progress.DONE]
        time = clock(progress.left(task.plans, runs, 1, only=planned.variant))
        does = f"train seed {', '.join(todo)}: {time}" if todo else "all stored"
        does = does if mine else "none in this shard"
        done = f"{len(mine) - len(todo)} of {len(mine)} stored; " if mine else ""
        line = f"{planned.variant}: {_changes(planned)}; {done}{does}"
        click.echo(paragraph(line, indent="  ", hanging="    "))
    count = sum(run.state not in progress.DONE for run in runs)
    number = max(1, min(_at_once(task, workers, scheduler), count))
    time = clock(progress.left(task.plans, runs, number))
    click.echo(f"{count} of {len(runs)} runs to train, {number} at once, about {time}")


def _at_once(task: Task, workers: int | None, scheduler: str | None) -> int:
    """Return how many runs would train side by side."""
    if not scheduler:
        return workers or machine.workers({planned.device for planned in task.plans})[0]
    from experiments.runner import cluster

    with cluster.existing(scheduler, task.folder) as client:
        return cluster.size(client)


def _changes(planned: Plan) -> str:
    found = diff(NetConfig(), planned.net) | diff(TrainConfig(), planned.train)
    return ", ".join(f"{field} {text(old)} → {text(new)}" for field, (old, new) in found.items()) or "as the reference"
