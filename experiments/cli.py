"""The command `s6`."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from experiments.claims import claims
from experiments.commands import run, status
from experiments.lock import BusyError
from experiments.rf import rf
from s6core.config import ConfigError, NetConfig, parse
from s6core.idx import DataError
from s6core.layers import layers, parameters
from s6core.results import ResultsError


class Commands(click.Group):
    """A group in which what goes wrong is a line, never a traceback.

    Exit status 2 for a mistake in what was asked for, 1 for what stands in its way: files, folders, another runner.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            click.echo(f"s6: {error}", err=True)
            sys.exit(2)
        except (BusyError, DataError, ResultsError) as error:
            click.echo(f"s6: {error}", err=True)
        except BrokenPipeError:
            raise  # click knows what to do when nobody reads on
        except OSError as error:
            click.echo(f"s6: {error.strerror}: {error.filename}" if error.filename else f"s6: {error!r}", err=True)
        sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def s6() -> None:
    """An ablation study of a small MNIST classifier.

    \b
    s6 net                       the reference net, layer by layer
    s6 rf torchvision:resnet50   what each unit of any net sees
    s6 data                      fetch and verify MNIST
    s6 run smoke                 a first run: two variants, a minute
    s6 status ablations          how far a study is
    s6 claims                    what the runs say of the book's claims
    """


for command in (run, status, claims, rf):
    s6.add_command(command)


@s6.command()
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def net(fields: tuple[str, ...], as_json: bool) -> None:
    """Print the layer table of a net: the reference net with some fields changed.

    \b
    Example: s6 net norm=none head=fc channels=8,16,32,32
    """
    from s6core.receptive import fields as receptive_fields

    rows = layers(parse(NetConfig, fields))
    seen = receptive_fields(rows)
    table = [
        {
            "name": row.name,
            "op": row.op,
            "output": list(row.output),
            "parameters": row.parameters,
            "receptive_field": field.size[0],
            "stride": field.stride[0],
        }
        for row, field in zip(rows, seen, strict=True)
    ]
    if as_json:
        click.echo(json.dumps({"parameters": parameters(rows), "layers": table}))
        return
    click.echo(f"{'layer':<16}{'operation':<16}{'output':>14}{'parameters':>12}{'sees':>8}{'stride':>8}")
    for line in table:
        shape = " × ".join(map(str, line["output"]))
        click.echo(
            f"{line['name']:<16}{line['op']:<16}{shape:>14}{line['parameters']:>12,}"
            f"{line['receptive_field']:>8}{line['stride']:>8}"
        )
    click.echo(f"{'total':<46}{parameters(rows):>12,}")


@s6.command()
@click.argument("dataset", default="mnist")
def data(dataset: str) -> None:
    """Fetch a data set, verify its files, and say where they are and what is in them.

    mnist, fashion-mnist, kmnist, qmnist, emnist-digits, cifar-10, or folder:PATH, a folder of images with a subfolder
    per class. Files lie in the folder that S6_DATA names, else in a cache folder of yours.

    \b
    Example: S6_DATA=~/datasets s6 data mnist
    """
    from s6core import sources

    row = sources.describe(dataset)
    for item in sources.obtain(dataset):
        click.echo(f"{item.path}  {item.file.size:>12,} bytes  SHA-256 {item.file.sha256[:12]}…  from {item.source}")
    if not row.files:
        files = sources.fetch(dataset).values()
        click.echo(f"{len(files)} files in {', '.join(sorted({str(path.parent) for path in files}))}")
    size = " × ".join(map(str, row.image))
    click.echo(f"{row.train:,} training and {row.test:,} test images of {size}, {row.classes} classes")
