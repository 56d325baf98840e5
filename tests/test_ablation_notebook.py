"""The template that papermill fills in: its parameters, its shape, what it refuses, and a run as typed."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
import pytest
import torch

from s6core import data, results
from s6core.config import ConfigError, NetConfig, TrainConfig, to_dict
from s6core.data import Data, Images
from s6core.plan import OWN, plan

TEMPLATE = results.REPOSITORY / "experiments" / "ablation.ipynb"
NOTEBOOK = nbformat.read(TEMPLATE, as_version=4)
CODE = [cell for cell in NOTEBOOK.cells if cell.cell_type == "code"]
TAGGED = [cell for cell in CODE if "parameters" in cell.metadata.get("tags", [])]


def defaults() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(TAGGED[0].source, {}, names)
    return names


def assigned(source: str) -> set[str]:
    """Return the names that a cell's own statements give a value."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    return {node.id for node in nodes if isinstance(node.ctx, ast.Store)}


def execute(cells: list[Any], **given: Any) -> dict[str, Any]:
    """Execute cells in this process, with the injected parameters after the tagged cell's."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        exec(cell.source, names)
        if cell is TAGGED[0]:
            names.update(given)
    return names


def papermill(output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "papermill", str(TEMPLATE), str(output), "--no-progress-bar", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=400, cwd=results.REPOSITORY)


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch):
    def part(count: int) -> Images:
        noise = torch.Generator().manual_seed(count)
        pixels = torch.randint(256, (count, 28, 28), generator=noise).byte()
        return Images(images=pixels, labels=torch.randint(10, (count,), generator=noise).byte())

    def invented(dataset: str, **_: Any) -> Data:
        return Data(name=dataset, train=part(40), validation=None, test=part(30), sha256="invented")

    threads = torch.get_num_threads()
    matplotlib.use("Agg")
    monkeypatch.setattr(data, "load", invented)
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    yield
    torch.set_num_threads(threads)
    matplotlib.pyplot.close("all")


def test_parameters_have_the_names_and_defaults_of_the_configs():
    assert len(TAGGED) == 1
    given = defaults()
    configs = to_dict(NetConfig()) | to_dict(TrainConfig()) | {"image": None, "classes": None}  # the data set's
    assert {name: given[name] for name in configs} == configs
    assert (plan(given).net, plan(given).train) == (NetConfig(), TrainConfig())
    assert set(given) == {f.name for kind in (NetConfig, TrainConfig) for f in fields(kind)} | set(OWN)
    assert given["seeds"] == 1 and given["device"] == "auto"


def test_it_is_short_and_stored_without_outputs():
    nbformat.validate(NOTEBOOK)
    assert len(CODE) <= 11
    assert all(cell.outputs == [] and cell.execution_count is None for cell in CODE)
    assert all(len(cell.source.splitlines()) <= 12 for cell in CODE if cell not in TAGGED)


def test_only_the_installation_stands_before_the_parameters_and_no_cell_takes_their_names():
    assert CODE[1] is TAGGED[0] and CODE[0].id == "install"
    names = set(defaults())
    others = [cell.source for cell in CODE if cell is not TAGGED[0]]
    assert not names & set().union(*map(assigned, others)), "a cell could not be run again"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"nrom": "none"}, "unknown parameter 'nrom': did you mean norm"),
        ({"norm": "foo"}, "norm='foo': allowed is batch, group, layer, instance, none"),
        ({"dropout": 2}, "dropout=2.0: allowed is a number from 0 to below 1"),
        ({"seeds": 0}, "seeds=0: allowed is a number of seeds from 1"),
        ({"epochs": 2.5}, "epochs=2.5: allowed is an integer"),
    ],
)
def test_the_cell_after_the_parameters_refuses_what_is_mistyped(given: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=f"^{message}"):
        execute(CODE[:3], **given)


SMALL: dict[str, Any] = {"channels": [2, 2], "padding": 0, "pool_after": [1], "epochs": 2, "device": "cpu", "seeds": 2}


@pytest.mark.parametrize(
    "wild", [{}, {"lr": 1e38, "norm": "none", "schedule": "constant"}], ids=["finished", "diverged"]
)
def test_the_report_is_written_whatever_became_of_the_runs(few_images: None, tmp_path: Path, wild: dict[str, Any]):
    names = execute(CODE, **SMALL, **wild, variant="small", results=str(tmp_path))
    assert names["runs"]["status"].tolist() == ["diverged" if wild else "finished"] * 2
    assert set(names["history"]["seed"]) == {0, 1}
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("seed-*")}
    for cell in CODE[2:]:  # a reader runs the cells again
        exec(cell.source, names)
    assert names["plan"].variant == "small" and names["plan"].train.epochs == 2
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("seed-*")}


def test_papermill_runs_it_as_typed(tmp_path: Path):
    output = tmp_path / "out.ipynb"
    typed = "-p norm none -p head fc -p dropout 0.1 -p epochs 1 -p seeds 1 -p train_images 500 -p channels 2,2,4,4"
    done = papermill(output, *typed.split(), "-p", "results", str(tmp_path / "kept"), "-p", "device", "cpu")
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = (tmp_path / "kept").rglob("seed-0.json")
    record = results.load(path)
    assert record.net == NetConfig(norm="none", head="fc", dropout=0.1, channels=(2, 2, 4, 4))
    assert record.train == TrainConfig(epochs=1, train_images=500)
    assert len(record.predictions) == 10_000
    cells = nbformat.read(output, as_version=4).cells
    kinds = {kind for cell in cells for out in cell.get("outputs", []) for kind in out.get("data", {})}
    assert {"text/html", "image/png"} <= kinds or {"text/html", "image/svg+xml"} <= kinds
    printed = {
        cell.id: out for cell in cells for out in cell.get("outputs", []) if out.output_type in ("stream", "error")
    }
    assert set(printed) == {"training", "against"} and {out.name for out in printed.values()} == {"stdout"}
    assert "seed 0, epoch 1 of 1: " in printed["training"].text and "papermill" in printed["against"].text
    assert len(results.load_runs(tmp_path / "kept" / "papermill")) == 1


def test_papermill_stops_at_a_mistyped_value_before_any_training(tmp_path: Path):
    output = tmp_path / "out.ipynb"
    done = papermill(output, "-p", "norm", "foo", "-p", "results", str(tmp_path / "kept"))
    assert done.returncode != 0
    assert "ConfigError: norm='foo': allowed is batch, group, layer, instance, none" in done.stderr
    assert not (tmp_path / "kept").exists()
    cells = nbformat.read(output, as_version=4).cells
    assert [cell.execution_count for cell in cells if cell.get("id") == "training"] == [None]
