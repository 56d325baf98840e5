"""What keys name of runs: a variant against its topic's base, a variant by itself, and what a study's runs share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from experiments.answers.columns import COUNTS, EFFECTS, RUNS, kind_of
from experiments.answers.facts import plain
from experiments.answers.questions import members
from experiments.answers.registry import known_as
from experiments.answers.sources import Sources, devices
from experiments.answers.values import SEEDS, SPREAD, UNTRAINED, Value, seeds, write_interval
from experiments.studies import STUDIES
from experiments.topics import TOPICS
from s6core import stats

ERROR = "test_error"  # what effects compare: over the seeds by its geometric mean, as there


def of_topic(name: str, study: str, variant: str, quantity: str, sources: Sources) -> Value:
    base = TOPICS[name].base
    known_as("variant", variant, members(name), where=f"topic {name}")
    if quantity not in EFFECTS:
        return of_variant(study, variant, quantity, sources)
    if variant == base:
        raise KeyError(f"topic {name}: {base} is what others are compared with, and has no {quantity}")
    column, cell = EFFECTS[quantity], EFFECTS[quantity].of or quantity
    row = sources.effects(name, study).set_index("variant").loc[variant]
    aspects = SPREAD if column.interval else ()
    ours, theirs = _failing(row["n"], row["n_failed"]), _failing(row["n_base"], row["n_base_failed"])
    note = f"{variant} ({ours}) against {base} ({theirs}), results/{study}/runs.csv"
    if row["n"] == 0 or row["n_base"] == 0:
        return Value(kind=column.kind, missing=UNTRAINED, note=note, aspects=aspects)
    if min(row["n"], row["n_base"]) < stats.MINIMUM:  # of one run or two nothing is claimed, be it right or wrong
        return Value(kind=column.kind, missing="too few runs yet", note=f"{row['reason']} {note}", aspects=aspects)
    low, high = (None if pd.isna(row[end]) else float(row[end]) for end in column.interval or ("low", "high"))
    if column.kind == "text":
        return Value(kind="text", words=str(row[cell]), note=f"{row['reason']} {note}")
    if pd.isna(row[cell]):
        return Value(kind=column.kind, words="not defined", note=f"{row['reason']} {note}", aspects=aspects, who=note)
    value = Value(kind=column.kind, number=float(row[cell]), note=note, aspects=aspects, who=note)
    if column.interval is None or low is None:
        return value
    value = replace(value, low=low, high=high)
    return replace(value, note=f"{note}, 95% interval {write_interval(value)}")


def _failing(n: float, failed: float) -> str:
    return f"{seeds(int(n))}, {int(failed)} failed" if failed else seeds(int(n))


def of_study(study: str, quantity: str, sources: Sources) -> Value:
    runs = sources.runs(study)
    note = f"results/{study}/runs.csv"
    if quantity in ("variants", "runs"):
        count = runs["variant"].nunique() if quantity == "variants" else len(runs)
        return Value(kind="count", number=count, note=note, exact=True)
    known_as("quantity", quantity, ["variants", "runs", *runs.columns], where=f"study {study}")
    if quantity == "epochs" and (runs["status"] == "finished").any():
        runs = runs[runs["status"] == "finished"]  # one that diverged stopped there
    common = runs[quantity].dropna().unique()
    if quantity == "device":
        return Value(kind="text", words=devices(runs), note=note)
    if len(common) != 1:
        raise KeyError(f"study {study}: its runs have no {quantity} in common, but {', '.join(map(str, common))}")
    return plain(common[0], quantity, note)


def of_variant(study: str, variant: str, quantity: str, sources: Sources) -> Value:
    runs = sources.runs_if_any(study)
    known = [*runs["variant"].unique(), *(STUDIES[study].variants if study in STUDIES else ())]
    known_as("variant", variant, known, where=f"study {study}")
    own = runs[runs["variant"] == variant]
    finished = own[own["status"] == "finished"]
    file = f"results/{study}/runs.csv"
    if quantity in COUNTS:
        failed = {
            "n": len(finished),
            "diverged": len(own) - len(finished),
            "n_failed": int(stats.did_not_learn(own).sum()),
        }
        return Value(kind="count", number=failed[quantity], note=file, exact=True)
    column, _, epoch = quantity.partition("@")
    frame = sources.epochs_if_any(study) if epoch else runs
    if not _computed(column):
        names = [*COUNTS, *EFFECTS, *RUNS, *frame.columns]
        known_as("quantity", column, frame.columns, where=f"study {study}", offer=names)
    if own.empty:
        return Value(kind=kind_of(column), missing=UNTRAINED, note=f"{variant}, {file}", aspects=SEEDS)
    values = _per_seed(study, variant, column, epoch, finished, sources)
    if not pd.api.types.is_numeric_dtype(values):
        return plain(values.iloc[0], column, file)
    file = f"results/{study}/epochs.csv" if epoch else file
    who = f"{seeds(len(values))} of {variant}, {devices(finished)}, {file}"
    kind = kind_of(column)
    if values.nunique() == 1 and kind == "count":
        return Value(kind=kind, number=float(values.iloc[0]), note=file, who=who, exact=True)
    value = Value(kind=kind, aspects=SEEDS, each=tuple(values), who=who)
    if quantity == ERROR:
        return _error(value, sources.summaries(study).loc[variant])
    found = stats.mean_interval(values)
    return _noted(replace(value, number=found.mean), found.low, found.high, "mean")


def _error(value: Value, found: pd.Series) -> Value:
    """Return a variant's errors as the tables have them, over the runs that learned."""
    if math.isnan(found["error"]):
        return replace(value, words="not defined", note=f"no run learned: {value.who}")
    return _noted(replace(value, number=float(found["error"])), found["low"], found["high"], "geometric mean")


def _noted(value: Value, low: float, high: float, mean: str) -> Value:
    if math.isnan(low):
        return replace(value, note=f"{mean} of {value.who}")
    value = replace(value, low=float(low), high=float(high))
    return replace(value, note=f"{mean} of {value.who}, 95% interval {write_interval(value)}")


def _per_seed(study: str, variant: str, column: str, epoch: str, finished: pd.DataFrame, sources: Sources) -> pd.Series:
    if epoch:
        frame = sources.epochs(study)
        rows = frame[(frame["variant"] == variant) & frame["seed"].isin(finished["seed"])]
        if epoch != "best":
            last = int(rows["epoch"].max()) if len(rows) else 0
            if not epoch.isdigit() or not 1 <= int(epoch) <= last:
                raise KeyError(f"study {study}, variant {variant}: epoch {epoch!r}: allowed is 1 to {last}, or best")
            rows = rows[rows["epoch"] == int(epoch)]
        by_seed = _values(rows, column).groupby(rows["seed"])
        values = by_seed.min() if column.endswith(("loss", "error")) else by_seed.max()
    else:
        values = _values(finished, column)
    values = values.dropna()
    if values.empty:
        raise KeyError(f"study {study}, variant {variant}: no finished run has a {column}")
    return values


def _values(frame: pd.DataFrame, column: str) -> pd.Series:
    computed = _computed(column)
    return computed(frame) if computed else frame[column]


def _computed(column: str) -> Callable[[pd.DataFrame], pd.Series] | None:
    return RUNS[column].computed if column in RUNS else None
