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
from _ext.branching import ChooseRole  # noqa: E402
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
    value = look_up("frame[crossed]/no-bn+fc/ratio", sources)
    assert value.kind == "times" and value.low < value.number < value.high
    assert "no-bn+fc" in value.note and "results/ablations/runs.csv" in value.note
    assert re.fullmatch(r"\d\.\d\d–\d\.\d\d", write(look_up("frame[crossed]/no-bn/ratio:interval", sources)))
    assert ROOT / "book" / "figures" / "together.py" in sources.used  # so that a change there renders the page again
    assert sources.folder / "ablations" / "runs.csv" in sources.used


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("frame[cross]/no-bn/ratio", "unknown frame 'cross': did you mean crossed"),
        ("frame[crossed]/no-bm/ratio", "frame crossed: unknown row 'no-bm': did you mean .*no-bn"),
        ("frame[crossed]/no-bn/ration", "frame crossed: unknown column 'ration': did you mean ratio"),
        ("frame[crossed]/no-bn/ratio:sd", "no aspect 'sd'; allowed is interval, low, high"),
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


def test_parts_that_multiply_errors_do_not_interact(together: ModuleType, make: Any) -> None:
    sources = make(multiply=True)
    for part, (_, factor) in PARTS.items():
        assert number(f"frame[crossed]/{part}/ratio", sources) == pytest.approx(factor, rel=1e-3)
    for pair in ("no-bn+fc", "no-bn+dropout-0.25", "fc+dropout-0.10", "no-bn+fc+dropout-0.25"):
        assert number(f"frame[crossed]/{pair}/ratio", sources) == pytest.approx(1, abs=1e-3)


def test_an_interaction_is_the_factor_in_one_place_over_the_factor_in_the_other(
    together: ModuleType, make: Any
) -> None:
    sources = make()  # parts add points, so that they interact in factors
    errors = (100 - sources.runs("ablations")["test_accuracy"]).groupby(sources.runs("ablations")["variant"])
    mean = errors.agg(lambda each: np.exp(np.log(each).mean()))
    beside = {d: f"+dropout-{d}" if d else "" for d in ("", "0.10", "0.25")}
    factors = [
        mean[f"no-bn+fc{d}"] / mean[f"fc{d}"] / (mean[f"no-bn{d}"] / mean[d.lstrip("+") or "reference"])
        for d in beside.values()
    ]
    assert number("frame[crossed]/no-bn+fc/ratio", sources) == pytest.approx(np.prod(factors) ** (1 / 3))
    assert list(together.crossed(sources).index[:4]) == list(PARTS)
    assert together.crossed_table(sources)["effect"].tolist()[4] == "without BN × FC head"


def test_a_run_that_learnt_nothing_is_counted_and_has_no_part_in_the_means(together: ModuleType, make: Any) -> None:
    def stick(runs: pd.DataFrame) -> pd.DataFrame:
        runs.loc[(runs["variant"] == "no-bn+fc") & (runs["seed"] == 3), "test_accuracy"] = 11.0
        return runs

    sources = make(change=stick)
    row = together.cells_table(sources).set_index("cell").loc["no-bn+fc"]
    rest = 100 - sources.runs("ablations").query("variant == 'no-bn+fc' and seed < 3")["test_accuracy"]
    assert (row["runs"], row["failed"]) == (4, 1)
    assert row["errors (%)"] == pytest.approx(np.exp(np.log(rest).mean()))
    assert number("frame[crossed]/no-bn+fc/n_failed", sources) == 1
    panel = together.together_interaction(sources).figure.axes[1]
    assert [line.get_xdata().tolist() for line in panel.lines if line.get_marker() == "x"] == [[0]]


def test_a_factorial_that_is_not_complete_has_no_effects_yet(together: ModuleType, make: Any) -> None:
    kept = ["reference", "no-bn", "fc", "no-bn+fc"]
    sources = make(change=lambda runs: runs[runs["variant"].isin(kept)])
    assert number("frame[cell-spread]/all/trained", sources) == 4
    assert write(look_up("frame[crossed]/no-bn+fc/ratio", sources)) == "not defined"
    assert together.crossed_table(sources).empty
    assert together.cells_table(sources)["runs"].tolist().count(0) == 8
    assert together.together_interaction(sources).figure.axes


def test_the_interaction_plot_shows_geometric_means(together: ModuleType, make: Any) -> None:
    sources = make(noise=0.05)
    runs = sources.runs("ablations")
    cell = 100 - runs.loc[runs["variant"] == "no-bn+dropout-0.25", "test_accuracy"]
    panel = together.together_interaction(sources).figure.axes[0]
    line = next(line for line in panel.lines if line.get_label() == "norm = none")
    assert line.get_ydata()[2] == pytest.approx(np.exp(np.log(cell).mean()))
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
    assert (rate[["test-3", "test-5", "test-10"]] <= 2.5 + 1).all()
    assert "test-1" not in rate


def test_flattery_pairing_and_what_n_seeds_show_come_from_the_runs(noise: ModuleType, make: Any) -> None:
    sources = make(noise=0.002)
    epochs = pd.read_csv(RESULTS / "reference" / "epochs.csv")
    wide = epochs.pivot(index="epoch", columns="seed", values="test_accuracy")
    assert noise.flattery(sources).loc["epoch-published", "points"] == pytest.approx(
        (wide.max() - wide.iloc[-1]).mean()
    )
    pairs = load("noise_pairs")
    found = pairs.pairs(sources)
    assert (found["correlation"] > 0).all() and (found["ratio"] < 1).all()  # the invented seeds share their luck
    overall = pairs.pairing_overall(sources).loc["all"]
    assert (overall["variants"], overall["gain"], overall["n"]) == (11, 11, 4)
    assert overall["chance"] == pytest.approx(0.950, abs=5e-4)  # critical r for two degrees of freedom
    assert overall["shuffled"] == pytest.approx(100 / 24, abs=0.7)  # of the 24 orders of four seeds only their own
    logs = np.log(100 - noise.figures_of(sources, "ablations"))
    expected = np.exp(stats.detectable_difference(float(logs.std()), 10, design="unpaired"))
    assert noise.slide(sources).loc["10", "shown"] == pytest.approx(expected)


