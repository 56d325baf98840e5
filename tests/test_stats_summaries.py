"""Each variant alone, and the interval for any new digits."""

import numpy as np
import pytest
from invented_runs import study
from scipy import stats as scipy_stats

from s6core.stats import any_interval, effect, effects, error_summary
from s6core.stats.digits import image_variance


def test_a_summary_counts_failures_and_describes_the_others():
    frame = study(reference=10, a=5, b=1, **{f"v{i}": 4 for i in range(6)})
    frame.loc[(frame["variant"] == "a") & (frame["seed"] == 0), "test_accuracy"] = 9.8
    found = error_summary(frame).set_index("variant")
    learned = frame[(frame["variant"] == "a") & (frame["seed"] > 0)]["test_accuracy"]
    row = found.loc["a"]
    assert (row["n"], row["n_failed"]) == (5, 1)
    assert row["error"] == pytest.approx(np.exp(np.log(100 - learned).mean()))
    assert row["low"] < row["error"] < row["high"]
    interval = scipy_stats.ttest_1samp(learned, 0).confidence_interval()
    assert (row["mean_low"], row["mean_high"]) == pytest.approx(tuple(interval))
    assert found.loc["b", ["mean_low", "mean_high"]].tolist() == [0, 100]


def test_an_interval_of_accuracies_stays_within_what_is_possible():
    frame = study(a=3, **{f"v{i}": 4 for i in range(6)})
    frame.loc[frame["variant"] == "a", "test_accuracy"] = [99.9, 60.0, 99.8]
    row = error_summary(frame).iloc[0]
    assert 0 <= row["mean_low"] < row["mean"] < row["mean_high"] == 100


def predictions(rng, seeds, images, hardness, ratio=1.0):
    """Return which images each seed has right: an image is missed with a probability of its own."""
    return rng.random((seeds, images)) >= np.clip(ratio * hardness, 0, 1)


def test_the_image_variance_is_that_of_repeated_draws_of_images():
    """Draw new images many times: the variance of the log ratio of expected errors is estimated from one set."""
    rng = np.random.default_rng(0)
    images, estimates, ratios = 4_000, [], []
    for _ in range(60):
        hard = rng.beta(0.05, 2, images)
        other = np.clip(hard * rng.choice([0.5, 1.5], images), 0, 1)  # b finds other images hard than a
        estimates.append(image_variance(predictions(rng, 4, images, hard), predictions(rng, 6, images, other)))
        ratios.append(np.log(hard.mean() / other.mean()))
    assert np.mean(estimates) == pytest.approx(np.var(ratios), rel=0.5)


def test_images_on_which_both_nets_agree_add_nothing():
    rng = np.random.default_rng(1)
    hard = rng.beta(0.05, 2, 5_000)
    shared = [image_variance(predictions(rng, 8, 5_000, hard), predictions(rng, 8, 5_000, hard)) for _ in range(10)]
    apart = image_variance(predictions(rng, 8, 5_000, hard), predictions(rng, 8, 5_000, hard[::-1]))
    assert np.mean(shared) < 0.05 * apart


def test_any_new_digits_is_wider_than_other_seeds_and_has_their_middle():
    rng = np.random.default_rng(2)
    hard = rng.beta(0.05, 4, 5_000)
    a, b = predictions(rng, 5, 5_000, hard, 1.3), predictions(rng, 6, 5_000, rng.permutation(hard))
    seeds = effect(100 * a.mean(axis=1), 100 * b.mean(axis=1), percent=True)
    low, high = any_interval(seeds.ratio, seeds.low, seeds.high, a, b)
    assert low < seeds.low < seeds.high < high
    assert low * high == pytest.approx(seeds.ratio**2)  # the same middle, on the scale of factors


def test_effects_take_predictions_where_there_are_any():
    frame = study(reference=6, a=4, b=4, **{f"v{i}": 4 for i in range(6)})
    rng = np.random.default_rng(3)
    hard = rng.beta(0.05, 4, 3_000)
    correct = {name: predictions(rng, 4, 3_000, hard) for name in ("reference", "a")}
    found = effects(frame, family=["a", "b"], correct=correct).set_index("variant")
    assert found.loc["a", "any_low"] <= found.loc["a", "low"] and found.loc["a", "any_high"] >= found.loc["a", "high"]
    assert found.loc["b", ["any_low", "any_high"]].isna().all()
