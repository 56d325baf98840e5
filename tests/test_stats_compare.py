"""Paired differences, the tests behind a verdict, and the verdicts themselves."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from s6core.stats import MARGIN, StatsError, compare, holm, paired_differences, sign_flip

# Darwin's maize, crossed minus self-fertilised height in eighths of an inch; R. A. Fisher, The Design of Experiments
# (1935), chapter III: 863 of the 2¹⁵ sign assignments give a sum at least as large; t = 2.148
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def runs(metric="test_accuracy", **variants):
    """Make a study's runs: a list of figures per variant, seeds from 0; "diverged" or "failed" for a run that did."""
    rows = [
        {
            "study": "s",
            "variant": variant.replace("_", "-"),
            "seed": seed,
            "status": value if isinstance(value, str) else "finished",
            metric: np.nan if isinstance(value, str) else value,
        }
        for variant, values in variants.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def random_runs(n=8, variants=("a", "b", "c"), seed=0):
    rng = np.random.default_rng(seed)
    figures = {name: (9900 + rng.integers(0, 60, n)) / 100 for name in ("reference", *variants)}
    return runs(**figures)


def row(frame, variant="a", **options):
    return compare(frame, **options).set_index("variant").loc[variant]


def with_differences(differences):
    base = 99.3 + np.arange(len(differences)) / 50
    return runs(reference=base, a=base + np.asarray(differences))


def test_sign_flip_is_fishers_test_of_darwins_maize():
    assert sign_flip(DARWIN) == pytest.approx(2 * 863 / 2**15)


@pytest.mark.parametrize("n", [2, 3, 5, 6, 10])
def test_sign_flip_cannot_go_below_its_floor(n):
    assert sign_flip(np.linspace(0.1, 0.2, n)) == pytest.approx(2 / 2**n)


def test_sign_flip_counts_every_assignment_of_signs_ties_included():
    rng = np.random.default_rng(1)
    for differences in rng.integers(-4, 7, (20, 6)):
        sums = [abs(np.dot(signs, differences)) for signs in product([1, -1], repeat=6)]
        expected = np.mean([s >= abs(differences.sum()) for s in sums])
        assert sign_flip(differences / 100) == pytest.approx(expected)


def test_sign_flip_of_many_pairs_is_drawn_from_the_generator_given():
    differences = np.random.default_rng(2).normal(0.3, 1, 24)
    with pytest.raises(StatsError, match=r"24 pairs .* rng=numpy\.random\.default_rng"):
        sign_flip(differences)
    once, again = (sign_flip(differences, rng=np.random.default_rng(3)) for _ in range(2))
    assert once == again
    assert once == pytest.approx(scipy_stats.ttest_1samp(differences, 0).pvalue, abs=0.02)


def test_holm_agrees_with_statsmodels_row_by_row():
    p = np.random.default_rng(4).uniform(size=(5, 7)) ** 3
    for corrected, alone in zip(holm(p), p, strict=True):
        assert corrected == pytest.approx(multipletests(alone, method="holm")[1])


def test_holm_counts_a_comparison_without_evidence_as_a_member_and_gives_it_no_p():
    assert holm([0.01, np.nan, 0.02]) == pytest.approx([0.03, np.nan, 0.04], nan_ok=True)


def test_holm_counts_members_that_have_no_p_yet_as_if_theirs_were_one():
    assert holm([0.01, 0.02], members=5) == pytest.approx(holm([0.01, 0.02, 1, 1, 1])[:2])
    with pytest.raises(StatsError, match="members=1: allowed is an integer from 2"):
        holm([0.01, 0.02], members=1)


def test_compare_agrees_with_scipy_and_statsmodels():
    frame = random_runs()
    table = compare(frame).set_index("variant")
    wide = frame.pivot(index="seed", columns="variant", values="test_accuracy")
    for variant in "abc":
        test = scipy_stats.ttest_rel(wide[variant], wide["reference"])
        got = table.loc[variant]
        assert got["n"] == 8 and got["method"] == "t"
        assert got["difference"] == pytest.approx((wide[variant] - wide["reference"]).mean())
        assert (got["low"], got["high"]) == pytest.approx(tuple(test.confidence_interval(0.95)))
        assert got["p_t"] == pytest.approx(test.pvalue)
        both = ttost_paired(wide[variant].to_numpy(), wide["reference"].to_numpy(), -MARGIN, MARGIN)
        assert got["p_equivalent"] == pytest.approx(both[0])
    for p in ("p", "p_t", "p_equivalent"):
        assert table[f"{p}_holm"].to_numpy() == pytest.approx(multipletests(table[p], method="holm")[1])


def test_p_better_counts_a_tie_half():
    assert row(with_differences([0.1, 0.2, 0.0, -0.1]))["p_better"] == pytest.approx(2.5 / 4)


def test_a_shift_of_both_arms_changes_nothing():
    frame = random_runs()
    shifted = frame.assign(test_accuracy=frame["test_accuracy"] - 40)
    pd.testing.assert_frame_equal(compare(frame), compare(shifted))


def test_the_order_of_rows_changes_nothing_but_the_order_of_rows():
    frame = random_runs(n=18)
    mixed = frame.sample(frac=1, random_state=0).sort_values("variant", ascending=False, kind="stable")
    first, second = (compare(f, rng=np.random.default_rng(0)) for f in (frame, mixed))
    assert list(first["variant"]) == ["a", "b", "c"] and list(second["variant"]) == ["c", "b", "a"]
    pd.testing.assert_frame_equal(first, second[::-1].reset_index(drop=True))


def test_swapping_the_arms_turns_every_sign():
    frame = with_differences([0.2, 0.25, 0.3, 0.22, 0.31])
    there, back = row(frame), row(frame, "reference", reference="a")
    assert back["difference"] == pytest.approx(-there["difference"])
    assert (back["low"], back["high"]) == pytest.approx((-there["high"], -there["low"]))
    assert back["p_better"] == 1 - there["p_better"]
    assert (there["verdict"], back["verdict"]) == ("helps", "hurts")
    for p in ("p", "p_t", "p_equivalent"):
        assert back[p] == pytest.approx(there[p])


def test_where_lower_is_better_a_fall_helps_and_the_difference_keeps_its_sign():
    base = np.linspace(0.02, 0.03, 5)
    frame = runs("test_loss", reference=base, a=base - [0.010, 0.011, 0.012, 0.010, 0.011])
    got = row(frame, metric="test_loss")
    assert got["verdict"] == "helps" and got["p_better"] == 1
    assert got["low"] < got["difference"] < got["high"] < 0
    assert row(frame, metric="test_loss", better="higher")["verdict"] == "hurts"


def test_a_metric_of_unknown_direction_is_asked_for():
    frame = random_runs().rename(columns={"test_accuracy": "wealth"})
    with pytest.raises(StatsError, match="higher or a lower wealth better"):
        compare(frame, metric="wealth")
    with pytest.raises(StatsError, match="better='up': allowed is higher or lower"):
        compare(frame, metric="wealth", better="up")
    with pytest.raises(StatsError, match=r"margin=-1: allowed is a number from 0"):
        compare(random_runs(), margin=-1)


@pytest.mark.parametrize(
    ("differences", "verdict", "reason"),
    [
        ([0.30, 0.28, 0.33], "helps", "above zero"),
        ([-0.30, -0.28, -0.33, -0.25, -0.31], "hurts", "below zero"),
        ([0.01, -0.01, 0.0, 0.02, -0.01, 0.01], "equivalent", "inside ±0.05"),
        ([0.02, 0.03, 0.02, 0.03, 0.02, 0.03], "equivalent", "inside ±0.05"),  # clear of zero, too small to matter
        ([0.1, -0.1, 0.2, -0.15, 0.0], "undecided", "both zero and differences beyond"),
        ([0.30, 0.28], "undecided", "2 seeds: a verdict needs at least 3"),
        ([0.30], "undecided", "1 seed: a verdict needs at least 3"),
        ([0.3, 0.3, 0.3, 0.3], "undecided", "spread is unknown"),
        ([0.30, 0.33, 0.36, 0.31, 0.32, -0.01], "undecided", r"sign-flip test contradicts \(p = 0.062\)"),
    ],
)
def test_verdicts_of_one_comparison(differences, verdict, reason):
    got = row(with_differences(differences))
    assert got["verdict"] == verdict
    assert pd.Series([got["reason"]]).str.contains(reason).all(), got["reason"]


def test_one_seed_or_no_spread_gives_no_interval():
    for differences in ([0.3], [0.1, 0.1, 0.1]):
        got = row(with_differences(differences))
        numbers = ["low", "high", "p_t", "p_t_holm", "p_equivalent", "p_equivalent_holm"]
        assert got[numbers].isna().all()
        assert got["method"] == "none" and got["difference"] == pytest.approx(np.mean(differences))


def test_a_larger_family_asks_for_more():
    clear, noise = [0.10, 0.20, 0.16, 0.05, 0.22], [0.1, -0.1, 0.05, -0.05, 0.0]
    base = np.full(5, 99.4)
    alone = runs(reference=base, a=base + clear)
    family = runs(reference=base, a=base + clear, **{f"b{i}": base + np.roll(noise, i) for i in range(9)})
    assert row(alone)["verdict"] == "helps"
    assert row(family)["verdict"] == "undecided"
    assert "not after Holm" in row(family)["reason"]
    assert row(family)["p_t"] == row(alone)["p_t"]


def test_a_verdict_does_not_depend_on_which_of_its_declared_family_were_trained_first():
    clear, noise = [0.10, 0.20, 0.16, 0.03, 0.22], [0.1, -0.1, 0.05, -0.05, 0.0]
    base = np.full(5, 99.4)
    others = {name: base + np.roll(noise, i) for i, name in enumerate("bcde")}
    family = ["a", *others]
    assert row(runs(reference=base, a=base + clear))["verdict"] == "helps"  # no family declared: a is alone
    for stored in (0, 1, 4):
        frame = runs(reference=base, a=base + clear, **dict(list(others.items())[:stored]))
        got = row(frame, family=family)
        assert got["verdict"] == "undecided" and "not after Holm" in got["reason"]
        assert got["p_t_holm"] == pytest.approx(5 * got["p_t"])


def test_only_the_family_is_compared():
    frame = random_runs()
    pd.testing.assert_frame_equal(compare(frame, family=["c", "a"]), compare(frame[frame["variant"] != "b"]))
    with pytest.raises(StatsError, match="nothing to compare: no run of the family d, e"):
        compare(frame, family=["e", "d"])


def test_a_divergence_is_counted_as_a_loss_and_bars_the_other_verdicts():
    base = np.linspace(99.3, 99.5, 10)
    ahead = list(base + np.linspace(0.3, 0.33, 10))
    got = row(runs(reference=base, a=[*ahead[:9], "diverged"]))
    assert (got["n"], got["n_diverged"], got["verdict"]) == (9, 1, "undecided")
    assert got["p_better"] == pytest.approx(0.9)
    assert np.isnan([got["difference"], got["low"], got["high"]]).all()
    assert "1 of 10 pairs diverged" in got["reason"]


def test_ten_divergences_against_none_hurt_and_five_are_too_few_to_say():
    base = list(np.linspace(99.3, 99.5, 10))
    lost = row(runs(reference=base, a=["diverged"] * 10))
    assert lost["verdict"] == "hurts" and lost["p_holm"] == pytest.approx(2 / 2**10)
    assert lost[["p_t", "p_t_holm", "p_equivalent_holm"]].isna().all()  # no t test was made of it
    assert row(runs(reference=["diverged"] * 10, a=base))["verdict"] == "helps"
    thirty = {f"b{i}": base for i in range(29)}  # 30 × 2/2¹⁰ is more than .05
    assert row(runs(reference=base, a=["diverged"] * 10, **thirty))["verdict"] == "undecided"
    five = row(runs(reference=base[:5], a=["diverged"] * 5))
    assert (five["verdict"], five["p"], five["p_better"]) == ("undecided", 0.0625, 0)


def test_where_both_diverge_neither_is_better():
    got = row(runs(reference=[99.4, "diverged", "diverged"], a=[99.4, "diverged", "diverged"]))
    assert (got["n"], got["n_diverged"], got["p_better"], got["p"]) == (1, 2, 0.5, 1)


def test_a_diverged_run_is_worth_the_same_whatever_figure_it_left():
    frame = runs(reference=[99.4, 99.5, 99.3], a=[99.6, 99.7, "diverged"])
    other = frame.assign(test_accuracy=frame["test_accuracy"].fillna(99.9))
    pd.testing.assert_frame_equal(compare(frame), compare(other))


@pytest.mark.parametrize("arm", ["reference", "a"])
def test_a_failed_or_a_missing_run_leaves_the_verdict_open(arm):
    base = np.linspace(99.3, 99.5, 5)
    frame = runs(reference=base, a=base + [0.30, 0.28, 0.33, 0.25, 0.31])
    assert row(frame)["verdict"] == "helps"
    lost = (frame["variant"] == arm) & (frame["seed"] == 2)
    failed = frame.assign(status=frame["status"].where(~lost, "failed"))
    for broken in (frame[~lost], failed):
        got = row(broken)
        assert (got["n"], got["n_missing"], got["verdict"]) == (4, 1, "undecided")
        assert "no result for seed 2" in got["reason"]


def test_without_any_pair_there_is_no_number():
    frame = runs(reference=[99.4, 99.5], a=["failed", "failed"])
    got = row(frame)
    assert got["verdict"] == "undecided"
    numbers = ["difference", "low", "high", "p", "p_holm", "p_t_holm", "p_equivalent_holm", "p_better"]
    assert got[numbers].isna().all()


def test_a_variant_may_have_fewer_seeds_than_the_reference():
    base = np.linspace(99.3, 99.5, 6)
    frame = runs(reference=base, a=base[:4] + [0.30, 0.28, 0.33, 0.25])
    assert (row(frame)["n"], row(frame)["n_missing"], row(frame)["verdict"]) == (4, 0, "helps")


def test_paired_differences_are_tidy_and_name_what_is_missing():
    frame = runs(reference=[99.4, 99.5, 99.3], a=[99.41, "diverged", 99.39], b=[99.2])
    pairs = paired_differences(frame[~((frame["variant"] == "reference") & (frame["seed"] == 2))])
    assert list(pairs["variant"]) == ["a", "a", "a", "b"]
    assert list(pairs["status"]) == ["finished", "diverged", "finished", "finished"]
    assert list(pairs["reference_status"]) == ["finished", "finished", "missing", "finished"]
    assert pairs["difference"][[0, 3]].tolist() == [0.01, -0.2]  # as decimals say it, not 0.00999999999999
    assert pairs["difference"][1:3].isna().all()


def test_frames_that_cannot_be_trusted_are_refused_by_name():
    frame = random_runs(n=3)
    for broken, message in [
        (pd.concat([frame, frame.iloc[[4]]]), r"variant a, seed 1 stands there twice"),
        (frame[frame["variant"] != "reference"], r"no runs of the reference 'reference': the frame has a, b, c"),
        (frame[frame["variant"] == "reference"], r"nothing to compare"),
        (frame.iloc[:0], r"no rows"),
        (frame.drop(columns="seed"), r"no column 'seed'"),
        (frame.assign(seed=frame["seed"].astype(float).replace(1, np.nan)), r"a row has no seed"),
        (frame.assign(status="lost"), r"status 'lost': allowed is finished, diverged or failed"),
        (frame.assign(study=["s"] * 11 + ["t"]), r"mixes the studies s, t"),
        (
            frame.assign(test_accuracy=frame["test_accuracy"].where(frame.index != 5)),
            r"variant a, seed 2 finished without a finite test_accuracy",
        ),
    ]:
        with pytest.raises(StatsError, match=message):
            compare(broken)
    with pytest.raises(StatsError, match=r"no column 'test_loss': the frame has study, variant"):
        compare(frame, metric="test_loss")


def test_the_frame_that_is_compared_is_left_as_it_was():
    frame = random_runs()
    before = frame.copy()
    compare(frame)
    pd.testing.assert_frame_equal(frame, before)
