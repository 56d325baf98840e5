"""The chapter on receptive fields: its code works, its stored tables are the engine's and the weights' own."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chapters import load

from experiments.answers.conditions import value_of
from experiments.answers.sources import Sources
from s6core.config import NetConfig
from s6core.layers import layers
from s6core.receptive import fields, receptive_field

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "book"))

RESULTS = ROOT / "results"
STORED = RESULTS / "receptive"
PAGE = (ROOT / "book" / "receptive" / "one-unit.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

Ten = Callable[[list[tuple[int, int, int, int]]], Any]


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(BLOCKS[0], names)
    return names


@pytest.fixture(scope="module")
def stacks() -> Any:
    import matplotlib

    matplotlib.use("agg")
    return load("receptive_stacks")


def test_the_ten_lines_are_ten() -> None:
    lines = BLOCKS[0].strip().splitlines()
    assert len([line for line in lines if not line.strip().startswith('"""')]) <= 10


def test_the_example_prints_what_the_page_says(page: dict[str, Any]) -> None:
    setting, call, printed = BLOCKS[1].strip().splitlines()
    exec(setting, page)
    assert printed == f"# {eval(call, page)}"


def test_the_ten_lines_agree_with_the_engine(page: dict[str, Any], stacks: Any) -> None:
    draw, compared = random.Random(0), 0
    for _ in range(60):
        words = [
            f"conv{draw.randint(1, 7)}s{draw.randint(1, 3)}p{draw.randint(0, 3)}d{draw.randint(1, 3)}" for _ in range(4)
        ]
        try:
            rows = stacks.rows_of(",".join(words), 200)
        except ValueError:
            continue  # shrunk to nothing
        numbers = [(row.kernel[0], row.stride[0], row.padding[0], row.dilation[0]) for row in rows]
        for (size, step, centre), seen in zip(page["receptive_field"](numbers), fields(rows), strict=True):
            assert (size, step, centre) == (seen.size[0], seen.stride[0], (seen.size[0] - 1) / 2 - seen.padding[0])
            compared += 1
    assert compared > 150


def test_what_a_picture_lights_is_what_the_engine_says(stacks: Any) -> None:
    rows = stacks.rows_of("conv3p1,conv3s2,max2,conv3", 40)
    for unit in (0, 2, rows[-1].output[1] - 1):
        pixels = [p for p in stacks.read_back(rows, unit)[0] if 0 <= p < 40]
        box = fields(rows)[-1].unit(unit, unit).clipped
        assert (min(pixels), max(pixels) + 1) == (box.top, box.bottom)


def test_a_layer_that_cannot_be_read_is_named(stacks: Any) -> None:
    with pytest.raises(ValueError, match=r"'pool7x'.*conv3s2p1d2"):
        stacks.rows_of("conv3,pool7x", 28)
    with pytest.raises(ValueError, match=r"'conv9'.*maps of 4"):
        stacks.rows_of("max7,conv9", 28)


def test_the_average_of_the_cells_is_the_net_itself() -> None:
    runs = pd.read_csv(RESULTS / "ablations" / "runs.csv").query("variant == 'reference' and seed == 0")
    votes = pd.read_csv(STORED / "votes.csv")
    assert votes["pooled_accuracy"].item() == pytest.approx(runs["test_accuracy"].item(), abs=0.015)


def test_the_stored_cells_lie_where_the_engine_puts_them() -> None:
    cells, seen = pd.read_csv(STORED / "cells.csv"), receptive_field(NetConfig())["logits"]
    assert len(cells) == seen.units[0] * seen.units[1]
    for cell in cells.itertuples():
        box = seen.unit(cell.row, cell.column).clipped
        assert (cell.top, cell.left, cell.height, cell.width) == (box.top, box.left, *box.size)
    votes = pd.read_csv(STORED / "votes.csv").iloc[0]
    assert votes["best_cell_accuracy"] == cells["accuracy"].max()


def test_the_effective_fields_stay_inside_their_boxes() -> None:
    frame = pd.read_csv(STORED / "effective.csv")
    assert (frame["area"] <= frame["pixels"]).all() and (frame["inside"] > 99.99).all()
    sizes = {f.name: f.size[0] for f in fields(layers(NetConfig()))}
    for line in frame[frame["layer"] != "gap"].itertuples():
        assert line.side == sizes[line.layer]


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "resnet18", "squeezenet1_0"])
def test_the_stored_nets_are_the_engine_s(name: str) -> None:
    from experiments.cli.rf import field_of

    line = pd.read_csv(STORED / "nets.csv").set_index("net").loc[name]
    record = field_of(f"torchvision:{name}", None)[line["layer"]]
    assert (record.size[0], record.stride[0], record.padding[0]) == (line["size"], line["stride"], line["padding"])


def test_the_border_predictions_come_from_the_engine_and_are_the_question(stacks: Any) -> None:
    """Blocks are taken out behind the border and before it; what the page shows is rendered, and no net costs more."""
    page = (ROOT / "book" / "receptive" / "border.md").read_text(encoding="utf-8")
    (names,) = re.findall(r"border-prediction variants=(\S+)", page)
    told = stacks.border_prediction(None, variants=names.split(",")).set_index("net")
    assert dict(told["blocks behind the border"]) == {
        "near-4": "none", "near-6": "none", "near-8": "conv7, conv8",
        "far-6": "none", "far-8": "conv8", "far-10": "conv8, conv9, conv10",
    }  # fmt: skip
    seen = told["its last block sees"]
    assert all(seen[name] < 28 for name in ("near-4", "far-6")) and all(seen[f"{n}"] >= 28 for n in ("near-6", "far-8"))
    assert all(work(stacks.planned(name).net) <= work(NetConfig()) for name in told.index)


def work(config: NetConfig) -> int:
    """Return the multiplications of a net's convolutions for one image."""
    rows = [row for row in layers(config) if row.op == "conv"]
    return sum(int(np.prod(row.output)) * row.input[0] * row.kernel[0] * row.kernel[1] for row in rows)


def test_the_key_says_where_the_first_box_of_conv4_begins() -> None:
    answers = (ROOT / "book" / "receptive" / "answers.md").read_text(encoding="utf-8")
    key = re.search(r"unit \(0, 0\) begins \{value\}`(.*?)` pixels before the image", answers)
    conv4 = next(field for field in fields(layers(NetConfig())) if field.name == "conv4")
    assert key and value_of(key[1], Sources(RESULTS)).number == -conv4.unit(0, 0).unclipped.top
