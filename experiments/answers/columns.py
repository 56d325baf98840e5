"""What can be asked of a variant, and how it is written: one list for sentences, tables, hovers and JSON.

A quantity is a column of `s6core.stats.effects`, a column of runs.csv, or computed of those columns here. To add one,
add a row; to add a statistic, have `effects` compute it and add a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Column:
    """One quantity: its kind (see `values.KINDS`), its heading, and where its interval stands."""

    kind: str
    words: str
    interval: tuple[str, str] | None = None  # the columns that hold its ends


EFFECTS = {
    "ratio": Column(kind="times", words="errors over the base's", interval=("low", "high")),
    "points": Column(kind="points", words="difference (points)", interval=("points_low", "points_high")),
    "verdict": Column(kind="text", words="verdict"),
    "reason": Column(kind="text", words="reason"),
    "p": Column(kind="p", words="p"),
    "p_holm": Column(kind="p", words="p (Holm)"),
    "p_ranks": Column(kind="p", words="p (ranks)"),
    "notices": Column(kind="times", words="would have noticed"),
}
"""What compares a variant with its topic's base: columns of `s6core.stats.effects`."""

RUNS: dict[str, Column] = {
    "test_accuracy": Column(kind="percent", words="test accuracy (%)"),
    "train_accuracy": Column(kind="percent", words="training accuracy (%)"),
    "validation_accuracy": Column(kind="percent", words="validation accuracy (%)"),
    "test_loss": Column(kind="nats", words="test loss (nats)"),
    "train_loss": Column(kind="nats", words="training loss (nats)"),
    "validation_loss": Column(kind="nats", words="validation loss (nats)"),
    "test_error": Column(kind="percent", words="test errors (%)"),
    "train_error": Column(kind="percent", words="training errors (%)"),
    "gap": Column(kind="points", words="test errors minus training errors (points)"),
    "seconds": Column(kind="seconds", words="seconds"),
    "parameters": Column(kind="count", words="parameters"),
    "epochs": Column(kind="count", words="epochs"),
}
"""What a variant's runs have by themselves, seed by seed; every other column of runs.csv is a plain number or text."""

COMPUTED: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "test_error": lambda frame: 100 - frame["test_accuracy"],
    "train_error": lambda frame: 100 - frame["train_accuracy"],
    "gap": lambda frame: frame["train_accuracy"] - frame["test_accuracy"],
}
"""Quantities that are computed of the columns of runs.csv or epochs.csv, seed by seed."""

COUNTS = ("n", "diverged", "n_failed")
"""How many runs finished, how many diverged, and how many count as failed: diverged, or at chance."""


def kind_of(column: str) -> str:
    """Return how a column of any table is written, by its name."""
    if column in RUNS:
        return RUNS[column].kind
    ends = {"accuracy": "percent", "loss": "nats", "seconds": "seconds"}
    plain = {"n": "count", "runs": "count", "variants": "count", "p_better": "share"}
    return next((kind for end, kind in ends.items() if column.endswith(end)), plain.get(column, "number"))
