"""The command `s6 status`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click

from experiments import studies
from experiments.cli.options import folder
from experiments.runner import display, progress
from experiments.runner import run as runner
from experiments.runner.lock import holder
from s6core import results
from s6core.layers import layers, parameters


@click.command()
@click.argument("name", metavar="STUDY")
@folder
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def status(name: str, root: Path, as_json: bool) -> None:
    """Show a study's variants: which seeds are done or under way, and the figures so far."""
    task = runner.prepare(name, studies.study(name), root=root)
    at_work = holder(task.folder)
    runs = task.runs(at_work=bool(at_work))
    left = progress.left(task.plans, runs, 1, progress.pace(task.folder), again=not at_work)
    counts = {planned.variant: parameters(layers(planned.net)) for planned in task.plans}
    if as_json:
        click.echo(json.dumps(_json(task, runs, counts, at_work, left), indent=1))
        return
    click.echo(f"{name} in {task.folder}" + (f": {at_work}" if at_work else ""))
    display.status(runs, counts, left, click.echo)
    for planned in task.plans:
        failure = results.failure_path(task.folder, planned.variant, None)
        if failure.exists():
            click.echo(f"  {planned.variant}: its report failed: {json.loads(failure.read_text())['reason']}")


def _json(
    task: runner.Task, runs: list[progress.Run], counts: dict[str, int], at_work: str, left: float
) -> dict[str, Any]:
    def plain(value: float) -> float | None:
        return None if math.isnan(value) else value

    variants = []
    for planned in task.plans:
        mine = [run for run in runs if run.variant == planned.variant]
        seeds = [
            {"seed": run.seed, "state": run.state, "epoch": run.epoch, "epochs": run.epochs,
             "test_accuracy": plain(run.accuracy), "seconds": plain(run.seconds), "reason": run.reason}
            for run in mine
        ]  # fmt: skip
        finished = sum(run.state == "finished" for run in mine)
        variants.append(
            {"variant": planned.variant, "parameters": counts[planned.variant], "finished": finished, "seeds": seeds}
        )
    return {
        "study": task.folder.name, "folder": str(task.folder), "at_work": at_work or None,
        "seconds_left": plain(left), "variants": variants,
    }  # fmt: skip
