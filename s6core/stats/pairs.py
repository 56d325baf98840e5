"""Runs as they come from a study, checked, and set side by side with the reference's, seed by seed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from s6core.stats.checks import StatsError, accuracies, numbers

Better = Literal["higher", "lower"]
KNOWN: dict[str, Better] = {"accuracy": "higher", "loss": "lower", "errors": "lower", "seconds": "lower"}

FINISHED, DIVERGED, FAILED, MISSING = "finished", "diverged", "failed", "missing"
DECIMALS = 9  # far below one image or one unit of float32: differences that are equal compare as equal


def checked(frame: pd.DataFrame, metric: str, *, key: Iterable[str] = ("variant", "seed")) -> pd.DataFrame:
    """Return the rows with `metric` as float, NaN wherever a run did not finish, and a `status` for every run.

    Raises `StatsError` for a missing column, no rows, several studies, a key that stands there twice, a status that is
    not known, and a finished run without a finite figure, naming the run.
    """
    key = list(key)
    for column in [*key, metric]:
        if column not in frame:
            raise StatsError(f"no column {column!r}: the frame has {', '.join(map(str, frame.columns))}")
    if frame.empty:
        raise StatsError("the frame has no rows")
    if "study" in frame and frame["study"].nunique() > 1:
        names = ", ".join(sorted(map(str, frame["study"].unique())))
        raise StatsError(f"the frame mixes the studies {names}: seeds are paired within one, so choose one")
    frame = frame.reset_index(drop=True)
    hollow = frame[key].isna()
    if hollow.any(axis=None):
        raise StatsError(f"a row has no {hollow.any().idxmax()}")
    if frame.duplicated(key).any():
        raise StatsError(f"{_name(frame, frame.duplicated(key), key)} stands there twice")
    status = frame["status"] if "status" in frame else pd.Series(FINISHED, index=frame.index)
    odd = sorted(set(map(str, status)) - {FINISHED, DIVERGED, FAILED})
    if odd:
        raise StatsError(f"status {odd[0]!r}: allowed is {FINISHED}, {DIVERGED} or {FAILED}")
    finished = status == FINISHED
    empty = frame[metric].isna() & finished
    if empty.any():
        raise StatsError(f"{_name(frame, empty, key)} finished without a finite {metric}")
    check = accuracies if metric.endswith("accuracy") else numbers
    values = pd.Series(np.nan, index=frame.index)
    values[finished] = check(frame.loc[finished, metric], metric)
    return frame.assign(status=status, **{metric: values})


def _name(frame: pd.DataFrame, which: pd.Series, key: list[str]) -> str:
    return ", ".join(f"{column} {value}" for column, value in frame.loc[which, key].iloc[0].items())


def sign(metric: str, better: Better | None) -> int:
    """Return +1 where a higher figure is the better one, -1 where a lower one is; None asks the metric's name."""
    better = better or KNOWN.get(metric.rsplit("_", 1)[-1])
    if better is None:
        raise StatsError(f"is a higher or a lower {metric} better? Say better='higher' or better='lower'")
    if better not in ("higher", "lower"):
        raise StatsError(f"better={better!r}: allowed is higher or lower")
    return 1 if better == "higher" else -1


def paired_differences(
    runs: pd.DataFrame, *, reference: str = "reference", metric: str = "test_accuracy"
) -> pd.DataFrame:
    """Return one row per variant and seed: variant, seed, value, reference_value, difference, status, reference_status.

    The difference is the variant's value minus the reference's, in the metric's unit (points for accuracies), NaN where
    either run did not finish; the two statuses say why (finished, diverged, failed, missing). Seeds are expected from
    the lowest on: a variant may have fewer than the reference, but a seed left out below its highest is `missing`, and
    so is the reference's where only the variant has one. Variants keep the frame's order, seeds ascend.
    Raises `StatsError` for a frame that is not one study's tidy runs, or without the reference.
    """
    runs = checked(runs, metric)
    variants = list(dict.fromkeys(runs["variant"]))
    if reference not in variants:
        raise StatsError(f"no runs of the reference {reference!r}: the frame has {', '.join(map(str, variants))}")
    base = runs[runs["variant"] == reference].set_index("seed")
    tables = []
    for variant in variants:
        if variant == reference:
            continue
        own = runs[runs["variant"] == variant].set_index("seed")
        expected = [seed for seed in base.index if seed <= own.index.max()]
        seeds = pd.Index(sorted({*expected, *own.index}), name="seed")
        own, other = own.reindex(seeds), base.reindex(seeds)
        table = {
            "variant": variant,
            "seed": seeds,
            "value": own[metric].to_numpy(),
            "reference_value": other[metric].to_numpy(),
            "difference": (own[metric] - other[metric]).round(DECIMALS).to_numpy(),
            "status": own["status"].fillna(MISSING).to_numpy(),
            "reference_status": other["status"].fillna(MISSING).to_numpy(),
        }
        tables.append(pd.DataFrame(table))
    if not tables:
        raise StatsError(f"nothing to compare: the only variant is {reference!r}")
    return pd.concat(tables, ignore_index=True)
