"""Intervals of one variant, what n seeds can show, and what a kinder choice of figure would claim."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from s6core.stats import (
    StatsError,
    best_epoch_flattery,
    best_seed_flattery,
    detectable_difference,
    mean_interval,
    sampling_error,
    summary,
)

# Extra hours of sleep, one drug minus the other, ten patients; Student, "The probable error of a mean" (1908)
SLEEP = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]


def runs(**variants):
    rows = [
        {"variant": v, "seed": seed, "status": "finished", "test_accuracy": value}
        for v, values in variants.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def epochs(metric="test_accuracy", **variants):
    """Make an epochs frame: for each variant a list of seeds, each a list of figures by epoch."""
    rows = [
        {"variant": v, "seed": seed, "epoch": epoch, metric: value}
        for v, seeds in variants.items()
        for seed, values in enumerate(seeds)
        for epoch, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows)


def test_the_t_interval_is_students_for_his_own_data():
    interval = mean_interval(SLEEP)
    assert interval.mean == pytest.approx(1.58)
    # R: t.test(extra ~ group, data = sleep, paired = TRUE)
    assert (interval.low, interval.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)
    assert interval.sd == pytest.approx(1.229995, abs=1e-6)
    assert (interval.n, interval.method) == (10, "t")


@pytest.mark.parametrize("values", [[], [99.4], [99.4, 99.4, 99.4], [0.1 + 0.2, 0.3]])
def test_no_spread_no_interval(values):
    interval = mean_interval(values)
    assert np.isnan([interval.low, interval.high]).all() and interval.method == "none"


def test_interval_errors_name_what_is_allowed():
    with pytest.raises(StatsError, match="finite numbers only"):
        mean_interval([99.4, np.nan])


def test_summary_counts_the_runs_that_did_not_finish_and_leaves_their_figures_out():
    frame = runs(reference=[99.4, 99.5, 99.3, 12.0], b=[99.0], c=[50.0, 60.0])
    frame.loc[3, "status"] = "diverged"
    frame.loc[6, "status"] = "failed"
    table = summary(frame).set_index("variant")
    assert list(table.index) == ["reference", "b", "c"]
    reference = table.loc["reference"]
    assert (reference["n"], reference["n_diverged"], reference["n_failed"]) == (3, 1, 0)
    assert reference["mean"] == pytest.approx(99.4) and reference["sd"] == pytest.approx(0.1)
    expected = scipy_stats.t.interval(0.95, 2, loc=99.4, scale=0.1 / np.sqrt(3))
    assert (reference["low"], reference["high"]) == pytest.approx(expected)
    assert table.loc["b", "method"] == "none" and np.isnan(table.loc["b", ["sd", "low"]].astype(float)).all()
    assert (table.loc["c", "n"], table.loc["c", "n_failed"], table.loc["c", "mean"]) == (1, 1, 50.0)


def test_sampling_error_of_one_run():
    assert sampling_error(99.4) == pytest.approx(0.077, abs=5e-4)
    assert sampling_error(99.4, images=40_000) == pytest.approx(sampling_error(99.4) / 2)
    with pytest.raises(StatsError, match="accuracy=101: allowed are per cent"):
        sampling_error(101)
    with pytest.raises(StatsError, match="images=0"):
        sampling_error(50, images=0)


@pytest.mark.parametrize(("n", "points"), [(3, 0.18), (5, 0.14), (10, 0.10), (20, 0.07), (30, 0.06)])
def test_what_n_seeds_can_show_at_best(n, points):
    """The table of the project's plan: 80% power, two arms, a spread of 0.077 points taken as known."""
    assert detectable_difference(0.077, n, design="unpaired", known_sd=True) == pytest.approx(points, abs=0.005)


def test_detectable_difference_agrees_with_cohens_tables():
    """Cohen, Statistical Power Analysis (1988), α = .05 two-sided, power .8, d = .5: 64 per group, 34 pairs."""
    assert detectable_difference(1, 64, design="unpaired") <= 0.5 < detectable_difference(1, 63, design="unpaired")
    assert detectable_difference(1, 34) <= 0.5 < detectable_difference(1, 33)


def test_detectable_difference_of_a_known_spread_is_the_textbook_formula():
    z = scipy_stats.norm.ppf(0.975) + scipy_stats.norm.ppf(0.8)
    assert detectable_difference(0.07, 9, known_sd=True) == pytest.approx(0.07 * z / 3, rel=1e-5)


