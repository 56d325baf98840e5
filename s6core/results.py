"""What a run leaves on disk, and the tidy tables made of it. The only module that knows file names.

results/<study>/<variant>/seed-0.json          one run: config, rows, predictions, provenance
results/<study>/<variant>/seed-0.safetensors   the trained weights of seed 0
results/<study>/<variant>/notebook.ipynb       the executed notebook of the variant's runs
results/<study>/runs.csv, epochs.csv           tidy tables of all its runs: what statistics and book read
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import re
import string
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
from filelock import FileLock

from s6core.config import FIELDS, NetConfig, TrainConfig, from_dict, text, to_dict

FIGURES = (
    "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy",
)  # fmt: skip
CONFIG_COLUMNS = [name for name in FIELDS if name != "epochs"]
"""The fields of net and training, so that a sweep finds its axis in the table."""
MACHINE = ("processor", "capability", "threads", "torch")
RUN_COLUMNS = [
    "study", "variant", "seed", "status", "parameters", "epochs", *FIGURES, "seconds",
    "device", *MACHINE, "commit", "clean", "started_at", "finished_at", *CONFIG_COLUMNS,
]  # fmt: skip
EPOCH_COLUMNS = ["study", "variant", "seed", "epoch", "lr", *FIGURES, "seconds"]
REPORTED = [name for name in FIGURES if not name.startswith("validation")]
"""The figures that every finished run has."""
LATER = {"started_at", *MACHINE, *CONFIG_COLUMNS}
"""Columns that tables of the first release lack; they are read with these cells empty."""
NUMBERS = {
    "seed", "epoch", "parameters", "epochs", "lr", *FIGURES, "seconds", "threads",
    *(name for name, kind in FIELDS.items() if kind in (int, float)),
}  # fmt: skip
BOOLEANS = {"clean", *(name for name, kind in FIELDS.items() if kind is bool)}
SIGNS = string.digits + string.ascii_lowercase
"""A sign for each class in a record's predictions."""

STATUSES = ("finished", "diverged")
TABLES_LOCK = ".tables.lock"
REPOSITORY = Path(__file__).resolve().parent.parent
PUBLISHED = REPOSITORY / "results"


class ResultsError(ValueError):
    """A file of results that cannot be trusted: its name and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run: one seed of one variant of one study."""

    study: str
    variant: str
    seed: int
    status: str  # one of STATUSES
    net: NetConfig
    train: TrainConfig
    parameters: int
    epochs: list[dict[str, Any]]  # a dict per epoch, keys as in EPOCH_COLUMNS from "epoch" on
    predictions: str  # the predicted class of every test image, a sign each; empty if the run diverged
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def final(self) -> dict[str, float]:
        """The last epoch's figures, never the best epoch's; NaN after a divergence."""
        return {name: self.epochs[-1][name] for name in FIGURES}


def record_path(folder: Path, variant: str, seed: int) -> Path:
    """Return where a study's folder keeps a run's record."""
    return folder / variant / f"seed-{seed}.json"


def weights_path(folder: Path, variant: str, seed: int = 0) -> Path:
    return folder / variant / f"seed-{seed}.safetensors"


def notebook_path(folder: Path, variant: str) -> Path:
    return folder / variant / "notebook.ipynb"


def checkpoint_path(folder: Path, variant: str, seed: int) -> Path:
    """Return where a run under way keeps what it takes to go on after a kill; its record takes over."""
    return folder / variant / f"seed-{seed}.checkpoint"


def progress_path(folder: Path, variant: str, seed: int) -> Path:
    """Return where a run under way says how far it is; its record takes over."""
    return folder / variant / f"seed-{seed}.progress"


def failure_path(folder: Path, variant: str, seed: int | None) -> Path:
    """Return where it stands why a run failed, or with None why the variant's notebook did, though its runs are stored.

    The partly executed notebook stands beside it, with the suffix .ipynb.
    """
    return folder / variant / ("notebook.failed.json" if seed is None else f"seed-{seed}.failed.json")


