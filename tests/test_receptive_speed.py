"""The timing of the engine: what it is timed against is right where it says so, and the table says what was timed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from experiments.measure import receptive_speed
from experiments.measure.receptive_speed import Case, Slid, by_hooks, milliseconds, row
from s6core.receptive import receptive_field


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


CHAIN = nn.Sequential(
    nn.Conv2d(1, 2, 7, stride=2, padding=3), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Conv2d(2, 2, 3, dilation=2),
    nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(2), nn.Conv2d(2, 2, (2, 1)),
).eval()  # fmt: skip


def test_hooks_are_right_for_a_net_whose_layers_follow_one_another() -> None:
    seen, field = by_hooks(CHAIN, torch.rand(1, 1, 64, 64)), receptive_field(CHAIN, 64)
    assert len(field) == len(CHAIN)
    for record in field:
        assert seen[record.name] == (record.size[0], record.stride[0], record.padding[0]), record
    assert seen["2"] == Slid(11, 4, 5)  # the stem of the ResNets


def test_hooks_take_branches_for_a_chain() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 5, padding=2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.left(x) + self.right(x)

    net = Residual().eval()
    assert receptive_field(net, 9)[-1].size == (5, 5)
    assert list(by_hooks(net, torch.rand(1, 1, 9, 9)).values())[-1].size == 7


def test_no_hook_stays_behind() -> None:
    by_hooks(CHAIN, torch.rand(1, 1, 64, 64))
    assert not any(module._forward_hooks for module in CHAIN.modules())


def test_the_answers_are_compared_at_the_last_layer_that_slides_over_maps() -> None:
    case = Case.of("s6")
    assert (case.layer, case.image.shape, case.net.training) == ("logits", (1, 1, 28, 28), False)
    line = row(case, {"engine": [1.0], "hooks": [1.0]})
    assert (line["engine_size"], line["hooks_size"], line["compared_at"]) == (12, 12, "logits")


def test_a_ratio_is_taken_within_a_round() -> None:
    spent = {"engine": [10.0, 40.0, 20.0], "hooks": [20.0, 20.0, 60.0]}
    line = row(Case.of("s6"), spent)
    assert [line[key] for key in ("ratio", "ratio_low", "ratio_high", "rounds")] == [2, 0.5, 3, 3]
    assert [line[key] for key in ("engine_ms", "engine_low", "engine_high", "hooks_ms")] == [20, 10, 40, 20]


def test_a_short_call_is_repeated_until_the_time_is_up() -> None:
    calls: list[None] = []
    assert milliseconds(lambda: calls.append(None), 0) > 0
    assert len(calls) == 1
    milliseconds(lambda: calls.append(None), 0.01)
    assert len(calls) > 2


def test_the_table_has_a_line_for_each_net(tmp_path: Path) -> None:
    out = tmp_path / "speed.csv"
    arguments = ["--only", "s6", "--rounds", "2", "--seconds", "0.001", "--out", str(out)]
    result = CliRunner().invoke(receptive_speed.command, arguments)
    assert result.exit_code == 0, result.output
    frame = pd.read_csv(out)
    assert frame[["net", "rounds", "threads"]].values.tolist() == [["s6", 2, 1]]
    assert (frame["engine_low"] <= frame["engine_ms"]).all() and (frame["engine_ms"] <= frame["engine_high"]).all()
    assert frame[["commit", "device", "torch", "measured_at"]].notna().all(axis=None)


def test_a_net_that_is_not_there_is_named() -> None:
    result = CliRunner().invoke(receptive_speed.command, ["--only", "resnet5"])
    assert result.exit_code == 2 and "'resnet5' is not one of 's6', 'alexnet'" in result.output
