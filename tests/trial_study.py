"""A study of two variants for tests, and the records that its runs would leave."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from experiments.runner import task
from experiments.studies import Study
from s6core import results
from s6core.plan import Plan
from s6core.results import Record

STUDY = Study(
    question="?", variants={"reference": {}, "no-bn": {"norm": "none"}}, common={"epochs": 2, "device": "cpu"}, seeds=3
)


def prepared(root: Path, *, seeds: int = 3, epochs: int = 2, **options: object) -> task.Task:
    """Plan the study, or one of the same name with other seeds or epochs."""
    study = replace(STUDY, seeds=seeds, common={**STUDY.common, "epochs": epochs})
    return task.prepare("trial", study, root=root, **options)  # type: ignore[arg-type]


def store(plan: Plan, seed: int, *, status: str = "finished", seconds: float = 60.0, accuracy: float = 99.0) -> Path:
    """Leave the record of a run that took a minute an epoch."""
    value = math.nan if status == "diverged" else accuracy + seed / 10
    row = {"lr": 0.1, **dict.fromkeys(results.FIGURES, value), "seconds": seconds}
    record = Record(
        study=plan.study, variant=plan.variant, seed=seed, status=status, net=plan.net, train=plan.train,
        parameters=1, epochs=[{"epoch": n, **row} for n in range(1, plan.train.epochs + 1)],
        predictions="7" * 10_000, provenance={"device": "some"},
    )  # fmt: skip
    return results.save(plan.folder, record)
