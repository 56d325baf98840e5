"""What a kinder choice of figure would have claimed: the best epoch, the best seed."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import scipy

from s6core.stats.checks import StatsError
from s6core.stats.intervals import mean_interval
from s6core.stats.pairs import Better, checked, sign


def best_epoch_flattery(
    epochs: pd.DataFrame, metric: str = "test_accuracy", *, better: Better | None = None
) -> pd.DataFrame:
    """Return one row per variant: variant, n, n_diverged, last, best, flattery, low, high, method.

    last and best are the means over seeds of the last epoch's figure and of the best epoch's; flattery, never negative,
    is by how much the second is better, with its 95% t interval over seeds, cut at 0: where no figure
    can be negative, no mean can. A run whose last epoch has no finite figure, or that stopped before the variant's
    others, has diverged: it is counted, not used.
    """
    turn = sign(metric, better)
    for column in ("variant", "seed", "epoch", metric):
        if column not in epochs:
            raise StatsError(f"no column {column!r}: the frame has {', '.join(map(str, epochs.columns))}")
    if epochs.duplicated(["variant", "seed", "epoch"]).any():
        raise StatsError("a variant's seed has an epoch twice: choose one study")
    rows = []
    for variant, group in epochs.groupby("variant", sort=False):
        wide = turn * group.pivot(index="epoch", columns="seed", values=metric).astype(float).sort_index()
        whole = wide.loc[:, np.isfinite(wide.iloc[-1])]
        best, last = whole.max(), whole.iloc[-1]
        gap = mean_interval(best - last)
        rows.append(
            {
                "variant": variant,
                "n": gap.n,
                "n_diverged": wide.shape[1] - gap.n,
                "last": turn * last.mean(),
                "best": turn * best.mean(),
                "flattery": gap.mean,
                "low": np.maximum(gap.low, 0.0),
                "high": gap.high,
                "method": gap.method,
            }
        )
    return pd.DataFrame(rows)


def best_seed_flattery(
    runs: pd.DataFrame, metric: str = "test_accuracy", *, better: Better | None = None
) -> pd.DataFrame:
    """Return what the best of k seeds would show: variant, k, mean, best, flattery, for k from 1 to all seeds.

    best is the expected best of k of the variant's finished seeds, averaged over every choice of k of them (the i-th
    smallest of n is the largest in C(i−1, k−1) of the C(n, k) choices); flattery is by how much it beats their mean.
    """
    turn = sign(metric, better)
    runs = checked(runs, metric)
    rows = []
    for variant, group in runs.groupby("variant", sort=False):
        values = np.sort(turn * group[metric].dropna().to_numpy())
        n, mean = len(values), values.mean() if len(values) else np.nan
        for k in range(1, n + 1):
            best = sum(comb(i, k - 1) * value for i, value in enumerate(values)) / comb(n, k)
            rows.append({"variant": variant, "k": k, "mean": turn * mean, "best": turn * best, "flattery": best - mean})
    return pd.DataFrame(rows, columns=["variant", "k", "mean", "best", "flattery"])


def expected_best_seed(sd: float, k: int) -> float:
    """Return by how much the best of k seeds beats their mean on average: k normal values with standard deviation sd.

    The expected largest of a normal sample, sd · ∫ x k φ(x) Φ(x)ᵏ⁻¹ dx: 0.56 sd for two, 1.54 sd for ten.
    """
    if not sd >= 0:
        raise StatsError(f"sd={sd!r}: allowed is a number from 0")
    if k < 1:
        raise StatsError(f"k={k!r}: allowed is an integer from 1")
    x = np.linspace(-9, 9, 4001)
    density = k * scipy.stats.norm.pdf(x) * scipy.stats.norm.cdf(x) ** (k - 1)
    return sd * float(scipy.integrate.trapezoid(x * density, x))
