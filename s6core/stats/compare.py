"""Every variant of a study against its reference: one row each, with a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

import numpy as np
import pandas as pd

from s6core.stats.evidence import ALPHA, MARGIN, MINIMUM_SEEDS, Evidence, evidence, verdicts
from s6core.stats.pairs import DIVERGED, FINISHED, Better, StatsError, paired_differences, sign

COLUMNS = [
    "variant", "n", "n_diverged", "n_missing", "difference", "low", "high", "method", "p_better",
    "p", "p_holm", "p_t", "p_t_holm", "p_equivalent", "p_equivalent_holm", "verdict", "reason",
]  # fmt: skip


def compare(
    runs: pd.DataFrame,
    *,
    reference: str = "reference",
    metric: str = "test_accuracy",
    family: Iterable[str] | None = None,
    margin: float | None = None,
    better: Better | None = None,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Return one row per variant, in the frame's order: its paired comparison with the reference, judged.

    The rule is that of `s6core.stats`. `family` names the variants that answer one question, as declared: the others of
    the frame are left out, and those that have no run yet get no row, but count in Holm's correction, so that a verdict
    does not depend on which of them were trained first. Without it all variants of the frame are one family.

    - variant; n: pairs that both finished; n_diverged: pairs in which a run diverged; n_missing: pairs without a result
    - difference: mean of variant minus reference, in the metric's unit; low, high: its 95% interval; method: t or none
    - p_better: share of pairs in which the variant is better, ties counted half, a divergence as the loss it is
    - p, p_holm: the sign-flip test, exact for up to 16 pairs (beyond, `rng` is needed), alone and in the family
    - p_t, p_t_holm: the paired t test; p_equivalent, p_equivalent_holm: the two one-sided t tests against the margin;
      NaN where the pairs allow no t test
    - verdict: helps, hurts, equivalent or undecided; reason: why, in a few words

    `better` is known from the name of accuracies (higher) and losses, errors and seconds (lower). `margin` is
    `MARGIN` points for accuracies; for any other metric it is yours to declare, else nothing is called equivalent.
    Raises `StatsError` for a frame that is not one study's tidy runs, or without the reference.
    """
    turn = sign(metric, better)
    if margin is None:
        margin = MARGIN if metric.endswith("accuracy") else 0.0
    if not 0 <= margin < np.inf:
        raise StatsError(f"margin={margin!r}: allowed is a number from 0")
    pairs = paired_differences(runs, reference=reference, metric=metric)
    declared = set(pairs["variant"] if family is None else family) - {reference}
    pairs = pairs[pairs["variant"].isin(declared)]
    if pairs.empty:
        raise StatsError(f"nothing to compare: no run of the family {', '.join(sorted(declared)) or '(empty)'}")
    tables = {str(variant): table for variant, table in pairs.groupby("variant", sort=False)}
    # in the order of their names, so that the same rng gives the same answer however the frame is sorted
    found = {variant: _weigh(tables[variant], turn, margin, rng) for variant in sorted(tables)}
    weighed = Evidence(**{f.name: np.array([getattr(found[v], f.name) for v in tables]) for f in fields(Evidence)})
    verdict, p_holm, p_t_holm, p_equivalent_holm = verdicts(weighed, margin=margin, members=len(declared))
    rows = []
    for i, (variant, table) in enumerate(tables.items()):
        finished, diverged, missing = (int(kind.sum()) for kind in _kinds(table))
        low, high = sorted((turn * weighed.low[i], turn * weighed.high[i]))
        row = {
            "variant": variant,
            "n": finished,
            "n_diverged": diverged,
            "n_missing": missing,
            "difference": turn * weighed.mean[i],
            "low": low,
            "high": high,
            "method": "none" if np.isnan(low) else "t",
            "p_better": weighed.p_better[i],
            "p": weighed.p[i],
            "p_holm": p_holm[i],
            "p_t": weighed.p_t[i],
            "p_t_holm": p_t_holm[i],
            "p_equivalent": weighed.p_equivalent[i],
            "p_equivalent_holm": p_equivalent_holm[i],
            "verdict": "undecided" if missing else str(verdict[i]),
        }
        rows.append({**row, "reason": _reason(row, table, margin)})
    return pd.DataFrame(rows, columns=COLUMNS)


def _kinds(table: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Tell a variant's pairs apart: both finished, a run diverged, no result (a run failed or is missing)."""
    both = table[["status", "reference_status"]]
    missing = ~both.isin([FINISHED, DIVERGED]).all(axis=1)
    diverged = (both == DIVERGED).any(axis=1) & ~missing
    return ~missing & ~diverged, diverged, missing


def _weigh(table: pd.DataFrame, turn: int, margin: float, rng: np.random.Generator | None) -> Evidence:
    """Return the evidence of one variant, its arrays reduced to their only entry."""
    _, diverged, missing = _kinds(table)
    lost = (table["reference_status"] == DIVERGED).astype(int) - (table["status"] == DIVERGED).astype(int)
    outcome = np.where(lost == 0, np.nan, lost * np.inf)
    gains = np.where(diverged, outcome, turn * table["difference"])[~missing]
    if not len(gains):
        nothing = {f.name: np.nan for f in fields(Evidence)} | {"n": 0}
        return Evidence(**nothing)  # type: ignore[arg-type]
    found = evidence(gains, margin=margin, rng=rng)
    return Evidence(**{f.name: getattr(found, f.name)[0] for f in fields(Evidence)})


def _reason(row: dict[str, object], table: pd.DataFrame, margin: float) -> str:
    """Say in a few words what a verdict rests on, or what it lacks."""
    *_, missing = _kinds(table)
    pairs = len(table)
    low, high, p_t = (float(row[name]) for name in ("low", "high", "p_t"))  # type: ignore[arg-type]
    if missing.any():
        seeds = ", ".join(map(str, table.loc[missing, "seed"]))
        return f"no result for seed {seeds} on one side or both"
    if pairs < MINIMUM_SEEDS:
        return f"{pairs} seed{'s' * (pairs > 1)}: a verdict needs at least {MINIMUM_SEEDS}"
    if row["n_diverged"]:
        return f"{row['n_diverged']} of {pairs} pairs diverged; sign-flip p after Holm {row['p_holm']:.2g}"
    if np.isnan(low):
        return "all differences are equal, so their spread is unknown"
    if row["verdict"] == "equivalent":
        return f"the interval lies inside ±{margin:g}, after Holm's correction too"
    if row["verdict"] != "undecided":
        return f"the interval lies {'above' if low > 0 else 'below'} zero, after Holm's correction too"
    if p_t <= ALPHA and float(row["p_t_holm"]) <= ALPHA:  # type: ignore[arg-type]
        return f"the interval leaves out zero, but the sign-flip test contradicts (p = {row['p']:.2g})"
    if p_t <= ALPHA:
        return "the interval leaves out zero, but not after Holm's correction for the family"
    if -margin < low and high < margin:
        return f"the interval lies inside ±{margin:g}, but not after Holm's correction for the family"
    return f"the interval holds both zero and differences beyond ±{margin:g}" if margin else "the interval holds zero"
