"""Each variant by itself: its errors, its accuracy, and how often it fails to learn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from s6core.stats.arms import Arm, arms
from s6core.stats.failures import share_interval
from s6core.stats.prior import Prior, study_prior
from s6core.stats.rule import ALPHA, CLASSES, IMAGES
from s6core.stats.welch import half_width, spread


def error_summary(
    runs: pd.DataFrame, *, metric: str = "test_accuracy", images: int = IMAGES, classes: int = CLASSES
) -> pd.DataFrame:
    """Return one row per variant, in the frame's order, of all the study's runs.

    n: runs with a result; n_failed, failed_low, failed_high: those that did not learn, and the 95% interval of their
    share. Of the others: error, low, high: the geometric mean error in per cent and its 95% interval, with the spread
    moderated by the study's other variants; mean, mean_low, mean_high: the mean of the metric itself with its t
    interval, cut to what is possible. An accuracy of one run has the interval of all that is possible.
    """
    found = arms(runs, metric, images=images, classes=classes)
    top = 100.0 if metric.endswith("accuracy") else np.inf
    rows = [_row(arm, study_prior(o for o in found.values() if o is not arm), top) for arm in found.values()]
    return pd.DataFrame(rows)


def _row(arm: Arm, prior: Prior | None, top: float) -> dict[str, object]:
    failed_low, failed_high = share_interval(arm.failed, arm.n)
    known = (np.zeros(()), np.ones(()))  # a side without error: the interval of one mean is that of a difference from 0
    row: dict[str, object] = {
        "variant": arm.name, "n": arm.n, "n_failed": arm.failed,
        "error": np.nan, "low": np.nan, "high": np.nan,
        "mean": np.nan, "mean_low": np.nan, "mean_high": np.nan,
        "failed_low": failed_low, "failed_high": failed_high,
    }  # fmt: skip
    if len(arm.logs):
        middle, half = arm.logs.mean(), float(half_width(spread(arm.logs, prior), known, ALPHA))
        row |= {"error": np.exp(middle), "low": np.exp(middle - half), "high": np.exp(middle + half)}
        mean, wide = arm.values.mean(), float(half_width(spread(arm.values, None), known, ALPHA))
        wide = np.inf if np.isnan(wide) else wide
        row |= {"mean": mean, "mean_low": max(mean - wide, 0.0), "mean_high": min(mean + wide, top)}
    return row
