"""Main effects and interactions with the seed as a block."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.anova import AnovaRM

from s6core.stats import StatsError, compare, factorial, factorial_effects, largest_factorial

FACTORS = ["norm", "head", "dropout"]


def study(n=5, noise=0.05, seed=0, effect=lambda norm, head, dropout: 0.0):
    """Make the runs of norm × head × dropout; a good seed is good in every cell."""
    rng = np.random.default_rng(seed)
    luck = rng.normal(0, 0.1, n)
    rows = [
        {
            "variant": f"{norm}-{head}-{dropout}",
            "norm": norm,
            "head": head,
            "dropout": dropout,
            "seed": k,
            "status": "finished",
            "test_accuracy": 99.4 + luck[k] + effect(norm, head, dropout) + rng.normal(0, noise),
        }
        for norm, head, dropout in product(["batch", "none"], ["gap", "fc"], [0.0, 0.1, 0.25])
        for k in range(n)
    ]
    return pd.DataFrame(rows)


def test_one_factor_of_two_levels_is_the_paired_t_test():
    frame = study().query("head == 'gap' and dropout == 0")
    wide = frame.pivot(index="seed", columns="norm", values="test_accuracy")
    test = scipy_stats.ttest_rel(wide["none"], wide["batch"])
    anova = factorial(frame, ["norm"]).set_index("term").loc["norm"]
    assert (anova["f"], anova["p"]) == pytest.approx((test.statistic**2, test.pvalue))
    row = factorial_effects(frame, ["norm"]).loc[0]
    assert row["contrast"] == "none − batch"
    assert row["p_t"] == pytest.approx(test.pvalue)
    assert (row["low"], row["high"]) == pytest.approx(tuple(test.confidence_interval()))


def test_one_factor_of_three_levels_is_the_repeated_measures_anova():
    frame = study().query("head == 'gap' and norm == 'batch'")
    expected = AnovaRM(frame, "test_accuracy", "seed", within=["dropout"]).fit().anova_table.loc["dropout"]
    got = factorial(frame, ["dropout"]).set_index("term").loc["dropout"]
    assert (got["f"], got["p"]) == pytest.approx((expected["F Value"], expected["Pr > F"]))


def test_the_anova_splits_the_whole_spread_of_a_balanced_factorial():
    frame = study(effect=lambda norm, head, dropout: -0.3 * (norm == "none") + 0.1 * (head == "fc"))
    table = factorial(frame, FACTORS).set_index("term")
    y = frame["test_accuracy"]
    assert table["sum_sq"].sum() == pytest.approx(((y - y.mean()) ** 2).sum())
    assert table["df"].to_dict() == {
        "norm": 1, "head": 1, "dropout": 2, "seed": 4, "norm:head": 1, "norm:dropout": 2, "head:dropout": 2,
        "norm:head:dropout": 2, "residual": 44,
    }  # fmt: skip
    # a balanced main effect by hand: runs per level times the squared distance of the level's mean
    by_hand = sum(30 * (g.mean() - y.mean()) ** 2 for _, g in y.groupby(frame["norm"]))
    assert table.loc["norm", "sum_sq"] == pytest.approx(by_hand)
    assert (table.loc[["norm", "head"], "p_holm"] < 1e-3).all()
    assert (table.loc[["norm:head", "norm:head:dropout"], "p_holm"] > 0.05).all()
    assert table.loc[["seed", "residual"], "p_holm"].isna().all()
    assert (table["p_holm"].dropna() >= table["p"][table["p_holm"].notna()]).all()


def test_effects_find_what_was_put_in():
    def effect(norm, head, dropout):
        return -0.4 * (norm == "none") + 0.2 * (norm == "none") * (head == "fc") - dropout

    frame = study(noise=1e-6, effect=effect)
    table = factorial_effects(frame, FACTORS).set_index(["term", "contrast"])["difference"]
    expected = {
        ("norm", "none − batch"): -0.3,  # half of the cells gain the interaction's 0.2
        ("head", "fc − gap"): 0.1,
        ("dropout", "0.1 − 0.0"): -0.1,
        ("dropout", "0.25 − 0.0"): -0.25,
        ("norm:head", "(none − batch) at fc − at gap"): 0.2,
        ("norm:dropout", "(none − batch) at 0.1 − at 0.0"): 0.0,
        ("norm:dropout", "(none − batch) at 0.25 − at 0.0"): 0.0,
        ("head:dropout", "(fc − gap) at 0.1 − at 0.0"): 0.0,
        ("head:dropout", "(fc − gap) at 0.25 − at 0.0"): 0.0,
    }
    assert table.to_dict() == pytest.approx(expected, abs=1e-5)


def test_a_seed_that_is_bad_everywhere_is_no_noise():
    frame = study(noise=0.02, effect=lambda norm, head, dropout: 0.03 * (head == "fc"))
    unlucky = frame.assign(test_accuracy=frame["test_accuracy"] - 10 * frame["seed"])
    for table, p in ((factorial, "p"), (factorial_effects, "p_t")):
        before, after = table(frame, FACTORS), table(unlucky, FACTORS)
        kept = before["term"] != "seed"
        assert after[p][kept].to_numpy() == pytest.approx(before[p][kept].to_numpy(), nan_ok=True)


def test_levels_follow_the_categories_where_there_are_any():
    frame = study().assign(norm=lambda f: pd.Categorical(f["norm"], categories=["none", "batch"]))
    assert factorial_effects(frame, ["norm", "head", "dropout"])["contrast"][0] == "batch − none"


def test_seeds_that_some_cells_lack_are_left_out():
    frame = study(n=5)
    extra = frame[(frame["variant"] == "batch-gap-0.0")].assign(seed=lambda f: f["seed"] + 5, test_accuracy=50.0)
    more = pd.concat([frame, extra])
    pd.testing.assert_frame_equal(factorial_effects(more, FACTORS), factorial_effects(frame, FACTORS))
    pd.testing.assert_frame_equal(factorial(more, FACTORS), factorial(frame, FACTORS))


def categories(frame):
    return frame.assign(**{f: pd.Categorical(frame[f], categories=list(dict.fromkeys(frame[f]))) for f in FACTORS})


def test_a_further_seed_that_diverged_in_one_cell_changes_nothing():
    """The reference has ten seeds, the other cells five; its tenth is no seed of theirs, however it ended."""
    frame = categories(study(n=5))
    extra = frame[frame["variant"] == "batch-gap-0.0"].assign(seed=lambda f: f["seed"] + 5)
    extra.loc[extra["seed"] == 9, ["status", "test_accuracy"]] = ["diverged", np.nan]
    more = pd.concat([frame, extra])
    pd.testing.assert_frame_equal(factorial_effects(more, FACTORS), factorial_effects(frame, FACTORS))
    pd.testing.assert_frame_equal(factorial(more, FACTORS), factorial(frame, FACTORS))
    runs, factors = largest_factorial(more, FACTORS)
    pd.testing.assert_frame_equal(runs, frame)
    assert factors == FACTORS


def test_a_seed_is_not_left_out_because_a_run_of_it_diverged():
    frame = categories(study(n=5))
    frame.loc[(frame["variant"] == "none-fc-0.1") & (frame["seed"] == 3), "status"] = "diverged"
    with pytest.raises(StatsError, match="did not finish"):
        factorial_effects(frame, FACTORS)
    runs, factors = largest_factorial(frame, FACTORS)
    assert factors == FACTORS and set(runs["dropout"]) == {0.0, 0.25} and set(runs["seed"]) == set(range(5))


def test_where_lower_is_better_an_effect_that_lowers_it_helps():
    frame = study(n=6, noise=0.01, effect=lambda norm, head, dropout: -0.4 * (norm == "none"))
    raised = factorial_effects(frame, FACTORS).loc[0]
    losses = frame.rename(columns={"test_accuracy": "test_loss"})
    lowered = factorial_effects(losses, FACTORS, "test_loss").loc[0]
    assert (raised["verdict"], lowered["verdict"]) == ("hurts", "helps")
    assert lowered["difference"] == pytest.approx(raised["difference"]) and lowered["low"] < lowered["high"] < 0
    with pytest.raises(StatsError, match="higher or a lower wealth better"):
        factorial_effects(frame.rename(columns={"test_accuracy": "wealth"}), FACTORS, "wealth")


def test_effects_name_their_p_as_comparisons_do():
    """Of one factor with two levels an effect is the comparison of two variants."""
    frame = study().query("head == 'gap' and dropout == 0")
    shared = ["n", "difference", "low", "high", "p", "p_holm", "p_t", "p_t_holm", "p_equivalent", "p_equivalent_holm"]
    compared = compare(frame, reference="batch-gap-0.0").loc[0, shared]
    assert factorial_effects(frame, ["norm"]).loc[0, shared].to_dict() == pytest.approx(compared.to_dict())


def test_effects_that_were_planned_count_in_the_correction():
    frame = study()
    few, planned = factorial_effects(frame, FACTORS), factorial_effects(frame, FACTORS, members=20)
    strongest = few["p_t"].idxmin()
    assert few.loc[strongest, "p_t_holm"] == pytest.approx(min(9 * few["p_t"].min(), 1))
    assert planned.loc[strongest, "p_t_holm"] == pytest.approx(min(20 * few["p_t"].min(), 1))


def test_a_factorial_with_holes_is_refused_by_name():
    frame = study()
    hole = frame["variant"] == "none-fc-0.1"
    diverged = frame.assign(status=frame["status"].where(~(hole & (frame["seed"] == 3)), "diverged"))
    for broken, factors, message in [
        (frame[~hole], FACTORS, "no run for norm none, head fc, dropout 0.1"),
        (diverged, FACTORS, r"1 runs did not finish, first norm none, head fc, dropout 0.1, seed 3 \(diverged\)"),
        (frame, ["norm", "head"], "norm batch, head gap, seed 0 stands there twice"),
        (frame[frame["norm"] == "none"], FACTORS, "factor 'norm' has one level only"),
        (frame[frame["seed"] == 0], FACTORS, "seeds that every cell has: 1, at least 2"),
        (frame, [], "give at least one column"),
        (frame, ["norm", "width"], "no column 'width'"),
    ]:
        for table in (factorial, factorial_effects):
            with pytest.raises(StatsError, match=message):
                table(broken, factors)
