"""The explorer's arithmetic, in a real browser, against the engine in Python."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable
from typing import Any

import pytest

from s6core.config import NetConfig
from s6core.layers import Layer, layers
from s6core.receptive import Field, fields

STACKS = 400
OPERATIONS: dict[str, str] = {
    "conv": "conv", "max": "max-pool", "avg": "average-pool", "gap": "global-average",
}  # fmt: skip

COMPUTE = """stacks => stacks.map(({rows, input}) => {
  const records = S6Receptive.fields(rows, input);
  return records.map((record, layer) => record.error ? {error: record.error} : {
    output: record.output, size: record.size, stride: record.stride, padding: record.padding, centre: record.centre,
    units: Array.from({length: record.output}, (_, unit) => {
      const {start, end, first, last} = S6Receptive.trace(records, layer, unit)[0];
      return [start, end, first, last];
    }),
  });
})"""

Row = dict[str, Any]


def random_stack(chance: random.Random) -> tuple[list[Row], int]:
    """Return the rows of a stack that fits, and the side of its image."""
    rows: list[Row] = []
    length = image = chance.randint(8, 64)
    for _ in range(chance.randint(1, 8)):
        op = chance.choices(["conv", "max", "avg", "gap"], [10, 3, 3, 1])[0]
        kernel = chance.randint(1, 7)
        most = 3 * kernel if op == "conv" else kernel // 2  # a padding beyond the kernel: some units see no pixel
        row: Row = {
            "op": op, "kernel": kernel, "stride": chance.choice([1, 1, 1, 2, 3, 4]),
            "padding": chance.choice([0, min(kernel // 2, most), chance.randint(0, most)]),
            "dilation": 1 if op == "avg" else chance.choice([1, 1, 1, 2, 3]),
        }  # fmt: skip
        after = output(row, length)
        if after >= 1:
            rows.append(row)
            length = after
    return (rows, image) if rows else random_stack(chance)


def output(row: Row, length: int) -> int:
    if row["op"] == "gap":
        return 1
    span = row["dilation"] * (row["kernel"] - 1) + 1
    return (length + 2 * row["padding"] - span) // row["stride"] + 1


def engine(rows: list[Row], image: int) -> list[Field]:
    layered, length = [], image
    for at, row in enumerate(rows):
        after = output(row, length)
        geometry = {key: (row[key], row[key]) for key in ("kernel", "stride", "padding", "dilation")}
        shapes: Any = {"input": (1, length, length), "output": (1, after, after)}
        layered.append(Layer(name=f"layer{at}", op=OPERATIONS[row["op"]], **shapes, **geometry))
        length = after
    return fields(layered)


def test_random_stacks_agree_with_the_engine(explorer: Callable[..., Any]) -> None:
    chance = random.Random(20250612)
    stacks = [random_stack(chance) for _ in range(STACKS)]
    computed = explorer().evaluate(COMPUTE, [{"rows": rows, "input": image} for rows, image in stacks])
    clipped = empty = strided = 0
    for (rows, image), records in zip(stacks, computed, strict=True):
        for record, field in zip(records, engine(rows, image), strict=True):
            size, stride, padding = (pair[0] for pair in (field.size, field.stride, field.padding))
            assert (record["size"], record["stride"], record["padding"]) == (size, stride, padding), rows
            assert record["output"] == field.units[0] and record["centre"] == -padding + (size - 1) / 2
            for unit, (start, end, first, last) in enumerate(record["units"]):
                seen = field.unit(unit, unit)
                assert (start, end + 1) == (seen.unclipped.top, seen.unclipped.bottom), (rows, unit)
                assert (start, end) == (unit * stride - padding, unit * stride - padding + size - 1)
                if seen.clipped.empty:
                    assert first > last
                    empty += 1
                else:
                    assert (first, last + 1) == (seen.clipped.top, seen.clipped.bottom), (rows, unit)
                    clipped += (first, last) != (start, end)
            strided += stride > 1
    assert min(clipped, empty, strided) > 50  # the random stacks hold what is hard


PUBLISHED = [
    ("reference", "conv4", 12, 2, 3),  # 3, 5, 7, pool 8 with effective stride 2, 12
    ("reference", "gap", 34, 24, 3),
    ("vgg16", "pool5", 212, 32, 90),  # google-research/receptive_field, table of vgg_16
    ("alexnet", "pool3", 195, 32, 66),  # the same table's 195 and 32; torchvision pads the first layer by 2: 64 + 2
    ("lenet", "C5", 32, 4, 0),  # LeCun et al. 1998: C5's maps are 1 × 1, so it sees the 32 × 32 image
    ("dilated", "conv4", 31, 1, 15),  # 2^(i+2) − 1: Yu and Koltun 2016
]


def test_presets_have_their_published_fields(explorer: Callable[..., Any]) -> None:
    page = explorer()
    for preset, layer, *numbers in PUBLISHED:
        page.get_by_label("Stack").select_option(preset)
        row = page.locator(".rx-row", has=page.get_by_role("rowheader", name=layer, exact=True))
        assert row.locator(".rx-result").all_inner_texts()[1:4] == [str(number) for number in numbers]


def test_the_reference_preset_is_the_projects_net(explorer: Callable[..., Any]) -> None:
    net = [row for row in layers(NetConfig()) if row.op in OPERATIONS.values()]
    shown = explorer().evaluate(
        """() => { const rows = S6Receptive.parse(S6Receptive.PRESETS.reference.stack);
        const records = S6Receptive.fields(rows, 28), names = S6Receptive.names(rows);
        return rows.map(({op}, at) => [names[at], op, records[at].output, records[at].window]); }"""
    )
    for row, (name, op, units, window) in zip(net, shown, strict=True):
        assert (row.name, row.op, row.output[1:]) == (name, OPERATIONS[op], (units, units))
        assert row.kernel[0] == window["kernel"] and row.padding[0] == window["padding"]
        assert row.op == "global-average" or row.stride[0] == window["stride"]


def test_paths_count_the_ways_from_a_pixel_to_the_unit(explorer: Callable[..., Any]) -> None:
    page = explorer()
    paths = """stack => { const records = S6Receptive.fields(S6Receptive.parse(stack), 9);
    return Array.from(S6Receptive.trace(records, records.length - 1, 4)[0].paths); }"""
    binomial = [0, 0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3, 0, 0]
    assert page.evaluate(paths, "conv3p1,conv3p1") == pytest.approx(binomial)
    assert page.evaluate(paths, "conv3p2d2") == [0, 0, 1, 0, 1, 0, 1, 0, 0]


def test_maps_average_what_their_units_see(explorer: Callable[..., Any]) -> None:
    maps = """stack => { const rows = S6Receptive.parse(stack), image = Float32Array.from({length: 16}, (_, n) => n);
    return S6Receptive.activations(rows, S6Receptive.fields(rows, 4), image).map(map => Array.from(map)); }"""
    page = explorer()
    assert page.evaluate(maps, "avg2,gap") == [[2.5, 4.5, 10.5, 12.5], [7.5]]
    assert page.evaluate(maps, "max2") == [[5, 7, 13, 15]]
    assert page.evaluate(maps, "conv3p1")[0][0] == pytest.approx((0 + 1 + 4 + 5) / 9)  # the padding counts as zeros


def test_text_and_rows_are_the_same_stack(explorer: Callable[..., Any]) -> None:
    texts = ["conv3p1, max3s2p1, conv5s2d3, avg2, gap", "stem:conv11s4p2, max2s1", "conv3, cnv3, conv0"]
    again = explorer().evaluate("texts => texts.map(text => S6Receptive.format(S6Receptive.parse(text)))", texts)
    assert again == texts


def test_digits_are_mnists_own_images(explorer: Callable[..., Any]) -> None:
    digits = explorer().evaluate("() => S6Receptive.digits")
    assert [digit["label"] for digit in digits] == list(range(10))
    assert [digit["index"] for digit in digits] == [3, 2, 1, 18, 4, 8, 11, 0, 61, 7]
    images = [base64.b64decode(digit["pixels"]) for digit in digits]
    assert {len(image) for image in images} == {28 * 28}
    # of the ten images, as cut from t10k-images-idx3-ubyte, whose own SHA-256 explorer_digits.py checks
    digest = hashlib.sha256(b"".join(images)).hexdigest()
    assert digest == "71e91adbd0f1df327c755ec7cd91b5cdbad5b0012d47e1c1a44e31dd13ba2a90"
