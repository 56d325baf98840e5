"""The command `s6 rf`: the receptive field of every layer of a net, as a table, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from typing import Any

import click

from experiments.terminal import paragraph, width
from s6core.config import ConfigError, NetConfig, parse
from s6core.receptive import (
    Field,
    MisalignedError,
    ReceptiveField,
    ReceptiveFieldError,
    UnknownOperationError,
    receptive_field,
)


@click.command("rf")
@click.argument("model", metavar="MODEL")
@click.option("--input", "size", metavar="N", help="Image size: N, or HEIGHTxWIDTH.  [what the net was made for]")
@click.option(
    "--format", "form", type=click.Choice(["table", "markdown", "csv", "json"]), default="table", show_default=True,
    help="What to print.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def rf(model: str, size: str | None, form: str, as_json: bool) -> None:
    """Print what the units of each layer of MODEL see of the image.

    MODEL is s6 (the reference net), s6:FIELD=VALUE,..., torchvision:NAME, timm:NAME, or a net of your own, which
    takes no arguments: file.py:factory or package.module:Class. The centre of unit i lies at
    -padding + i * stride + (size - 1) / 2; a pair is vertical x horizontal.

    \b
    Examples: s6 rf s6:pool_after=2,norm=none
              s6 rf torchvision:resnet50 --input 224 --format csv
              s6 rf mynets.py:make_net --input 64x48
    """
    write = WRITERS["json" if as_json else form]
    try:
        click.echo(write(field_of(model, size)))
    except (ConfigError, ReceptiveFieldError) as error:
        known = getattr(error, "so_far", None)
        if known and isinstance(error, UnknownOperationError | MisalignedError):
            click.echo(write(known))  # everything before the operation that has no answer
        click.echo(f"s6: {error}", err=True)
        sys.exit(2)


def field_of(model: str, size: str | None) -> ReceptiveField:
    """Return the receptive field of a model named as on the command line."""
    pixels = _pixels(size)
    family, _, rest = model.partition(":")
    if family == "s6":
        return receptive_field(parse(NetConfig, re.split(r",(?=\s*\w+=)", rest) if rest else []), pixels)
    from experiments.cli.models import load

    net, own = load(model)
    return receptive_field(net, pixels or own)


def row(record: Field) -> dict[str, Any]:
    """Return a record as JSON holds it; a stride or padding after an upsampling may be no whole number."""
    names = ("size", "stride", "padding", "min_size")
    numbers = {name: [_json(n) for n in getattr(record, name)] for name in names}
    phases = [len(phases) for phases in record.phases]
    return {
        "layer": record.name, "op": record.op, **numbers, "phases": phases, "output": list(record.output),
        "global": record.is_global, "upper_bound": record.is_upper_bound,
    }  # fmt: skip


def table(field: ReceptiveField) -> str:
    """Return the table that the terminal shows."""
    rows = [("layer", "size", "stride", "padding", "output")]
    for record in field:
        size, stride, padding = map(_text, (record.size, record.stride, record.padding))
        mark = ("" if record.regular else " ~") + (" *" if record.is_global else "")
        size = "≤ " + size if record.is_upper_bound else size
        rows.append((record.name, size, stride, padding, " × ".join(map(str, record.output)) + mark))
    lines = [f"{len(field)} layers on an image of {' × '.join(map(str, field.input_size))}", *_columns(rows)]
    if not all(record.regular for record in field):
        lines.append(paragraph("~ units differ: the largest size, and the average stride and padding"))
    if any(record.is_upper_bound for record in field):
        lines.append(paragraph("≤ channels could not be told apart: a unit may see less"))
    if marks := field[-1].global_by:
        more = f" and {len(marks) - 3} more" if len(marks) > 3 else ""
        lines.append(
            paragraph(
                f"* depends on the whole image through {', '.join(marks[:3])}{more}; the field is the geometric one"
            )
        )
    return "\n".join(lines)


def _columns(rows: list[tuple[str, str, str, str, str]]) -> list[str]:
    """Return the rows in columns; where the terminal is too narrow, in closer ones, and without the padding."""
    name = max(len(row[0]) for row in rows)
    wide = [f"{row[0]:<{name}}  {row[1]:>11}  {row[2]:>9}  {row[3]:>11}  {row[4]}" for row in rows]
    if max(map(len, wide)) <= width():
        return wide
    size, stride = (max(len(row[n]) for row in rows) for n in (1, 2))
    return [f"{row[0]:<{name}} {row[1]:>{size}} {row[2]:>{stride}} {row[4]}" for row in rows]


def markdown(field: ReceptiveField) -> str:
    rows = [{key: str(value) for key, value in row.items()} for row in field.rows()]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def separated(field: ReceptiveField) -> str:
    rows = field.rows()
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().rstrip("\n")


WRITERS: dict[str, Callable[[ReceptiveField], str]] = {
    "table": table,
    "markdown": markdown,
    "csv": separated,
    "json": lambda field: json.dumps([row(record) for record in field]),
}


def _pixels(size: str | None) -> tuple[int, ...] | int | None:
    if size is None:
        return None
    if not re.fullmatch(r"\d+([x×]\d+){0,2}", size):
        raise ReceptiveFieldError(f"--input {size}: allowed is a number of pixels, or HEIGHTxWIDTH")
    numbers = tuple(map(int, re.split("[x×]", size)))
    return numbers if len(numbers) > 1 else numbers[0]


def _json(number: Any) -> int | float:
    return number if isinstance(number, int) else float(number)


def _text(numbers: tuple[Any, ...]) -> str:
    shown = [f"{_json(n):g}" for n in numbers]
    return shown[0] if len(set(shown)) == 1 else "x".join(shown)


if __name__ == "__main__":
    rf()
