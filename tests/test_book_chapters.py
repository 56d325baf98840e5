"""The chapters of the factorial and of the noise floor: what they compute, over invented and incomplete results."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from chapters import load
from matplotlib import pyplot as plt

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "book"))

from _ext import slider  # noqa: E402
from _ext.branching import ChooseRole, VerdictRole  # noqa: E402
from _ext.values import ValueRole  # noqa: E402

from experiments.answers import frames  # noqa: E402
from experiments.answers.conditions import evaluate, value_of  # noqa: E402
from experiments.answers.keys import look_up  # noqa: E402
from experiments.answers.sources import Sources  # noqa: E402
from experiments.answers.values import write  # noqa: E402
from experiments.topics import cells  # noqa: E402
from s6core import stats  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
RESULTS = Path(__file__).parent / "fixtures" / "book" / "results"
CELLS = cells()
PARTS = {"no-bn": (1.2, 2.5), "fc": (-0.1, 0.9), "dropout-0.10": (0.3, 1.4), "dropout-0.25": (1.1, 2.3)}
"""What each part does to the errors: points added, or a factor."""


@pytest.fixture(scope="module")
def together() -> ModuleType:
    return load("together")


@pytest.fixture(scope="module")
def noise() -> ModuleType:
    return load("noise")


@pytest.fixture(autouse=True)
def agg() -> Iterator[None]:
    mpl.use("agg")
    yield
    plt.close("all")


Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Sources]:
    """Make results in which the parts add points, or multiply errors, and no two of them interact on that scale."""

    def build(seeds: int = 4, *, multiply: bool = False, noise: float = 1e-4, change: Change | None = None) -> Sources:
        rng = np.random.default_rng(3)
        rows = []
        for cell in CELLS:
            parts = [] if cell == "reference" else cell.split("+")
            for seed in range(seeds):
                start = 0.8 + 0.02 * seed
                added, factor = (f([PARTS[part][i] for part in parts]) for i, f in enumerate((sum, np.prod)))
                error = (start * factor if multiply else start + added) + rng.normal(0, noise)
                rows.append({
                    "study": "ablations", "variant": cell, "seed": seed, "status": "finished",
                    "parameters": 30_072 if "fc" in parts else 15_662, "epochs": 6, "train_loss": 0.1,
                    "train_accuracy": 99.0, "validation_loss": None, "validation_accuracy": None, "test_loss": 0.1,
                    "test_accuracy": 100 - error, "seconds": 1.0, "device": "invented CPU", "commit": "0" * 40,
                    "clean": True, "finished_at": "2026-01-01T00:00:00Z",
                })  # fmt: skip
        runs = pd.DataFrame(rows)
        shutil.copytree(RESULTS, tmp_path / "results", dirs_exist_ok=True)
        runs = runs if change is None else change(runs)
        runs.to_csv(tmp_path / "results" / "ablations" / "runs.csv", index=False)
        return Sources(tmp_path / "results")

    return build


def diverge(cell: str, seed: int) -> Change:
    def change(runs: pd.DataFrame) -> pd.DataFrame:
        hit = (runs["variant"] == cell) & (runs["seed"] == seed)
        runs.loc[hit, ["status", "test_accuracy"]] = ["diverged", np.nan]
        return runs

    return change


def number(key: str, sources: Sources) -> float:
    value = look_up(key, sources).number
    assert value is not None
    return value


# Keys of frames


def test_a_cell_of_a_frame_is_a_value_with_its_interval_and_origin(together: ModuleType, make: Any) -> None:
    sources = make()
    value = look_up("frame[effects]/no-bn+fc/difference", sources)
    assert value.kind == "points" and value.low < value.number < value.high
    assert "4 seeds" in value.note and "results/ablations/runs.csv" in value.note
    interval = write(look_up("frame[effects]/no-bn/difference:interval", sources))
    assert interval == "−1.20 to −1.20"
    assert ROOT / "book" / "figures" / "together.py" in sources.used  # so that a change there renders the page again
    assert sources.folder / "ablations" / "runs.csv" in sources.used


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("frame[effect]/no-bn/difference", "unknown frame 'effect': did you mean effects"),
        ("frame[effects]/no-bm/difference", "frame effects: unknown row 'no-bm': did you mean .*no-bn"),
        ("frame[effects]/no-bn/differnce", "frame effects: unknown column 'differnce': did you mean difference"),
        ("frame[effects]/no-bn/difference:sd", "no aspect 'sd'; allowed is interval, low, high"),
    ],
)
def test_a_wrong_key_names_the_part(key: str, message: str, together: ModuleType, make: Any) -> None:
    with pytest.raises(KeyError, match=message):
        look_up(key, make())


def test_a_frame_is_computed_once_and_again_when_its_files_change(make: Any) -> None:
    calls = []

    @frames.frame
    def counted(sources: Sources) -> pd.DataFrame:
        calls.append(len(sources.runs("ablations")))
        return pd.DataFrame({"n": [calls[-1]]}, index=["all"])

    sources = make(seeds=2)
    assert [number("frame[counted]/all/n", sources) for _ in range(3)] == [24, 24, 24] and calls == [24]
    assert number("frame[counted]/all/n", make(seeds=3)) == 36
    del frames.FRAMES["counted"]


def test_a_name_may_hold_a_plus_and_a_sum_needs_spaces(make: Any) -> None:
    sources = make()
    both = look_up("ablations/no-bn+fc/test_accuracy", sources).number
    assert value_of("ablations/no-bn+fc/test_accuracy + ablations/fc/n", sources).number == pytest.approx(both + 4)
    assert evaluate("not exists:results/ablations/no-bn+fc/notebook.ipynb", sources)[0] is True


def test_a_slider_holds_a_sentence_for_every_row_and_shows_the_first_asked_for(noise: ModuleType, make: Any) -> None:
    sources = make(noise=0.05)
    html = slider.markup("slide", "n", "{n} seeds show {shown | .2f}.", sources, ident="s", label="Seeds", start="5")
    sentences = re.findall(r'<p data-at="(\d+)"( hidden)?>(.*?)</p>', html)
    assert [n for n, *_ in sentences] == [str(n) for n in range(2, 41)]
    assert [n for n, hidden, _ in sentences if not hidden] == ["5"]
    shown = number("frame[slide]/10/shown", sources)
    assert sentences[8][2] == f"<b>10</b> seeds show <b>{shown:.2f}</b>."
    assert '<label for="s">Seeds: <output>5</output>' in html and 'max="38" value="3"' in html
    for arguments, message in [
        (("slid", "n", ""), "unknown frame 'slid': did you mean slide"),
        (("slide", "m", ""), "frame slide: unknown column 'm'"),
        (("slide", "n", "{nn}"), "frame slide: unknown column 'nn'"),
    ]:
        with pytest.raises(KeyError, match=message):
            slider.markup(*arguments, sources, ident="s")
    with pytest.raises(KeyError, match="unknown row '41'"):
        slider.markup("slide", "n", "", sources, ident="s", start="41")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_slider_moves_by_keyboard_and_changes_the_sentence(noise: ModuleType, make: Any) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    html = slider.markup("slide", "n", "{n} seeds", make(), ident="s", label="Seeds", start="5")
    flags = ["--no-sandbox", "--headless", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        tab = browser.new_page()
        tab.set_content(html)
        assert tab.locator("p:visible").inner_text() == "5 seeds"
        tab.locator("input").focus()
        for key, expected in (("ArrowRight", "6"), ("End", "40"), ("Home", "2")):
            tab.keyboard.press(key)
            assert tab.locator("p:visible").all_inner_texts() == [f"{expected} seeds"]
            assert tab.locator("output").inner_text() == expected
        browser.close()


# The factorial


def test_parts_that_add_points_do_not_interact_in_points_but_in_factors(together: ModuleType, make: Any) -> None:
    sources = make()
    for part, (points, _) in PARTS.items():
        assert number(f"frame[effects]/{part}/difference", sources) == pytest.approx(-points, abs=1e-3)
    for pair in ("no-bn+fc", "no-bn+dropout-0.10", "no-bn+dropout-0.25", "fc+dropout-0.10", "fc+dropout-0.25"):
        assert number(f"frame[effects]/{pair}/difference", sources) == pytest.approx(0, abs=1e-3)
        assert look_up(f"frame[effects]/{pair}/verdict", sources).words == "equivalent"
    # both raise the errors: each multiplies them by less where the other has raised them
    assert number("frame[ratios]/no-bn+dropout-0.25/ratio", sources) < 0.9
    assert look_up("frame[ratios]/no-bn+dropout-0.25/verdict", sources).words == "helps"


def test_parts_that_multiply_errors_interact_in_points_but_not_in_factors(together: ModuleType, make: Any) -> None:
    sources = make(multiply=True)
    for part, (_, factor) in PARTS.items():
        assert number(f"frame[ratios]/{part}/ratio", sources) == pytest.approx(factor, rel=1e-3)
    assert number("frame[ratios]/no-bn+dropout-0.25/ratio", sources) == pytest.approx(1, abs=1e-3)
    assert look_up("frame[effects]/no-bn+dropout-0.25/verdict", sources).words == "hurts"
    assert (
        number("frame[variance]/norm+dropout/p", sources) < 1e-6 < number("frame[variance]/norm+dropout/p_log", sources)
    )


@pytest.mark.parametrize("multiply", [False, True])
def test_what_single_changes_foretell_is_right_on_the_scale_on_which_nothing_interacts(
    multiply: bool, together: ModuleType, make: Any
) -> None:
    table = together.additive(make(multiply=multiply))
    right, wrong = ("factor_accuracy", "points_accuracy") if multiply else ("points_accuracy", "factor_accuracy")
    assert table[right].to_numpy() == pytest.approx(table["test_accuracy"].to_numpy(), abs=5e-3)
    assert (table[wrong] - table["test_accuracy"]).abs().max() > 0.1
    assert (table["n"] == 4).all() and len(table) == 7


def test_what_a_part_changes_in_company_is_paired_by_hand(together: ModuleType, make: Any) -> None:
    sources = make(noise=0.05)
    wide = sources.runs("ablations").pivot(index="seed", columns="variant", values="test_accuracy")
    found = together.company(sources)
    assert len(found) == 6 + 6 + 4 + 4
    pairs = wide["no-bn+fc+dropout-0.25"] - wide["no-bn+fc"]
    expected = stats.mean_interval(pairs)
    row = found.loc["dropout-0.25@no-bn+fc"]
    assert (row["difference"], row["low"], row["high"]) == pytest.approx((expected.mean, expected.low, expected.high))
    logs = np.log(100 - wide["no-bn+dropout-0.10"]) - np.log(100 - wide["dropout-0.10"])
    assert found.loc["no-bn@dropout-0.10", "ratio"] == pytest.approx(np.exp(logs.mean()))
    assert found.loc["no-bn@dropout-0.10", "beside"] == "dropout 0.1"


def test_a_run_that_learnt_nothing_is_counted_and_named(together: ModuleType, make: Any) -> None:
    def guess(runs: pd.DataFrame) -> pd.DataFrame:
        runs.loc[(runs["variant"] == "no-bn+fc") & (runs["seed"] == 2), "test_accuracy"] = 11.35
        return runs

    sources = make(change=guess)
    row = together.factorial(sources).loc["all"]
    assert (row["stuck"], row["stuck_runs"]) == (1, "no-bn+fc (seed 2)")
    with_it, without = together.company(sources), together.company_settled(sources)
    assert (with_it.loc["no-bn@fc", "n"], without.loc["no-bn@fc", "n"]) == (4, 3)
    assert without.loc["no-bn@fc", "difference"] == pytest.approx(-PARTS["no-bn"][0], abs=0.01)
    assert with_it.loc["no-bn@fc", "difference"] < -20


def test_a_diverged_cell_leaves_the_largest_factorial_without_it(together: ModuleType, make: Any) -> None:
    sources = make(change=diverge("no-bn+dropout-0.25", 2))
    row = together.factorial(sources).loc["all"]
    assert (row["stored"], row["used"], row["factors"], row["diverged"], row["diverged_cells"]) == (12, 8, 3, 1, 1)
    assert row["left_out"] == "dropout-0.25, fc+dropout-0.25, no-bn+dropout-0.25, no-bn+fc+dropout-0.25"
    assert row["worst"] != "no-bn+dropout-0.25"  # what is left of a cell is no mean of it
    missing = look_up("frame[effects]/no-bn+dropout-0.25/difference", sources)
    assert write(missing) == "not defined" and number("frame[effects]/no-bn+dropout-0.25/n", sources) == 0
    assert number("frame[effects]/no-bn+dropout-0.10/n", sources) == 4
    assert together.company(sources).loc["dropout-0.25@no-bn", "n"] == 0
    assert together.cells_table(sources).set_index("cell").loc["no-bn+dropout-0.25", "diverged"] == 1
    texts = [text.get_text() for text in together.together_runs(sources).texts]
    assert "1 of 4 diverged" in texts


def test_a_further_seed_of_the_reference_that_diverged_takes_nothing_away(together: ModuleType, make: Any) -> None:
    def change(runs: pd.DataFrame) -> pd.DataFrame:
        extra = runs[(runs["variant"] == "reference") & (runs["seed"] == 0)].assign(seed=4)
        return pd.concat([runs, extra.assign(status="diverged", test_accuracy=np.nan)], ignore_index=True)

    before = {name: getattr(together, name)(make()).copy() for name in ("effects", "company", "additive", "variance")}
    sources = make(change=change)
    for name, table in before.items():
        pd.testing.assert_frame_equal(getattr(together, name)(sources), table)
    row = together.factorial(sources).loc["all"]
    assert (row["used"], row["seeds"], row["diverged"]) == (12, 4, 1) and row["p_spread"] > 0


def test_nothing_is_foretold_from_what_is_left_of_a_cell(together: ModuleType, make: Any) -> None:
    table = together.additive(make(change=diverge("fc", 2)))
    assert (table["n"] == [0 if "fc" in cell.split("+") else 4 for cell in table.index]).all()


@pytest.mark.parametrize(
    ("stored", "used", "factors"),
    [
        (["reference", "no-bn", "fc", "dropout-0.10", "dropout-0.25"], 3, ["dropout"]),
        (["reference", "no-bn", "fc", "no-bn+fc", "dropout-0.10"], 4, ["norm", "head"]),
        (["reference"], 1, []),
    ],
)
def test_an_incomplete_factorial_is_counted_and_drawn(
    stored: list[str], used: int, factors: list[str], together: ModuleType, make: Any
) -> None:
    sources = make(change=lambda runs: runs[runs["variant"].isin(stored)])
    runs, found = stats.largest_factorial(together.factor_runs(sources), ["norm", "head", "dropout"])
    assert runs["variant"].nunique() == used and found == factors
    assert together.factorial(sources).loc["all", "stored"] == len(stored)
    texts = [text.get_text() for text in together.together_runs(sources).texts]
    assert texts.count("not trained yet") == 12 - len(stored)
    together.together_interaction(sources, scale="errors")
    if factors:
        together.together_effects(sources)
        assert len(together.effects_table(sources)) == sum(number(f"frame[effects]/{c}/n", sources) > 0
                                                           for c in together.effects(sources).index)  # fmt: skip
    if len(stored) > 1:
        assert list(together.together_comparison(sources)["variant"]) == [c for c in CELLS if c in stored[1:]]


def test_the_interaction_plot_shows_means_on_both_scales(together: ModuleType, make: Any) -> None:
    sources = make(noise=0.05)
    runs = together.factor_runs(sources)
    cell = runs[runs["variant"] == "no-bn+dropout-0.25"]
    for scale, expected in (("points", cell["test_accuracy"].mean()), ("errors", np.exp(cell["log_errors"].mean()))):
        panel = together.together_interaction(sources, scale=scale).axes[0]
        line = next(line for line in panel.lines if line.get_label() == "norm = none")
        assert line.get_ydata()[2] == pytest.approx(expected)
    assert panel.get_yscale() == "log"


# The noise floor


def test_the_floor_has_the_interval_of_a_standard_deviation(noise: ModuleType, make: Any) -> None:
    """Factors .688 and 1.826 for ten values: tables of the χ² distribution."""
    sources = make(seeds=10, noise=0.05)
    row = noise.floor(sources).loc["ablations"]
    values = sources.runs("ablations").query("variant == 'reference'")["test_accuracy"]
    assert row["sd"] == pytest.approx(values.std())
    assert (row["low"] / row["sd"], row["high"] / row["sd"]) == pytest.approx((0.688, 1.826), abs=1e-3)
    assert row["sampling"] == pytest.approx(stats.sampling_error(values.mean()))


def test_equal_nets_are_claimed_to_differ_as_often_as_they_must(noise: ModuleType, make: Any) -> None:
    sources = make(noise=0.05)
    rate = noise.claims(sources)["rate"]
    sd = sources.runs("reference").query("variant == 'reference'")["test_accuracy"].std()  # under the published recipe
    from scipy.stats import norm

    # figures are whole images, so that a gain of 0.05 points or more is one above 0.045
    expected = 100 * norm.sf(0.045 / (sd * np.sqrt(2)))
    assert rate["one-1"] == pytest.approx(expected, abs=3)
    assert rate["means-10"] < rate["means-3"] < rate["one-1"]
    assert rate["best-seed-1"] == rate["one-1"] and rate["best-seed-3"] < rate["best-seed-10"]
    assert (rate[["rule-3", "rule-5", "rule-10"]] <= 2.5 + 1).all()
    assert "rule-1" not in rate


def test_a_rate_says_of_how_many_studies_it_is(noise: ModuleType, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    told = stats.claim_rates

    def spy(*arguments: Any, repeats: int, **options: Any) -> pd.DataFrame:
        asked.append(repeats)
        return told(*arguments, repeats=50, **options)

    monkeypatch.setattr(stats, "claim_rates", spy)
    note = noise.claims(make(noise=0.05)).attrs["note"]
    assert asked == [4_000, 4_000, 1_000]  # of 3, 5 and 10 seeds
    assert note.startswith("4,000 invented studies, 1,000 for this book's rule beyond 5 seeds")


def test_needed_seeds_agree_with_cohens_tables(noise: ModuleType) -> None:
    """Cohen (1988), α = .05 two-sided, power .8: 34 pairs for d = .5, and 15 for d = .8."""
    assert noise._needed(0.5, 1.0) == 34
    assert noise._needed(0.8, 1.0) == 15
    assert np.isnan(noise._needed(0.001, 1.0)) and np.isnan(noise._needed(0.1, 0.0))


def test_the_smallest_p_is_that_of_the_test_itself(noise: ModuleType, make: Any) -> None:
    table = noise.smallest_p(make()).set_index("seeds")
    assert table.loc["5", "alone"] == 0.0625 and table.loc["6", "alone"] == 0.03125
    for n in ("3", "6", "10"):
        assert table.loc[n, "alone"] == pytest.approx(float(stats.sign_flip(np.linspace(0.1, 0.2, int(n)))))
    family = [float(table.loc["10", "alone"])] + [1.0] * 6
    assert table.loc["10", "one of 7"] == pytest.approx(stats.holm(family)[0])


def test_flattery_pairing_and_power_come_from_the_runs(noise: ModuleType, make: Any) -> None:
    sources = make(noise=0.002)
    epochs = pd.read_csv(RESULTS / "reference" / "epochs.csv")
    wide = epochs.pivot(index="epoch", columns="seed", values="test_accuracy")
    assert noise.flattery(sources).loc["epoch-published", "points"] == pytest.approx(
        (wide.max() - wide.iloc[-1]).mean()
    )
    found = noise.pairs(sources)
    assert (found["correlation"] > 0).all() and (found["ratio"] < 1).all()  # the invented seeds share their luck
    overall = noise.pairing_overall(sources).loc["all"]
    assert (overall["variants"], overall["gain"], overall["n"]) == (11, 11, 4)
    assert overall["chance"] == pytest.approx(0.950, abs=5e-4)  # critical r for two degrees of freedom
    sd = noise.floor(sources).loc["ablations", "sd"]
    expected = stats.detectable_difference(sd, 10, design="unpaired")
    assert noise.power(sources).loc["10", "unpaired"] == pytest.approx(expected)


def test_the_reference_s_last_seeds_play_a_variant_of_its_first(noise: ModuleType, make: Any) -> None:
    sources = make(seeds=7, noise=0.05)
    values = noise.figures_of(sources, "ablations").to_numpy()
    row = noise.same(sources).loc["all"]
    assert row["n"] == 3 and row["difference"] == pytest.approx((values[4:] - values[:3]).mean())
    table = noise.noise_same_table(sources)
    assert table["seeds"].tolist() == [3, 3] and table["parameters"].nunique() == 1
    assert table["verdict"].tolist()[1] == row["verdict"]


def test_seeds_whose_test_loss_turned_are_counted(make: Any) -> None:
    sources = make()
    path = sources.folder / "reference" / "epochs.csv"
    epochs = pd.read_csv(path).query("epoch <= 3 and seed <= 2").copy()
    ends = (0.06, 0.03, 0.062)  # of the three seeds, the second is lowest at its end
    epochs["test_loss"] = [
        {1: 0.1, 2: 0.05}.get(e, ends[s]) for e, s in zip(epochs["epoch"], epochs["seed"], strict=True)
    ]
    epochs.to_csv(path, index=False)
    row = load("dropout").overfitting(Sources(sources.folder)).loc["reference"]
    assert (row["lowest"], row["earlier"], row["n"]) == (2, 2, 3)
    assert row["rise"] == pytest.approx(sum(ends) / 3 - 0.05)


def test_gaps_are_drawn_for_the_trained_variants_of_a_topic(make: Any) -> None:
    picture = load("dropout").dropout_gap(make(), topic="dropout-fc")
    assert [label.get_text() for label in picture.axes[0].get_yticklabels()] == [
        "fc", "fc+dropout-0.10", "fc+dropout-0.25",
    ]  # fmt: skip
    with pytest.raises(KeyError, match="unknown topic 'dropout-fcc'"):
        load("dropout").dropout_gap(make(), topic="dropout-fcc")


@pytest.mark.parametrize(
    "name", ["noise_seeds", "noise_claims", "noise_flattery", "noise_power", "noise_pairing", "noise_same"]
)
def test_every_picture_of_the_noise_floor_is_drawn_over_few_seeds(name: str, noise: ModuleType, make: Any) -> None:
    few = make(seeds=3, change=lambda runs: runs[~runs["variant"].str.contains("+", regex=False)])
    assert getattr(noise, name)(few).lines


def test_the_largest_factorial_prefers_more_factors_and_needs_the_first_cell(together: ModuleType, make: Any) -> None:
    kept = ["reference", "no-bn", "fc", "no-bn+fc", "dropout-0.10", "dropout-0.25", "no-bn+dropout-0.10"]
    runs = together.factor_runs(make(change=lambda runs: runs[runs["variant"].isin(kept)]))
    own, factors = stats.largest_factorial(runs, ["norm", "head", "dropout"])
    assert factors == ["norm", "head"] and len(own) == 16  # norm × dropout has four cells as well, and comes later
    with pytest.raises(stats.StatsError, match=r"no run for norm batch, head gap, dropout 0\.0"):
        stats.largest_factorial(runs[runs["variant"] != "reference"], ["norm", "head", "dropout"])
    lonely = runs[(runs["variant"] == "reference") | (runs["seed"] == 0)]
    assert stats.largest_factorial(lonely, ["norm", "head", "dropout"])[1] == []


def test_two_modules_may_not_have_a_frame_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def mine(sources: Sources) -> pd.DataFrame:
        return pd.DataFrame()

    monkeypatch.setattr(frames, "FRAMES", dict(frames.FRAMES))
    frames.frame(mine)
    with pytest.raises(ValueError, match=r"frame mine is declared twice, in test_book_chapters.py and in test_book"):
        frames.frame(mine)


def test_every_sentence_can_be_said_where_runs_of_all_variants_diverged(tmp_path: Path) -> None:
    """A value that is not defined is said to be so, and what hangs on it is left out: no page fails for it."""
    for path in sorted((ROOT / "book" / "figures").glob("*.py")):
        load(path.stem)  # their frames
    shutil.copytree(ROOT / "results", tmp_path / "results", ignore=shutil.ignore_patterns("yours", "logs"))
    folder = tmp_path / "results" / "ablations"
    runs, epochs = pd.read_csv(folder / "runs.csv"), pd.read_csv(folder / "epochs.csv")
    lost = runs["seed"] == 1
    figures = [column for column in runs if column.endswith(("_accuracy", "_loss"))]
    runs.loc[lost, figures] = float("nan")
    runs.loc[lost, ["status", "epochs"]] = "diverged", 1
    runs.to_csv(folder / "runs.csv", index=False)
    epochs = epochs[(epochs["seed"] != 1) | (epochs["epoch"] == 1)]
    epochs.to_csv(folder / "epochs.csv", index=False)
    sources = Sources(tmp_path / "results")
    said = 0
    for chapter in sorted((ROOT / "book").glob("*.md")):
        for name, text in re.findall(r"\{(value|verdict|choose)\}`([^`]+)`", chapter.read_text()):
            role = {"value": ValueRole, "verdict": VerdictRole, "choose": ChooseRole}[name]()
            role.text = text
            found, format = role.read(sources)
            write(found, format)
            said += 1
    assert said > 300
