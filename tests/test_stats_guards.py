"""What no effect can honestly be made of is refused, with the field, the value and what is allowed."""

import numpy as np
import pandas as pd
import pytest
from invented_runs import study

from s6core.stats import StatsError, any_interval, effect, effects, ended_at_chance, share_interval

GOOD = [99.1, 99.2, 99.15]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([99.1, np.nan, 99.2], "a=nan: allowed are finite numbers"),
        ([99.1, np.inf, 99.2], "a=inf: allowed are finite numbers"),
        ([99.1, 100.01, 99.2], "a=100.01: allowed are per cent, 0 to 100"),
        ([99.1, -1.0, 99.2], "a=-1: allowed are per cent, 0 to 100"),
        ([0.991, 0.992, 0.99], "a=0.991: this looks like a fraction"),
        ([99.1, 0.99, 99.2], "a=0.99: this looks like a fraction"),
        (["99.1", "99.2", "99.3"], "a='99.1': allowed are numbers"),
        ([True, False, True], "allowed are numbers"),
        ([99.1, None, 99.2], "a=None: allowed are numbers|a=nan"),
        ([], "a: no accuracies"),
        ([99.1, 99.1, 99.1], "a: all 3 runs have 99.1: copies are no seeds"),
    ],
)
def test_plain_sequences_are_refused(values, message):
    with pytest.raises(StatsError, match=message):
        effect(values, GOOD, percent=True)


def test_what_the_figures_are_must_be_said():
    with pytest.raises(StatsError, match="say percent=True for 99.3, percent=False for 0.993"):
        effect(GOOD, [99.2, 99.3, 99.4])
    with pytest.raises(StatsError, match="a=99.1: with percent=False allowed are fractions, 0 to 1"):
        effect(GOOD, [0.99, 0.98, 0.97], percent=False)


def frame():
    return study(reference=10, a=4, **{"dropout-0.10": 4, "dropout-0.05": 4, "layer": 4, "group": 4, "max": 4})


def changed(column, value):
    table = frame().astype({column: object})
    table.loc[3, column] = value
    return table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (changed("test_accuracy", np.nan), "variant reference, seed 3 finished without a finite test_accuracy"),
        (changed("test_accuracy", np.inf), "test_accuracy=inf: allowed are finite numbers"),
        (changed("test_accuracy", "99.1"), "test_accuracy='99.1': allowed are numbers"),
        (changed("test_accuracy", 101.0), "test_accuracy=101: allowed are per cent, 0 to 100"),
        (changed("test_accuracy", 0.99), "test_accuracy=0.99: this looks like a fraction"),
        (changed("seed", 2), "variant reference, seed 2 stands there twice"),
        (changed("status", "ok"), "status 'ok': allowed is finished, diverged or failed"),
        (changed("study", "other"), "mixes the studies other, s"),
        (changed("variant", None), "a row has no variant"),
        (frame().drop(columns="test_accuracy"), "no column 'test_accuracy'"),
        (frame().drop(columns="seed"), "no column 'seed'"),
        (frame().iloc[:0], "the frame has no rows"),
        (frame().assign(test_accuracy=99.1), "all runs of all variants are equal"),
        ("runs.csv", "runs=str: allowed is a frame with a row per run"),
    ],
)
def test_a_frame_that_is_no_study_is_refused(table, message):
    with pytest.raises(StatsError, match=message):
        effects(table, family=["a"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": ["dropuot-0.10"]}, "no run of 'dropuot-0.10': did you mean 'dropout-0.10'"),
        ({"family": ["dropout-0.1"]}, "no run of 'dropout-0.1': did you mean 'dropout-0.10'"),
        ({"family": ["b"], "study": ["a", "bb"]}, "no variant 'b': did you mean 'bb'"),
        ({"family": ["zebra"], "study": ["kernel"]}, "no variant 'zebra': declared are reference, a"),
        ({"family": ["a", "a"]}, "family: 'a' stands there twice"),
        ({"family": ["a", "reference"]}, "family: 'reference' is the base"),
        ({"family": "a"}, "family='a': allowed is a list of names"),
        ({"family": ["a"], "study": "a"}, "study='a': allowed is a list of names"),
        ({"family": []}, "family: declare at least one variant"),
        ({"family": ["a"], "base": "refrence"}, "no runs of the base 'refrence': the frame has reference"),
        ({"family": ["a"], "metric": "seconds"}, "metric='seconds': allowed is an accuracy or a loss"),
        ({"family": ["a"], "metric": "train_accuracy"}, "no column 'train_accuracy'"),
        ({"family": ["a"], "images": 2.5}, "images=2.5: allowed is an integer from 1"),
        ({"family": ["a"], "classes": 1}, "classes=1: allowed is an integer from 3"),
    ],
)
def test_a_family_that_is_none_is_refused(options, message):
    with pytest.raises(StatsError, match=message):
        effects(frame(), **options)


@pytest.mark.parametrize("name", ["dropout-0.07", "kernel-5", "gap-fc"])
def test_a_name_to_come_is_not_taken_for_a_slip(name):
    assert effects(frame(), family=["a", name])["n"].tolist() == [4, 0]


def test_one_variant_alone_whose_runs_are_equal_leans_on_the_others():
    table = frame()
    table.loc[table["variant"] == "a", "test_accuracy"] = 99.1
    row = effects(table, family=["a"]).loc[0]
    assert row["low"] < row["ratio"] < row["high"]


def test_chance_is_told_of_accuracies_only():
    for value, message in [(np.nan, "finite"), (0.5, "fraction"), ("much", "numbers"), (120, "0 to 100")]:
        with pytest.raises(StatsError, match=message):
            ended_at_chance(value)


@pytest.mark.parametrize(("k", "n"), [(6, 5), (-1, 5), (1.5, 5), (True, 5)])
def test_shares_are_of_whole_runs(k, n):
    with pytest.raises(StatsError, match="allowed is"):
        share_interval(k, n)


def test_predictions_are_truth_values_of_the_same_images():
    good = np.random.default_rng(0).random((3, 50)) < 0.9
    for a, b, message in [
        (good.astype(float), good, "correct_a: float64 of shape"),
        (good[0], good, r"shape \(50,\)"),
        (good, good[:, :40], "50 and 40 images"),
        (good, np.ones_like(good), "without a single error"),
    ]:
        with pytest.raises(StatsError, match=message):
            any_interval(1.2, 1.0, 1.4, a, b)


def test_the_order_of_runs_and_columns_does_not_matter():
    table = frame()
    shuffled = table.sample(frac=1, random_state=1)[table.columns[::-1]]
    pd.testing.assert_frame_equal(effects(shuffled, family=["a", "layer"]), effects(table, family=["a", "layer"]))
