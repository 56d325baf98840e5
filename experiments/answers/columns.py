"""What can be asked of a variant, and how it is written: one list for sentences, tables, hovers and JSON.

A quantity is a column of `s6core.stats.effects`, which says there how it is written, a column of runs.csv, or computed
of those columns here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import pandas as pd

from s6core.stats import Effect


@dataclass(frozen=True)
class Column:
    """One quantity: its kind (see `values.KINDS`), its heading, and where its interval stands."""

    kind: str
    words: str
    interval: tuple[str, str] | None = None  # the columns that hold its ends
    of: str = ""  # the column that holds it, where that has another name
    computed: Callable[[pd.DataFrame], pd.Series] | None = None  # of the columns of runs.csv or epochs.csv, by seed


EFFECTS = {f.name: Column(**f.metadata) for f in fields(Effect) if f.metadata} | {
    "any_digits": Column("times", "new digits too", ("any_low", "any_high"), "ratio"),
}
"""What compares a variant with its topic's base: fields of `s6core.stats.Effect`, written as they say."""

RUNS = {
    "test_accuracy": Column("percent", "test accuracy (%)"),
    "train_accuracy": Column("percent", "training accuracy (%)"),
    "validation_accuracy": Column("percent", "validation accuracy (%)"),
    "test_loss": Column("nats", "test loss (nats)"),
    "train_loss": Column("nats", "training loss (nats)"),
    "validation_loss": Column("nats", "validation loss (nats)"),
    "test_error": Column("percent", "test errors (%)", computed=lambda frame: 100 - frame["test_accuracy"]),
    "train_error": Column("percent", "training errors (%)", computed=lambda frame: 100 - frame["train_accuracy"]),
    "gap": Column(
        "points", "test errors minus training errors (points)",
        computed=lambda frame: frame["train_accuracy"] - frame["test_accuracy"],
    ),
    "seconds": Column("seconds", "seconds"),
    "parameters": Column("count", "parameters"),
    "epochs": Column("count", "epochs"),
}  # fmt: skip
"""What a variant's runs have by themselves, seed by seed; every other column of runs.csv is a plain number or text."""

COUNTS = ("n", "diverged", "n_failed")
"""How many runs finished, how many diverged, and how many count as failed: diverged, or at chance."""


def kind_of(column: str) -> str:
    """Return how a column of any table is written, by its name."""
    if column in RUNS:
        return RUNS[column].kind
    ends = {"accuracy": "percent", "loss": "nats", "seconds": "seconds"}
    plain = {"n": "count", "runs": "count", "variants": "count", "p_better": "share"}
    return next((kind for end, kind in ends.items() if column.endswith(end)), plain.get(column, "number"))
