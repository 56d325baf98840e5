"""What a comparison says, as the fields of a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


def _shown(kind: str, words: str, interval: tuple[str, str] | None = None, default: Any = np.nan) -> Any:
    """Return a field that the book can name: how it is written, its heading, and the fields of its interval."""
    return field(default=default, metadata={"kind": kind, "words": words, "interval": interval})


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
    ratio: float = _shown("times", "errors over the base's", ("low", "high"))  # error / error_base
    low: float = np.nan  # its 95% interval
    high: float = np.nan
    # difference of mean accuracies in percentage points (Welch), above zero is better
    points: float = _shown("points", "points", ("points_low", "points_high"))
    points_low: float = np.nan
    points_high: float = np.nan
    p: float = _shown(
        "p", "p"
    )  # of no difference: the closed Welch test, with failures on the worse side also the ranks'
    p_holm: float = _shown("p", "p (Holm)")
    p_ranks: float = _shown("p", "p (ranks)")  # exact rank sum, failures rank as worst
    p_equivalent: float = np.nan  # two one-sided tests against the margin
    p_equivalent_holm: float = np.nan
    verdict: str = _shown("text", "verdict", default="undecided")  # helps, hurts, equivalent or undecided
    notices: float = _shown("times", "noticed")  # the smallest ratio above 1 that would have been clear here
    any_low: float = np.nan  # the interval of the ratio for any new digits as well
    any_high: float = np.nan
    failed_low: float = 0.0  # 95% interval of the share of runs that fail
    failed_high: float = 1.0
    reason: str = _shown("text", "reason", default="")
