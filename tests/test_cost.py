"""What a variant costs beside the reference: the table's arithmetic and the command's mistakes. No time is asserted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from experiments import studies
from experiments.cli import s6
from experiments.measure import cost


def test_every_variant_of_the_study_is_timed_as_it_trains() -> None:
    nets = cost.nets(studies.study("ablations"))
    assert list(nets) == list(studies.study("ablations").variants)
    assert (nets["no-bn+fc+dropout-0.25"].norm, nets["no-bn+fc+dropout-0.25"].head) == ("none", "fc")
    assert nets["no-bn+fc+dropout-0.25"].dropout == 0.25


def test_a_ratio_is_taken_within_its_round() -> None:
    nets = cost.nets(studies.study("smoke"))
    frame = cost.tabulate(nets, {"reference": [1.0, 2.0, 4.0], "fc": [0.5, 1.2, 3.2]}).set_index("variant")
    assert frame.loc["reference", ["cost", "low", "high"]].tolist() == [1, 1, 1]
    assert frame.loc["fc", ["cost", "low", "high", "rounds"]].tolist() == [0.6, 0.5, 0.8, 3]
    assert frame["parameters"].tolist() == [15_662, 30_072]


def test_the_table_names_its_device_and_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "seconds_an_image", lambda config, device, seconds: 0.5 if config.head == "fc" else 1.0)
    out = tmp_path / "cost.csv"
    done = CliRunner().invoke(s6, ["measure", "cost", "smoke", "--rounds", "2", "--device", "cpu", "--out", str(out)])
    assert done.exit_code == 0, done.output
    frame = pd.read_csv(out)
    assert frame["cost"].tolist() == [1.0, 0.5] and frame["rounds"].tolist() == [2, 2]
    assert frame["device"].notna().all() and frame["commit"].str.len().eq(40).all()


def test_a_mistyped_study_is_one_line_with_the_nearest_name() -> None:
    done = CliRunner().invoke(s6, ["measure", "cost", "ablation"])
    assert done.exit_code == 2 and "ablations" in done.output and "Traceback" not in done.output
