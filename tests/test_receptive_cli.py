"""The command `s6 rf`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from experiments.cli.rf import rf


def run(*arguments: str) -> Result:
    return CliRunner().invoke(rf, arguments)


def rows(*arguments: str) -> dict[str, dict[str, object]]:
    result = run(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    return {row["layer"]: row for row in json.loads(result.output)}


def test_reference_net_as_json() -> None:
    table = rows("s6")
    assert table["conv4"] == {
        "layer": "conv4", "op": "conv", "size": [12, 12], "stride": [2, 2], "padding": [3, 3], "min_size": [12, 12],
        "phases": [1, 1], "output": [32, 12, 12], "global": False, "upper_bound": False,
    }  # fmt: skip
    assert table["gap"]["size"] == [34, 34]


def test_fields_may_hold_lists() -> None:
    table = rows("s6:channels=8,8,pool_after=1,norm=none,head=fc", "--input", "20x30")
    assert table["conv2"]["output"] == [8, 8, 13]
    assert list(table) == ["conv1", "relu1", "pool1", "conv2", "relu2", "logits", "relu-logits", "flatten", "fc"]


def test_torchvision_net() -> None:
    table = rows("torchvision:resnet50", "--input", "96")
    assert table["layer4.2.conv3"] == {
        "layer": "layer4.2.conv3", "op": "Conv2d", "size": [427, 427], "stride": [32, 32], "padding": [213, 213],
        "min_size": [75, 75], "phases": [1, 1], "output": [2048, 3, 3], "global": False, "upper_bound": False,
    }  # fmt: skip
    assert table["fc"]["output"] == [1000]


def test_table_shows_pairs_only_where_they_differ_and_marks_what_is_global() -> None:
    lines = run("s6:norm=group").output.splitlines()
    assert lines[0] == "17 layers on an image of 28 × 28"
    assert " ".join(lines[2].split()) == "conv1 3 1 1 8 × 28 × 28"
    assert lines[4].endswith("*") and "\n* depends on the whole image through norm1, norm2, norm3 " in "\n".join(lines)
    assert "28×30" in run("s6:head=conv,norm=none", "--input", "22x24").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["s7"], "model 's7': allowed is s6, s6:field=value,…, torchvision:NAME, timm:NAME, file.py:"),
        (["s6:nrm=none"], "unknown field 'nrm': did you mean norm"),
        (["s6:norm=bach"], "norm='bach': allowed is batch, group"),
        (["s6", "--input", "5"], "layer conv4: a window of 3 does not fit"),
        (["s6", "--input", "big"], "--input big: allowed is a number of pixels"),
        (["s6", "--input", "0"], "allowed is one integer from 1"),
        (["torchvision:resnet5"], "unknown torchvision net 'resnet5': did you mean resnet"),
        (["torchvision:alexnet", "--input", "20"], "at 'features.5': max_pool2d cannot take maps of 192×1×1"),
        (["nothing.py:make"], "model 'nothing.py:make': no file nothing.py"),
        (["nothing_at_all:Net"], "cannot be built: ModuleNotFoundError: No module named 'nothing_at_all'"),
        (["torch.nn:Conv2d"], "model 'torch.nn:Conv2d' cannot be built: TypeError: Conv2d.__init__() missing 3"),
        (["torch.nn:Conv2"], "unknown name in torch.nn 'Conv2': did you mean Conv2d"),
        (["torch.nn:Softmax", "--input", "2x3x4x5"], "--input 2x3x4x5: allowed is a number of pixels"),
    ],
)
def test_mistakes_are_one_line_and_exit_with_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output and result.output.startswith("s6: ")
    assert len(result.output.strip().splitlines()) == 1


def test_every_form_holds_the_same() -> None:
    lines = run("s6", "--format", "csv").output.splitlines()
    assert lines[0] == "layer,op,size,min_size,stride,padding,phases,output,global"
    assert lines[1] == "conv1,conv,3,3,1,1,1,8×28×28,"
    text = run("s6", "--format", "markdown").output.splitlines()
    assert [cell.strip() for cell in text[2].strip("|").split("|")] == lines[1].split(",")
    assert len(lines) - 1 == len(text) - 2 == len(rows("s6"))


FILE = """
from torch import fft, nn
def plain(): return nn.Sequential(nn.Conv2d(5, 2, 3), nn.Upsample(scale_factor=3), nn.Conv2d(2, 2, 2))
class Signal(nn.Sequential):
    def __init__(self): super().__init__(nn.Conv1d(1, 4, 5), nn.ReLU())
