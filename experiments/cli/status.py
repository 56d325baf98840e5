"""The command `s6 status`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click

from experiments.cli.completion import complete_studies
from experiments.cli.options import folder
from experiments.runner import display, progress
from experiments.runner import task as tasks
from experiments.runner.lock import holder
from experiments.runner.task import Task
from experiments.terminal import paragraph
from s6core import results
from s6core.layers import layers, parameters


@click.command()
@click.argument("name", metavar="STUDY|TOPIC", shell_complete=complete_studies)
@folder
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def status(name: str, root: Path, as_json: bool) -> None:
    """Show the variants of a study or topic: which seeds are done or under way, and the figures so far."""
    task = tasks.find(name, root)
    at_work = holder(task.folder)
    runs = task.runs(at_work=bool(at_work))
    left = progress.left(task.plans, runs, 1)
    if as_json:
        click.echo(json.dumps(_json(task, runs, at_work, left), indent=1))
        return
    click.echo(paragraph(f"{name} in {task.folder}" + (f": {at_work}" if at_work else "")))
    counts = {planned.variant: parameters(layers(planned.net)) for planned in task.plans}
    display.status(runs, counts, left, click.echo)
    for planned in task.plans:
        failure = progress.read(results.failure_path(task.folder, planned.variant, None))
        if failure:
            click.echo(f"  {planned.variant}: its report failed: {failure['reason']}")


def _json(task: Task, runs: list[progress.Run], at_work: str, left: float) -> dict[str, Any]:
    def plain(value: float) -> float | None:
        return None if math.isnan(value) else value

    variants = []
    for planned in task.plans:
        mine = [run for run in runs if run.variant == planned.variant]
        seeds = [
            {"seed": run.seed, "state": run.state, "learned": run.learned if run.state in progress.DONE else None,
             "epoch": run.epoch, "epochs": run.epochs, "test_accuracy": plain(run.accuracy),
             "seconds": plain(run.seconds), "reason": run.reason}
            for run in mine
        ]  # fmt: skip
        finished = sum(run.state == "finished" for run in mine)
        count = parameters(layers(planned.net))
        variants.append({"variant": planned.variant, "parameters": count, "finished": finished, "seeds": seeds})
    return {
        "study": task.folder.name, "folder": str(task.folder), "at_work": at_work or None,
        "seconds_left": plain(left), "variants": variants,
    }  # fmt: skip
