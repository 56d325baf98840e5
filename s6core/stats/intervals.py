"""The mean of a variant's seeds with its interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from s6core.stats.checks import StatsError
from s6core.stats.pairs import DECIMALS, DIVERGED, FAILED, FINISHED, checked
from s6core.stats.rule import LEVEL


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean of `n` values and its interval; NaN bounds and the method "none" where the values allow no interval."""

    n: int
    mean: float
    sd: float
    low: float
    high: float
    method: str


def mean_interval(values: ArrayLike) -> Interval:
    """Return the mean of independent values with Student's 95% interval.

    One value, or values that are all equal, show no spread: their interval is NaN, not zero wide.
    """
    x = np.asarray(values, float).ravel()
    if not np.isfinite(x).all():
        raise StatsError("values: allowed are finite numbers only")
    n = len(x)
    mean = float(x.mean()) if n else np.nan
    if n < 2 or np.ptp(x.round(DECIMALS)) == 0:
        return Interval(n=n, mean=mean, sd=0.0 if n > 1 else np.nan, low=np.nan, high=np.nan, method="none")
    low, high = scipy.stats.ttest_1samp(x, 0.0).confidence_interval(LEVEL)
    return Interval(n=n, mean=mean, sd=float(x.std(ddof=1)), low=float(low), high=float(high), method="t")


def summary(runs: pd.DataFrame, metric: str = "test_accuracy") -> pd.DataFrame:
    """Return one row per variant: variant, n, n_diverged, n_failed, mean, sd, low, high, method.

    The figures are those of the n runs that finished; the runs that did not are counted beside them. The 95% t interval
    covers the mean over all seeds of this variant (those that finish) on this test set, not on other test images.
    """
    runs = checked(runs, metric)
    rows = []
    for variant, group in runs.groupby("variant", sort=False):
        finished = group.loc[group["status"] == FINISHED, metric]
        counts = {f"n_{status}": int((group["status"] == status).sum()) for status in (DIVERGED, FAILED)}
        rows.append({"variant": variant, **asdict(mean_interval(finished)), **counts})
    columns = ["variant", "n", "n_diverged", "n_failed", "mean", "sd", "low", "high", "method"]
    return pd.DataFrame(rows, columns=columns)
