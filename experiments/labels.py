"""The labels of the 10,000 MNIST test digits, so that the book can tell which digits each stored run has wrong.

python -m experiments.labels

Writes results/mnist-test-labels.txt: a sign for each digit, in their order, as `predictions` in a record has them.
"""

from __future__ import annotations

from pathlib import Path

import click

from s6core import data, results

FILE = Path("results") / "mnist-test-labels.txt"


@click.command()
def main() -> None:
    """Write the labels."""
    labels = data.load().test.labels
    results.write(FILE, "".join(results.SIGNS[int(label)] for label in labels).encode() + b"\n")


if __name__ == "__main__":
    main()
