"""The second plan: effects as ratios of errors, against other implementations and known values."""

import numpy as np
import pandas as pd
import pytest
from invented_runs import study
from scipy import special
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from s6core.stats import EQUIVALENT, Prior, StatsError, effect, effects, ended_at_chance, holm, share_interval
from s6core.stats.failures import did_not_learn
from s6core.stats.prior import fit_prior, moderated, smyth
from s6core.stats.ranks import rank_p
from s6core.stats.rule import PRIOR_DF

A = [98.83, 98.91, 98.75, 98.86, 98.97, 98.80, 98.88, 98.79]
B = [99.12, 99.21, 99.17, 99.08, 99.26, 99.19, 99.11]


def logs(accuracies):
    return np.log(100 - np.asarray(accuracies))


def test_plain_sequences_are_compared_by_welch_on_log_errors():
    found = effect(A, B, percent=True)
    other = scipy_stats.ttest_ind(logs(A), logs(B), equal_var=False)
    low, high = np.exp(other.confidence_interval())
    assert (found.ratio, found.low, found.high) == pytest.approx(
        (np.exp(logs(A).mean() - logs(B).mean()), low, high), rel=1e-9
    )
    points = scipy_stats.ttest_ind(A, B, equal_var=False).confidence_interval()
    assert (found.points, found.points_low, found.points_high) == pytest.approx((np.mean(A) - np.mean(B), *points))
    assert found.verdict == "hurts" and found.error == pytest.approx(np.exp(logs(A).mean()))


@pytest.mark.parametrize("n", [3, 4, 5, 10])
def test_the_interval_is_never_narrower_than_welchs(n):
    rng = np.random.default_rng(n)
    for _ in range(50):
        a, b = (100 - np.exp(rng.normal(0, sd, m)) for sd, m in ((0.1, n), (0.2, 12)))
        found = effect(a, b, percent=True)
        low, high = np.exp(scipy_stats.ttest_ind(logs(a), logs(b), equal_var=False).confidence_interval())
        assert found.low <= low * (1 + 1e-9) and found.high >= high * (1 - 1e-9)


def test_fractions_are_the_same_accuracies():
    fractions = [np.array(side) / 100 for side in (A, B)]
    assert effect(*fractions, percent=False).low == pytest.approx(effect(A, B, percent=True).low)


def test_turned_round_the_ratio_is_the_inverse():
    there, back = effect(A, B, percent=True), effect(B, A, percent=True)
    assert (back.ratio, back.low, back.high) == pytest.approx((1 / there.ratio, 1 / there.high, 1 / there.low))
    assert (there.verdict, back.verdict) == ("hurts", "helps")


# Smyth (2004), written from the paper: equations of section 6.2 for the prior, of section 3 for the posterior variance


def squeezed(variances, df):
    e = np.log(variances) - special.digamma(df / 2) + np.log(df / 2)
    target = np.mean((e - e.mean()) ** 2 * len(e) / (len(e) - 1) - special.polygamma(1, df / 2))
    if target <= 0:
        return np.inf, np.exp(e.mean())
    y = 0.5 + 1 / target  # Newton's method for the inverse of the trigamma function, appendix of the paper
    for _ in range(100):
        tri = special.polygamma(1, y)
        y += tri * (1 - tri / target) / special.polygamma(2, y)
    return 2 * y, np.exp(e.mean() + special.digamma(y) - np.log(y))


@pytest.mark.parametrize("true_df", [2.0, 4.0, 9.0])
def test_the_prior_is_smyths(true_df):
    rng = np.random.default_rng(int(true_df))
    df = rng.integers(2, 10, 60).astype(float)
    variances = 0.008 * true_df / rng.chisquare(true_df, 60) * rng.chisquare(df) / df
    prior_df, variance = squeezed(variances, df)
    found = smyth(variances, df)
    assert (found.df, found.variance) == pytest.approx((prior_df, variance), rel=1e-6)


def test_the_prior_recovers_what_the_variances_were_drawn_from():
    rng = np.random.default_rng(0)
    df = np.full(5_000, 9.0)
    variances = 0.0081 * 3 / rng.chisquare(3, 5_000) * rng.chisquare(9, 5_000) / 9
    found = smyth(variances, df)
    assert (found.df, found.variance) == pytest.approx((3, 0.0081), rel=0.08)


def test_equal_true_spreads_give_a_sure_prior_that_is_capped():
    df = np.full(40, 4.0)
    variances = 0.01 * scipy_stats.chi2(4).ppf(np.linspace(0.05, 0.95, 40)) / 4
    assert smyth(variances, df).df == np.inf
    assert fit_prior(variances, df).df == PRIOR_DF


