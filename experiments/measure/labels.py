"""The labels of the 10,000 MNIST test digits, so that the book can tell which digits each stored run has wrong."""

from __future__ import annotations

import click

from experiments.answers.digits import LABELS
from experiments.measure import stored
from s6core import data, results


@click.command("labels")
def command() -> None:
    """Write mnist-test-labels.txt: a sign for each test digit, in their order, as records have their predictions."""
    signs = "".join(results.SIGNS[int(label)] for label in data.load().test.labels)
    results.write(stored.FOLDER / LABELS, f"{signs}\n".encode())