def test_the_reference_s_last_seeds_play_a_variant_of_its_first(noise: ModuleType, make: Any) -> None:
    sources = make(seeds=7, noise=0.05)
    logs = np.log(100 - noise.figures_of(sources, "ablations").to_numpy())
    row = noise.same(sources).loc["all"]
    assert row["n"] == 3 and row["ratio"] == pytest.approx(np.exp(logs[4:].mean() - logs[:3].mean()))


def test_the_luck_of_the_digits_is_that_of_the_images_on_which_two_nets_part() -> None:
    """On one run of each, by hand: the standard deviation of the difference of right and wrong over the images."""
    digits, sources = load("noise_digits"), Sources(ROOT / "results")
    truth = np.array(list(sources.labels()))
    runs = sources.runs("ablations").set_index(["variant", "seed"])["test_accuracy"]
    fc, base = (digits.predictions(sources, variant) != truth for variant in ("fc", "reference"))
    assert 100 - 100 * fc[0].mean() == pytest.approx(runs["fc", 0])  # the stored labels are the right ones
    row = digits.other_digits(sources).loc["fc"]
    alone, both = (fc[0] & ~base[0]).sum(), (~fc[0] & base[0]).sum()
    by_hand = 100 * np.sqrt(((alone + both) / 10_000 - ((alone - both) / 10_000) ** 2) / 10_000)
    assert row["one"] == pytest.approx(by_hand, rel=0.15)  # of all pairs of runs, this is one
    found = digits.disagreement(sources)
    assert found.loc["no-bn", "same"] > found.loc["fc", "same"] > 0


def test_labels_that_are_not_stored_are_asked_for(make: Any) -> None:
    with pytest.raises(KeyError, match="mnist-test-labels.txt is missing: `s6 measure labels` makes it"):
        make().labels()


def test_both_plans_stand_side_by_side() -> None:
    method, sources = load("method"), Sources(ROOT / "results")
    found, stored = method.both_plans(sources), pd.read_csv(ROOT / "results" / "first-plan.csv")
    assert found.drop(index="all")["first"].tolist() == stored["verdict"].tolist()
    assert found.loc["no-bn", "second"] == sources.effects("batchnorm").set_index("variant").loc["no-bn", "verdict"]
    changed = found.drop(index="all").query("first != second")
    assert found.loc["all", "changed"] == len(changed) and stored["commit"].iloc[0].startswith(
        found.loc["all", "commit"]
    )
    assert len(method.plans_compared(sources)) == len(stored)


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
    assert [label.get_text() for label in picture.figure.axes[0].get_yticklabels()] == [
        "fc", "fc+dropout-0.10", "fc+dropout-0.25",
    ]  # fmt: skip
    with pytest.raises(KeyError, match="unknown topic 'dropout-fcc'"):
        load("dropout").dropout_gap(make(), topic="dropout-fcc")


@pytest.mark.parametrize(
    ("module", "name"),
    [*(("noise", f"noise_{of}") for of in ("seeds", "claims", "flattery", "power")), ("noise_pairs", "noise_pairing")],
)
def test_every_picture_of_the_noise_floor_is_drawn_over_few_seeds(module: str, name: str, make: Any) -> None:
    few = make(seeds=3, change=lambda runs: runs[~runs["variant"].str.contains("+", regex=False)])
    assert getattr(load(module), name)(few).lines


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
        for name, text in re.findall(r"\{(value|choose)\}`([^`]+)`", chapter.read_text()):
            role = {"value": ValueRole, "choose": ChooseRole}[name]()
            role.text = text
            found, format = role.read(sources)
            write(found, format)
            said += 1
    assert said > 300


def test_how_early_one_can_tell_is_counted_pair_by_pair() -> None:
    """By loops over the stored epochs; a variant left out takes its pairs with it."""
    early, sources = load("early"), Sources(ROOT / "results")
    epochs = pd.read_csv(ROOT / "results" / "ablations" / "epochs.csv")
    logs = np.log(100 - epochs.pivot(index=["variant", "seed"], columns="epoch", values="test_accuracy")).dropna()
    means = logs.groupby("variant").mean()
    names = list(means.index)
    pairs = [(a, b) for n, a in enumerate(names) for b in names[n + 1 :]]
    close = [(a, b) for a, b in pairs if abs(means.loc[a, 6] - means.loc[b, 6]) < np.log(1.2)]
    kept = {
        pair: np.sign(means.loc[pair[0], 3] - means.loc[pair[1], 3])
        == np.sign(means.loc[pair[0], 6] - means.loc[pair[1], 6])
        for pair in close
    }
    assert early.early_order(sources).loc["close", "epoch_3"] == pytest.approx(100 * np.mean(list(kept.values())))
    without = [100 * np.mean([kept[pair] for pair in close if name not in pair]) for name in names]
    row = early.early_without(sources).loc["close"]
    assert (row["epoch_3_low"], row["epoch_3_high"]) == pytest.approx((min(without), max(without)))
    spread = early.early_scatter(sources).loc["reference", "epoch_1"]
    assert spread == pytest.approx(100 * logs.loc["reference"][1].std())
