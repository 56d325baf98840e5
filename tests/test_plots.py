"""Pictures: that they show the numbers of their frames, in colours that stay the same."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from s6core import diagrams, plots, results, stats
from s6core.config import NetConfig
from s6core.layers import layers
from s6core.plots import phone
from s6core.plots.ink import axes, panels
from s6core.plots.labels import apart
from s6core.plots.scales import round_ticks
from s6core.style import OKABE_ITO, Theme, Width, colour, colours, darken, style

STUDY = Path(__file__).parent / "fixtures" / "book" / "results" / "ablations"


@pytest.fixture(autouse=True)
def agg() -> Iterator[None]:
    mpl.use("agg")
    yield
    plt.close("all")


@pytest.fixture
def runs() -> pd.DataFrame:
    return results.load_runs(STUDY)


@pytest.fixture
def epochs() -> pd.DataFrame:
    return results.load_epochs(STUDY)


def line(ax: Axes, label: str) -> np.ndarray:
    return next(drawn for drawn in ax.lines if drawn.get_label() == label).get_xydata()


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_curves_are_means_over_seeds_in_a_band_from_lowest_to_highest(epochs: pd.DataFrame) -> None:
    ax = plots.plot_curves(epochs, variants=["reference", "no-bn"], first=2)
    own = epochs[(epochs["variant"] == "no-bn") & (epochs["epoch"] >= 2)].groupby("epoch")["test_accuracy"]
    assert line(ax, "no-bn") == pytest.approx(np.column_stack([own.mean().index, own.mean()]))
    heights = ax.collections[1].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (own.min().min(), own.max().max())
    assert sorted(words(ax)) == ["no-bn", "reference"]  # named at their ends, so no legend is needed
    assert ax.get_ylabel() == "test accuracy (%)"


def test_accuracy_against_parameters_has_means_intervals_and_the_target(runs: pd.DataFrame) -> None:
    ax = plots.plot_accuracy_parameters(runs, target=99.4)
    summary = stats.summary(runs).set_index("variant")
    x, y = line(ax, "fc")[0]
    assert y == pytest.approx(summary.loc["fc", "mean"])
    assert x == pytest.approx(30_072)  # alone at its count, so not moved aside
    bars = [drawn.get_ydata() for drawn in ax.lines]
    assert any(np.allclose(bar, summary.loc["fc", ["low", "high"]].tolist()) for bar in bars if len(bar) == 2)
    assert any(np.allclose(bar, 99.4) for bar in bars if len(bar) == 2)
    assert "99.40%" in words(ax)
    # four nets of about 15,600 parameters stand side by side instead of on top of each other
    places = [line(ax, variant)[0, 0] for variant in ("no-bn", "reference", "dropout-0.10", "dropout-0.25")]
    assert len({round(place) for place in places}) == 4


def test_a_diverged_run_and_a_single_seed_are_drawn(runs: pd.DataFrame) -> None:
    hit = (runs["variant"] == "fc") & (runs["seed"] == 1)
    runs.loc[hit, "status"], runs.loc[hit, "test_accuracy"] = "diverged", np.nan
    plots.plot_accuracy_parameters(runs)
    alone = plots.plot_accuracy_parameters(runs[(runs["seed"] == 0)])
    assert all(len(drawn.get_xdata()) == 1 for drawn in alone.lines)


def test_an_interaction_has_a_line_per_level(runs: pd.DataFrame) -> None:
    factors = runs[runs["variant"].isin(["reference", "no-bn"])].assign(head="gap")
    factors["norm"] = factors["variant"].map({"reference": "batch", "no-bn": "none"})
    ax = plots.plot_interaction(factors, x="norm", hue="head")
    assert line(ax, "head = gap")[:, 1] == pytest.approx(
        [factors[factors["norm"] == n]["test_accuracy"].mean() for n in factors["norm"].unique()]
    )


def test_what_is_not_in_the_frame_is_named(runs: pd.DataFrame, epochs: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="variant 'no-bm' is not in the frame: it holds .*no-bn"):
        plots.plot_curves(epochs, variants=["no-bm"])
    with pytest.raises(ValueError, match="missing column parameters"):
        plots.plot_accuracy_parameters(runs.drop(columns="parameters"))


def test_nothing_sets_a_global_style(epochs: pd.DataFrame) -> None:
    before = mpl.rcParams.copy()
    with style("dark"):
        assert mpl.rcParams["text.color"] != before["text.color"]
        plots.plot_curves(epochs)
    assert dict(mpl.rcParams) == dict(before)
    with pytest.raises(ValueError, match="theme='sepia': allowed is light or dark"), style("sepia"):  # type: ignore[arg-type]
        pass


def svg(draw: Callable[[], Axes], theme: Theme = "light", width: Width = "wide") -> str:
    text = io.StringIO()
    with style(theme, width):
        draw().figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def test_a_figure_is_the_same_file_each_time(epochs: pd.DataFrame) -> None:
    def draw() -> Axes:
        return plots.plot_curves(epochs)

    assert svg(draw) == svg(draw)


def test_a_light_picture_in_dark_colours_is_the_dark_picture(runs: pd.DataFrame, epochs: pd.DataFrame) -> None:
    effects = stats.effects(runs, family=["no-bn", "fc"], study=["no-bn", "fc"])
    for draw in (
        lambda: plots.plot_curves(epochs),
        lambda: plots.plot_effects(runs, effects),
        lambda: diagrams.plot_net(layers(NetConfig())),
    ):
        light, dark = svg(draw), svg(draw, "dark")
        # the names of parts are made from their colours: the order in which they appear stands for them
        assert _named_in_order(darken(light)) == _named_in_order(dark) != _named_in_order(light)


def _named_in_order(text: str) -> str:
    names: dict[str, str] = {}
    return re.sub(r"\b[mp][0-9a-f]{10}\b", lambda found: names.setdefault(found[0], f"part{len(names)}"), text)


def test_a_phone_gets_the_same_figure_narrow(runs: pd.DataFrame, epochs: pd.DataFrame) -> None:
    effects = stats.effects(runs, family=["no-bn", "fc"], study=["no-bn", "fc"])
    long = effects.assign(variant=["a-variant-with-a-long-name", "fc"])
    for draw in (
        lambda: plots.plot_curves(epochs),
        lambda: plots.plot_accuracy_parameters(runs),
        lambda: plots.plot_effects(runs, long),
        lambda: plots.plot_overview({"batchnorm": effects, "another": effects}),
        lambda: diagrams.plot_net(layers(NetConfig())),
    ):
        with style("light", "narrow"):
            picture = draw().figure
            phone.fit(picture)
            picture.draw_without_rendering()
            assert phone.complaint(picture, 96 * picture.get_tightbbox().width) == ""
    with style("light", "narrow"):
        curves, bars = plots.plot_curves(epochs), plots.plot_effects(runs, long)
    assert [text.get_text() for text in curves.figure.legends[0].texts] == list(dict.fromkeys(epochs["variant"]))
    assert "a-variant-with-a-long-name" in words(bars)  # above its line, where there is room for it
    with pytest.raises(ValueError, match="width='phone': allowed is wide or narrow"), style("light", "phone"):  # type: ignore[arg-type]
        pass


def test_what_a_phone_cannot_show_is_named() -> None:
    with style("light", "narrow"):
        ax = axes()
        ax.set_xlabel("a name of an axis that is much longer than a phone is wide")
        ax.text(0.5, 0.5, "tiny", size=6)
    assert "'tiny' would be 8.0 pixels high, and 11 is the least" in phone.complaint(ax.figure, 350)
    assert "it is 640 pixels wide, a phone has 358" in phone.complaint(ax.figure, 640)
    phone.fit(ax.figure)
    assert ax.get_xlabel().count("\n") == 1


def test_panels_stand_side_by_side_or_one_above_the_other() -> None:
    for width, size, columns in (("wide", (6.6, 4.0), 2), ("narrow", (3.7, 6.0), 1)):
        with style("light", width):  # type: ignore[arg-type]
            found = panels(3, across=(2, 1), high=2.0)
        assert len(found) == len(found[0].figure.axes) == 3
        assert tuple(found[0].figure.get_size_inches()) == size
        assert found[0].get_subplotspec().get_gridspec().ncols == columns


def test_a_variant_keeps_its_colour() -> None:
    assert colour("reference") == OKABE_ITO[0]
    assert colours(["reference", "no-bn"])["no-bn"] == colour("no-bn")
    assert colours(["leaky", "no-bn"])["no-bn"] == colour("no-bn")  # whoever comes first
    many = colours(["reference", "no-bn", "fc", "dropout-0.10", "dropout-0.25", "gap-fc", "max"])
    assert len(set(many.values())) == 7
    assert colour("a-name-nobody-listed") in OKABE_ITO


@pytest.mark.parametrize("ys", [[0, 0, 0], [0, 1, 1.1, 1.2, 5], [3], [], [0, 0.9, 2, 2.1]])
def test_labels_are_moved_apart_and_no_further_than_needed(ys: list[float]) -> None:
    placed = apart(ys, 1.0)
    assert all(b - a >= 1.0 - 1e-9 for a, b in zip(placed, placed[1:], strict=False))
    assert sum(placed) == pytest.approx(sum(ys))  # each cluster keeps its centre


def test_a_net_is_drawn_with_its_shapes_and_fields() -> None:
    ax = diagrams.plot_net(layers(NetConfig(norm="none", dropout=0.1)))
    shown = words(ax)
    for expected in ("1 × 28 × 28", "32 × 14 × 14", "10 × 1 × 1", "12 × 12", "34 × 34", "max-pool 2×2", "GAP"):
        assert expected in shown, expected
    assert "conv 3×3\nReLU\ndropout 0.1" in shown
    assert not any("BN" in text for text in shown)


def test_mistakes_name_label_prediction_and_how_many_seeds() -> None:
    images = np.zeros((3, 28, 28))
    rows = pd.DataFrame({"label": [4, 5, 6], "predicted": ["9", "3/6", "0"], "wrong": [3, 2, 1], "seeds": 3})
    ax = diagrams.plot_mistakes(images, rows, columns=2)
    assert len(ax.images) == 3
    assert {"4 read as 9", "5 read as 3/6", "3 of 3", "1 of 3"} <= set(words(ax))
    with pytest.raises(ValueError, match="images: 3 of them, but 2 rows"):
        diagrams.plot_mistakes(images, rows[:2])


def test_the_interval_of_an_accuracy_is_drawn_no_higher_than_accuracies_go(runs: pd.DataFrame) -> None:
    runs.loc[(runs["variant"] == "fc") & (runs["seed"] == 1), "test_accuracy"] = 40
    ax = plots.plot_accuracy_parameters(runs)
    heights = np.concatenate([np.asarray(drawn.get_ydata(), float) for drawn in ax.lines])
    assert heights.max() == 100 and heights.min() >= 0


def runs_of(**accuracies: list[float]) -> pd.DataFrame:
    rows = [
        {"variant": name.replace("_", "-"), "seed": seed, "test_accuracy": value,
         "status": "finished" if np.isfinite(value) else "diverged"}
        for name, values in accuracies.items() for seed, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_effects_show_every_run_every_verdict_and_what_is_missing():
    runs = runs_of(reference=[99.0, 99.1, 98.9], fc=[98.0, 98.1, 97.9], max=[np.nan, 11.35, 98.0])
    effects = stats.effects(runs, family=["fc", "max", "later"], study=["fc", "max", "later"])
    ax = plots.plot_effects(runs, effects)
    said = [text.get_text() for text in ax.texts]
    assert said == ["", "hurts", f"{effects['verdict'][1]}\n2 of 3 failed", "not trained yet"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["reference", "fc", "max", "later"]
    dots = [line.get_xdata() for line in ax.lines if line.get_marker() == "o"]
    middle = np.exp(np.log([1.0, 0.9, 1.1]).mean())
    assert [len(each) for each in dots] == [3, 3, 1, 0]  # a run at chance has no place on the axis
    assert np.allclose(dots[1], np.array([2.0, 1.9, 2.1]) / middle)
    assert [len(line.get_xdata()) for line in ax.lines if line.get_marker() == "x"] == [2]
    assert ax.get_xscale() == "log"


def test_a_sweep_marks_what_is_not_trained_and_joins_the_means():
    runs = runs_of(reference=[99.0, 99.1], small=[98.0, 98.1])
    ax = plots.plot_sweep(runs, {"reference": 15_662.0, "small": 4_102.0, "large": 61_246.0}, words="parameters")
    joined = next(line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_marker() == "None" and
                  line.get_zorder() == 1)  # fmt: skip
    assert list(joined.get_xdata()) == [4_102.0, 15_662.0]
    assert np.allclose(joined.get_ydata(), [np.sqrt(2.0 * 1.9), np.sqrt(1.0 * 0.9)])
    assert [list(line.get_xdata()) for line in ax.lines if line.get_marker() == "|"] == [[61_246.0]]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    counted = plots.plot_sweep(runs, {"reference": 4.0, "small": 3.0, "large": 7.0}, words="layers")
    assert all(place.is_integer() for place in counted.get_xticks())  # no half layers


def test_the_overview_names_the_largest_effect_of_a_line_each_way():
    runs = runs_of(reference=[99.0, 99.1, 98.9], worse=[98.0, 98.1, 97.9], worst=[95.0, 95.1, 94.9], gone=[10.0] * 3)
    family = ["worse", "worst", "gone", "later"]
    ax = plots.plot_overview({"one": stats.effects(runs, family=family, study=family), "none": pd.DataFrame(
        stats.effects(runs, family=["later"], study=family))})  # fmt: skip
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one"]  # a question without a run has no line
    assert [text.get_text() for text in ax.texts] == ["gone"]


def test_on_a_phone_the_overview_names_its_effects_beside_the_line_and_not_over_its_words():
    runs = runs_of(reference=[99.0, 99.1, 98.9], worse=[98.0, 98.1, 97.9])
    with style("light", "narrow"):
        ax = plots.plot_overview({"what a reader calls it": stats.effects(runs, family=["worse"], study=["worse"])})
    assert {text.get_text(): text.get_ha() for text in ax.texts} == {"what a reader calls it": "left", "worse": "right"}


def test_the_overview_shows_the_largest_effect_first_and_what_decides_nothing_last():
    runs = runs_of(
        reference=[99.0, 99.1, 98.9], worse=[98.0, 98.1, 97.9], worst=[95.0, 95.1, 94.9], wide=[99.6, 96.0, 99.2]
    )
    topics = {name: stats.effects(runs, family=[name], study=[name]) for name in ("wide", "worse", "worst")}
    assert topics["wide"]["verdict"].item() == "undecided"
    ax = plots.plot_overview(topics)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["worst", "worse", "wide"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.7, 7.3, [1, 2, 5]),
        (0.8, 1.3, [0.8, 1, 1.2]),
        (500, 70_000, [1000, 3000, 10000, 30000]),
        (0.02, 0.4, [0.02, 0.05, 0.1, 0.2]),
    ],
)
def test_logarithmic_axes_have_round_numbers(low: float, high: float, ticks: list[float]):
    found = round_ticks(low, high, 4)
    assert found == ticks and all(low <= tick <= high for tick in found)