@pytest.mark.parametrize(("design", "n"), [("paired", 73), ("paired", 998), ("unpaired", 139), ("unpaired", 190)])
def test_detectable_difference_is_found_where_statsmodels_own_search_is_not(design, n):
    below, here, above = (detectable_difference(1, m, design=design) for m in (n - 1, n, n + 1))
    assert below > here > above
    limit = (scipy_stats.norm.ppf(0.975) + scipy_stats.norm.ppf(0.8)) / np.sqrt(n if design == "paired" else n / 2)
    assert limit < here < 1.02 * limit


def test_detectable_difference_grows_with_spread_and_power_and_falls_with_seeds():
    assert detectable_difference(0.2, 5) == pytest.approx(2 * detectable_difference(0.1, 5))
    assert detectable_difference(0.1, 5, power=0.9) > detectable_difference(0.1, 5) > detectable_difference(0.1, 6)
    assert detectable_difference(0.1, 5, alpha=0.05 / 11) > detectable_difference(0.1, 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1}, "n=1: allowed is an integer from 2"),
        ({"sd": -0.1}, "sd=-0.1: allowed is a number from 0"),
        ({"power": 1}, "power=1: allowed is a number between alpha=0.05 and 1"),
        ({"alpha": 0}, "alpha=0: allowed is a number between 0 and 1"),
        ({"design": "crossed"}, "design='crossed': allowed is paired or unpaired"),
    ],
)
def test_detectable_difference_errors(options, message):
    with pytest.raises(StatsError, match=message):
        detectable_difference(**{"sd": 0.1, "n": 5, **options})


def test_best_epoch_flattery_is_the_mean_gap_of_best_and_last():
    frame = epochs(a=[[98.0, 99.5, 99.4], [98.0, 99.0, 99.3], [99.4, 99.0, 99.2]], b=[[98.0, 99.0, 99.1]])
    table = best_epoch_flattery(frame.sample(frac=1, random_state=1).sort_values("variant")).set_index("variant")
    a = table.loc["a"]
    assert (a["last"], a["best"]) == pytest.approx((99.3, 99.4))
    gap = mean_interval([0.1, 0.0, 0.2])
    assert (a["flattery"], a["high"]) == pytest.approx((gap.mean, gap.high))
    assert gap.low < 0 and a["low"] == 0  # no best epoch lies below the last one
    assert (table.loc["b", "n"], table.loc["b", "flattery"], table.loc["b", "method"]) == (1, 0.0, "none")
    assert np.isnan(table.loc["b", ["low", "high"]].astype(float)).all()


def test_best_epoch_flattery_of_a_loss_takes_the_lowest():
    table = best_epoch_flattery(epochs("test_loss", a=[[0.5, 0.1, 0.2], [0.5, 0.3, 0.4]]), "test_loss")
    assert table.loc[0, ["last", "best", "flattery"]].astype(float).tolist() == pytest.approx([0.3, 0.2, 0.1])


def test_best_epoch_flattery_counts_runs_without_a_last_epoch():
    frame = epochs(a=[[98.0, 99.5, 99.4], [98.0, 99.0, 99.3], [60.0, np.nan], [60.0, 61.0, np.nan]])
    row = best_epoch_flattery(frame).loc[0]
    assert (row["n"], row["n_diverged"]) == (2, 2)
    assert row["flattery"] == pytest.approx(0.05)


def test_best_epoch_flattery_refuses_two_studies_in_one_frame():
    frame = epochs(a=[[98.0, 99.0]])
    with pytest.raises(StatsError, match="epoch twice"):
        best_epoch_flattery(pd.concat([frame, frame]))
    with pytest.raises(StatsError, match="no column 'epoch'"):
        best_epoch_flattery(frame.drop(columns="epoch"))


def test_best_seed_flattery_averages_over_every_choice_of_seeds():
    values = [99.31, 99.44, 99.40, 99.38, 99.44, 99.29]
    table = best_seed_flattery(runs(a=values)).set_index("k")
    for k in range(1, 7):
        expected = np.mean([max(chosen) for chosen in combinations(values, k)])
        assert table.loc[k, "best"] == pytest.approx(expected)
        assert table.loc[k, "flattery"] == pytest.approx(expected - np.mean(values), abs=1e-9)


def test_best_seed_flattery_of_a_loss_and_of_runs_that_diverged():
    frame = runs(a=[0.3, 0.1, 0.2]).rename(columns={"test_accuracy": "test_loss"})
    assert best_seed_flattery(frame, "test_loss")["best"].tolist() == pytest.approx([0.2, 0.4 / 3, 0.1])
    frame.loc[1, "status"] = "diverged"
    assert best_seed_flattery(frame, "test_loss")["best"].tolist() == pytest.approx([0.25, 0.2])
