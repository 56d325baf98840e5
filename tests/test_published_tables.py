"""The tables that lie beside the published records."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from s6core import results

PUBLISHED = results.REPOSITORY / "results"
STUDIES = sorted(path.parent.name for path in PUBLISHED.glob("*/runs.csv"))


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_that_is_done_is_left_as_it_is(study: str, tmp_path: Path):
    """`s6 run` writes the tables anew from the records: what is stored must be just that, or a clone gets dirty."""
    for path in results.record_paths(PUBLISHED / study):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.parent.name)
    assert results.collect(tmp_path) == []
    for table in tmp_path.glob("*.csv"):
        assert table.read_bytes() == (PUBLISHED / study / table.name).read_bytes(), table.name
