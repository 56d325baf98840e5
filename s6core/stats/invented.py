"""Invented studies with a known truth: does the second plan's interval cover it, and how often is a verdict false?

Log errors are normal; each variant has its own true spread, the variances scattered as an inverse chi-square with a few
degrees of freedom around 0.09², as Smyth's model has it and as ours look. A run may collapse to chance.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from s6core.stats.arms import Arm
from s6core.stats.checks import Floats
from s6core.stats.comparison import effect_of, judged, weigh
from s6core.stats.prior import study_prior
from s6core.stats.rule import CLASSES, EQUIVALENT

ERROR, SD = 0.83, 0.09  # of the reference: per cent, and of log errors
CHANCE = float(np.log(100 - 100 / CLASSES))


def invented_study(
    ratios: Floats, n: int, *, base_n: int, prior_df: float, collapse: float = 0.0, rng: np.random.Generator
) -> tuple[list[Arm], Arm, Floats]:
    """Return an arm of n runs per ratio of geometric mean errors, their base, and the true spreads of the variants."""
    count = len(ratios) + 1
    scatter = prior_df / rng.chisquare(prior_df, count) if np.isfinite(prior_df) else np.ones(count)
    sds = SD * np.sqrt(scatter)
    found = []
    for name, (ratio, sd) in enumerate(zip([1.0, *ratios], sds, strict=True)):
        runs = base_n if name == 0 else n
        failed = int(rng.binomial(runs, collapse))
        logs = np.log(ERROR * ratio) + sd * rng.standard_normal(runs - failed)
        found.append(Arm(name=str(name), logs=logs, values=100 - np.exp(logs), failed=failed, chance=CHANCE))
    return found[1:], found[0], sds[1:]


def interval_coverage(
    n: int,
    *,
    base_n: int = 30,
    prior_df: float = 4.0,
    variants: int = 40,
    collapse: float = 0.0,
    studies: int = 250,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return how often the 95% intervals of invented studies hold the true ratio: of, comparisons, covered, factor.

    One row each for all variants, for the quarter and the tenth of each study whose true spread is the largest, and for
    the one with the very largest. `factor` is by how much the median interval multiplies the ratio. Comparisons in
    which fewer than two runs learned on a side are left out.
    """
    rows = []
    for _ in range(studies):
        arms, base, sds = invented_study(
            np.ones(variants), n, base_n=base_n, prior_df=prior_df, collapse=collapse, rng=rng
        )
        for i, arm in enumerate(arms):
            if min(len(arm.logs), len(base.logs)) >= 2:
                found = effect_of(arm, base, study_prior(arms[:i] + arms[i + 1 :]))
                rank = float((sds > sds[i]).sum())
                rows.append((rank, found.low <= 1 <= found.high, np.log(found.high / found.ratio)))
    table = pd.DataFrame(rows, columns=["rank", "covered", "half"])
    groups = {"all": variants, "widest quarter": variants / 4, "widest tenth": variants / 10, "widest": 1}
    parts = {of: table[table["rank"] < least] for of, least in groups.items()}
    return pd.DataFrame(
        {"of": of, "comparisons": len(t), "covered": t["covered"].mean(), "factor": np.exp(t["half"].median())}
        for of, t in parts.items()
    )


def verdict_rates(
    ratios: Floats,
    n: int,
    *,
    base_n: int = 30,
    prior_df: float = 4.0,
    others: int = 30,
    collapse: float = 0.0,
    studies: int = 250,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return how often each verdict falls on one family with these true ratios, in studies with `others` besides.

    One row per ratio: ratio, helps, hurts, equivalent, undecided, and family_wrong, the same in all rows: the share of
    families with at least one false verdict (helps or hurts where it does not, equivalent outside the margin).
    """
    ratios = np.asarray(ratios, float)
    rows, wrong = [], 0
    for _ in range(studies):
        arms, base, _ = invented_study(
            np.append(ratios, np.ones(others)), n, base_n=base_n, prior_df=prior_df, collapse=collapse, rng=rng
        )
        family = range(len(ratios))
        priors = [study_prior(arms[:i] + arms[i + 1 :]) for i in family]
        found = [e.verdict for e in judged([weigh(arms[i], base, priors[i], members=len(ratios)) for i in family])]
        wrong += any(_false(verdict, ratio) for verdict, ratio in zip(found, ratios, strict=True))
        rows.append(found)
    shares = {v: (np.array(rows) == v).mean(axis=0) for v in ("helps", "hurts", "equivalent", "undecided")}
    return pd.DataFrame({"ratio": ratios, **shares, "family_wrong": wrong / studies})


def _false(verdict: str, ratio: float) -> bool:
    small = 1 / EQUIVALENT < ratio < EQUIVALENT
    truths = {"helps": ratio < 1, "hurts": ratio > 1, "equivalent": small, "undecided": True}
    return not truths[verdict]
