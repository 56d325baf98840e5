"""The command `s6 data`."""

from __future__ import annotations

import click

from s6core import sources


@click.command()
@click.argument("dataset", default="mnist")
def data(dataset: str) -> None:
    """Fetch a data set (mnist or fashion-mnist), verify every file, and say where it is.

    Files lie in the folder that S6_DATA names, else in a cache folder of yours.

    \b
    Example: S6_DATA=~/datasets s6 data mnist
    """
    for item in sources.obtain(dataset):
        click.echo(f"{item.path}  {item.file.size:>12,} bytes  SHA-256 {item.file.sha256[:12]}…  from {item.source}")
