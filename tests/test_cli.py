"""The command `s6 net`, and how the command answers mistakes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from experiments.cli import s6

REFERENCE = [  # name, output, parameters, receptive field, stride: TOPICS' table and the fields it gives
    ("conv1", [8, 28, 28], 80, 3, 1),
    ("norm1", [8, 28, 28], 16, 3, 1),
    ("conv2", [16, 28, 28], 1_168, 5, 1),
    ("norm2", [16, 28, 28], 32, 5, 1),
    ("conv3", [32, 28, 28], 4_640, 7, 1),
    ("norm3", [32, 28, 28], 64, 7, 1),
    ("pool3", [32, 14, 14], 0, 8, 2),
    ("conv4", [32, 12, 12], 9_248, 12, 2),
    ("norm4", [32, 12, 12], 64, 12, 2),
    ("logits", [10, 12, 12], 330, 12, 2),
    ("norm-logits", [10, 12, 12], 20, 12, 2),
]


def call(*arguments: str) -> Result:
    return CliRunner().invoke(s6, list(arguments))


def table(*arguments: str) -> dict:
    answer = call("net", "--json", *arguments)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_net_as_json_is_the_reference_table():
    net = table()
    assert net["parameters"] == 15_662
    assert set(net["layers"][0]) == {"name", "op", "output", "parameters", "receptive_field", "stride"}
    rows = {row["name"]: row for row in net["layers"]}
    for name, output, parameters, field, stride in REFERENCE:
        row = rows[name]
        found = (row["output"], row["parameters"], row["receptive_field"], row["stride"])
        assert found == (output, parameters, field, stride), name
    last = net["layers"][-1]
    assert (last["op"], last["output"], last["receptive_field"]) == ("global-average", [10, 1, 1], 34)
    assert sum(row["parameters"] for row in net["layers"]) == 15_662


def test_net_takes_fields_and_changes_with_them():
    assert table("norm=none")["parameters"] == 15_662 - 196
    assert table("head=fc", "dropout=.1")["layers"][-1]["op"] == "linear"
    assert table("image=3,32,32")["layers"][0]["output"] == [8, 32, 32]


def test_net_prints_a_table_with_its_total():
    lines = call("net").stdout.splitlines()
    assert lines[0].split() == ["layer", "operation", "output", "parameters", "sees", "stride"]
    assert lines[-1].split() == ["total", "15,662"]
    assert len(lines) == 1 + 17 + 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["net", "nrom=none"], "unknown field 'nrom': did you mean norm"),
        (["net", "norm=foo"], "norm='foo': allowed is batch, group, layer, instance, none"),
        (["net", "dropout=2"], "dropout=2.0: allowed is a number from 0 to below 1"),
        (["net", "norm"], "'norm': write field=value"),
        (["net", "pool_after=1,2,3,4"], "layer conv4: a window of 3 does not fit into maps of height 2"),
        (["net", "channels=8,x"], "channels='8,x': allowed is a list of integers"),
        (["data", "cifar"], "dataset='cifar': allowed is mnist, fashion-mnist, "),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(arguments: list[str], message: str):
    answer = call(*arguments)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith(f"s6: {message}") and answer.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["nett"], ["net", "--jsn"]])
def test_an_unknown_command_or_option_exits_with_2(arguments: list[str]):
    answer = call(*arguments)
    assert answer.exit_code == 2 and "Traceback" not in answer.output and arguments[-1] in answer.stderr


def test_the_installed_command_ends_without_a_traceback():
    command = [sys.executable, "-c", "from experiments.cli import s6; s6()", "net", "nrom=none"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("s6: unknown field 'nrom'") and "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["net", "data"])
def test_every_command_explains_itself_with_an_example(command: str):
    answer = call(command, "-h")
    assert answer.exit_code == 0 and "Example:" in answer.stdout
