"""The command `s6 table`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from experiments.cli import formats
from experiments.cli.completion import complete_studies
from experiments.cli.options import folders
from experiments.leaderboard import asked, leaderboard
from experiments.terminal import paragraph


@click.command()
@click.argument("name", metavar="STUDY|TOPIC", shell_complete=complete_studies)
@formats.formats
@folders
def table(name: str, kind: str, roots: list[Path]) -> None:
    """Print the variants of a study or a topic, best first: accuracy, ratio of errors, and verdict.

    Intervals are of 95%, over seeds; a verdict is within its topic, all of whose variants count.

    \b
    Examples: s6 table head
              s6 table ablations --format csv > ablations.csv
    """
    what = asked(name, roots)
    frame = leaderboard(what)
    if len(what.topics) < 2:
        frame = frame.drop(columns="topic")
    if not what.topics:
        frame = frame.drop(columns=["ratio", "low", "high", "verdict"])
    rows = frame.to_dict("records")
    failures = bool(frame["failed"].any())
    if kind == "table":
        click.echo(paragraph(next(iter(what.topics.values())).question if len(what.topics) == 1
                                     else what.study.question) + "\n")  # fmt: skip
    click.echo(formats.render(rows, [shown(row, failures) for row in rows], kind))


def shown(row: dict[str, Any], failures: bool) -> dict[str, str]:
    """Return a row for readers."""
    cells = {"topic": str(row["topic"])} if "topic" in row else {}
    cells |= {"variant": str(row["variant"]), "runs": str(row["n"])}
    if failures:
        cells["learned"] = f"{row['n'] - row['failed']} of {cells.pop('runs')}"
    cells["accuracy %"] = formats.estimate(row["accuracy"], row["accuracy_low"], row["accuracy_high"])
    if "ratio" not in row:
        return cells
    ratio = formats.estimate(row["ratio"], row["low"], row["high"]) if row["verdict"] else "base"
    return cells | {"times the errors": ratio, "verdict": row["verdict"]}
