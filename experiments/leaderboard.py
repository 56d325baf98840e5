"""A study's or a question's variants, best first: their figures, and what they are against their base."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments import own
from experiments.studies import STUDIES, Study
from experiments.topics import TOPICS, Topic
from s6core import results, stats
from s6core.config import ConfigError, unknown
from s6core.report import spread

FIGURES = ("ratio", "low", "high", "verdict")
COLUMNS = ["topic", "variant", "parameters", "n", "failed", "accuracy", "accuracy_low", "accuracy_high", *FIGURES]


@dataclass(frozen=True)
class Asked:
    """What a name stands for: a study, and those of its questions that are asked about."""

    name: str
    study: Study
    topics: dict[str, Topic]  # none: a study that has nothing to compare with
    folder: Path


def asked(name: str, roots: Iterable[Path]) -> Asked:
    """Return what a name stands for: a study, published or one's own, or a topic. Raises `ConfigError`."""
    roots = tuple(roots)
    if name in TOPICS and name not in STUDIES:
        return Asked(name, STUDIES["ablations"], {name: TOPICS[name]}, _folder("ablations", roots))
    if name in STUDIES:
        return Asked(name, STUDIES[name], topics(name, STUDIES[name]), _folder(name, roots))
    for root in roots:
        if planned := own.file(name, root):
            title, study = own.load(planned.file)
            return Asked(title, study, own.topics(title, study), planned.root / title)
    folder = _folder(name, roots)
    if not results.load_all(folder):
        raise ConfigError(unknown("study or topic", name, [*STUDIES, *TOPICS, *own.stored(roots)]))
    study = Study(question=f"The runs in {folder}", variants={path.name: {} for path in sorted(folder.glob("*/"))})
    return Asked(name, study, topics(name, study), folder)


def topics(name: str, study: Study) -> dict[str, Topic]:
    """Return the questions of a study: those of `topics.py`, those of its file, or none without a reference."""
    if name == "ablations":
        return TOPICS
    return own.topics(name, study) if "reference" in study.variants and len(study.variants) > 1 else {}


def leaderboard(what: Asked) -> pd.DataFrame:
    """Return a row per variant that has runs, within its question, the fewest errors first, with `COLUMNS`.

    Accuracies are means over the runs that learned, per cent, with 95% intervals; ratio, low and high are those of the
    errors against the question's base, and the verdict counts all its variants (Holm). The base has none of them.
    Raises `results.ResultsError` where nothing is stored.
    """
    runs = results.runs_table(results.load_all(what.folder))
    if runs.empty:
        beside = sorted(path.name for path in what.folder.parent.glob(f"{what.folder.name}+*/"))
        also = f"; those of other epochs or seeds: `s6 table {beside[0]}`" if beside else ""
        raise results.ResultsError(f"{what.folder}: no runs; `s6 run {what.folder.name}` makes them{also}")
    if not what.topics:
        return _sorted([_row("", v, runs) for v in what.study.variants if v in set(runs["variant"])])
    rows = []
    for topic, asks in what.topics.items():
        against = _against(runs, asks, what.study)
        for variant in (asks.base, *asks.variants):
            if variant in set(runs["variant"]):
                rows.append(_row(topic, variant, runs) | against.get(variant, {}))
    return _sorted(rows)


def _folder(name: str, roots: tuple[Path, ...]) -> Path:
    return next((root / name for root in roots if (root / name).is_dir()), roots[0] / name)


def _against(runs: pd.DataFrame, topic: Topic, study: Study) -> dict[str, dict[str, object]]:
    if topic.base not in set(runs["variant"]):
        return {}
    found = stats.effects(runs, base=topic.base, family=topic.variants, study=study.variants)
    return {str(row["variant"]): {name: row[name] for name in FIGURES} for row in found.to_dict("records")}


def _row(topic: str, variant: str, runs: pd.DataFrame) -> dict[str, object]:
    mine = runs[runs["variant"] == variant]
    failed = int(stats.did_not_learn(mine).sum())
    row = {
        "topic": topic, "variant": variant, "parameters": int(mine["parameters"].iloc[0]), "n": len(mine),
        "failed": failed, "ratio": math.nan, "low": math.nan, "high": math.nan, "verdict": "",
    }  # fmt: skip
    accuracy = spread(mine).T.get("test_accuracy", pd.Series({"mean": math.nan, "low": math.nan, "high": math.nan}))
    return row | {"accuracy": accuracy["mean"], "accuracy_low": accuracy["low"], "accuracy_high": accuracy["high"]}


def _sorted(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["accuracy", "variant"], ascending=[False, True], ignore_index=True, na_position="last")
