"""The command `s6 rm`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click

from experiments.cli.completion import complete_variants
from experiments.cli.options import DIR
from experiments.runner.lock import alone
from s6core import results
from s6core.config import ConfigError, unknown
from s6core.plan import YOURS


@click.command()
@click.argument("name", metavar="STUDY/VARIANT", shell_complete=complete_variants)
@click.option("--results", "root", type=DIR, default=YOURS, metavar="DIR",
              help="Where the study lies.  [default: results/yours]")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
def rm(name: str, root: Path, yes: bool) -> None:
    """Remove the runs of a variant, its notebook and weights, and take it out of the study's tables.

    Published runs are touched only where --results names their folder.

    \b
    Example: s6 rm smoke/fc
    """
    study, _, variant = name.strip("/").partition("/")
    if not re.fullmatch(r"\w[\w.+-]*/\w[\w.+-]*", f"{study}/{variant}"):
        raise ConfigError(f"{name!r}: allowed is STUDY/VARIANT")
    folder = root / study / variant
    if folder.is_symlink() or not folder.is_dir():
        known = [f"{p.parent.parent.name}/{p.parent.name}" for p in root.glob("*/*/seed-*.json")]
        raise ConfigError(f"{root}: {unknown('variant', name, dict.fromkeys(known)) if known else 'holds no runs'}")
    runs = len(results.record_paths(folder.parent, folder.name))
    if not yes:
        click.confirm(f"Remove {folder} with {runs} run{'s' * (runs != 1)}?", abort=True)
    with alone(folder.parent):
        shutil.rmtree(folder)
        for reason in results.collect(folder.parent):
            click.echo(f"s6: {reason}", err=True)
    click.echo(f"{folder}: removed")
