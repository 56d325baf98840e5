"""What stands beside `s6 compare`: a study's variant, a folder of records, or a CSV, found and read as a side."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from s6core import results
from s6core.against import command, references
from s6core.compare import Side, of_records, side
from s6core.config import ConfigError, unknown
from s6core.exports import read_export
from s6core.plan import Plan
from s6core.results import ResultsError

OWN = {"study", "variant", "seed", "status", "parameters", "test_accuracy"}
"""Columns by which a table of this project is known: its accuracies are per cent."""


def find(
    text: str,
    roots: Sequence[Path],
    *,
    percent: bool | None = None,
    accuracy: str | None = None,
    seed: str | None = None,
) -> tuple[Side, list[str]]:
    """Return the runs that a text names and what was left out of them: STUDY/VARIANT, a folder, or a CSV.

    `FILE.csv:COLUMN=VALUE` takes the rows of one variant. Raises `ConfigError` for what names no runs.
    """
    csv = re.fullmatch(r"(.+?\.csv)(?::(.+))?", text, re.IGNORECASE)
    if csv:
        return _table(csv[1], csv[2].split(",") if csv[2] else [], percent, accuracy, seed)
    folder = _folder(text, roots)
    paths = record_paths(folder)
    if not paths:
        raise ConfigError(f"{text}: {folder} holds no records; `s6 run` makes them")
    return _records(text.rstrip("/"), folder), []


def reference(one: Side, roots: Sequence[Path]) -> Side:
    """Return the runs of the reference net on the data of `one`, as long, the recipe as alike as there is one.

    The nearest are taken: of the same study, of the same results, of the others. Where no such runs are stored, those
    of the study's reference stand in, and the comparison says in what they differ.
    """
    paths = record_paths(one.source) if one.source and one.source.is_dir() else []
    if not paths or one.source is None:
        raise ConfigError(f"{one.name}: its recipe is not known; name what it is to be compared with")
    own = results.load(paths[0])
    planned = Plan(
        study=own.study, variant=one.source.name, net=own.net, train=own.train, seeds=tuple(range(len(paths))),
        device="auto", folder=one.source.parent,
    )  # fmt: skip
    studies = [
        one.source.parent,
        *one.source.parent.parent.glob("*/"),
        *(path for root in roots for path in root.glob("*/")),
    ]
    found = min(references(planned, studies), key=lambda reference: reference.differs, default=None)
    folder = found.folder / found.variant if found else one.source.parent / "reference"
    if folder != one.source and record_paths(folder):
        return _records(_name(folder, roots), folder)
    raise ConfigError(
        f"{one.name}: no other runs of the reference net with its data and epochs; name some, or make them: "
        f"{command(planned)}"
    )


def others(a: Side, b: Side) -> pd.DataFrame | None:
    """Return the other runs of the study that b is stored in, trained as long; they say how much seeds scatter."""
    if b.source is None or not b.source.is_dir():
        return None
    here = [one.source.name for one in (a, b) if one.source and one.source.parent == b.source.parent]
    records = []
    for path in results.record_paths(b.source.parent):
        with contextlib.suppress(ResultsError):  # a damaged file of another variant is no reason not to compare
            record = results.load(path)
            if record.variant not in here and record.train.epochs == b.config["epochs"]:
                records.append(record)
    return results.runs_table(records)


def record_paths(folder: Path) -> list[Path]:
    return results.record_paths(folder.parent, folder.name)


def _records(name: str, folder: Path) -> Side:
    return of_records(name, [results.load(path) for path in record_paths(folder)], folder.resolve())


def _name(folder: Path, roots: Sequence[Path]) -> str:
    """Return a folder as STUDY/VARIANT where a results folder holds it, else its path."""
    for root in roots:
        if folder.resolve().parent.parent == root.resolve():
            return f"{folder.parent.name}/{folder.name}"
    return str(folder)


def _folder(text: str, roots: Sequence[Path]) -> Path:
    """Return the folder of a variant's records."""
    path = Path(text).expanduser()
    if path.is_dir() and record_paths(path):
        return path
    for root in roots:
        if (root / text).is_dir() and record_paths(root / text):
            return root / text
    inside = sorted(p.parent.name for p in path.glob("*/seed-*.json")) if path.is_dir() else []
    if inside:
        raise ConfigError(f"{text}: a folder of variants; name one of them: {', '.join(dict.fromkeys(inside))}")
    study, _, variant = text.rstrip("/").partition("/")
    return _near(text, study, variant, roots)


def _near(text: str, study: str, variant: str, roots: Sequence[Path]) -> Path:
    """Say what is wrong with STUDY/VARIANT. A topic's name stands for the study that trains its variants."""
    from experiments.topics import TOPICS

    if variant and study in TOPICS:
        return _folder(f"ablations/{variant}", roots)
    studies = {p.parent.parent.name for root in roots for p in root.glob("*/*/seed-*.json")}
    if study not in studies:
        raise ConfigError(f"{text}: {unknown('study', study, studies)}; allowed is STUDY/VARIANT, a folder or a CSV")
    variants = {p.parent.name for root in roots for p in root.glob(f"{study}/*/seed-*.json")}
    raise ConfigError(f"{text}: {unknown('variant', variant, variants)}" if variant else
                      f"{text}: a study; name one of its variants: {', '.join(sorted(variants))}")  # fmt: skip


def _table(
    name: str, where: list[str], percent: bool | None, accuracy: str | None, seed: str | None
) -> tuple[Side, list[str]]:
    path = Path(name).expanduser()
    try:
        head = set(pd.read_csv(path, nrows=0, encoding="utf-8-sig").columns)
    except (OSError, ValueError):
        head = set()  # what is wrong with it, the reader says
    if head >= OWN and percent is None:
        percent = True
    frame, left_out = read_export(path, percent=percent, accuracy=accuracy, seed=seed, where=where)
    shown = ":".join([name, ",".join(where)]) if where else name
    return replace(side(frame, name=shown), source=Path(f"{path.resolve()}:{','.join(where)}")), left_out
