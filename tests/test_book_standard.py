"""The figures and tables that chapters share: what a study plans and has not stored yet is left out, not an error."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "book"))

from _ext.sources import Sources  # noqa: E402
from _ext.standard import changes, comparison, curves, stored  # noqa: E402

from experiments.studies import STUDIES, Study  # noqa: E402


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


def test_a_mistyped_name_is_still_refused(planned: Sources):
    assert stored(planned, "ablations", ["fcc"]) == ["fcc"]
    with pytest.raises(ValueError, match=r"variant 'fcc' is not in the frame"):
        curves(planned, study="ablations", variants=["reference", "fcc"])
    with pytest.raises(KeyError, match=r"did you mean fc"):
        changes(planned, study="ablations", variants=["fcc"])
