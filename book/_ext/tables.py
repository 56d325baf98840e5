"""Tables that are made from the results while the book is built.

    ```{study-table} comparison study=ablations
    :name: tab-ablations

    The caption, with {value}`…` roles in it.
    ```

The name is that of a function marked `@table` (see `registry.py`), which returns a frame: its columns are the headings,
its first column names the rows, numbers stand on the right. How a number is written is `frame.attrs["formats"]`, a
dict from column to a Python format; what is missing is an en dash, or `frame.attrs["missing"]`. Text is shown as it is,
but for the columns of `frame.attrs["markdown"]`, which may hold links and code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx

from experiments.answers.registry import TABLES
from experiments.answers.sources import Sources

from .figures import Computed


class StudyTable(Computed):
    kind, functions = "table", TABLES
    option_spec = {"name": directives.unchanged, "class": directives.class_option}

    def compute(self, function: Callable[..., Any], keywords: dict[str, Any], sources: Sources) -> nodes.Element:
        frame = function(sources, **keywords)
        node = nodes.table("", classes=["study-table", *self.options.get("class", [])])
        if caption := self.caption(nodes.title):
            node += caption
        node += _group(frame, lambda text: self.parse_inline(text)[0])
        return node


def _group(frame: pd.DataFrame, inline: Callable[[str], list[nodes.Node]]) -> nodes.tgroup:
    formats, missing = frame.attrs.get("formats", {}), frame.attrs.get("missing", "–")
    right = {c: pd.api.types.is_numeric_dtype(frame[c]) or c in frame.attrs.get("right", ()) for c in frame.columns}
    group = nodes.tgroup(cols=len(frame.columns))
    for place, _ in enumerate(frame.columns):
        group += nodes.colspec(colwidth=1, stub=1 if place == 0 else 0)
    marked = frame.attrs.get("markdown", ())

    def cell(column: Any, value: Any) -> nodes.entry:
        text = _write(value, formats.get(column, ""), missing)
        return _cell(inline(text) if column in marked else [nodes.Text(text)], right[column])

    head = nodes.row("", *[_cell([nodes.Text(str(c))], right[c]) for c in frame.columns])
    rows = [nodes.row("", *[cell(*item) for item in row.items()]) for row in frame.to_dict("records")]
    group += [nodes.thead("", head), nodes.tbody("", *rows)]
    return group


def _cell(text: list[nodes.Node], right: bool) -> nodes.entry:
    return nodes.entry("", nodes.paragraph("", "", *text), classes=["number"] if right else [])


def _write(value: Any, format: str, missing: str) -> str:
    if pd.isna(value):
        return missing
    if isinstance(value, str):
        return value
    return f"{value:{format or (',' if float(value).is_integer() else '.3g')}}".replace("-", "−")


def setup(app: Sphinx) -> None:
    app.add_directive("study-table", StudyTable)
