"""What measurements share: stored nets as they were trained, and the tables, arrays and origins they leave in results/.

The book reads those files and never runs a net itself. A test compares the hash of the weights that an origin names
with the stored ones: new weights ask for a new measurement.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load as load_weights
from torch import nn

from s6core import results
from s6core.config import TrainConfig
from s6core.data import Data
from s6core.net import build

FOLDER = results.PUBLISHED
STUDY = "ablations"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A variant's net with the weights of seed 0, in eval mode, and its record."""

    net: nn.Sequential
    record: results.Record

    @property
    def train(self) -> TrainConfig:
        return self.record.train


def stored(variants: Iterable[str]) -> list[str]:
    """Return those of some variants whose weights are stored. Raises `ResultsError` where none are."""
    wanted = list(variants)
    found = [variant for variant in wanted if results.weights_path(FOLDER / STUDY, variant).is_file()]
    if not found:
        load(wanted[0])
    return found


def load(variant: str) -> Stored:
    """Return a stored net. Raises `ResultsError`, naming the file and the command that makes it."""
    path = results.weights_path(FOLDER / STUDY, variant)
    if not path.is_file():
        raise results.ResultsError(f"{path} is missing: `s6 run {STUDY} --only {variant}` trains it")
    record = results.load(results.record_path(FOLDER / STUDY, variant, 0))
    net = build(record.net)
    net.load_state_dict(load_weights(path.read_bytes()))
    return Stored(net=net.eval(), record=record)


def upto(net: nn.Sequential, name: str) -> nn.Sequential:
    """Return a net's layers up to a named one, that one included."""
    return net[: [known for known, _ in net.named_children()].index(name) + 1]


def percent(right: torch.Tensor) -> float:
    """Return the share of truths in per cent, to the two decimals that 10,000 images give."""
    return round(100 * float(right.double().mean()), 2)


def table(name: str, frame: pd.DataFrame, **options: Any) -> None:
    """Write a table; whole numbers stay whole where some rows have none. `options` are those of pandas' `to_csv`."""
    text = frame.convert_dtypes().to_csv(index=False, lineterminator="\n", **options)
    results.write(FOLDER / name, text.encode())


def arrays(name: str, found: Mapping[str, Any]) -> None:
    """Write arrays or tensors as one compressed file."""
    buffer = io.BytesIO()
    plain: dict[str, Any] = {key: np.asarray(array) for key, array in found.items()}
    np.savez_compressed(buffer, **plain)
    results.write(FOLDER / name, buffer.getvalue())


def origin(name: str, variants: Iterable[str], images: Data, /, **more: Any) -> None:
    """Write which weights, images and code the figures came from."""
    paths = [results.weights_path(FOLDER / STUDY, variant) for variant in variants]
    weights = {p.relative_to(FOLDER).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}
    made = {"weights": weights, "data_sha256": images.sha256, **more, **results.provenance()}
    results.write(FOLDER / name, (json.dumps(made, indent=1) + "\n").encode())
