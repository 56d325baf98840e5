"""The records of a net as tables: of text, as a frame, and in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import product
from typing import TYPE_CHECKING

from s6core.receptive.boxes import Number

if TYPE_CHECKING:
    import pandas as pd

    from s6core.receptive.record import Field, ReceptiveField


def text(values: Sequence[Number]) -> str:
    """Return numbers as a table holds them: one where all are the same."""
    shown = [f"{float(value):g}" for value in values]
    return shown[0] if len(set(shown)) == 1 else "×".join(shown)


def rows(records: Iterable[Field]) -> list[dict[str, str]]:
    """Return a row of text for each record; `phases` counts the boxes in which units differ."""
    return [
        {
            "layer": record.name,
            "op": record.op,
            "size": ("≤ " if record.is_upper_bound else "") + text(record.size),
            "min_size": text(record.min_size),
            "stride": text(record.stride),
            "padding": text(record.padding),
            "phases": text(tuple(map(len, record.phases))),
            "output": "×".join(map(str, record.output)),
            "global": "yes" if record.is_global else "",
        }
        for record in records
    ]


def to_frame(field: ReceptiveField) -> pd.DataFrame:
    """Return a row for each record, and a column for each number and axis."""
    import pandas as pd

    ends = {1: ("",), 2: ("_v", "_h")}.get(len(field.input_size), ("_d", "_v", "_h"))
    columns = ("size", "min_size", "stride", "padding", "units")
    lines = []
    for record in field:
        line: dict[str, object] = {"layer": record.name, "op": record.op}
        for column, (side, end) in product(columns, enumerate(ends)):
            value = getattr(record, column)[side]
            line[column + end] = value if isinstance(value, int) else float(value)
        lines.append(line | {
            "regular": record.regular,
            "global_by": ", ".join(record.global_by),
            "at_most_by": ", ".join(record.at_most_by),
        })  # fmt: skip
    return pd.DataFrame(lines)


def to_html(field: ReceptiveField) -> str:
    """Return the table that a notebook shows."""
    lines = rows(field)
    head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in (lines[0] if lines else ()))
    body = "".join("<tr>" + "".join(f"<td>{escape(v)}</td>" for v in line.values()) + "</tr>" for line in lines)
    caption = f"<caption>{escape(repr(field)[1:-1])}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
