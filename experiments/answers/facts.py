"""What keys name beside runs: nets and recipes, which are computed, and the cells of tables and frames."""

from __future__ import annotations

from typing import Any

import pandas as pd

from experiments.answers import frames
from experiments.answers.columns import kind_of
from experiments.answers.registry import known_as
from experiments.answers.sources import Sources
from experiments.answers.values import SPREAD, Value
from s6core import layers, receptive
from s6core.config import RECIPES, NetConfig, TrainConfig, parse, to_dict


def plain(answer: Any, column: str, note: str, *, exact: bool = True) -> Value:
    """Return a number or a word of a column as a value."""
    if isinstance(answer, str):
        return Value(kind="text", words=answer, note=note)
    return Value(kind=kind_of(column), number=float(answer), note=note, exact=exact)


def of_net(fields: str | None, rest: str, sources: Sources) -> Value:
    config = parse(NetConfig, [text for text in (fields or "").split(";") if text])
    rows = {row.name: row for row in layers.layers(config)}
    note = "computed from the net's layers"
    if rest in ("parameters", "layers"):
        count = layers.parameters(list(rows.values())) if rest == "parameters" else len(rows)
        return Value(kind="count", number=count, note=note, exact=True)
    name, _, quantity = rest.partition("/")
    row = rows[known_as("layer", name, [*rows, "parameters", "layers"], where="net")]
    field = next(field for field in receptive.fields(list(rows.values())) if field.name == name)
    answers: dict[str, Any] = {
        **vars(row), "receptive_field": field.size, "effective_stride": field.stride, "effective_padding": field.padding
    }  # fmt: skip
    answer = answers[known_as("quantity", quantity, answers, where=f"net, layer {name}")]
    if isinstance(answer, tuple) and len(answer) == 2 and len(set(answer)) == 1:
        answer = answer[0]  # vertical and horizontal alike
    return plain(" × ".join(map(str, answer)) if isinstance(answer, tuple) else answer, quantity, note)


def of_recipe(name: str, field: str, sources: Sources) -> Value:
    fields = to_dict(TrainConfig(**RECIPES[known_as("recipe", name, RECIPES)]))
    answer = fields[known_as("field", field, fields, where=f"recipe {name}")]
    return plain(answer, field, f"the recipe {name}, s6core/config.py")


def of_table(name: str, filters: str | None, column: str, sources: Sources) -> Value:
    rows = sources.table(name)
    for text in (filters or "").split(";"):
        field, equals, wanted = text.partition("=")
        if equals:
            rows = rows[rows[known_as("column", field, rows.columns, where=f"table {name}")].astype(str) == wanted]
    known_as("column", column, rows.columns, where=f"table {name}")
    if len(rows) != 1:
        raise KeyError(f"table {name}: [{filters or ''}] leaves {len(rows)} rows; name one")
    return plain(rows[column].iloc[0], column, f"results/{name}", exact=False)


def of_frame(name: str, row: str | None, column: str, sources: Sources) -> Value:
    frame, cells = frames.cell(name, row or "", column, sources)
    note = frame.attrs.get("note", f"computed from {', '.join(sorted(path.name for path in sources.used))}")
    if isinstance(cells[column], str):
        return Value(kind="text", words=cells[column], note=note)
    kind = frame.attrs.get("kinds", {}).get(column, kind_of(column))
    measured = column == frames.measured(frame)
    ends = (cells["low"], cells["high"]) if measured else (None, None)
    low, high = (None if pd.isna(end) else float(end) for end in ends)
    lacks = pd.isna(cells[column])
    return Value(
        kind=kind, number=None if lacks else float(cells[column]), words="not defined" * lacks, low=low, high=high,
        note=f"{row}: {note}", who=f"{row}: {note}", aspects=SPREAD if measured else (),
    )  # fmt: skip
