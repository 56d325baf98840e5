"""Runs from other trackers: a CSV with a seed and an accuracy for each run, read as a tidy frame.

Known shapes: the runs table that W&B exports (`Name`, `State`, …), MLflow's, from its page (`Run ID`, `Status`, plain
names) or from `search_runs` (`metrics.test_accuracy`, `params.seed`), and logs with a row per step, as Trackio keeps
them (`run`, `step`, `test/accuracy`): there a run's last step counts, never its best.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from s6core.config import FIELDS, ConfigError, read, unknown

FAILED = ("diverged",)
UNFINISHED = ("running", "scheduled", "pending", "preempted", "crashed", "failed", "killed")
"""States that say nothing about the net: these runs are left out, by name, never counted as failures of it."""
STEPS = ("step", "epoch")
PREFIX = re.compile(r"^(metrics|params|summary|config)[./]", re.IGNORECASE)


def read_export(
    path: Path | str,
    *,
    percent: bool | None,
    accuracy: str | None = None,
    seed: str | None = None,
    where: Iterable[str] = (),
) -> tuple[pd.DataFrame, list[str]]:
    """Read a tracker's CSV. Return a row per run, and what was left out of it and why.

    The frame has seed, status (finished or diverged), test_accuracy in per cent, and those columns that are fields of
    net or training. `percent` says what the accuracies are; None refuses to guess. `accuracy` and `seed` name the
    columns where they cannot be told; `where` keeps the rows with "column=value". Raises `ConfigError`.
    """
    path = Path(path)
    table = _matching(path, _table(path), where)
    names = {column: _plain(column) for column in table}
    column = _column(path, "accuracy", accuracy, names, "test_accuracy", ("accuracy", "acc"))
    seeds = _column(path, "seed", seed, names, "seed", ("seed",))
    if percent is None:
        raise ConfigError(f"{path}: column {column!r}: say what its numbers are, --percent or --fractions")
    table, left_out = _finished(path, _last_steps(path, table, names, seeds, column), names, column)
    numbers = _numbers(path, table, column)
    whole = _numbers(path, table, seeds)
    if (whole != whole.round()).any() or (whole < 0).any() or whole.isna().any():
        raise ConfigError(f"{path}: column {seeds!r}: allowed are whole numbers from 0")
    if whole.duplicated().any():
        raise ConfigError(
            f"{path}: seed {int(whole[whole.duplicated()].iloc[0])} stands there twice; is that more than one variant? "
            f"Choose one: {path}:COLUMN=VALUE"
        )
    frame = pd.DataFrame({"seed": whole.astype(int), "status": table["status"], "test_accuracy": numbers})
    frame["test_accuracy"] = _per_cent(path, frame["test_accuracy"], column, percent)
    for name, field in names.items():
        if field in FIELDS and name in table and table[name].str.strip().ne("").all():
            frame[field] = [read(value, FIELDS[field]) for value in table[name]]
    return frame.sort_values("seed", ignore_index=True), left_out


def _table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a CSV ({error})") from error


def _plain(column: str) -> str:
    """Return a column's name without a tracker's prefix, in small letters, with _ for what divides its words."""
    return re.sub(r"[^0-9a-z]+", "_", PREFIX.sub("", str(column)).strip().lower()).strip("_")


def _column(
    path: Path, what: str, given: str | None, names: dict[str, str], preferred: str, ends: Iterable[str]
) -> str:
    """Return the column of seeds or accuracies: the given one, the one of the preferred name, or the only one alike."""
    if given is not None:
        if given not in names:
            raise ConfigError(f"{path}: {unknown('column', given, map(str, names))}")
        return given
    for found in (
        [c for c, name in names.items() if name == preferred],
        [c for c, name in names.items() if name.split("_")[-1] in ends and not name.startswith("train")],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigError(f"{path}: columns {', '.join(found)}: say which one is meant with --{what} COLUMN")
    raise ConfigError(f"{path}: no column for the {what}; say which it is with --{what} COLUMN: {', '.join(names)}")


def _matching(path: Path, table: pd.DataFrame, where: Iterable[str]) -> pd.DataFrame:
    for condition in where:
        column, equals, value = condition.partition("=")
        if not equals or column not in table:
            raise ConfigError(f"{path}: {condition!r}: allowed is COLUMN=VALUE with one of {', '.join(table)}")
        found = sorted(set(table[column]))
        table = table[table[column].str.strip() == value.strip()]
        if table.empty:
            raise ConfigError(f"{path}: {column}={value!r}: allowed is one of {', '.join(found[:12])}")
    if table.empty:
        raise ConfigError(f"{path}: the table has no rows")
    return table


def _last_steps(path: Path, table: pd.DataFrame, names: dict[str, str], seed: str, accuracy: str) -> pd.DataFrame:
    """Keep each run's last row where the table has one per step: the last figure, never the best."""
    step = next((column for column, name in names.items() if name in STEPS), None)
    run = next((column for column, name in names.items() if name in ("run", "run_name", "run_id", "name")), seed)
    if step is None or not table.duplicated(run).any():
        return table
    numbers = _numbers(path, table, step)
    logged = table[table[accuracy].str.strip() != ""]  # trackers leave the cell empty at steps that log something else
    if seed != run:  # the seed may stand in the first row only
        filled = table[seed].where(table[seed].str.strip() != "").groupby(table[run]).transform("first")
        logged = logged.assign(**{seed: filled})
    return logged.loc[numbers[logged.index].groupby(logged[run]).idxmax()]


