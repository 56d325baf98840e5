"""Runs of several nets side by side, seed by seed: their differences, and the means that hang on one pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from experiments.answers.frames import frame
from experiments.answers.sources import Sources
from s6core import stats

STUDY = "ablations"
PAIRS = (("no-bn", "reference"), ("no-bn+dropout-0.25", "no-bn"))


def with_errors(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with their test error (%) and its logarithm."""
    errors = (100 - runs["test_accuracy"]).clip(lower=0.01)  # no logarithm without an error: one image at least
    return runs.assign(errors=errors, log_errors=np.log(errors))


def side_by_side(runs: pd.DataFrame, variants: Sequence[str], metric: str = "test_accuracy") -> pd.DataFrame:
    """Return a metric of the seeds that all the variants have, a column each; none if a run of them diverged.

    Those left of variants that lost some would be a selection.
    """
    own = runs[runs["variant"].isin(variants)]
    own = own[own.groupby("seed")["variant"].transform("nunique") == len(variants)]
    if (own["status"] != "finished").any():
        own = own[:0]
    return own.pivot(index="seed", columns="variant", values=metric).reindex(columns=list(variants))


def difference(values: ArrayLike) -> dict[str, float]:
    """Return the mean of paired differences with its interval, as a row of a frame."""
    found = stats.mean_interval(values)
    return {"n": found.n, "difference": found.mean, "low": found.low, "high": found.high}


def ratio(values: ArrayLike) -> dict[str, float]:
    """Return the same of differences of logarithms, as the factor that they come to."""
    found = stats.mean_interval(values)
    return {"ratio": np.exp(found.mean), "ratio_low": np.exp(found.low), "ratio_high": np.exp(found.high)}


@frame
def lone(sources: Sources) -> pd.DataFrame:
    """By `variant@base`: the pair farthest from the others, and what the others say in points and factors of errors.

    `lone` is 1 where it lies farther from its nearest neighbour than all others lie apart, and with them four pairs or
    more; else 0, and where a run diverged.
    """
    runs = with_errors(sources.runs(STUDY))
    rows = {f"{variant}@{base}": _lone(runs, variant, base) for variant, base in PAIRS}
    found = pd.DataFrame.from_dict(rows, orient="index")
    kinds = dict.fromkeys(("pair", "rest_low", "rest_high", "difference"), "points")
    kinds |= dict.fromkeys(("ratio", "ratio_low", "ratio_high"), "times") | {"lone": "count", "seed": "count"}
    found.attrs = {"kinds": kinds, "note": f"paired by seed, results/{STUDY}/runs.csv"}
    return found


def _lone(runs: pd.DataFrame, variant: str, base: str) -> dict[str, Any]:
    wide = (side_by_side(runs, [variant, base], metric) for metric in ("test_accuracy", "log_errors"))
    pairs, logs = (table[variant] - table[base] for table in wide)
    if len(pairs) < 4:
        return {"lone": 0}
    seed = (pairs - pairs.median()).abs().idxmax()
    rest = pairs.drop(seed)
    return {
        "lone": int((rest - pairs[seed]).abs().min() > np.ptp(rest)), "seed": seed, "pair": pairs[seed],
        "rest_low": rest.min(), "rest_high": rest.max(), **difference(rest), **ratio(logs.drop(seed)),
    }  # fmt: skip
