"""The command `s6 studies`, which is also what `s6` alone prints."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from experiments import own
from experiments.cli import formats
from experiments.leaderboard import topics
from experiments.studies import STUDIES, Study
from experiments.terminal import paragraph, width
from s6core import plan, results
from s6core.config import ConfigError
from s6core.results import PUBLISHED


@click.command()
@formats.formats
def studies(kind: str) -> None:
    """List every study and topic: what it asks, and how many of its runs are stored.

    \b
    Example: s6 studies --format json
    """
    rows = overview()
    if kind == "table":
        click.echo("\n".join(listing(rows)))
    else:
        shown = [{name: str(value) for name, value in row.items()} for row in rows]
        click.echo(formats.render(rows, shown, kind))


def overview() -> list[dict[str, Any]]:
    """Return a row per study, and per topic of a study that has several: study, topic, question, stored, planned."""
    known = [(name, study, PUBLISHED / name) for name, study in STUDIES.items()]
    rows, broken = [], []
    for name, folder in own.stored().items():
        try:
            known.append((name, own.load(folder / own.COPY)[1], folder))
        except ConfigError as error:  # a file that somebody edited does not hide the other studies
            broken.append({"study": name, "topic": "", "question": str(error), "stored": 0, "planned": 0})
    for name, study, folder in known:
        rows.append(_row(name, "", study.question, study, study.variants, folder))
        asked = topics(name, study)
        for topic, asks in asked.items() if len(asked) > 1 else ():
            rows.append(_row(name, topic, asks.question, study, (asks.base, *asks.variants), folder))
    return rows + broken


def listing(rows: list[dict[str, Any]]) -> list[str]:
    """Return the rows as lines: name and runs in columns, the question behind them, or below in a narrow terminal."""
    names = [f"  {row['topic']}" if row["topic"] else row["study"] for row in rows]
    runs = [f"{row['stored']} of {row['planned']}" for row in rows]
    left, right = (max(map(len, column)) for column in (names, runs))
    indent = left + right + 4
    lines = []
    for row, name, done in zip(rows, names, runs, strict=True):
        head = f"{name:<{left}}  {done:>{right}}"
        if width() - indent >= 30:
            said = paragraph(row["question"], indent=" " * indent)
            lines.append(head + said[len(head) :])
        else:
            lines += [head, paragraph(row["question"], indent="    ")]
    return lines


def _row(study: str, topic: str, question: str, of: Study, variants: Iterable[str], folder: Path) -> dict[str, Any]:
    stored = planned = 0
    for variant in variants:
        seeds = plan.seeds(of.parameters(variant).get("seeds", of.seeds))
        planned += len(seeds)
        stored += sum(results.record_path(folder, variant, seed).exists() for seed in seeds)
    return {"study": study, "topic": topic, "question": question, "stored": stored, "planned": planned}
