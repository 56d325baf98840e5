"""The command `s6 net`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from experiments.cli import formats
from experiments.cli.completion import complete_fields
from s6core.config import FIELDS, ConfigError, NetConfig, parse, unknown
from s6core.fields import describe
from s6core.layers import layers, parameters
from s6core.receptive import fields as receptive_fields


@click.command()
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...", shell_complete=complete_fields)
@click.option(
    "--fields", "listed", is_flag=True, help="Print every field of net and training instead: values, meaning."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def net(fields: tuple[str, ...], listed: bool, as_json: bool) -> None:
    """Print the layer table of a net: the reference net with some fields changed.

    \b
    Example: s6 net norm=none head=fc channels=8,16,32,32
             s6 net --fields
    """
    if listed:
        _list_fields(fields, as_json)
        return
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
    click.echo("\n".join(_lines(table, parameters(rows))))


def _lines(table: list[dict[str, Any]], total: int) -> list[str]:
    """Return the table; where the terminal is too narrow for all of it, without the operations."""
    rows = [("layer", "operation", "output", "parameters", "sees", "stride")]
    for line in table:
        shape = " × ".join(map(str, line["output"]))
        seen = (str(line["receptive_field"]), str(line["stride"]))
        rows.append((line["name"], line["op"], shape, f"{line['parameters']:,}", *seen))
    rows.append(("total", "", "", f"{total:,}", "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    kept = [0, 1, 2, 3, 4, 5] if sum(widths) + 2 * len(widths) <= formats.width() else [0, 2, 3, 4, 5]
    gap = "  " if sum(widths[n] for n in kept) + 2 * len(kept) <= formats.width() else " "
    return [
        gap.join(row[n].ljust(widths[n]) if n < 2 else row[n].rjust(widths[n]) for n in kept).rstrip() for row in rows
    ]


def _list_fields(names: tuple[str, ...], as_json: bool) -> None:
    """Print the fields, or those that are named."""
    found = describe()
    for name in names:
        if name not in FIELDS:
            raise ConfigError(unknown("field", name, FIELDS))
    chosen = [field for field in found if not names or field.name in names]
    if as_json:
        click.echo(json.dumps([asdict(field) for field in chosen], ensure_ascii=False))
        return
    for field in chosen:
        click.echo(f"{field.name} ({field.of})")
        click.echo(formats.paragraph(field.means, indent="    "))
        click.echo(formats.paragraph(f"{field.allowed}; default {field.default}", indent="    "))
