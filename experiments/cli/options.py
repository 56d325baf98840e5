"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from s6core.plan import YOURS
from s6core.results import PUBLISHED


class HomePath(click.Path):
    """A path in which a leading `~` is the home folder, also where no shell has expanded it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(Path(value).expanduser(), param, ctx)


DIR = HomePath(file_okay=False)
folder = click.option(
    "--results", "root", type=DIR, default=PUBLISHED, metavar="DIR",
    help="Where the study's folder lies or comes to lie.  [default: this repository's results]",
)  # fmt: skip
folders = click.option(
    "--results", "roots", type=DIR, metavar="DIR", callback=lambda _, __, root: [root] if root else [PUBLISHED, YOURS],
    help="Where studies lie.  [default: this repository's results, then results/yours]",
)  # fmt: skip
