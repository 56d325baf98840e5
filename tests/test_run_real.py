"""The runner with the real template, a tiny net and real digits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from experiments import cli, studies
from experiments.runner import notebook
from experiments.studies import Study
from s6core import lab, results

TINY = {"channels": [2, 4], "pool_after": [1], "train_images": 300, "epochs": 1, "device": "cpu"}


def test_two_workers_and_none_leave_the_same_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(studies.STUDIES, "tiny", Study(question="?", variants={"small": TINY}, seeds=2))
    words = ["run", "tiny", "--workers", "2", "--results", str(tmp_path)]
    outcome = CliRunner().invoke(cli.s6, words)
    assert outcome.exit_code == 0, outcome.output
    folder = tmp_path / "tiny"
    alone = lab.plan({**TINY, "study": "tiny", "variant": "small", "seeds": 2, "results": str(tmp_path / "alone")})
    assert sum(1 for _ in lab.run(alone)) == 2
    for name in ("seed-0.json", "seed-1.json"):
        mine, theirs = ((f / "small" / name).read_bytes() for f in (folder, alone.folder))
        assert results.digest(mine) == results.digest(theirs)
    weights = [(f / "small" / "seed-0.safetensors").read_bytes() for f in (folder, alone.folder)]
    assert weights[0] == weights[1]
    assert list(results.load_runs(folder)["seed"]) == [0, 1]
    kept = nbformat.read(folder / "small" / "notebook.ipynb", as_version=4)
    assert kept.cells[0].source.startswith("# tiny: small\n")
    assert set(kept.metadata.s6.records) == {"0", "1"}
    assert "seed 1, epoch 1 of 1" in (folder / "small" / "logs" / "seed-1.log").read_text()


def test_a_huge_rate_ends_as_diverged_and_is_a_row(tmp_path: Path) -> None:
    plan = lab.plan({**TINY, "lr": 1e30, "study": "tiny", "variant": "huge", "results": str(tmp_path)})
    assert [row.diverged for _, row in lab.run(plan)] == [True]
    results.collect(plan.folder)
    assert list(results.load_runs(plan.folder)["status"]) == ["diverged"]
    assert not plan.missing() and replace(plan, seeds=(0, 1)).missing() == [1]


def test_the_template_has_the_cell_after_which_a_job_stops() -> None:
    cells = {cell.id: cell.source for cell in nbformat.read(notebook.TEMPLATE, as_version=4).cells}
    assert "lab.run(plan)" in cells[notebook.TRAIN]
