"""Short simulations of the second plan; the long ones are `s6core.stats.invented` with more studies."""

import numpy as np
import pytest

from s6core.stats.invented import interval_coverage, invented_study, verdict_rates


@pytest.mark.parametrize("n", [3, 4, 10, 30])
@pytest.mark.parametrize("collapse", [0.0, 0.2])
def test_intervals_cover_also_where_the_true_spread_is_large(n, collapse):
    rng = np.random.default_rng([n, int(10 * collapse)])
    found = interval_coverage(n, prior_df=4, variants=25, studies=20, collapse=collapse, rng=rng).set_index("of")
    # three standard errors of 500 and of 50 comparisons around 93 to 97%, the base of a study being shared by all
    assert 0.925 < found.loc["all", "covered"] < 0.99
    assert found.loc["widest tenth", "covered"] > 0.86


def test_a_family_of_nothing_is_seldom_wrong():
    found = verdict_rates(np.ones(4), 4, prior_df=4, others=12, studies=50, rng=np.random.default_rng(1))
    assert found["family_wrong"][0] < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 50)
    assert (found["helps"] + found["hurts"] < 0.1).all()


def test_a_large_effect_is_found():
    found = verdict_rates(np.array([1.5, 0.7]), 4, prior_df=6, others=15, studies=20, rng=np.random.default_rng(2))
    assert found["hurts"][0] > 0.8 and found["helps"][1] > 0.8


def test_invented_studies_have_the_runs_and_spreads_asked_for():
    rng = np.random.default_rng(3)
    arms, base, sds = invented_study(np.full(2_000, 1.3), 6, base_n=30, prior_df=4, collapse=0.25, rng=rng)
    assert {arm.n for arm in arms} == {6} and base.n == 30
    assert np.mean([arm.failed for arm in arms]) == pytest.approx(1.5, abs=0.1)
    assert np.mean([arm.logs.mean() for arm in arms if len(arm.logs)]) == pytest.approx(np.log(0.83 * 1.3), abs=0.01)
    assert np.median(sds) == pytest.approx(0.09 * np.sqrt(4 / 3.357), rel=0.05)  # 3.357: median of chi-square, 4 df
