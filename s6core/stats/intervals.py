"""The mean of a variant's seeds, with an interval that says by its name how it was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from s6core.stats.pairs import DECIMALS, DIVERGED, FAILED, FINISHED, StatsError, checked

Method = Literal["t", "bca"]
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean of `n` values and its interval; NaN bounds and the method "none" where the values allow no interval."""

    n: int
    mean: float
    sd: float
    low: float
    high: float
    method: str


def mean_interval(
    values: ArrayLike, *, method: Method = "t", level: float = LEVEL, rng: np.random.Generator | None = None
) -> Interval:
    """Return the mean of independent values with its confidence interval.

    `t` is Student's interval and the default everywhere; `bca` is the bias-corrected and accelerated bootstrap (Efron
    1987) with 9,999 resamples from `rng`, which undercovers below about thirty values (see `coverage`). One value, or
    values that are all equal, show no spread: their interval is NaN, not zero wide.
    """
    x = np.asarray(values, float).ravel()
    if method not in ("t", "bca"):
        raise StatsError(f"method={method!r}: allowed is t or bca")
    if not 0 < level < 1:
        raise StatsError(f"level={level!r}: allowed is a number between 0 and 1")
    if not np.isfinite(x).all():
        raise StatsError("values: allowed are finite numbers only")
    n = len(x)
    mean = float(x.mean()) if n else np.nan
    if n < 2 or np.ptp(x.round(DECIMALS)) == 0:
        return Interval(n=n, mean=mean, sd=0.0 if n > 1 else np.nan, low=np.nan, high=np.nan, method="none")
    if method == "t":
        bounds = stats.ttest_1samp(x, 0.0).confidence_interval(level)
    elif rng is None:
        raise StatsError("method='bca' draws at random: give rng=numpy.random.default_rng(seed)")
    else:
        result = stats.bootstrap((x,), np.mean, n_resamples=9_999, confidence_level=level, method="BCa", rng=rng)
        bounds = result.confidence_interval
    sd = float(x.std(ddof=1))
    return Interval(n=n, mean=mean, sd=sd, low=float(bounds.low), high=float(bounds.high), method=method)


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
        rows.append({"variant": variant, **interval_row(finished), **counts})
    columns = ["variant", "n", "n_diverged", "n_failed", "mean", "sd", "low", "high", "method"]
    return pd.DataFrame(rows, columns=columns)


def interval_row(values: ArrayLike) -> dict[str, object]:
    """Return a t interval as the cells of a row: n, mean, sd, low, high, method."""
    return asdict(mean_interval(values))