def mark(
    folder: Path, variant: str, seed: int, *, epochs: int, started_at: str, rows: list[dict[str, Any]],
    first: int = 0, part: float = 0.0, parameters: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Say how far a run is, for whoever watches from another process: no row yet while it is starting.

    `started_at` is when the process began with it, after the `first` epochs; `part` is the share of an epoch since.
    """
    watch = {
        "pid": os.getpid(),
        "host": platform.node(),
        "started_at": started_at,
        "marked_at": now(),
        "first": first,
        "epoch": len(rows),
        "part": round(part, 3),
        "epochs": epochs,
        "row": _null(rows[-1]) if rows else {},
        "parameters": parameters,
    }
    write(progress_path(folder, variant, seed), json.dumps(watch).encode())


def save(folder: Path, record: Record, weights: bytes | None = None) -> Path:
    """Write a run into its study's folder. The record comes last: a run is done when its record is there.

    Without weights, those of an earlier run of the seed are removed: they would belong to another record.
    """
    path = record_path(folder, record.variant, record.seed)
    beside = weights_path(folder, record.variant, record.seed)
    if weights is None:
        beside.unlink(missing_ok=True)
    else:
        write(beside, weights)
    content = {
        "study": record.study,
        "variant": record.variant,
        "seed": record.seed,
        "status": record.status,
        "parameters": record.parameters,
        "net": to_dict(record.net),
        "train": to_dict(record.train),
        "final": _null(record.final),
        "epochs": [_null(row) for row in record.epochs],
        "provenance": record.provenance,
        "predictions": record.predictions,
    }
    write(path, (_pretty(content) + "\n").encode())
    checkpoint_path(folder, record.variant, record.seed).unlink(missing_ok=True)
    return path


def load(path: Path) -> Record:
    """Read one record. Raises `ResultsError`, naming the file, where it is not a whole, known record."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [{k: math.nan if v is None else v for k, v in row.items()} for row in content["epochs"]]
        same = ("study", "variant", "seed", "status", "parameters", "predictions", "provenance")
        record = Record(
            net=from_dict(NetConfig, content["net"]),
            train=from_dict(TrainConfig, content["train"]),
            epochs=rows,
            **{name: content[name] for name in same},
        )
        if path != record_path(path.parent.parent, record.variant, record.seed):
            raise ValueError(f"it is of {record.variant}, seed {record.seed}")
        if record.status not in STATUSES:
            raise ValueError(f"status {record.status!r}: allowed is one of {', '.join(STATUSES)}")
        for number, row in enumerate(rows, start=1):
            if set(row) != set(EPOCH_COLUMNS[3:]) or row["epoch"] != number:
                raise ValueError(f"epoch {number} is missing or not whole")
        if not rows or (record.status == "finished" and (len(rows) != record.train.epochs or not record.predictions)):
            raise ValueError(f"{len(rows)} of {record.train.epochs} epochs, {len(record.predictions)} predictions")
        return record
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ResultsError(f"{path}: not a run's record ({type(error).__name__}: {error})") from error


def digest(content: bytes) -> str:
    """Return the hash of what a repetition of a run must reproduce in its record: all but times and provenance."""
    record = json.loads(content)
    del record["provenance"]
    for row in record["epochs"]:
        del row["seconds"]
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def load_all(folder: Path) -> list[Record]:
    """Read every record of a study's folder, by variant and seed."""
    return list(map(load, record_paths(folder)))


def runs_table(records: list[Record]) -> pd.DataFrame:
    """Return the records as a tidy table, a row per run."""
    rows = [
        {
            "study": r.study,
            "variant": r.variant,
            "seed": r.seed,
            "status": r.status,
            "parameters": r.parameters,
            "epochs": len(r.epochs),
            **r.final,
            "seconds": round(sum(row["seconds"] for row in r.epochs), 2),
            **{k: r.provenance.get(k) for k in ("device", "commit", "clean", "started_at", "finished_at")},
            **{k: r.provenance.get("machine", {}).get(k) for k in MACHINE},
            **{k: text(v) for k, v in {**to_dict(r.net), **to_dict(r.train)}.items() if k in CONFIG_COLUMNS},
        }
        for r in records
    ]
    return pd.DataFrame(rows, columns=RUN_COLUMNS)


def epochs_table(records: list[Record]) -> pd.DataFrame:
    """Return the records as a tidy table, a row per epoch."""
    rows = [{"study": r.study, "variant": r.variant, "seed": r.seed, **row} for r in records for row in r.epochs]
    return pd.DataFrame(rows, columns=EPOCH_COLUMNS)


def collect(folder: Path) -> list[str]:
    """Write a study's two tables anew from its records. Return what had to be left out of them, and why.

    Several processes may: each looks and writes before the next one looks, so that none writes what has gone stale.

    A file that is no record does not keep the others out. A variant whose seeds were not trained alike is left out
    as a whole: which of them are meant, the files do not say.
    """
    with FileLock(folder / TABLES_LOCK):
        records, problems = _agreeing(folder)
        for name, table in (("runs", runs_table(records)), ("epochs", epochs_table(records))):
            write(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n").encode())
    return problems


def _agreeing(folder: Path) -> tuple[list[Record], list[str]]:
    """Return the records that tables can hold, and what they cannot hold."""
    by_variant: dict[str, list[Record]] = {}
    problems = []
    for path in record_paths(folder):
        try:
            record = load(path)
            by_variant.setdefault(record.variant, []).append(record)
        except ResultsError as error:
            problems.append(f"{error}; left out of the tables: remove the file to have it trained anew")
    records = []
    for variant, found in sorted(by_variant.items()):
        found.sort(key=lambda r: r.seed)
        if differences := _differences(found):
            problems.append(
                f"{folder / variant}: its seeds differ in {differences}; the variant is left out of the tables until "
                f"they agree: remove the odd ones' files to have them trained anew"
            )
        else:
            records += found
    return records, problems


def load_runs(folder: Path | str) -> pd.DataFrame:
    """Return a study's runs, a row each. Raises `ResultsError`, naming the file, for a table that is not tidy."""
    path = Path(folder) / "runs.csv"
    runs = _read(path, RUN_COLUMNS, ["variant", "seed"])
    odd = ~runs["status"].isin(STATUSES)
    if odd.any():
        raise ResultsError(
            f"{path}: line {_line(odd)}: status {runs['status'][odd].iloc[0]!r}: "
            f"allowed is one of {', '.join(STATUSES)}"
        )
    gaps = (runs["status"] == "finished") & runs[[*REPORTED, "parameters", "epochs"]].isna().any(axis=1)
    if gaps.any():
        raise ResultsError(f"{path}: line {_line(gaps)}: a finished run lacks a figure")
    return runs


def load_epochs(folder: Path | str) -> pd.DataFrame:
    """Return a study's epochs, a row each, without gap from 1. Raises `ResultsError`, naming the file."""
    path = Path(folder) / "epochs.csv"
    epochs = _read(path, EPOCH_COLUMNS, ["variant", "seed", "epoch"])
    for (variant, seed), rows in epochs.groupby(["variant", "seed"]):
        missing = set(range(1, int(rows["epoch"].max()) + 1)) - set(rows["epoch"])
        if missing:
            raise ResultsError(f"{path}: {variant}, seed {seed}: epoch {min(missing)} is missing")
    return epochs


def provenance() -> dict[str, Any]:
    """Return what a run should say of its origin: the commit, whether the code was as committed, versions."""
    packages = ("torch", "torchvision", "numpy", "pandas", "papermill", "s6core")
    changed = _git("status", "--porcelain", "--", "s6core", "experiments")
    return {
        "commit": _git("rev-parse", "HEAD"),
        "clean": changed == "" if changed is not None else None,
        "versions": {"python": platform.python_version(), **{p: _version(p) for p in packages}},
        "started_at": now(),
    }


def code(*packages: str) -> str:
    """Return a hash of the code of some packages as it lies on the disk: what trains, and the notebook."""
    found = hashlib.sha256()
    for package in packages:
        for path in sorted((REPOSITORY / package).rglob("*")):
            if path.suffix in (".py", ".ipynb") and ".ipynb_checkpoints" not in path.parts:
                found.update(path.read_bytes())
    return found.hexdigest()[:12]


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, whoever else writes it and whenever the power fails.

    Raises `OSError` naming the file: no space, a read-only folder, a file where a folder must be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f"{platform.node()}.{os.getpid()}"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{writer}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and not error.filename:
            raise OSError(error.errno, error.strerror, str(path)) from error  # a full disk does not say where
        raise


def abandoned(folder: Path, *, age: float = 600) -> list[Path]:
    """Return the beginnings of files that `write` will not finish: its process on this machine is gone.

    Another machine's cannot be asked. It is given `age` seconds, for what it writes may be a run's only record.
    """
    beginnings = [*folder.glob(".*.tmp"), *folder.glob("*/.*.tmp")]
    return [path for path in beginnings if _writer_gone(path) or _older(path, age)]


def _writer_gone(path: Path) -> bool:
    here = re.search(re.escape(f".{platform.node()}.") + r"(\d+)\.[^.]+\.tmp$", path.name)
    return here is not None and not psutil.pid_exists(int(here[1]))


def _older(path: Path, age: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > age
    except FileNotFoundError:
        return False  # just finished


def record_paths(folder: Path, variant: str = "*") -> list[Path]:
    """Return the records of a study's folder, or of one of its variants, by variant and seed."""
    found = (path for path in folder.glob(f"{variant}/seed-*.json") if re.fullmatch(r"seed-\d+", path.stem))
    return sorted(found, key=lambda path: (path.parent, int(path.stem.removeprefix("seed-"))))


def _differences(records: list[Record]) -> str:
    """Say in which fields of net and training one variant's records differ; nothing where they are alike."""
    seeds: dict[str, dict[str, list[str]]] = {}
    for record in records:
        for name, value in {**to_dict(record.net), **to_dict(record.train)}.items():
            seeds.setdefault(name, {}).setdefault(repr(value), []).append(str(record.seed))
    return "; ".join(
        f"{name}: " + ", ".join(f"{value} (seed {', '.join(whose)})" for value, whose in values.items())
        for name, values in seeds.items()
        if len(values) > 1
    )


def _read(path: Path, columns: list[str], key: list[str]) -> pd.DataFrame:
    try:
        # only an empty cell is a gap: a variant may be called "none" or "nan"
        texts = {name: str for name in columns if name not in NUMBERS | BOOLEANS}
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise ResultsError(f"{path}: no such table; `s6 run {path.parent.name}` makes it") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path}: not a table ({error})") from error
    found = set(map(str, table))
    for what, names in (("unknown", found - set(columns)), ("missing", set(columns) - LATER - found)):
        if names:
            raise ResultsError(f"{path}: {what} column {', '.join(sorted(names))}")
    gaps = table[["study", *key]].isna().any(axis=1)
    if gaps.any():
        raise ResultsError(f"{path}: line {_line(gaps)} lacks one of study, {', '.join(key)}")
    table = table.reindex(columns=columns)
    for name in NUMBERS & set(columns):
        odd = pd.to_numeric(table[name], errors="coerce").isna() & table[name].notna()
        if odd.any():
            raise ResultsError(f"{path}: line {_line(odd)}: {name} {table[name][odd].iloc[0]!r}: allowed is a number")
    twice = table.duplicated(key)
    if twice.any():
        first = ", ".join(f"{k} {table[k][twice].iloc[0]}" for k in key)
        raise ResultsError(f"{path}: {first} stands there twice")
    return table


def _line(marked: pd.Series) -> int:
    """Return the line of the file on which the first marked row stands, below the header."""
    return int(marked.to_numpy().argmax()) + 2


def _null(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}


def _pretty(content: dict[str, Any]) -> str:
    """Format JSON with one line per field and per epoch, so that a diff of two records is readable."""
    lines = []
    for name, value in content.items():
        if isinstance(value, list):
            text = "[\n" + ",\n".join("  " + json.dumps(row, allow_nan=False) for row in value) + "\n ]"
        else:
            text = json.dumps(value, allow_nan=False)
        lines.append(f' "{name}": {text}')
    return "{\n" + ",\n".join(lines) + "\n}"


def _git(*arguments: str) -> str | None:
    if not (REPOSITORY / ".git").exists():  # installed inside another repository, whose commit says nothing
        return None
    command = ["git", "--no-optional-locks", "-C", str(REPOSITORY), *arguments]  # a lock would break a user's commit
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None  # not a checkout, or no git: the record says so


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
