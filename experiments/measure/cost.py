"""What each variant of a study costs to train: its seconds an image over the reference net's.

All nets train in one process with one thread, on the same images, and take turns.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
import pandas as pd

from experiments import studies
from experiments.measure import speed, timing
from s6core import devices, layers, results, sources
from s6core.config import NetConfig, TrainConfig, from_dict
from s6core.plan import NET_FIELDS

REFERENCE = "reference"


def nets(study: studies.Study) -> dict[str, NetConfig]:
    """Return the net of each variant of a study, the reference first."""
    given = {variant: study.parameters(variant) for variant in dict.fromkeys((REFERENCE, *study.variants))}
    return {
        variant: from_dict(NetConfig, {name: value for name, value in values.items() if name in NET_FIELDS})
        for variant, values in given.items()
    }


def seconds_an_image(config: NetConfig, device: str, seconds: float) -> float:
    """Train a net for some seconds, its evaluation left out, and return how long an image took."""
    images, spent = speed.train_for(config, TrainConfig().batch_size, device, seconds)
    return spent / images


def tabulate(configs: dict[str, NetConfig], taken: dict[str, list[float]]) -> pd.DataFrame:
    """Return a row per variant: the median, lowest and highest round of its time over the reference's."""
    rows = []
    for variant, config in configs.items():
        ratios = timing.ratios(taken[variant], taken[REFERENCE])
        rows.append({
            "variant": variant, "parameters": layers.parameters(layers.layers(config)),
            **timing.middle(("cost", "low", "high"), ratios, lambda ratio: round(ratio, 2)), "rounds": len(ratios),
        })  # fmt: skip
    return pd.DataFrame(rows)


@click.command("cost")
@click.argument("study", metavar="STUDY")
@timing.options(rounds=5, seconds=1, out="cost.csv in the study's published results")
@timing.device
def command(study: str, rounds: int, seconds: float, device: str, out: Path | None) -> None:
    """Time the training of a study's variants side by side, on an otherwise idle machine.

    \b
    Example: s6 measure cost ablations --rounds 1 --out cost.csv
    """
    configs = nets(studies.study(study))
    chosen = devices.choose(device)
    sources.fetch("mnist")
    calls = {variant: partial(seconds_an_image, config, chosen.type) for variant, config in configs.items()}
    frame = tabulate(configs, timing.turns(calls, rounds=rounds, seconds=seconds))
    timing.store(out or results.PUBLISHED / study / "cost.csv", frame, chosen, shown=list(frame))