class Fourier(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
    def forward(self, x): return fft.fft2(self.conv(x)).real
made = nn.Conv2d(1, 1, 7)
number = 3
"""


def test_a_net_of_ones_own_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine_of_tests.py"
    path.write_text(FILE)
    table = rows(f"{path}:plain", "--input", "12")
    assert table["2"]["phases"] == [3, 3] and table["0"]["output"] == [2, 10, 10]
    assert run(f"{path}:plain", "--input", "12").output.splitlines()[-1].startswith("~ units differ")
    assert rows(f"{path}:Signal", "--input", "100")["1"]["size"] == [5]
    assert "cannot be built: TypeError: 'int' object is not callable" in run(f"{path}:number").output
    monkeypatch.chdir(tmp_path)
    assert run("mine_of_tests:Signal", "--input", "100").output.splitlines()[0] == "2 layers on an image of 100"


def test_a_file_may_import_what_lies_beside_it_and_an_upper_bound_has_one_sign(tmp_path: Path) -> None:
    (tmp_path / "parts_of_mine.py").write_text("from torch import nn\nover_channels = nn.AvgPool3d((2, 1, 1))\n")
    (tmp_path / "mine_with_parts.py").write_text(
        "import torch\nfrom torch import nn\nfrom parts_of_mine import over_channels\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.a, self.b = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(1, 2, 5, padding=2)\n"
        "    def forward(self, x):\n"
        "        return over_channels(torch.cat([self.a(x), self.b(x)], 1)[:, None])[:, 0][:, :1]\n"
    )
    result = run(f"{tmp_path / 'mine_with_parts.py'}:Net", "--input", "12x12")
    assert result.exit_code == 0, result.output
    assert result.output.count("≤ 5 ") >= 1 and "≤ ≤" not in result.output


def test_what_comes_before_an_operation_without_an_answer_is_printed(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    result = run(f"{path}:Fourier", "--input", "12")
    assert result.exit_code == 2
    lines = result.output.splitlines()
    assert lines[2].split()[:2] == ["conv", "3"]
    assert lines[-1] == "s6: at 'fft_fft2': no rule for the operation 'fft_fft2', and its field is not guessed"


def test_timm_is_named_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    assert "timm is not installed" in run("timm:resnet18").output


def test_timm_net(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one is no dependency; what is asked of it is this."""
    from types import SimpleNamespace

    from torch import nn

    def create_model(name: str, pretrained: bool) -> nn.Module:
        assert name == "tiny" and not pretrained
        net = nn.Sequential(nn.Conv2d(3, 4, 3))
        net.default_cfg = {"input_size": (3, 48, 64)}  # type: ignore[assignment]
        return net

    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=create_model, list_models=lambda: ["tiny"]))
    assert rows("timm:tiny")["0"]["output"] == [4, 46, 62]
    assert "unknown timm net 'tin': did you mean tiny" in run("timm:tin").output


def test_help_has_an_example() -> None:
    assert "s6 rf torchvision:resnet50" in run("--help").output


def test_own_net_needs_no_torch() -> None:
    run = "from experiments.cli.rf import rf; rf(['s6'], standalone_mode=False)"
    code = f"import sys; {run}; sys.exit('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
