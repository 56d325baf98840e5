"""Two-level screens and crossed factors, in the logarithm of errors."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from experiments import screen, topics
from s6core.stats import StatsError, contrasts, crossed_effects, predicted
from s6core.stats.screen import lenth


@pytest.fixture
def design():
    return pd.DataFrame(screen.design())


def test_effects_are_least_squares_and_the_scatter_is_its_residual(design):
    """Ordinary regression on the sixteen factors leaves the 15 other contrasts as residual: same effects, same t."""
    from statsmodels.api import OLS, add_constant

    y = 0.1 * np.random.default_rng(0).standard_normal(32) + 0.2 * design["head"]
    found = contrasts(design, y)
    fitted = OLS(np.asarray(y), add_constant(design.to_numpy(float))).fit()
    mains = found[found["kind"] == "main"]
    assert fitted.df_resid == 15 == (found["kind"] == "interaction").sum()
    assert np.log(mains["ratio"].to_numpy()) == pytest.approx(2 * fitted.params[1:])
    assert mains["p"].to_numpy() == pytest.approx(fitted.pvalues[1:])
    low, high = 2 * fitted.conf_int()[1:].T
    assert pytest.approx(np.array([low, high])) == np.log(mains[["low", "high"]].to_numpy()).T
    assert mains.loc[mains["p_holm"].idxmin(), "factor"] == "head"


def test_a_prediction_is_that_of_least_squares_with_its_interval(design):
    from statsmodels.api import OLS, add_constant

    random = np.random.default_rng(3)
    y = np.log(0.8) + 0.1 * random.standard_normal(32) + 0.1 * design["pooling"]
    fitted = OLS(np.asarray(y), add_constant(design.to_numpy(float))).fit()
    for levels in (random.choice([-1, 1], 16), -np.ones(16)):
        expected = fitted.get_prediction([[1, *levels]])
        low, high = expected.conf_int()[0]
        assert np.log(predicted(contrasts(design, y), y, levels)) == pytest.approx([*expected.predicted, low, high])


@pytest.mark.parametrize("levels", [[1] * 15, [0] * 16, [0.5] * 16, [np.nan] * 16])
def test_a_prediction_is_asked_for_whole_levels_alone(design, levels):
    y = np.random.default_rng(3).standard_normal(32)
    with pytest.raises(StatsError, match="levels"):
        predicted(contrasts(design, y), y, levels)


def test_the_screen_is_of_resolution_four_and_its_aliases_are_listed(design):
    found = contrasts(design, np.random.default_rng(1).standard_normal(32)).set_index("factor")
    assert (found.loc[found["kind"] == "main", "aliases"] == "").all()
    sets = found.loc[found["kind"] == "interaction", "aliases"].str.split(", ")
    assert sorted(sets.str.len()) == [8] * 15  # 120 pairs of sixteen factors
    first = sets["order:logits"]
    products = {tuple(design[a] * design[b]) for a, b in (pair.split(":") for pair in first)}
    assert len(products) == 1 or {tuple(-np.array(p)) for p in products} == products


def test_a_half_fraction_of_four_factors_is_that_of_the_textbook():
    """D = ABC: AB = CD, AC = BD, AD = BC (Box, Hunter & Hunter)."""
    base = pd.DataFrame([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], columns=list("abc"))
    found = contrasts(base.assign(d=base.prod(axis=1)), np.arange(8.0) ** 2)
    assert found.loc[found["kind"] == "interaction", "aliases"].tolist() == ["a:b, c:d", "a:c, b:d", "a:d, b:c"]


def test_lenths_error_ignores_the_few_large_effects():
    effects = [0.1, -0.2, 0.15, -0.05, 0.1, 0.12, 9.0]
    assert lenth(effects) == pytest.approx(1.5 * np.median([0.1, 0.2, 0.15, 0.05, 0.1, 0.12]))


def test_quantiles_order_the_contrasts_of_a_kind_by_size(design):
    found = contrasts(design, np.random.default_rng(2).standard_normal(32))
    for _, mine in found.groupby("kind"):
        order = np.argsort(np.abs(np.log(mine["ratio"])))
        expected = scipy_stats.halfnorm.ppf((np.arange(len(mine)) + 0.5) / len(mine))
        assert mine["quantile"].to_numpy()[order] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d, y: (d.assign(head=0), y), "'head' has the level 0; allowed are -1 and 1"),
        (lambda d, y: (d.assign(head=1), y), "'head' is not balanced"),
        (lambda d, y: (d.assign(head=d["order"]), y), "'order' and 'head' are not orthogonal"),
        (lambda d, y: (d, y[:-1]), "31 for a design of 32 runs"),
        (lambda d, y: (d, np.append(y[:-1], np.nan)), "log_errors=nan"),
        (lambda d, y: (d, np.zeros(32)), "all runs are equal"),
        (lambda d, y: (d[["order", "logits"]].iloc[[0, 8, 16, 24]], y[:4]), "0 contrasts hold|1 contrasts hold"),
        (lambda d, y: (d.to_numpy(), y), "allowed is a frame"),
    ],
)
def test_a_design_that_is_none_is_refused(design, change, message):
    with pytest.raises(StatsError, match=message):
        contrasts(*change(design, np.random.default_rng(3).standard_normal(32)))


def crossed(n=lambda cell: 5, sd=0.05, seed=0, interaction=1.0):
    rng = np.random.default_rng(seed)
    cells, rows = {}, []
    for name, changed in topics.cells().items():
        levels = {factor: changed.get(factor, next(iter(options))) for factor, options in topics.FACTORS.items()}
        cells[name] = levels
        ratio = (2.0 if levels["norm"] == "none" else 1) * (0.8 if levels["head"] == "fc" else 1)
        ratio *= interaction if levels["norm"] == "none" and levels["head"] == "fc" else 1
        rows += [
            {"variant": name, "seed": k, "status": "finished", "test_accuracy": 100 - np.exp(np.log(ratio) + sd * z)}
            for k, z in enumerate(rng.standard_normal(n(name)))
        ]
    return pd.DataFrame(rows), cells


def test_crossed_factors_give_back_their_ratios_and_interactions():
    frame, cells = crossed(n=lambda cell: 10 if cell == "reference" else 4, interaction=0.5)
    found = crossed_effects(frame, cells).set_index(["term", "contrast"])
    assert len(found) == 11 and found["order"].tolist() == [1] * 4 + [2] * 5 + [3] * 2
    # averaged over the two heads the norm's ratio is 2 · √0.5, and the head's likewise
    assert found.loc[("norm", "none / batch"), "ratio"] == pytest.approx(2 * 0.5**0.5, rel=0.05)
    assert found.loc[("head", "fc / gap"), "ratio"] == pytest.approx(0.8 * 0.5**0.5, rel=0.05)
    row = found.loc[("norm:head", "none / batch × fc / gap")]
    assert row["low"] < 0.5 < row["high"] and row["p_holm"] < 1e-6
    assert (found.loc[found.index.get_level_values(0).str.count("dropout") > 0, "p_holm"] > 0.05).all()
    assert found.loc[("norm", "none / batch"), "n"] == len(frame)


def test_without_moderation_a_crossed_effect_is_the_contrast_of_cell_means():
    frame, cells = crossed(n=lambda cell: 30, sd=0.1)
    row = crossed_effects(frame, cells).iloc[0]
    logs = np.log(100 - frame.set_index("variant")["test_accuracy"])
    means = logs.groupby("variant").mean()
    none = [name for name, levels in cells.items() if levels["norm"] == "none"]
    assert np.log(row["ratio"]) == pytest.approx(means[none].mean() - means.drop(none).mean())
    error = np.sqrt((logs.groupby("variant").var() / 30).sum()) / 6
    assert np.log(row["high"] / row["low"]) == pytest.approx(2 * 1.97 * error, rel=0.05)


def test_a_missing_or_failed_cell_is_refused():
    frame, cells = crossed()
    with pytest.raises(StatsError, match="no run of 'no-bn' that learned"):
        crossed_effects(frame[frame["variant"] != "no-bn"], cells)
    with pytest.raises(StatsError, match="none has norm none, head gap, dropout 0.0"):
        crossed_effects(frame, {name: levels for name, levels in cells.items() if name != "no-bn"})
    with pytest.raises(StatsError, match="'norm' has one level only"):
        crossed_effects(frame, {name: {**levels, "norm": "batch"} for name, levels in cells.items()})