def test_spreads_of_damaged_nets_do_not_feed_the_prior():
    rng = np.random.default_rng(3)
    df = np.full(30, 4.0)
    healthy = 0.0081 * rng.chisquare(4, 30) / 4
    damaged = np.array([0.3, 0.8, 2.0]) ** 2 * np.array([4.0, 1.0, 2.0])
    alone, among = fit_prior(healthy, df), fit_prior(np.append(healthy, damaged), np.full(33, 4.0))
    assert among.variance == pytest.approx(alone.variance, rel=0.02)


def test_a_small_spread_is_drawn_up_as_by_smyth_and_a_large_one_stays():
    prior = Prior(0.01, 4.0)
    variance, df = moderated(np.array([0.001, 0.09]), np.array([3.0, 3.0]), prior)
    assert variance == pytest.approx([(4 * 0.01 + 3 * 0.001) / 7, 0.09])
    assert df.tolist() == [7, 3]


def test_a_study_is_compared_with_the_spread_of_its_other_variants():
    frame = study(reference=30, a=4, **{f"v{i}": 6 for i in range(12)})
    row = effects(frame, family=["a"]).loc[0]
    sides = {v: logs(own["test_accuracy"]) for v, own in frame.groupby("variant")}
    others = [x for v, x in sides.items() if v not in ("a", "reference")]
    d0, s0 = squeezed(np.array([x.var(ddof=1) for x in others]), np.array([len(x) - 1.0 for x in others]))
    d0 = min(d0, PRIOR_DF)
    v, f = [], []
    for x in (sides["a"], sides["reference"]):
        own, d = x.var(ddof=1), len(x) - 1
        drawn = (d0 * s0 + d * own) / (d0 + d)
        v.append(max(own, drawn) / len(x))
        f.append(d if own > drawn else d0 + d)
    df = sum(v) ** 2 / sum(x**2 / y for x, y in zip(v, f, strict=True))
    half = max(
        scipy_stats.t.isf(0.025, df) * np.sqrt(sum(v)),
        *(scipy_stats.t.isf(0.025, y) * np.sqrt(x) for x, y in zip(v, f, strict=True)),
    )
    middle = sides["a"].mean() - sides["reference"].mean()
    assert np.log([row["low"], row["ratio"], row["high"]]) == pytest.approx([middle - half, middle, middle + half])


def test_holm_is_that_of_statsmodels_over_all_declared_members():
    frame = study(reference=20, a=5, b=5, c=5, ratios={"a": 1.1, "b": 1.2}, **{f"v{i}": 5 for i in range(6)})
    rows = effects(frame, family=["c", "not-run", "a", "b"], study=["not-run"])
    assert rows["variant"].tolist() == ["c", "not-run", "a", "b"]
    expected = multipletests(rows["p"].fillna(1), method="holm")[1]
    there = rows["n"] > 0
    assert rows.loc[there, "p_holm"].tolist() == pytest.approx(expected[there].tolist())
    missing = rows.loc[1]
    assert (missing["n"], missing["verdict"], missing["reason"]) == (0, "undecided", "not-run has no run yet.")


@pytest.mark.parametrize("sizes", [(3, 30), (5, 5), (4, 10)])
def test_the_rank_test_is_scipys_where_nothing_is_tied(sizes):
    rng = np.random.default_rng(sum(sizes))
    a, b = (rng.normal(size=n) for n in sizes)
    assert rank_p(a, b) == pytest.approx(scipy_stats.mannwhitneyu(a, b, alternative="greater", method="exact").pvalue)


def test_ties_count_against_the_claim():
    assert rank_p(np.array([2.0, 3, 4]), np.array([1.0, 2, 0])) == rank_p(np.array([1.5, 3, 4]), np.array([1.0, 2, 0]))


def test_equivalent_needs_the_interval_inside_the_margin():
    frame = study(reference=30, a=30, b=4, sd=0.05, **{f"v{i}": 5 for i in range(8)})
    rows = effects(frame, family=["a", "b"]).set_index("variant")
    assert rows.loc["a", "verdict"] == "equivalent"
    assert rows.loc["a", "low"] > 1 / EQUIVALENT and rows.loc["a", "high"] < EQUIVALENT


def test_what_would_have_been_noticed_is_where_the_verdict_turns():
    frame = study(reference=30, a=4, **{f"v{i}": 5 for i in range(12)})
    notices, ratio = effects(frame, family=["a", "v0", "v1"]).loc[0, ["notices", "ratio"]]
    of_a = frame["variant"] == "a"

    def p_at(wanted):
        moved = frame.copy()
        moved.loc[of_a, "test_accuracy"] = 100 - (100 - frame.loc[of_a, "test_accuracy"]) * wanted / ratio
        return effects(moved, family=["a", "v0", "v1"]).loc[0, "p"]

    assert p_at(notices * 1.001) < 0.05 / 3 < p_at(notices / 1.001)


