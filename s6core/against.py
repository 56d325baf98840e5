"""A variant's runs against the reference net's: which runs those are, and what the comparison says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from s6core import results
from s6core.config import NetConfig, diff, overrides, text, to_dict
from s6core.plan import Plan
from s6core.results import Record, ResultsError
from s6core.stats import StatsError, effects

LIKE = ("dataset", "validate", "train_images", "repeats", "epochs")
"""Fields of training in which runs must agree to be compared: the data, and how long."""
PUBLISHED = results.PUBLISHED


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Runs of the reference net to compare with: where they lie, and in what else of training they differ."""

    folder: Path  # of the study
    variant: str
    differs: int


def against(plan: Plan) -> str:
    """Compare a plan's stored runs with the published reference, else with one beside them; or say how to have one."""
    published = sorted(path.parent for path in PUBLISHED.glob("*/runs.csv"))
    found = min(references(plan, [*published, plan.folder]), key=lambda reference: reference.differs, default=None)
    if not found:
        if plan.net == _net(plan):
            return "This is the reference net, and no other runs of it have these data and epochs."
        return f"No runs of the reference net have these data and epochs. What makes them:\n\n    {command(plan)}"
    ours = _named(plan.records(), "this variant")
    base = [results.load(path) for path in results.record_paths(found.folder, found.variant)]
    where = f"{found.folder.name}/{found.variant}"
    try:
        frame = pd.concat([_named(base, "reference"), ours, *_others(found, plan)])
        effect = effects(frame, family=["this variant"]).to_dict("records")[0]
    except StatsError as error:
        return f"Not compared with {where}: {error}"
    changed = diff(base[0].net, plan.net) | diff(base[0].train, plan.train)
    words = ", ".join(f"{name} {text(old)} → {text(new)}" for name, (old, new) in changed.items()) or "nothing"
    return f"Changed in {where}: {words}.\n{_sentence(effect)}\nWhy {effect['verdict']}: {effect['reason']}"


def _sentence(effect: Mapping[Any, Any]) -> str:
    runs = f"{effect['n']} runs against {effect['n_base']}"
    failed = f", of which {effect['n_failed']} and {effect['n_base_failed']} did not learn"
    runs += failed if effect["n_failed"] or effect["n_base_failed"] else ""
    if math.isnan(effect["ratio"]):
        return f"{effect['verdict'].capitalize()}; {runs}."
    interval = "" if math.isnan(effect["low"]) else f" (95% interval {effect['low']:.2f} to {effect['high']:.2f})"
    points = f"{effect['points']:+.2f} points of accuracy"
    return f"{effect['ratio']:.2f} times the errors{interval}, {points}: {effect['verdict']}; {runs}."


def references(plan: Plan, studies: Iterable[Path]) -> Iterator[Reference]:
    """Yield runs of the reference net, in the folders of these studies, on the plan's data for its epochs."""
    own = plan.folder.resolve()
    for study in studies:
        for variant in sorted({path.parent.name for path in results.record_paths(study)}):
            if (study.resolve(), variant) == (own, plan.variant):
                continue
            record = _first(study, variant)
            if record and record.net == _net(plan) and _like(record) == {k: to_dict(plan.train)[k] for k in LIKE}:
                yield Reference(folder=study, variant=variant, differs=len(diff(record.train, plan.train)))


def _net(plan: Plan) -> NetConfig:
    return NetConfig(image=plan.net.image, classes=plan.net.classes)


def _like(record: Record) -> dict[str, object]:
    return {name: to_dict(record.train)[name] for name in LIKE}


def _first(study: Path, variant: str) -> Record | None:
    try:
        return results.load(results.record_paths(study, variant)[0])
    except ResultsError:
        return None


def _others(found: Reference, plan: Plan) -> list[pd.DataFrame]:
    """Return the other runs of the reference's study, whose spread helps to judge few seeds; nothing without tables."""
    try:
        runs = results.load_runs(found.folder)
    except ResultsError:
        return []
    alike = runs["status"].eq("finished") & runs["epochs"].eq(plan.train.epochs)
    others = runs[alike & ~runs["variant"].isin([found.variant, plan.variant, "reference", "this variant"])]
    return [others.assign(study="here")] if len(others) else []


def _named(records: Sequence[Record], name: str) -> pd.DataFrame:
    return results.runs_table(list(records)).assign(variant=name, study="here")


def command(plan: Plan) -> str:
    """Return the line that trains the reference net on a plan's data, for its epochs, beside it."""
    data = {name: value for name, value in overrides(plan.train).items() if name in LIKE}
    given = {**data, "seeds": max(len(plan.seeds), 3), "study": plan.study, "results": plan.folder.parent}
    words = " ".join(f"-p {name} {value}" for name, value in given.items())
    return f"papermill experiments/ablation.ipynb reference.ipynb {words}"