def _finished(path: Path, table: pd.DataFrame, names: dict[str, str], accuracy: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the runs that say something about the net, each with its status, and what was left out."""
    column = next((column for column, name in names.items() if name in ("state", "status")), None)
    state = table[column].str.strip().str.lower() if column else pd.Series("finished", index=table.index)
    known = state.isin(["finished", *FAILED, *UNFINISHED])
    if not known.all():
        raise ConfigError(
            f"{path}: {column} {state[~known].iloc[0]!r}: allowed is one of finished, {', '.join(FAILED + UNFINISHED)}"
        )
    out = state.isin(UNFINISHED)
    left_out = [
        f"{path}: {n} run{'s are' if n > 1 else ' is'} {word}: left out"
        for word, n in state[out].value_counts().items()
    ]
    if out.all():
        raise ConfigError(f"{path}: no run is finished")
    spelt = table[accuracy].str.strip().str.lower()
    status = np.where((state == "diverged") | spelt.isin(["nan", "inf", "-inf", "infinity"]), "diverged", "finished")
    return table.assign(status=status)[~out], left_out


def _numbers(path: Path, table: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as numbers, NaN for a run that diverged."""
    numbers = pd.to_numeric(table[column].str.strip(), errors="coerce")
    lost = table.get("status", pd.Series("", index=table.index)) == "diverged"
    odd = numbers.isna() & ~lost
    if odd.any():
        value = table.loc[odd, column].iloc[0]
        raise ConfigError(f"{path}: line {odd.idxmax() + 2}: {column} {value!r}: allowed is a number")
    return numbers.where(np.isfinite(numbers))


def _per_cent(path: Path, values: pd.Series, column: str, percent: bool) -> pd.Series:
    """Return accuracies in per cent; refuse numbers that cannot be what they are said to be."""
    most, known = (100, values.dropna()) if percent else (1, values.dropna())
    odd = known[(known < 0) | (known > most)]
    word = "per cent, 0 to 100" if percent else "fractions, 0 to 1 (or say --percent)"
    if len(odd):
        raise ConfigError(f"{path}: {column} {odd.iloc[0]:g}: allowed are {word}")
    if percent and len(known) and known.max() <= 1:
        raise ConfigError(f"{path}: {column} is {known.max():g} at most: these are no per cent; say --fractions")
    return values if percent else (100 * values).round(10)
