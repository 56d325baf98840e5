"""The command `s6 net`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from experiments.cli.completion import complete_fields
from experiments.terminal import columns, paragraph
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
            "receptive_field": _both(field.size),
            "stride": _both(field.stride),
        }
        for row, field in zip(rows, seen, strict=True)
    ]
    if as_json:
        click.echo(json.dumps({"parameters": parameters(rows), "layers": table}))
        return
    click.echo("\n".join(_lines(table, parameters(rows))))


def _both(numbers: Sequence[Any]) -> Any:
    """Return vertical and horizontal, or the one number that both are."""
    return numbers[0] if numbers[0] == numbers[1] else list(numbers)


def _text(numbers: Any) -> str:
    return " × ".join(map(str, numbers)) if isinstance(numbers, list) else str(numbers)


def _lines(table: list[dict[str, Any]], total: int) -> list[str]:
    """Return the table; where the terminal is too narrow for all of it, without the operations."""
    rows = [("layer", "operation", "output", "parameters", "sees", "stride")]
    for line in table:
        shape = " × ".join(map(str, line["output"]))
        seen = [_text(line[name]) for name in ("receptive_field", "stride")]
        rows.append((line["name"], line["op"], shape, f"{line['parameters']:,}", *seen))
    rows.append(("total", "", "", f"{total:,}", "", ""))
    return columns(rows, left=(0, 1), spare=1)


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
        click.echo(paragraph(field.means, indent="    "))
        click.echo(paragraph(f"{field.allowed}; default {field.default}", indent="    "))
