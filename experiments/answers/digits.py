"""Which test digits the stored runs read, and which of them rightly: what speaks of digits that nobody has seen."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from s6core import results, stats

LABELS = "mnist-test-labels.txt"
"""The class of each test image of MNIST, a sign each, as a record has its predictions."""


def predictions(folder: Path, variant: str, runs: pd.DataFrame) -> list[str]:
    """Return what each run of a variant that learned reads, by seed; nothing where a record of them is not there."""
    own = runs[(runs["variant"] == variant) & ~stats.did_not_learn(runs)].sort_values("seed")
    paths = [results.record_path(folder, variant, seed) for seed in own["seed"]]
    there = all(path.is_file() for path in paths)
    return [_read(path, path.stat().st_mtime_ns) for path in paths] if there else []


def right(folder: Path, variant: str, runs: pd.DataFrame, labels: str) -> NDArray[np.bool_] | None:
    """Return which of MNIST's test images each run reads rightly, (seeds, images); None where nobody can say."""
    if set(runs.loc[runs["variant"] == variant, "dataset"]) != {"mnist"}:
        return None
    found = predictions(folder, variant, runs)
    return np.array([_signs(read) for read in found]) == _signs(labels) if found else None


def _signs(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


@lru_cache(maxsize=1_024)
def _read(path: Path, stamp: int) -> str:
    return results.load(path).predictions
