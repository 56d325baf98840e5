"""Every stored variant that a question names: the rows of one table, and what tells two of them apart."""

from __future__ import annotations

import shlex
from typing import Any

import pandas as pd

from experiments.answers.effects import in_words
from experiments.answers.questions import STUDY, members
from experiments.answers.sources import Sources
from experiments.topics import TOPICS
from s6core import results, stats, style
from s6core.config import NetConfig, TrainConfig, overrides, to_dict


def summaries(sources: Sources) -> pd.DataFrame:
    """Return one row per variant, the fewest errors first, by name: see `stats.error_summary`, and parameters and cost.

    Cost is the training time of an image over that of the reference, NaN where it has not been measured.
    """
    runs = sources.runs_if_any(STUDY)
    asked = {variant for topic in TOPICS for variant in members(topic)}
    own = runs[runs["variant"].isin(asked)]
    if own.empty:
        raise ValueError(f"study {STUDY}: no run of any question is stored")
    found = sources.summaries(STUDY).loc[own["variant"].unique()].copy()
    found["parameters"] = own.groupby("variant")["parameters"].first()
    found["cost"] = sources.cost(STUDY).reindex(found.index)
    return found.sort_values("error", kind="stable", na_position="last")


def as_data(sources: Sources) -> dict[str, Any]:
    """Return all that the explorer compares, as plain data: topics, variants with their runs, and effects.

    Errors are in per cent. A run that failed to learn has None for its errors, as in the statistics.
    """
    rows = summaries(sources)
    topics = [
        {"name": name, "question": topic.question, "members": [v for v in members(name) if v in rows.index]}
        for name, topic in TOPICS.items()
    ]
    variants = [_variant(name, row, sources) for name, row in rows.iterrows()]
    fields = {field for variant in variants for field in variant["changed"]}
    defaults = {**to_dict(NetConfig()), **to_dict(TrainConfig())}
    return {
        "topics": [topic for topic in topics if len(topic["members"]) > 1],
        "defaults": {field: value for field, value in defaults.items() if field in fields},
        "variants": variants,
        "effects": [row for topic in topics if len(topic["members"]) > 1 for row in _effects(topic["name"], sources)],
    }


def _variant(name: str, row: pd.Series, sources: Sources) -> dict[str, Any]:
    runs, epochs = sources.runs(STUDY), sources.epochs(STUDY)
    own = runs[runs["variant"] == name].sort_values("seed")
    failed = stats.did_not_learn(own)
    errors = (100 - own["test_accuracy"]).round(2).mask(failed)
    learned = epochs[(epochs["variant"] == name) & epochs["seed"].isin(own["seed"][~failed])].sort_values("epoch")
    record = sources.record(STUDY, name)
    changed = {**overrides(record.net), **overrides(record.train)}
    notebook = results.notebook_path(sources.folder / STUDY, name)
    sources.used.add(notebook)
    return {
        "name": name,
        "parameters": int(row["parameters"]),
        **{figure: _rounded(row[figure]) for figure in ("cost", "error", "low", "high")},
        "runs": [_rounded(error) for error in errors],
        "curves": [(100 - one).round(2).tolist() for _, one in learned.groupby("seed")["test_accuracy"]],
        "changed": changed,
        "papermill": papermill(name, changed, len(own)),
        "notebook": notebook.is_file(),
        "colour": style.colour(name),
        "mark": style.marker(name),
    }


def _effects(topic: str, sources: Sources) -> list[dict[str, Any]]:
    """Return the verdicts of a topic whose two sides are stored."""
    table = sources.effects(topic)
    return [
        {"topic": topic, "variant": row["variant"], "base": row["base"], "verdict": row["verdict"]}
        | {"ratio": _rounded(row["ratio"]), "text": in_words(row), "reason": row["reason"]}
        for _, row in table[(table["n"] > 0) & (table["n_base"] > 0)].iterrows()
    ]


def papermill(name: str, changed: dict[str, Any], seeds: int) -> str:
    """Return the line that trains a variant anew. Papermill takes lists as YAML alone."""
    parts = ["papermill", "experiments/ablation.ipynb", f"{name}.ipynb"]
    for field, value in changed.items():
        several = isinstance(value, list | tuple)
        parts += ["-y", f"{{{field}: [{', '.join(map(str, value))}]}}"] if several else ["-p", field, str(value)]
    return shlex.join([*parts, "-p", "seeds", str(seeds)])


def missed(sources: Sources) -> dict[str, Any]:
    """Return the class of every test image, and of each variant which images its seed 0 misses, and read as what."""
    labels, nets = sources.labels(), {}
    for name in summaries(sources).index:
        record = sources.record(STUDY, name)
        if record.seed == 0 and record.predictions:
            wrong = [
                at for at, (read, label) in enumerate(zip(record.predictions, labels, strict=True)) if read != label
            ]
            nets[name] = {"at": wrong, "read": "".join(record.predictions[at] for at in wrong)}
    return {"labels": labels, "nets": nets}


def _rounded(number: float) -> float | None:
    return None if pd.isna(number) else float(f"{number:.4g}")
