"""The figures and tables that chapters share: what a study plans and has not stored yet is left out, not an error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "book"))

from figures.standard import changes, comparison, curves, differences, stored, summary  # noqa: E402

from experiments.answers.sources import Sources  # noqa: E402
from experiments.studies import STUDIES, Study  # noqa: E402


@pytest.fixture(autouse=True)
def agg() -> None:
    mpl.use("agg")


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Sources:
    variants = {**STUDIES["ablations"].variants, "tomorrow": {"head": "max"}}
    monkeypatch.setitem(STUDIES, "ablations", Study(question="?", variants=variants))
    return Sources(ROOT / "results")


def test_what_is_planned_and_not_stored_is_left_out(planned: Sources):
    assert stored(planned, "ablations", ["reference", "tomorrow", "fc"]) == ["reference", "fc"]
    table = comparison(planned, study="ablations", variants=["fc", "tomorrow"])
    assert list(table["variant"]) == ["fc"]


def test_a_table_of_what_is_not_stored_is_empty(planned: Sources):
    assert changes(planned, study="ablations", variants=["tomorrow"]).empty


def test_without_names_all_that_is_stored_is_shown(planned: Sources):
    known = set(planned.runs("ablations")["variant"])
    assert stored(planned, "ablations", None) is None
    assert set(comparison(planned, study="ablations")["variant"]) == known


@pytest.mark.parametrize("made", [stored, curves, comparison, changes, summary])
def test_a_mistyped_name_is_refused_with_its_neighbours(made: Callable[..., object], planned: Sources):
    with pytest.raises(KeyError, match=r"study ablations: unknown variant 'fcc': did you mean fc"):
        made(planned, study="ablations", variants=["reference", "fcc"])


def invented(folder: Path, **variants: list[float | None]) -> Sources:
    """Write runs of the ablations: a figure per seed, None for a run that diverged."""
    run = pd.read_csv(ROOT / "tests" / "fixtures" / "book" / "results" / "ablations" / "runs.csv").iloc[0].to_dict()
    rows = [
        {**run, "variant": variant.replace("_", "-"), "seed": seed,
         "status": "finished" if value else "diverged", "test_accuracy": value or np.nan}
        for variant, values in variants.items() for seed, value in enumerate(values)
    ]  # fmt: skip
    (folder / "ablations").mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "ablations" / "runs.csv", index=False)
    return Sources(folder)


def test_the_table_prints_the_p_that_the_verdict_rests_on(tmp_path: Path):
    base = np.linspace(99.0, 99.1, 10)
    wave = np.resize([0.01, -0.01], 10)
    sources = invented(
        tmp_path, reference=list(base), no_bn=[None] * 10, fc=list(base - 0.3 + wave), gap_fc=list(base + wave),
        max=[99.0],
    )  # fmt: skip
    table = comparison(sources, study="ablations").set_index("variant")
    told = sources.comparison("ablations")
    assert table.loc["no-bn", ["verdict", "p (Holm)"]].tolist() == ["hurts", "0.006 (signs)"]  # 3 × 2 / 2¹⁰
    assert table.loc["fc", ["verdict", "p (Holm)"]].tolist() == ["hurts", "< 0.001"]
    assert told.loc["gap-fc", "p_t_holm"] == 1
    assert table.loc["gap-fc", ["verdict", "p (Holm)"]].tolist() == ["equivalent", "< 0.001 (eq.)"]
    assert pd.isna(table.loc["max", "p (Holm)"]) and table.loc["max", "verdict"] == "undecided"


def test_a_verdict_waits_for_no_other_variant_of_its_question(tmp_path: Path):
    """Of the five kinds of dropout one or two are stored: the table says what it will say with all five."""
    base = np.full(5, 99.0)
    clear = base + [0.10, 0.20, 0.16, 0.03, 0.22]  # p = .015
    noise = base - [0.1, -0.1, 0.05, -0.05, 0.0]
    for count, others in (("one", {}), ("two", {"dropout_0.50": list(noise)})):
        sources = invented(tmp_path / count, reference=list(base), **{"dropout_0.10": list(clear)}, **others)
        row = comparison(sources, study="ablations").set_index("variant").loc["dropout-0.10"]
        assert (row["verdict"], row["p (Holm)"]) == ("undecided", "0.075")
        axes = differences(sources, study="ablations")
        assert "helps" not in {text.get_text() for text in axes.texts}
    plt.close("all")
