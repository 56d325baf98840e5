"""A study of two variants for tests, and the records that its runs would leave."""

from __future__ import annotations

import math
from pathlib import Path

from experiments.runner import run
from experiments.studies import Study
from s6core import results
from s6core.plan import Plan
from s6core.results import Record

STUDY = Study(
    question="?", variants={"reference": {}, "no-bn": {"norm": "none"}}, common={"epochs": 2, "device": "cpu"}, seeds=3
)


def prepared(root: Path, **options: object) -> run.Task:
    return run.prepare("trial", STUDY, root=root, **options)  # type: ignore[arg-type]


def store(plan: Plan, seed: int, *, status: str = "finished", seconds: float = 60.0) -> Path:
    """Leave the record of a run that took a minute an epoch."""
    value = math.nan if status == "diverged" else 99.0 + seed / 10
    row = {"lr": 0.1, **dict.fromkeys(results.FIGURES, value), "seconds": seconds}
    record = Record(
        study=plan.study, variant=plan.variant, seed=seed, status=status, net=plan.net, train=plan.train,
        parameters=1, epochs=[{"epoch": n, **row} for n in range(1, plan.train.epochs + 1)],
        predictions="7" * 10_000, provenance={"device": "some"},
    )  # fmt: skip
    return results.save(plan.folder, record)
