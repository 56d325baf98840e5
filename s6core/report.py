"""What a lab report shows of one variant, as frames: its changes, its layers, its worst mistakes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import pandas as pd

from s6core.against import against
from s6core.config import NetConfig, TrainConfig, diff
from s6core.layers import layers
from s6core.plan import Plan
from s6core.receptive import fields
from s6core.results import SIGNS, Record, collect, epochs_table, runs_table
from s6core.stats import did_not_learn, summary

__all__ = ["against", "changes", "epochs_table", "final", "layer_table", "mistakes", "runs_table", "spread", "tables"]
METRICS = ("train_accuracy", "validation_accuracy", "test_accuracy", "train_loss", "test_loss", "seconds")


def tables(plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bring the study's tables up to date, and return this variant's runs and epochs, a row each."""
    with contextlib.suppress(PermissionError):  # a published folder may be for reading only
        for problem in collect(plan.folder):
            print(problem)
    records = plan.records()
    return runs_table(records), epochs_table(records)


def final(plan: Plan, runs: pd.DataFrame) -> pd.DataFrame:
    """Return what each seed ended with; a net that does no better than guess did not learn."""
    ends = zip(runs["status"], runs["test_accuracy"], strict=True)
    chance = [status == "finished" and not plan.learned(accuracy) for status, accuracy in ends]
    figures = ["train_accuracy", "test_accuracy", "test_loss", "seconds", "device"]
    return runs.assign(status=runs["status"].mask(chance, "did not learn")).set_index("seed")[["status", *figures]]


def changes(net: NetConfig, train: TrainConfig) -> pd.DataFrame:
    """Return what differs from the reference net and the study recipe: the ablation as data."""
    differing: dict[str, tuple[Any, Any]] = diff(NetConfig(), net) | diff(TrainConfig(), train)
    rows = [{"field": name, "reference": str(a), "here": str(b)} for name, (a, b) in differing.items()]
    return pd.DataFrame(rows, columns=["field", "reference", "here"]).set_index("field")


def layer_table(net: NetConfig) -> pd.DataFrame:
    """Return a row per layer: output, parameters, and the receptive field of a unit of it (pixels)."""
    rows = layers(net)
    table = [
        {
            "layer": row.name,
            "operation": row.op,
            "output": " × ".join(map(str, row.output)),
            "parameters": row.parameters,
            "receptive field": " × ".join(map(str, field.size)),
            "stride": field.stride[0],
        }
        for row, field in zip(rows, fields(rows), strict=True)
    ]
    return pd.DataFrame(table).set_index("layer")


def spread(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of each final figure over the runs that learned, with its 95% interval: n, failed, mean, sd, …

    A run that diverged or ended at chance has no share in the figures; it is counted as failed. An interval ends where
    its figure does: no accuracy leaves 0 to 100%, no loss and no time falls below 0.
    """
    lost = did_not_learn(runs)
    columns = ["n", "failed", "mean", "sd", "low", "high"]
    tables = [
        summary(runs[~lost], metric).assign(figure=metric, failed=int(lost.sum()))
        for metric in METRICS
        if runs.loc[~lost, metric].notna().any()
    ]
    if not tables:
        return pd.DataFrame(columns=["figure", *columns]).set_index("figure")
    table = pd.concat(tables).set_index("figure")[columns]
    for figure in table.index:
        most = 100.0 if figure.endswith("accuracy") else None
        table.loc[figure, ["low", "high"]] = table.loc[figure, ["low", "high"]].astype(float).clip(0, most)
    return table


def mistakes(records: Sequence[Record], labels: Sequence[int], most: int = 16) -> pd.DataFrame:
    """Return the test images that most seeds got wrong: index, label, the wrong classes, and how many seeds."""
    finished = [r for r in records if r.predictions]
    wrong: dict[int, list[str]] = {}
    for record in finished:
        for index, (label, predicted) in enumerate(zip(labels, record.predictions, strict=True)):
            if SIGNS[label] != predicted:
                wrong.setdefault(index, []).append(str(SIGNS.index(predicted)))
    worst = sorted(wrong, key=lambda index: (-len(wrong[index]), index))[:most]
    rows = [
        {"index": i, "label": labels[i], "predicted": "/".join(sorted(set(wrong[i]))), "wrong": len(wrong[i])}
        for i in worst
    ]
    return pd.DataFrame(rows, columns=["index", "label", "predicted", "wrong"]).assign(seeds=len(finished))
