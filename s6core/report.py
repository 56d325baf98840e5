"""What a lab report shows of one variant, as frames: its changes, its layers, its worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from s6core.config import NetConfig, TrainConfig, diff
from s6core.layers import layers
from s6core.receptive import fields
from s6core.results import SIGNS, Record, epochs_table, runs_table
from s6core.stats import summary

__all__ = ["changes", "epochs_table", "layer_table", "mistakes", "runs_table", "spread"]


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
    """Return the mean of each final figure over the seeds, with its 95% interval."""
    metrics = ("train_accuracy", "validation_accuracy", "test_accuracy", "train_loss", "test_loss", "seconds")
    tables = [summary(runs, metric).assign(figure=metric) for metric in metrics if runs[metric].notna().any()]
    return pd.concat(tables).set_index("figure")[["n", "mean", "sd", "low", "high"]]


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