def test_all_runs_that_fail_hurt():
    frame = study(reference=30, a=5, b=3, **{f"v{i}": 4 for i in range(9)})
    frame.loc[frame["variant"] == "a", ["status", "test_accuracy"]] = ["diverged", np.nan]
    frame.loc[frame["variant"] == "b", "test_accuracy"] = [9.8, 11.35, 10.1]
    rows = effects(frame, family=["a", "b"]).set_index("variant")
    assert rows["verdict"].tolist() == ["hurts", "hurts"]
    assert rows["n_failed"].tolist() == [5, 3] and rows["ratio"].isna().all()
    assert rows.loc["a", "failed_low"] == pytest.approx(0.025 ** (1 / 5))
    assert rows.loc["a", "reason"].startswith("5 of 5 runs of a did not learn; ")


def test_one_collapsed_run_does_not_hide_what_all_runs_agree_on():
    """The stored net without batch norm: 98.09 to 87.97, all far below the reference's 99.04 to 99.29."""
    base = [99.14, 99.04, 99.18, 99.29, 99.21, 99.15, 99.26, 99.10, 99.2, 99.15]
    found = effect([98.0, 97.4, 98.1, 97.8, 87.97], base, percent=True)
    assert found.verdict == "hurts" and found.low < 2
    assert effect([98.0, 97.4, 98.1, 97.8, 9.8], base, percent=True).verdict == "hurts"


def test_a_failure_is_at_or_below_twice_the_accuracy_of_guessing():
    assert ended_at_chance([9.8, 20.0, 20.01, 83.18]).tolist() == [True, True, False, False]
    assert ended_at_chance(35.0, classes=4) is True
    frame = pd.DataFrame({"status": ["finished", "diverged", "failed", "finished"],
                          "test_accuracy": [99.0, np.nan, np.nan, 11.35]})  # fmt: skip
    assert did_not_learn(frame).tolist() == [False, True, False, True]


def test_a_run_without_a_result_counts_as_not_yet_run():
    frame = study(reference=10, a=4, **{f"v{i}": 4 for i in range(6)})
    frame.loc[(frame["variant"] == "a") & (frame["seed"] == 3), ["status", "test_accuracy"]] = ["failed", np.nan]
    shorter = frame[frame["status"] != "failed"]
    pd.testing.assert_frame_equal(effects(frame, family=["a"]), effects(shorter, family=["a"]))
    assert effects(frame, family=["a"]).loc[0, "n"] == 3


@pytest.mark.parametrize(("k", "n"), [(0, 5), (1, 5), (5, 5), (3, 30)])
def test_the_share_of_failures_has_the_interval_of_clopper_and_pearson(k, n):
    other = scipy_stats.binomtest(k, n).proportion_ci(method="exact")
    assert share_interval(k, n) == pytest.approx((other.low, other.high))


def test_no_error_at_all_counts_as_half_an_error():
    found = effect([100, 99.99, 99.99], [99.98, 99.97, 99.98], percent=True)
    assert found.error == pytest.approx((0.005 * 0.01 * 0.01) ** (1 / 3))
    assert effect([100, 99.9, 99.9], [99.8, 99.7, 99.8], percent=True, images=1_000).error == pytest.approx(
        (0.05 * 0.1 * 0.1) ** (1 / 3)
    )


def test_points_stay_within_what_is_possible():
    found = effect([99, 60, 22], [99.1, 40, 98], percent=True)
    assert -100 <= found.points_low <= found.points <= found.points_high <= 100


def test_a_loss_is_compared_as_errors_are():
    frame = study(reference=10, a=4, **{f"v{i}": 4 for i in range(6)})
    frame["test_loss"] = (100 - frame["test_accuracy"]) / 30
    loss, error = effects(frame, family=["a"], metric="test_loss"), effects(frame, family=["a"])
    for column in ("ratio", "low", "high", "p", "p_ranks"):
        assert loss[column].item() == pytest.approx(error[column].item())


def test_holm_refuses_what_is_no_probability():
    for p, message in [([-0.3, 0.1], "p=-0.3"), ([1.2], "p=1.2"), (["much"], "allowed are numbers from 0 to 1")]:
        with pytest.raises(StatsError, match=message):
            holm(p)


def test_holm_agrees_with_statsmodels_row_by_row():
    p = np.random.default_rng(4).uniform(size=(5, 7)) ** 3
    for corrected, alone in zip(holm(p), p, strict=True):
        assert corrected == pytest.approx(multipletests(alone, method="holm")[1])


def test_holm_counts_a_comparison_without_evidence_as_a_member_and_gives_it_no_p():
    assert holm([0.01, np.nan, 0.02]) == pytest.approx([0.03, np.nan, 0.04], nan_ok=True)
