"""The figures and tables that chapters share: what a study plans and has not stored yet is left out, not an error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "book"))

from figures.standard import changes, curves, stored, summary  # noqa: E402

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
    table = summary(planned, study="ablations", variants=["fc", "tomorrow"])
    assert list(table["variant"]) == ["fc"]


def test_a_table_of_what_is_not_stored_is_empty(planned: Sources):
    assert changes(planned, study="ablations", variants=["tomorrow"]).empty


def test_without_names_all_that_is_stored_is_shown(planned: Sources):
    known = set(planned.runs("ablations")["variant"])
    assert stored(planned, "ablations", None) is None
    assert set(summary(planned, study="ablations")["variant"]) == known


@pytest.mark.parametrize("made", [stored, curves, changes, summary])
def test_a_mistyped_name_is_refused_with_its_neighbours(made: Callable[..., object], planned: Sources):
    with pytest.raises(KeyError, match=r"study ablations: unknown variant 'fcc': did you mean fc"):
        made(planned, study="ablations", variants=["reference", "fcc"])
