"""The command `s6 data`."""

from __future__ import annotations

import click

from experiments.terminal import paragraph, width
from s6core import sources


@click.command()
@click.argument("dataset", default="mnist")
def data(dataset: str) -> None:
    """Fetch a data set, verify its files, and say where they are and what is in them.

    mnist, fashion-mnist, kmnist, qmnist, emnist-digits, cifar-10, or folder:PATH, a folder of images with a subfolder
    per class. Files lie in the folder that S6_DATA names, else in a cache folder of yours.

    \b
    Example: S6_DATA=~/datasets s6 data mnist
    """
    row = sources.describe(dataset)
    for item in sources.obtain(dataset):
        facts = f"{item.file.size:>12,} bytes  SHA-256 {item.file.sha256[:12]}…  from {item.source}"
        line = f"{item.path}  {facts}"
        click.echo(line if len(line) <= width() else f"{item.path}\n{paragraph(facts.strip(), indent='    ')}")
    if not row.files:
        files = sources.fetch(dataset).values()
        click.echo(f"{len(files)} files in {', '.join(sorted({str(path.parent) for path in files}))}")
    size = " × ".join(map(str, row.image))
    click.echo(paragraph(f"{row.train:,} training and {row.test:,} test images of {size}, {row.classes} classes"))
