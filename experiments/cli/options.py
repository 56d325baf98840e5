"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from s6core import results

PUBLISHED = results.REPOSITORY / "results"
folder = click.option(
    "--results", "root", type=click.Path(file_okay=False, path_type=Path), default=PUBLISHED, metavar="DIR",
    help="Where the study's folder lies or comes to lie.  [default: this repository's results]",
)  # fmt: skip
