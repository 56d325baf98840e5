"""Records as text: a table for the terminal, Markdown, LaTeX, CSV or JSON."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from typing import Any

import click
import pandas as pd

from experiments.terminal import paragraph, width

FORMATS = ("table", "markdown", "latex", "csv", "json")
MISSING = "–"
VERDICTS = {"helps": "green", "hurts": "red", "equivalent": "blue"}

formats = click.option("--format", "kind", type=click.Choice(FORMATS), default="table", show_default=True,
                       help="How to print it.")  # fmt: skip


def coloured(word: str, text: str | None = None) -> str:
    """Return a verdict in its colour; plain where nobody sees it, or NO_COLOR asks for none (no-color.org)."""
    plain = text if text is not None else word
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty() or word not in VERDICTS:
        return plain
    return click.style(plain, fg=VERDICTS[word])


def number(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """Write a number, with a real minus sign, a difference with its plus; a dash where there is none."""
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:{'+' * signed}.{digits}f}".replace("-", "−")


def interval(low: float, high: float, digits: int = 2, *, level: bool = False, signed: bool = False) -> str:
    """Write an interval, with `level` also that it is one of 95%."""
    if math.isnan(low + high):
        return "no interval"
    ends = (number(end, digits, signed=signed) for end in (low, high))
    return f"{'95% interval ' if level else ''}{' to '.join(ends)}"


def estimate(value: float, low: float, high: float) -> str:
    """Write a figure from 0 up with its interval: "0.88 (0.79–0.98)"; without where there is none."""
    return number(value) if math.isnan(low + high) else f"{number(value)} ({number(low)}–{number(high)})"


def render(raw: Sequence[dict[str, Any]], shown: Sequence[dict[str, str]], kind: str) -> str:
    """Return records in a format: `raw` for machines (CSV, JSON), `shown` for readers (table, Markdown, LaTeX)."""
    if kind == "json":
        return json.dumps([{k: _plain(v) for k, v in row.items()} for row in raw], indent=1, ensure_ascii=False)
    if kind == "csv":
        return pd.DataFrame(raw).to_csv(index=False, lineterminator="\n").rstrip("\n")
    if kind == "latex":
        return str(pd.DataFrame(shown).to_latex(index=False, escape=True)).rstrip("\n")
    return markdown(shown) if kind == "markdown" else columns(shown)


def markdown(rows: Sequence[dict[str, str]]) -> str:
    """Return records as a Markdown table."""
    names = list(rows[0])
    cells = [names, ["---"] * len(names), *([row[name].replace("|", "\\|") for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def columns(rows: Sequence[dict[str, str]]) -> str:
    """Return records as aligned columns; where they are wider than the terminal, a block of lines for each."""
    names = list(rows[0])
    widths = [max(len(name), *(len(row[name]) for row in rows)) for name in names]
    if sum(widths) + 2 * (len(names) - 1) <= width():
        lines = [names, *([row[name] for name in names] for row in rows)]
        return "\n".join("  ".join(_padded(w, c, n) for n, (w, c) in enumerate(zip(widths, line, strict=True))).rstrip()
                         for line in lines)  # fmt: skip
    pad = max(map(len, names[1:]), default=0) + 4
    blocks = []
    for row in rows:
        first, *others = names
        lines = [paragraph(f"{f'  {name}':<{pad}}{row[name]}", hanging=" " * pad) for name in others]
        blocks.append("\n".join([row[first], *lines]))
    return "\n".join(blocks)


def _padded(size: int, cell: str, place: int) -> str:
    return cell.rjust(size) if place and cell.replace(",", "").isdigit() else cell.ljust(size)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
