"""The first plan's comparison of a study's variants with its reference, for the chapters that still show it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from experiments.answers.sources import REFERENCE, Sources
from experiments.answers.values import SPREAD, Value, write, write_interval

PAIRED = {
    "difference": "points", "p": "p", "p_holm": "p", "p_t": "p", "p_t_holm": "p", "p_better": "share",
    "verdict": "text", "reason": "text",
}  # fmt: skip


def of_pairs(study: str, variant: str, quantity: str, sources: Sources) -> Value:
    """Return one figure of `s6core.stats.compare`. Raises `KeyError` for the reference itself."""
    if variant == REFERENCE:
        raise KeyError(f"study {study}: {REFERENCE} is what others are compared with, and has no {quantity}")
    row = sources.comparison(study).loc[variant]
    low, high = (None if pd.isna(row[c]) else float(row[c]) for c in ("low", "high"))
    number = None if pd.isna(row["difference"]) else float(row["difference"])
    pairs = "one pair of seeds" if row["n"] == 1 else f"{int(row['n'])} paired seeds"
    who = f"{pairs}, {variant} minus {REFERENCE}, results/{study}/runs.csv"
    value = Value(kind="points", number=number, words="not defined", low=low, high=high, aspects=SPREAD, who=who)
    spread = f", 95% interval {write_interval(value)}" if low is not None else ""
    note = f"{who}{spread}" if quantity != "difference" else f"mean of {who}{spread}"
    if PAIRED[quantity] == "text":
        return Value(kind="text", words=str(row[quantity]), note=f"{write(value)} points: {note}; {row['reason']}")
    if pd.isna(row[quantity]):
        return replace(value, kind=PAIRED[quantity], number=None, note=f"{row['reason']}: {who}")
    if quantity != "difference":
        return Value(kind=PAIRED[quantity], number=float(row[quantity]), note=note)
    return replace(value, note=note)
