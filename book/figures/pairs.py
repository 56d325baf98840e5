"""Means that hang on one pair of runs: what the other pairs say without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from _ext.frames import frame
from _ext.sources import Sources

from s6core import stats

STUDY = "ablations"
PAIRS = (("no-bn", "reference"), ("no-bn+dropout-0.10", "no-bn"), ("no-bn+dropout-0.25", "no-bn"))


@frame
def lone(sources: Sources) -> pd.DataFrame:
    """By `variant@base`: the pair farthest from the others, and what the others say in points and factors of errors.

    `lone` is 1 where it lies farther from its nearest neighbour than all others lie apart, and with them four pairs or
    more; else 0, and where a run diverged.
    """
    runs = sources.runs(STUDY)
    rows = {f"{variant}@{base}": _lone(runs, variant, base) for variant, base in PAIRS}
    found = pd.DataFrame.from_dict(rows, orient="index")
    kinds = dict.fromkeys(("pair", "rest_low", "rest_high", "difference"), "points")
    kinds |= dict.fromkeys(("ratio", "ratio_low", "ratio_high"), "times") | {"lone": "count", "seed": "count"}
    found.attrs = {"kinds": kinds, "note": f"paired by seed, results/{STUDY}/runs.csv"}
    return found


def _lone(runs: pd.DataFrame, variant: str, base: str) -> dict[str, Any]:
    own = runs[runs["variant"].isin([variant, base])]
    wide = own.pivot(index="seed", columns="variant", values="test_accuracy").reindex(columns=[variant, base])
    whole = wide.dropna()
    pairs = whole[variant] - whole[base]
    if len(pairs) < 4 or (own["status"] != "finished").any():
        return {"lone": 0}
    seed = (pairs - pairs.median()).abs().idxmax()
    rest = pairs.drop(seed)
    logs = np.log(100 - whole.drop(seed)).pipe(lambda errors: errors[variant] - errors[base])
    points, factors = stats.mean_interval(rest), stats.mean_interval(logs)
    return {
        "lone": int((rest - pairs[seed]).abs().min() > np.ptp(rest)), "seed": seed, "pair": pairs[seed],
        "rest_low": rest.min(), "rest_high": rest.max(),
        "difference": points.mean, "low": points.low, "high": points.high,
        "ratio": np.exp(factors.mean), "ratio_low": np.exp(factors.low), "ratio_high": np.exp(factors.high),
    }  # fmt: skip
