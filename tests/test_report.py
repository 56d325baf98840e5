"""The frames of a lab report: figures that are possible, of the runs that learned."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from s6core import report


def runs(accuracies: list[float], losses: list[float] | None = None) -> pd.DataFrame:
    losses = losses or [0.1] * len(accuracies)
    return pd.DataFrame(
        {
            "variant": "v", "seed": range(len(accuracies)), "test_accuracy": accuracies, "train_accuracy": accuracies,
            "status": ["diverged" if math.isnan(x) else "finished" for x in accuracies],
            "validation_accuracy": math.nan, "train_loss": losses, "test_loss": losses, "seconds": 10.0,
        }
    )  # fmt: skip


def test_an_interval_ends_where_its_figure_does():
    """Two runs at 88 and 99 have a t interval from 23 to 163% before it is cut."""
    table = report.spread(runs([88.0, 99.0], [0.01, 0.9]))
    assert table.loc["test_accuracy", ["mean", "high"]].tolist() == [93.5, 100]
    assert table.loc["test_accuracy", "low"] == pytest.approx(93.5 - 12.706 * 5.5, abs=0.01)
    assert table.loc["test_loss", "low"] == 0 and table.loc["test_loss", "high"] > 5


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_printed_is_possible(seed: int):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    table = report.spread(runs(list(rng.uniform(2, 100, n)), list(rng.exponential(1, n))))
    for figure, row in table.iterrows():
        bounds = row[["mean", "low", "high"]].dropna()
        assert (bounds >= 0).all() and (not str(figure).endswith("accuracy") or (bounds <= 100).all())


def test_a_run_that_did_not_learn_is_counted_and_no_share_of_the_mean():
    table = report.spread(runs([96.5, 11.35, 96.7, math.nan]))
    assert table.loc["test_accuracy", ["n", "failed", "mean"]].tolist() == [2, 2, 96.6]


def test_where_no_run_learned_there_is_no_figure():
    table = report.spread(runs([11.35, 9.8]))
    assert table.empty and "mean" in table
