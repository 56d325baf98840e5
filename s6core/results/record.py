"""One run on disk: its record, and how far it is while it runs."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s6core.config import NetConfig, TrainConfig, from_dict, to_dict
from s6core.results.files import write
from s6core.results.origin import now
from s6core.results.paths import checkpoint_path, progress_path, record_path, record_paths, weights_path

FIGURES = (
    "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy",
)  # fmt: skip
EPOCH_FIELDS = ("epoch", "lr", *FIGURES, "seconds")
"""What a record says of each epoch."""
STATUSES = ("finished", "diverged")
SIGNS = string.digits + string.ascii_lowercase
"""A sign for each class in a record's predictions."""


class ResultsError(ValueError):
    """A file of results that cannot be trusted: its name and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run: one seed of one variant of one study."""

    study: str
    variant: str
    seed: int
    status: str  # one of STATUSES
    net: NetConfig
    train: TrainConfig
    parameters: int
    epochs: list[dict[str, Any]]  # a dict per epoch, keys as in EPOCH_FIELDS
    predictions: str  # the predicted class of every test image, a sign each; empty if the run diverged
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def final(self) -> dict[str, float]:
        """The last epoch's figures, never the best epoch's; NaN after a divergence."""
        return {name: self.epochs[-1][name] for name in FIGURES}


def mark(
    folder: Path, variant: str, seed: int, *, epochs: int, started_at: str, rows: list[dict[str, Any]],
    first: int = 0, part: float = 0.0, parameters: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Say how far a run is, for whoever watches from another process: no row yet while it is starting.

    `started_at` is when the process began with it, after the `first` epochs; `part` is the share of an epoch since.
    """
    watch = {
        "pid": os.getpid(),
        "host": platform.node(),
        "started_at": started_at,
        "marked_at": now(),
        "first": first,
        "epoch": len(rows),
        "part": round(part, 3),
        "epochs": epochs,
        "row": _null(rows[-1]) if rows else {},
        "parameters": parameters,
    }
    write(progress_path(folder, variant, seed), json.dumps(watch).encode())


def save(folder: Path, record: Record, weights: bytes | None = None) -> Path:
    """Write a run into its study's folder. The record comes last: a run is done when its record is there.

    Without weights, those of an earlier run of the seed are removed: they would belong to another record.
    """
    path = record_path(folder, record.variant, record.seed)
    beside = weights_path(folder, record.variant, record.seed)
    if weights is None:
        beside.unlink(missing_ok=True)
    else:
        write(beside, weights)
    content = {
        "study": record.study,
        "variant": record.variant,
        "seed": record.seed,
        "status": record.status,
        "parameters": record.parameters,
        "net": to_dict(record.net),
        "train": to_dict(record.train),
        "final": _null(record.final),
        "epochs": [_null(row) for row in record.epochs],
        "provenance": record.provenance,
        "predictions": record.predictions,
    }
    write(path, (_pretty(content) + "\n").encode())
    checkpoint_path(folder, record.variant, record.seed).unlink(missing_ok=True)
    return path


def load(path: Path) -> Record:
    """Read one record. Raises `ResultsError`, naming the file, where it is not a whole, known record."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [{k: math.nan if v is None else v for k, v in row.items()} for row in content["epochs"]]
        same = ("study", "variant", "seed", "status", "parameters", "predictions", "provenance")
        record = Record(
            net=from_dict(NetConfig, content["net"]),
            train=from_dict(TrainConfig, content["train"]),
            epochs=rows,
            **{name: content[name] for name in same},
        )
        if path != record_path(path.parent.parent, record.variant, record.seed):
            raise ValueError(f"it is of {record.variant}, seed {record.seed}")
        if record.status not in STATUSES:
            raise ValueError(f"status {record.status!r}: allowed is one of {', '.join(STATUSES)}")
        for number, row in enumerate(rows, start=1):
            if set(row) != set(EPOCH_FIELDS) or row["epoch"] != number:
                raise ValueError(f"epoch {number} is missing or not whole")
        if not rows or (record.status == "finished" and (len(rows) != record.train.epochs or not record.predictions)):
            raise ValueError(f"{len(rows)} of {record.train.epochs} epochs, {len(record.predictions)} predictions")
        return record
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ResultsError(f"{path}: not a run's record ({type(error).__name__}: {error})") from error


def load_all(folder: Path) -> list[Record]:
    """Read every record of a study's folder, by variant and seed."""
    return list(map(load, record_paths(folder)))


def digest(content: bytes) -> str:
    """Return the hash of what a repetition of a run must reproduce in its record: all but times and provenance."""
    record = json.loads(content)
    del record["provenance"]
    for row in record["epochs"]:
        del row["seconds"]
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def _null(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}


def _pretty(content: dict[str, Any]) -> str:
    """Format JSON with one line per field and per epoch, so that a diff of two records is readable."""
    lines = []
    for name, value in content.items():
        if isinstance(value, list):
            text = "[\n" + ",\n".join("  " + json.dumps(row, allow_nan=False) for row in value) + "\n ]"
        else:
            text = json.dumps(value, allow_nan=False)
        lines.append(f' "{name}": {text}')
    return "{\n" + ",\n".join(lines) + "\n}"
