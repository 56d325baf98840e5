"""The command `s6 claims`: what a reader's own runs say of the book's claims."""

from __future__ import annotations

import json
from pathlib import Path

import click

from experiments.cli.options import folder
from experiments.terminal import paragraph, width

WORDS = {"holds": "supports", "contradicted": "contradicts", "open": "cannot tell"}


@click.command()
@folder
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def claims(root: Path, as_json: bool) -> None:
    """Say which of the book's claims the runs in a folder support, contradict or cannot tell.

    A claim is read by the intervals of the runs: it is supported, or contradicted, only where all of an interval says
    so. That is how your own runs can refute this book.

    \b
    Example: s6 run ablations --only fc --results results/yours && s6 claims --results results/yours
    """
    from experiments.answers import claims as book
    from experiments.answers.registry import load
    from experiments.answers.sources import Sources

    sources = Sources(root)
    load(book.BOOK)  # claims may rest on what a chapter computes
    found = [(claim, book.judge(claim.argument, sources, cautious=True)) for claim in book.claims()]
    rows = [
        {
            "page": claim.page,
            "section": claim.section,
            "line": claim.line,
            "claim": book.plain(claim.body, sources),
            "condition": claim.argument,
            "runs": WORDS[judgement.state],
            "figures": judgement.figures,
        }
        for claim, judgement in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    indent = " " * (12 if width() >= 80 else 2)
    for row in rows:
        figures = "; ".join(f"{key} is {figure}" for key, figure in row["figures"].items())
        click.echo(paragraph(f"{row['runs']:<12}{row['page']}, line {row['line']}: {row['claim']}", hanging=indent))
        click.echo(f"{paragraph(row['condition'], indent=indent)}\n{paragraph(figures, indent=indent)}\n")
    told = [row["runs"] for row in rows]
    counts = ", ".join(f"{word} {told.count(word)}" for word in WORDS.values())
    click.echo(paragraph(f"{len(rows)} claims: {counts}"))
