"""The command `s6 rf`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from experiments.cli.rf import rf


def run(*arguments: str) -> Result:
    return CliRunner().invoke(rf, arguments)


def rows(*arguments: str) -> dict[str, dict[str, object]]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return {row["layer"]: row for row in json.loads(result.output)}


def test_reference_net_as_json() -> None:
    table = rows("s6")
    assert table["conv4"] == {
        "layer": "conv4", "size": [12, 12], "stride": [2, 2], "padding": [3, 3], "output": [32, 12, 12],
    }  # fmt: skip
    assert table["gap"]["size"] == [34, 34]


def test_fields_may_hold_lists() -> None:
    table = rows("s6:channels=8,8,pool_after=1,norm=none,head=fc", "--input", "20x30")
    assert table["conv2"]["output"] == [8, 8, 13]
    assert list(table) == ["conv1", "relu1", "pool1", "conv2", "relu2", "logits", "relu-logits", "flatten", "fc"]


def test_torchvision_net() -> None:
    table = rows("torchvision:resnet50", "--input", "96")
    assert table["layer4.2.conv3"] == {
        "layer": "layer4.2.conv3", "size": [427, 427], "stride": [32, 32], "padding": [213, 213],
        "output": [2048, 3, 3],
    }  # fmt: skip
    assert table["fc"]["output"] == [1000]


def test_table_shows_pairs_only_where_they_differ_and_marks_what_is_global() -> None:
    lines = run("s6:norm=group").output.splitlines()
    assert lines[0] == "17 layers on an image of 28 × 28"
    assert " ".join(lines[2].split()) == "conv1 3 1 1 8 × 28 × 28"
    assert lines[4].endswith("*") and lines[-1].startswith("* depends on the whole image through norm1, norm2, norm3 ")
    assert "28x30" in run("s6:head=conv,norm=none", "--input", "22x24").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["s7"], "model 's7': allowed is s6, s6:field=value,… or torchvision:NAME"),
        (["s6:nrm=none"], "unknown field 'nrm': did you mean norm"),
        (["s6:norm=bach"], "norm='bach': allowed is batch, none"),
        (["s6", "--input", "5"], "layer conv4: a window of 3 does not fit"),
        (["s6", "--input", "big"], "--input big: allowed is a number of pixels"),
        (["s6", "--input", "0"], "allowed is one integer from 1"),
        (["torchvision:resnet5"], "unknown torchvision net 'resnet5': did you mean resnet"),
        (["torchvision:alexnet", "--input", "20"], "at 'features.5': max_pool2d cannot take maps of 192×1×1"),
        (["torchvision:maxvit_t"], "no rule for reshape"),
    ],
)
def test_mistakes_are_one_line_and_exit_with_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output and result.output.startswith("s6: ")
    assert len(result.output.strip().splitlines()) == 1


def test_help_has_an_example() -> None:
    assert "s6 rf torchvision:resnet50" in run("--help").output


def test_own_net_needs_no_torch() -> None:
    run = "from experiments.cli.rf import rf; rf(['s6'], standalone_mode=False)"
    code = f"import sys; {run}; sys.exit('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
