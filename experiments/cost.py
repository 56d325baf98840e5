"""What each variant of a study costs to train: its seconds an image over the reference net's.

    python -m experiments.cost ablations

All nets train in one process with one thread, on the same images, and take turns round by round: what slows the machine
down slows down all, and a ratio is taken within a round.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

import click
import pandas as pd
from tqdm import tqdm

from experiments import speed, studies
from experiments.cli.options import HomePath
from s6core import devices, layers, results, sources
from s6core.config import ConfigError, NetConfig, TrainConfig, from_dict
from s6core.plan import NET_FIELDS

REFERENCE = "reference"


def nets(study: studies.Study) -> dict[str, NetConfig]:
    """Return the net of each variant of a study, the reference first."""
    given = {variant: study.parameters(variant) for variant in dict.fromkeys((REFERENCE, *study.variants))}
    return {
        variant: from_dict(NetConfig, {name: value for name, value in values.items() if name in NET_FIELDS})
        for variant, values in given.items()
    }


def seconds_an_image(config: NetConfig, seconds: float, device: str) -> float:
    """Train a net for some seconds, its evaluation left out, and return how long an image took."""
    images, epochs = speed.training(config, TrainConfig().batch_size, device)
    seen, spent = 0, 0.0
    while spent < seconds:
        seen, spent = seen + images, spent + next(epochs).seconds
    return spent / seen


def tabulate(configs: dict[str, NetConfig], taken: dict[str, list[float]]) -> pd.DataFrame:
    """Return a row per variant: the median, lowest and highest round of its time over the reference's."""
    rows = []
    for variant, config in configs.items():
        ratios = [own / base for own, base in zip(taken[variant], taken[REFERENCE], strict=True)]
        rows.append({
            "variant": variant, "parameters": layers.parameters(layers.layers(config)),
            "cost": round(median(ratios), 2), "low": round(min(ratios), 2), "high": round(max(ratios), 2),
            "rounds": len(ratios),
        })  # fmt: skip
    return pd.DataFrame(rows)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", metavar="STUDY")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Turns of each variant.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=1, show_default=True, help="Length of one.")
@click.option("--device", type=click.Choice(devices.ALLOWED), default="auto", show_default=True)
@click.option(
    "--out", type=HomePath(dir_okay=False, writable=True), metavar="CSV",
    help="The table.  [default: cost.csv in the study's published results]",
)  # fmt: skip
def main(name: str, rounds: int, seconds: float, device: str, out: Path | None) -> None:
    """Time the training of a study's variants side by side, on an otherwise idle machine.

    \b
    Example: python -m experiments.cost ablations --rounds 1 --out cost.csv
    """
    try:
        configs = nets(studies.study(name))
        chosen = devices.choose(device)
        sources.fetch("mnist")
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    except sources.DataError as error:
        raise click.ClickException(str(error)) from error
    out = out or results.REPOSITORY / "results" / name / "cost.csv"
    origin = results.provenance()
    taken: dict[str, list[float]] = {variant: [] for variant in configs}
    with tqdm(total=(rounds + 1) * len(configs), unit="turn") as bar:
        for turn in range(rounds + 1):
            for variant, config in configs.items():
                bar.set_description(f"round {turn} of {rounds}: {variant}" if turn else f"warming up {variant}")
                spent = seconds_an_image(config, seconds if turn else 0.1, chosen.type)
                if turn:
                    taken[variant].append(spent)
                bar.update()
    frame = tabulate(configs, taken)
    said = {"device": devices.name(chosen), "commit": origin["commit"], "clean": origin["clean"]}
    results.write(out, frame.assign(**said, measured_at=results.now()).to_csv(index=False).encode())
    click.echo(frame.to_string(index=False))
    click.echo(f"written to {out}")


if __name__ == "__main__":
    main()
