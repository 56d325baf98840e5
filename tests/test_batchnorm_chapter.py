"""The chapter on batch normalisation: which rates it calls usable, and what it makes of the stored tables."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from chapters import load

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "book"))

from experiments.answers.sources import Sources  # noqa: E402
from experiments.studies import STUDIES  # noqa: E402
from s6core.config import TrainConfig  # noqa: E402
from s6core.results import RUN_COLUMNS  # noqa: E402
from s6core.style import style  # noqa: E402

matplotlib.use("agg")

RATES = {  # three seeds each: two nets at three rates
    "bn-lr-0.01": (91.0, 93.0, 95.0),
    "bn-lr-0.1": (97.0, 98.0, 99.0),
    "bn-lr-1.0": (89.9, 96.0, 97.0),  # one seed too few
    "no-bn-lr-0.01": (9.8, 11.35, 10.1),
    "no-bn-lr-0.1": (92.0, 94.0, 96.0),
    "no-bn-lr-1.0": (99.0, 99.0, None),  # one diverged
}


@pytest.fixture(scope="module")
def chapter() -> Any:
    return load("batchnorm_rates")


@pytest.fixture
def invented(tmp_path: Path) -> Sources:
    rows = [
        {
            **dict.fromkeys(RUN_COLUMNS, ""), "study": "learning-rates", "variant": variant, "seed": seed,
            "norm": "none" if variant.startswith("no-bn") else "batch", "lr": float(variant.rpartition("-")[2]),
            "status": "diverged" if accuracy is None else "finished", "parameters": 1, "epochs": 1,
            **dict.fromkeys(("train_loss", "train_accuracy", "test_loss", "test_accuracy"), accuracy),
        }
        for variant, accuracies in RATES.items()
        for seed, accuracy in enumerate(accuracies)
    ]  # fmt: skip
    (tmp_path / "learning-rates").mkdir()
    pd.DataFrame(rows)[RUN_COLUMNS].to_csv(tmp_path / "learning-rates" / "runs.csv", index=False)
    return Sources(tmp_path)


def test_a_rate_is_usable_if_every_seed_of_it_is(chapter: Any, invented: Sources) -> None:
    found = chapter.usable_rates(invented)
    bn, none = found.loc["bn"], found.loc["no-bn"]
    assert (bn["usable"], bn["tried"], bn["lowest"], bn["highest"]) == (2, 3, 0.01, 0.1)
    assert (none["usable"], none["lowest"], none["highest"]) == (1, 0.1, 0.1)


def test_a_rate_at_which_a_run_diverged_is_never_the_best(chapter: Any, invented: Sources) -> None:
    none = chapter.usable_rates(invented).loc["no-bn"]
    assert (none["best"], none["accuracy"], none["diverged"], none["chance"]) == (0.1, 94.0, 1, 3)
    table = chapter.batchnorm_rates_table(invented).set_index("learning rate")
    assert math.isnan(table.loc["1", "without: mean (%)"])
    assert table.loc["1", "without: diverged"] == "1 of 3"
    assert table.loc["0.1", "with batch norm: from – to"] == "97.00–99.00"


def test_gaps_are_at_one_rate_and_between_the_best(chapter: Any, invented: Sources) -> None:
    bn = chapter.usable_rates(invented).loc["bn"]
    assert (bn["gap"], bn["best_gap"]) == pytest.approx((94 - 98, 94 - 98))


def test_a_net_with_no_usable_rate_has_no_range(chapter: Any, invented: Sources) -> None:
    path = invented.folder / "learning-rates" / "runs.csv"
    runs = pd.read_csv(path)
    runs["test_accuracy"] = runs["test_accuracy"].clip(upper=50)
    runs.to_csv(path, index=False)
    found = chapter.usable_rates(Sources(invented.folder))
    assert list(found["usable"]) == [0, 0]
    assert found[["lowest", "highest"]].isna().all(axis=None)


def test_the_rates_are_drawn_with_what_diverged(chapter: Any, invented: Sources) -> None:
    with style("light"):
        ax = chapter.batchnorm_rates(invented)
    crosses = [line for line in ax.lines if line.get_marker() == "x"]
    assert len(crosses) == 1
    assert "1" in [text.get_text() for text in ax.texts]
    matplotlib.pyplot.close(ax.figure)


def test_the_whole_gradient_is_that_of_all_layers() -> None:
    sources = Sources(ROOT / "results")
    steps = sources.table("inside/steps.csv")
    one = steps[(steps["variant"] == "no-bn") & (steps["seed"] == 0) & (steps["step"] == 1)]
    found = load("batchnorm").totals(sources).query("variant == 'no-bn' and seed == 0 and step == 1")["gradient"].item()
    assert found == pytest.approx(math.hypot(*one["gradient"]))


def test_the_net_without_batch_norm_trains_at_the_rate_that_validated_best(chapter: Any) -> None:
    """A new search may choose another rate; then the study must follow."""
    found = chapter.own_rate(Sources(ROOT / "results"))
    assert STUDIES["ablations"].variants["no-bn+lr-0.03"]["lr"] == found.loc["relu", "best"]
    assert found.loc["linear", "best"] == TrainConfig().lr  # so that no-bn+linear-logits needs no rate of its own


def test_a_rate_at_which_a_run_diverged_is_never_chosen(chapter: Any, tmp_path: Path) -> None:
    runs = pd.read_csv(ROOT / "results" / "no-bn-recipe" / "runs.csv")
    high = runs["variant"] == "lr-0.3"
    assert (runs.loc[high, "status"] == "diverged").any()
    runs.loc[high & (runs["status"] == "finished"), "validation_accuracy"] = 99.9
    (tmp_path / "no-bn-recipe").mkdir()
    runs.to_csv(tmp_path / "no-bn-recipe" / "runs.csv", index=False)
    found = chapter.own_rate(Sources(tmp_path)).loc["relu"]
    assert (found["best"], found["diverged"]) == (0.03, 1)
    with style("light"):
        ax = chapter.batchnorm_own_rates(Sources(tmp_path))
    assert [line.get_marker() for line in ax.lines].count("x") == 1
    matplotlib.pyplot.close(ax.figure)


def test_another_base_than_the_reference_is_compared_by_the_same_plan() -> None:
    sources = Sources(ROOT / "results")
    found = load("against").against(sources)
    runs = sources.runs("ablations")
    logs = np.log(100 - runs["test_accuracy"]).groupby(runs["variant"]).mean()
    for variant, base in (("group", "no-bn"), ("no-bn+linear-logits", "linear-logits")):
        row = found.loc[f"{variant}@{base}"]
        assert row["ratio"] == pytest.approx(np.exp(logs[variant] - logs[base]))
        assert row["low"] < row["ratio"] < row["high"]
        assert row["n_base"] == (runs["variant"] == base).sum()
