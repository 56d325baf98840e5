"""What pairing by seed buys, and the best of k seeds."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from s6core.stats import (
    StatsError,
    expected_best_seed,
    mean_interval,
    pairing,
    simulated_accuracies,
)


def runs(**variants):
    rows = [
        {"variant": v, "seed": k, "status": "finished", "test_accuracy": x}
        for v, xs in variants.items()
        for k, x in enumerate(xs)
    ]
    return pd.DataFrame(rows)


def test_pairing_is_the_correlation_over_seeds_and_the_spread_of_the_differences():
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 0.1, 8)
    reference, own = 99.2 + luck, 99.1 + luck + rng.normal(0, 0.05, 8)
    row = pairing(runs(reference=reference, a=own)).loc[0]
    r = np.corrcoef(reference, own)[0, 1]
    assert row["correlation"] == pytest.approx(r)
    # Fisher (1921): artanh r has a standard error of 1 / sqrt(n - 3)
    ends = np.tanh(np.arctanh(r) + np.array([-1, 1]) * scipy_stats.norm.ppf(0.975) / np.sqrt(5))
    assert (row["low"], row["high"]) == pytest.approx(tuple(ends))
    assert row["paired"] == pytest.approx(np.std(own - reference, ddof=1))
    assert row["unpaired"] == pytest.approx(np.sqrt(np.var(own, ddof=1) + np.var(reference, ddof=1)))
    assert row["ratio"] == pytest.approx(row["paired"] / row["unpaired"]) and row["ratio"] < 0.6


def test_pairing_says_nothing_from_too_little():
    frame = runs(reference=[99.1, 99.2, 99.3, 99.2], two=[99.0, 99.1], three=[99.0, 99.2, 99.1], flat=[99.0] * 4)
    table = pairing(frame).set_index("variant")
    assert np.isnan(table.loc["two", ["correlation", "low", "ratio"]].astype(float)).all()
    assert table.loc["three", "correlation"] == pytest.approx(0.5) and np.isnan(table.loc["three", "low"])
    assert np.isnan(table.loc["flat", "correlation"]) and table.loc["flat", "ratio"] == pytest.approx(1)
    frame.loc[frame["variant"] == "three", "status"] = ["finished", "diverged", "finished"]
    assert pairing(frame).set_index("variant").loc["three", "n"] == 2


@pytest.mark.parametrize(("k", "lift"), [(1, 0), (2, 0.5642), (3, 0.8463), (5, 1.1630), (10, 1.5388), (30, 2.0428)])
def test_the_best_of_k_seeds_is_the_largest_normal_order_statistic(k, lift):
    """Harter, "Expected values of normal order statistics", Biometrika 48 (1961), table 1."""
    assert expected_best_seed(1, k) == pytest.approx(lift, abs=5e-5)
    assert expected_best_seed(0.05, k) == pytest.approx(0.05 * lift, abs=5e-6)


def test_the_best_of_no_seed_and_a_negative_spread_are_refused():
    with pytest.raises(StatsError, match="k=0: allowed is an integer from 1"):
        expected_best_seed(0.05, 0)
    with pytest.raises(StatsError, match="sd=-1: allowed is a number from 0"):
        expected_best_seed(-1, 3)


@pytest.mark.parametrize(("accuracy", "spread"), [(99.15, 0.05), (99.4, 0.0775), (97.7, 0.65)])
def test_simulated_accuracies_are_whole_images_with_the_mean_and_the_spread_asked_for(accuracy, spread):
    sample = simulated_accuracies(accuracy, 20, spread=spread, repeats=1_000, rng=np.random.default_rng(1))
    assert sample.shape == (1_000, 20)
    assert np.allclose(sample * 100, np.rint(sample * 100))
    assert sample.mean() == pytest.approx(accuracy, abs=0.02) and sample.std() == pytest.approx(spread, rel=0.05)


def test_what_cannot_be_simulated_is_said():
    rng = np.random.default_rng(0)
    with pytest.raises(StatsError, match="spread=0: allowed is a number above 0"):
        simulated_accuracies(99.0, 3, spread=0, repeats=2, rng=rng)
    with pytest.raises(StatsError, match="accuracy=100: allowed are per cent, 0 to below 100"):
        simulated_accuracies(100, 3, spread=0.1, repeats=2, rng=rng)


# Cells as they were measured: mean accuracy and its standard deviation over seeds
QUIET, LOUD, LOUDEST = (99.15, 0.053), (97.75, 0.284), (97.9, 0.652)


@pytest.mark.parametrize("own", [QUIET, LOUD, LOUDEST])
@pytest.mark.parametrize("n", [5, 10, 30])
def test_intervals_cover_differences_of_arms_as_unequal_as_ours(own, n):
    """The loud variants make a skewed number of errors beside a quiet reference."""
    rng = np.random.default_rng(n)
    arm, reference = (simulated_accuracies(a, n, spread=s, repeats=5_000, rng=rng) for a, s in (own, QUIET))
    test = scipy_stats.ttest_1samp(arm - reference, own[0] - QUIET[0], axis=1)
    assert 0.93 <= np.mean(test.pvalue > 0.05) <= 0.97
    sample = (arm - reference)[0]
    expected = scipy_stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    assert (mean_interval(sample).low, mean_interval(sample).high) == pytest.approx(tuple(expected))
