"""The command `s6 measure`: a command per module of experiments/measure/."""

from __future__ import annotations

import click

from experiments.cli import Lazy

MEASUREMENTS = (
    "receptive", "nets", "inside", "evidence", "variance", "pushes", "labels", "cost", "speed", "receptive-speed",
)  # fmt: skip


@click.group(cls=Lazy, modules=MEASUREMENTS, package="experiments.measure", named="command")
def measure() -> None:
    """Measure anew what the book reads beside the runs, and write it into this repository's results.

    Most of them look into the stored nets of the study; cost, speed and receptive-speed time this machine.

    \b
    Examples: s6 measure inside
              s6 measure cost ablations --out cost.csv
    """
