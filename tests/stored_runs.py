"""Records as runs would leave them, with accuracies that a test chooses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from s6core import results
from s6core.plan import Plan
from s6core.results import Record


def store(plan: Plan, accuracies: Sequence[float], **machine: Any) -> Path:
    """Leave a run per accuracy, from seed 0 on; NaN is a run that diverged. Return the variant's folder."""
    for seed, accuracy in enumerate(accuracies):
        diverged = math.isnan(accuracy)
        row = {"lr": 0.1, **dict.fromkeys(results.FIGURES, accuracy), "seconds": 60.0}
        record = Record(
            study=plan.study, variant=plan.variant, seed=seed, status="diverged" if diverged else "finished",
            net=plan.net, train=plan.train, parameters=15_662,
            epochs=[{"epoch": n, **row} for n in range(1, (1 if diverged else plan.train.epochs) + 1)],
            predictions="" if diverged else "7" * 10_000,
            provenance={"device": "some", "machine": machine or {"processor": "one", "threads": 1}},
        )  # fmt: skip
        results.save(plan.folder, record)
    return plan.folder / plan.variant


def store_all(plans: Iterable[Plan], means: Mapping[str, float], other: float = 97.0) -> None:
    """Leave every planned run, a tenth of a point from seed to seed."""
    for plan in plans:
        store(plan, [means.get(plan.variant, other) + seed / 10 for seed in range(len(plan.seeds))])
