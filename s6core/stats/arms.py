"""One side of a comparison: the runs of one variant, in the logarithm of their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from s6core.stats.checks import Floats, accuracies, whole
from s6core.stats.failures import did_not_learn, ended_at_chance
from s6core.stats.pairs import FAILED, StatsError, checked
from s6core.stats.rule import CLASSES, IMAGES


@dataclass(frozen=True, kw_only=True)
class Arm:
    """The runs of one variant that have a result. A run that failed to learn has no figure of its own, it is counted.

    `logs` are natural logarithms of errors in per cent (or of losses), `values` the metric itself, both of the runs
    that learned; `chance` is the logarithm that a guessing net has, at which a failure is counted.
    """

    name: str
    logs: Floats
    values: Floats
    failed: int
    chance: float

    @property
    def n(self) -> int:
        return len(self.logs) + self.failed

    @property
    def scores(self) -> Floats:
        """All runs, each failure as bad as guessing or as the worst run that learned, ascending."""
        worst = max([self.chance, *self.logs])
        return np.sort(np.append(self.logs, np.full(self.failed, worst)))


def log_errors(accuracy: Floats, images: int = IMAGES) -> Floats:
    """Return the natural logarithm of errors in per cent. No error at all counts as half an error among the images."""
    return np.log(np.maximum(100 - accuracy, 50 / whole(images, "images")))


def arm_of(values: Sequence[float], name: str, *, images: int = IMAGES, classes: int = CLASSES) -> Arm:
    """Return the arm of plain accuracies in per cent. Raises `StatsError` for what is no accuracy, and for none."""
    x = accuracies(np.ravel(values), name)
    if not x.size:
        raise StatsError(f"{name}: no accuracies")
    lost = ended_at_chance(x, classes)
    logs = log_errors(x[~lost], images)
    return Arm(name=name, logs=logs, values=x[~lost], failed=int(lost.sum()), chance=float(np.log(100 - 100 / classes)))


def arms(runs: pd.DataFrame, metric: str, *, images: int = IMAGES, classes: int = CLASSES) -> dict[str, Arm]:
    """Return each variant's arm, in the frame's order. The metric is an accuracy in per cent or a loss.

    Whether a run learned is told by its test accuracy, whatever the metric. Raises `StatsError` for a frame that is not
    one study's tidy runs, among others a seed of a variant that stands there twice.
    """
    if not isinstance(runs, pd.DataFrame):
        raise StatsError(f"runs={type(runs).__name__}: allowed is a frame with a row per run")
    kind = metric.rsplit("_", 1)[-1]
    if kind not in ("accuracy", "loss"):
        raise StatsError(f"metric={metric!r}: allowed is an accuracy or a loss, such as test_accuracy")
    table = checked(checked(runs, metric), "test_accuracy")  # the latter tells which runs learned
    table = table[table["status"] != FAILED]
    lost = did_not_learn(table, classes)
    found = {}
    for variant, own in table.groupby("variant", sort=False):
        values = own.loc[~lost[own.index], metric].to_numpy(float)
        if kind == "loss" and (values <= 0).any():
            raise StatsError(f"{variant}: a loss of {values.min():g}; allowed are numbers above 0")
        logs = np.log(values) if kind == "loss" else log_errors(values, images)
        chance = float(np.log(np.log(classes) if kind == "loss" else 100 - 100 / classes))
        failed = int(lost[own.index].sum())
        found[str(variant)] = Arm(name=str(variant), logs=logs, values=values, failed=failed, chance=chance)
    return found
