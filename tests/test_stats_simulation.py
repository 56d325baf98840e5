"""Right by simulation: intervals cover what they should, and false verdicts are as rare as promised."""

import numpy as np
import pytest

from s6core.stats import StatsError, claim_rates, coverage, simulated_differences


@pytest.fixture
def rng():
    return np.random.default_rng(2024)


def test_simulated_differences_are_whole_images_with_the_spread_and_the_means_asked_for(rng):
    true = np.array([-0.3, 0.0, 0.2])
    for spread in (0.05, 0.1, 0.2):
        sample = simulated_differences(true, 50, spread=spread, repeats=1_000, rng=rng)
        assert sample.shape == (1_000, 3, 50)
        assert np.allclose(sample * 100, np.rint(sample * 100))
        assert sample.mean(axis=(0, 2)) == pytest.approx(true, abs=0.005)
        assert sample.std(axis=(0, 2)) == pytest.approx([spread] * 3, rel=0.05)
    assert np.corrcoef(sample[:, 0].ravel(), sample[:, 1].ravel())[0, 1] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("spread", [0.05, 0.07, 0.1])
@pytest.mark.parametrize("n", [3, 5, 10, 30])
def test_the_t_interval_covers_between_93_and_97_per_cent(n, spread, rng):
    assert 0.93 <= coverage(n, spread=spread, repeats=5_000, rng=rng) <= 0.97


@pytest.mark.parametrize(("n", "at_most"), [(5, 0.88), (10, 0.925)])
def test_the_bootstrap_does_not_and_so_is_not_used(n, at_most, rng):
    assert coverage(n, method="bca", rng=rng) < at_most


@pytest.mark.parametrize("spread", [0.05, 0.1])
@pytest.mark.parametrize(("n", "repeats"), [(3, 8_000), (5, 8_000), (10, 1_500)])
@pytest.mark.parametrize("family", [4, 11])
def test_a_family_of_nothing_is_wrong_at_most_once_in_twenty(family, n, repeats, spread, rng):
    rates = claim_rates([0.0] * family, n, spread=spread, repeats=repeats, rng=rng)
    sampling = 2 * np.sqrt(0.05 * 0.95 / repeats)  # of the simulation itself
    assert rates["family_wrong"][0] <= 0.05 + sampling


@pytest.mark.parametrize(("n", "spread", "repeats"), [(5, 0.02, 8_000), (5, 0.05, 8_000), (10, 0.03, 1_500)])
def test_differences_on_the_margin_are_seldom_called_equivalent(n, spread, repeats, rng):
    rates = claim_rates([0.05] * 6 + [-0.05] * 5, n, spread=spread, repeats=repeats, rng=rng)
    assert rates["family_wrong"][0] <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / repeats)
    assert (rates["equivalent"] <= 0.025).all()


def test_what_is_there_is_found(rng):
    rates = claim_rates([-0.3, 0.3, 0.0], 10, spread=0.07, repeats=300, rng=rng)
    assert rates["hurts"][0] > 0.99 and rates["helps"][1] > 0.99 and rates["wrong"].max() < 0.08
    quiet = claim_rates([0.0, 0.0], 10, spread=0.02, repeats=300, rng=rng)
    assert (quiet["equivalent"] > 0.99).all()


def test_a_true_null_beside_large_effects_is_still_protected(rng):
    """Holm's correction spends less on the null once the others are found: where a weaker rule would slip."""
    rates = claim_rates([-0.3, -0.3, -0.3, 0.3, 0.0], 10, spread=0.07, repeats=2_000, rng=rng)
    assert rates["family_wrong"][0] <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 2_000)


def test_the_same_generator_gives_the_same_answer():
    once, again = (claim_rates([0.0, 0.1], 5, repeats=50, rng=np.random.default_rng(1)) for _ in range(2))
    assert once.equals(again)


def test_shares_add_up(rng):
    rates = claim_rates([0.0, 0.1, -0.2], 5, repeats=200, rng=rng)
    assert rates[["helps", "hurts", "equivalent", "undecided"]].sum(axis=1).to_numpy() == pytest.approx(1)


def test_what_cannot_be_simulated_is_said(rng):
    with pytest.raises(StatsError, match="spread=0: allowed is a number above 0"):
        simulated_differences([0.0], 5, spread=0, repeats=10, rng=rng)
    with pytest.raises(StatsError, match="true=0.7: allowed is less than the reference's 0.6 points"):
        simulated_differences([0.7], 5, spread=0.1, repeats=10, rng=rng)
