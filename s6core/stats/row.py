"""What a comparison says, as the fields of a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A comparison. Errors are geometric means in per cent over the runs that learned; NaN where there is no figure."""

    variant: str
    base: str
    n: int  # runs with a result, failures among them
    n_failed: int  # that diverged or ended at chance
    n_base: int
    n_base_failed: int
    error: float = np.nan
    error_base: float = np.nan
    ratio: float = np.nan  # error / error_base
    low: float = np.nan  # its 95% interval
    high: float = np.nan
    points: float = np.nan  # difference of mean accuracies in percentage points (Welch), above zero is better
    points_low: float = np.nan
    points_high: float = np.nan
    p: float = np.nan  # of no difference: the closed Welch test, with failures on the worse side also the ranks'
    p_holm: float = np.nan
    p_ranks: float = np.nan  # exact rank sum, failures rank as worst
    p_equivalent: float = np.nan  # two one-sided tests against the margin
    p_equivalent_holm: float = np.nan
    verdict: str = "undecided"  # helps, hurts, equivalent or undecided
    notices: float = np.nan  # the smallest ratio above 1 that would have been clear in this family
    any_low: float = np.nan  # the interval of the ratio for any new digits as well
    any_high: float = np.nan
    failed_low: float = 0.0  # 95% interval of the share of runs that fail
    failed_high: float = 1.0
    reason: str = ""
