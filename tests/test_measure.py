"""What all measurements share: their command, what is missing, and that what they left is of the stored weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from experiments.cli import s6
from experiments.cli.measure import MEASUREMENTS
from experiments.measure import stored, timing

RESULTS = Path(__file__).parent.parent / "results"
ORIGINS = {
    "evidence/heads.json": "evidence", "evidence/dropout.json": "variance", "inside/provenance.json": "inside",
    "receptive/provenance.json": "receptive", "live/pushes.json": "pushes",
}  # fmt: skip


@pytest.mark.parametrize("name", ORIGINS)
def test_stored_figures_belong_to_the_published_weights(name: str) -> None:
    made = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    assert made["weights"]
    for path, digest in made["weights"].items():
        found = hashlib.sha256((RESULTS / path).read_bytes()).hexdigest()
        assert found == digest, f"the weights have changed: run s6 measure {ORIGINS[name]}"


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_every_measurement_says_what_it_does(name: str) -> None:
    done = CliRunner().invoke(s6, ["measure", name, "--help"])
    assert done.exit_code == 0 and len(done.output.splitlines()) > 3


@pytest.mark.parametrize("name", ["inside", "evidence", "variance", "pushes", "receptive"])
def test_a_net_that_is_not_trained_is_named_with_what_trains_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    done = CliRunner().invoke(s6, ["measure", name])
    assert done.exit_code == 1
    missing = tmp_path / "ablations" / "reference" / "seed-0.safetensors"
    assert f"s6: {missing} is missing: `s6 run ablations --only reference` trains it" in done.output


def test_labels_come_to_lie_in_the_results_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "FOLDER", tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(s6, ["measure", "labels"])
    assert done.exit_code == 0, done.output
    published = RESULTS / "mnist-test-labels.txt"
    assert (tmp_path / "results" / "mnist-test-labels.txt").read_bytes() == published.read_bytes()


def test_a_stored_net_is_the_one_that_was_trained() -> None:
    found = stored.load("fc")
    assert found.record.variant == "fc" and found.record.net.head == "fc" and not found.net.training
    assert stored.upto(found.net, "conv2")[-1] is found.net.get_submodule("conv2")


def test_tables_keep_whole_numbers_and_arrays_their_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    stored.table("a/b.csv", pd.DataFrame({"side": [14.0, np.nan], "share": [0.5, 1 / 3], "who": ["x", "y"]}))
    assert (tmp_path / "a" / "b.csv").read_text() == "side,share,who\n14,0.5,x\n,0.3333333333333333,y\n"
    stored.table("c.csv", pd.DataFrame({"share": [1 / 3, 2e-7]}), float_format="%.5g")
    assert (tmp_path / "c.csv").read_text() == "share\n0.33333\n2e-07\n"
    stored.arrays("d.npz", {"half": torch.ones(2).half()})
    assert np.load(tmp_path / "d.npz")["half"].dtype == np.float16


def test_turns_alternate_and_the_first_round_does_not_count() -> None:
    told: list[tuple[str, float]] = []

    def call(name: str) -> timing.Call:
        return lambda seconds: told.append((name, seconds)) or float(len(told))

    found = timing.turns({"a": call("a"), "b": call("b")}, rounds=2, seconds=3)
    assert [name for name, _ in told] == ["a", "b"] * 3
    assert [seconds for _, seconds in told] == [timing.WARM_UP] * 2 + [3] * 4
    assert found == {"a": [3, 5], "b": [4, 6]}
