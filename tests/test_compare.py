"""Two groups of runs side by side, in Python: the arithmetic, what differs, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from s6core import results
from s6core.compare import compare
from s6core.config import ConfigError

A, B = [99.0, 98.8, 99.1, 98.9], [99.3, 99.35, 99.2, 99.4, 99.25]
KEYS = [
    "a", "b", "n_a", "n_b", "failed_a", "failed_b", "ratio", "low", "high", "points", "verdict", "notices", "diff",
]  # fmt: skip


def test_the_figures_are_welch_s_on_log_errors():
    """Against scipy: the ratio is that of geometric means of the errors, its interval Welch's on their logarithms, and
    never narrower than that of one side alone."""
    row = compare(A, B, percent=True).row()
    logs = [np.log(100 - np.array(x)) for x in (A, B)]
    welch = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    alone = [np.diff(stats.ttest_1samp(x, 0).confidence_interval(0.95))[0] / 2 for x in logs]
    middle, half = logs[0].mean() - logs[1].mean(), max((welch.high - welch.low) / 2, *alone)
    assert list(row) == KEYS
    assert row["ratio"] == pytest.approx(math.exp(logs[0].mean() - logs[1].mean()))
    assert (row["low"], row["high"]) == pytest.approx((math.exp(middle - half), math.exp(middle + half)))
    assert row["points"] == pytest.approx(np.mean(A) - np.mean(B))
    assert (row["n_a"], row["n_b"], row["verdict"]) == (4, 5, "hurts")


def test_fractions_and_per_cent_are_the_same_and_never_guessed():
    one, other = compare(A, B, percent=True), compare([x / 100 for x in A], [x / 100 for x in B], percent=False)
    assert one.effect.verdict == other.effect.verdict
    assert one.effect.ratio == pytest.approx(other.effect.ratio)
    with pytest.raises(ConfigError, match="percent: say percent=True"):
        compare(A, B)
    with pytest.raises(ConfigError, match="a=99.1: with percent=False allowed are fractions, 0 to 1"):
        compare(A, B, percent=False)
    with pytest.raises(ConfigError, match="looks like a fraction"):
        compare([0.99, 0.98], B, percent=True)


def frame(variant: str, accuracies: list[float], **columns: object) -> pd.DataFrame:
    own = {"variant": variant, "seed": range(len(accuracies)), "test_accuracy": accuracies}
    return pd.DataFrame({**own, "status": "finished", **columns})


def test_a_tidy_frame_compares_two_of_its_variants():
    runs = pd.concat([frame("fc", A, head="fc"), frame("reference", B, head="gap")])
    found = compare(runs, names=("fc", "reference"))
    assert found.effect.ratio == pytest.approx(compare(A, B, percent=True).effect.ratio)
    assert found.diff == {"head": ("fc", "gap")} and found.row()["diff"] == {"head": ["fc", "gap"]}
    assert compare(frame("fc", A), frame("reference", B)).effect == found.effect


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare(frame("fc", A)), "b: give a second group of runs"),
        (lambda: compare(frame("fc", A), names=("fd", "x")), "unknown variant 'fd'"),
        (lambda: compare(pd.concat([frame("a", A), frame("b", A)]), frame("c", B)), "the frame has the variants a, b"),
        (lambda: compare(pd.concat([frame("a", A), frame("a", A)]), frame("c", B)), "seed 0 stands there twice"),
        (lambda: compare(frame("a", A).drop(columns="seed"), frame("c", B)), "no column 'seed'"),
        (lambda: compare(frame("a", A, lr=[0.1, 0.1, 0.1, 0.3]), frame("c", B)), "lr: the seeds differ: 0.1, 0.3"),
        (
            lambda: compare(frame("a", A, dataset="mnist"), frame("b", B, dataset="fashion-mnist")),
            "dataset: a has mnist, b has fashion-mnist: errors on other images do not compare",
        ),
        (lambda: compare([], B, percent=True), "a: no accuracies"),
        (lambda: compare([99.0] * 3, B, percent=True), "a: all 3 runs have 99"),
    ],
)
def test_what_means_nothing_is_refused(call, message: str):
    with pytest.raises(ConfigError) as caught:
        call()
    assert message in str(caught.value)


def test_spelling_is_no_difference():
    found = compare(
        frame("a", A, lr="0.10", channels="[8, 16]", bias="True", epochs=6),
        frame("b", B, lr=0.1, channels="8-16", bias=True, epochs=6),
    )
    assert found.diff == {}


def test_other_machines_recipes_and_unknown_configs_are_named():
    def warnings(a: dict, b: dict) -> str:
        return "\n".join(compare(frame("a", A, **a), frame("b", B, **b)).warnings)

    assert warnings({"lr": 0.1}, {"lr": 0.3}) == ""  # one field of the recipe is the question itself
    assert warnings({"epochs": 2}, {"epochs": 6}) == "epochs differs: a has 2, b has 6"
    assert "the training differs too (lr 0.1 and 0.3)" in warnings(
        {"lr": 0.1, "head": "fc"}, {"lr": 0.3, "head": "gap"}
    )
    assert "its config is not known" in warnings({}, {"lr": 0.3})
    assert "processor: a ran on P, b on Q" in warnings({"lr": 1, "processor": "P"}, {"lr": 1, "processor": "Q"})
    assert "device: a ran on GPU" in warnings({"lr": 1, "device": "GPU"}, {"lr": 1, "device": "CPU"})


def test_a_failure_is_counted_and_has_no_share_in_the_figures():
    lost = compare([*A, math.nan, 11.35], B, percent=True)
    assert lost.row()["failed_a"] == 2 and lost.row()["n_a"] == 6
    assert lost.a.mean == pytest.approx(np.mean(A)) and lost.effect.ratio == pytest.approx(
        compare(A, B, percent=True).effect.ratio
    )
    none = compare([10.0, 9.8, 11.35], B, percent=True)
    assert none.row()["ratio"] is None and none.row()["points"] is None and none.row()["verdict"] == "hurts"


@pytest.mark.parametrize("seed", range(20))
def test_points_stay_within_what_is_possible(seed: int):
    """No accuracy leaves 0 to 100%, so no difference from b may lead there."""
    rng = np.random.default_rng(seed)
    a, b = (rng.beta(5, 1, rng.integers(2, 5)) * rng.uniform(30, 100) + 0.01 for _ in range(2))
    found = compare(np.clip(a, 1.5, 100), np.clip(b, 1.5, 100), percent=True)
    low, high = found.points
    if not math.isnan(low + found.b.mean):  # else all is possible, which is no interval
        assert found.b.mean + low >= -1e-9 and found.b.mean + high <= 100 + 1e-9


def test_stored_runs_compare_as_their_table_does():
    runs = results.load_runs(results.REPOSITORY / "results" / "ablations")
    found = compare(runs, names=("fc", "reference"))
    errors = {v: np.log(100 - runs[runs["variant"] == v]["test_accuracy"]).mean() for v in ("fc", "reference")}
    assert found.effect.ratio == pytest.approx(math.exp(errors["fc"] - errors["reference"]))
    assert found.diff == {"head": ("fc", "gap")}
