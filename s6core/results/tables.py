"""The tidy tables of a study, made of its records: what statistics and book read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from filelock import FileLock

from s6core.config import FIELDS, text, to_dict
from s6core.results.files import write
from s6core.results.paths import TABLES_LOCK, record_paths
from s6core.results.record import EPOCH_FIELDS, FIGURES, STATUSES, Record, ResultsError, load

CONFIG_COLUMNS = [name for name in FIELDS if name != "epochs"]
"""The fields of net and training, so that a sweep finds its axis in the table."""
MACHINE = ("processor", "capability", "threads", "torch")
RUN_COLUMNS = [
    "study", "variant", "seed", "status", "parameters", "epochs", *FIGURES, "seconds",
    "device", *MACHINE, "commit", "clean", "started_at", "finished_at", *CONFIG_COLUMNS,
]  # fmt: skip
EPOCH_COLUMNS = ["study", "variant", "seed", *EPOCH_FIELDS]
REPORTED = [name for name in FIGURES if not name.startswith("validation")]
"""The figures that every finished run has."""
LATER = {"started_at", *MACHINE, *CONFIG_COLUMNS}
"""Columns that tables of the first release lack; they are read with these cells empty."""
NUMBERS = {
    "seed", "epoch", "parameters", "epochs", "lr", *FIGURES, "seconds", "threads",
    *(name for name, kind in FIELDS.items() if kind in (int, float)),
}  # fmt: skip
BOOLEANS = {"clean", *(name for name, kind in FIELDS.items() if kind is bool)}


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
