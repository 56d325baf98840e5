"""The runner with the real template, a tiny net and real digits."""

from __future__ import annotations

import json
import subprocess
import sys
import time
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


def test_a_killed_runner_s_run_goes_on_from_its_last_epoch_to_the_bit(tmp_path: Path) -> None:
    study = {"name": "tiny", "question": "?", "base": {**TINY, "train_images": 3_000, "epochs": 6}, "seeds": 1}
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(study | {"variants": {"smooth": {"label_smoothing": 0.1}}}))  # JSON is YAML too
    words = [sys.executable, "-m", "experiments.cli", "run", str(file), "--only", "smooth", "--results", str(tmp_path)]
    variant = tmp_path / "tiny" / "smooth"
    killed = 0
    while not (variant / "seed-0.json").exists():
        process = subprocess.Popen(words, cwd=results.REPOSITORY, stderr=subprocess.PIPE, text=True)
        before = checkpoint_of(variant)
        while process.poll() is None and (killed == 2 or checkpoint_of(variant) == before):
            time.sleep(0.02)
        killed += process.poll() is None
        process.kill()
        said = process.communicate()[1]
        assert "Traceback" not in said, said
    assert killed == 2
    alone = lab.plan({**study["base"], "label_smoothing": 0.1, "study": "tiny", "variant": "smooth",
                      "results": str(tmp_path / "alone")})  # fmt: skip
    assert sum(1 for _ in lab.run(alone)) == 6
    mine, theirs = ((f / "seed-0.json").read_bytes() for f in (variant, alone.folder / "smooth"))
    assert results.digest(mine) == results.digest(theirs)
    weights = [(f / "seed-0.safetensors").read_bytes() for f in (variant, alone.folder / "smooth")]
    assert weights[0] == weights[1]
    assert len(results.load(variant / "seed-0.json").provenance["resumed"]) == 2
    assert not list(tmp_path.rglob("*.checkpoint"))


def checkpoint_of(variant: Path) -> bytes:
    path = variant / "seed-0.checkpoint"
    return path.read_bytes() if path.exists() else b""


def test_a_huge_rate_ends_as_diverged_and_is_a_row(tmp_path: Path) -> None:
    plan = lab.plan({**TINY, "lr": 1e30, "study": "tiny", "variant": "huge", "results": str(tmp_path)})
    assert [row.diverged for _, row in lab.run(plan)] == [True]
    results.collect(plan.folder)
    assert list(results.load_runs(plan.folder)["status"]) == ["diverged"]
    assert not plan.missing() and replace(plan, seeds=(0, 1)).missing() == [1]


def test_the_template_has_the_cell_after_which_a_job_stops() -> None:
    cells = {cell.id: cell.source for cell in nbformat.read(notebook.TEMPLATE, as_version=4).cells}
    assert "lab.run(plan, say=print)" in cells[notebook.TRAIN]
