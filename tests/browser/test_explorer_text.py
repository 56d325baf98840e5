"""What the explorer reads and writes: real nets as text and as PyTorch, branches, pairs of numbers, upsampling."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

Open = Callable[..., Any]

READ = """text => { const rows = S6Receptive.parse(text);
const last = S6Receptive.fields(rows, 28).map(r => r.error ?? [r.output, r.least, r.smallest, r.size]);
return [S6Receptive.format(rows), S6Receptive.names(rows), last]; }"""

# text, as it is written back, (output, shortest, smallest, largest field) of the last row, along the columns
REAL = [
    ("conv 3 x 3 p1, bn relu; max 2", "conv3p1, bn, relu, max2", [14, 4, 4, 4]),
    ("conv 1×7 p 0x3", "conv1x7p0x3", [28, 7, 7, 7]),
    ("conv7x1p3x0 BN GELU", "conv7x1p3x0, BN, GELU", [28, 1, 1, 1]),
    ("conv3s2p1 up2", "conv3s2p1, up2", [28, 3, 3, 3]),
    ("up2, conv2", "up2, conv2", [55, 1, 1, 2]),  # every second unit reads one pixel, the others two
    ("maxpool2 tconv2", "max2, tconv2", [28, 2, 2, 2]),
    ("conv3p1c64 [conv3p1c64, relu, conv3p1c64|]", "conv3p1c64, [conv3p1c64, relu, conv3p1c64 | ]", [28, 3, 7, 7]),
    ("[conv3p1 | conv5p2 | max3s1p1]", "[conv3p1 | conv5p2 | max3s1p1]", [28, 3, 5, 5]),
    ("gap flatten fc", "gap, flatten, fc", [1, 28, 28, 28]),
]


def test_text_takes_what_real_nets_contain(explorer: Open) -> None:
    page = explorer()
    for text, written, last in REAL:
        again, _, records = page.evaluate(READ, text)
        assert (again, records[-1]) == (written, last), text
        assert page.evaluate(READ, again)[0] == again


WRONG = [
    ("conv3, fc10", "“fc10” joins all units: what follows it sees the whole image, and has no map to slide over."),
    ("[conv3p1", "This bracket is never closed: write ] where its branches are added."),
    ("conv3 ]", "There is no [ before this ]."),
    ("[conv3p1]", "One branch alone: write | between two, as in [conv3p1 | ]."),
    ("[conv3 | ]", "Its branches end in maps of 26 and of 28 units: they cannot be added."),
    ("[up2, conv3s2p1 | conv1s1]", None),
    ("[conv28p28, max2 | max2s1]", "Its branches end in maps of"),
    ("tconv2s3", "Its kernel of 2 is smaller than its stride of 3: some units would be made from nothing."),
]


def test_what_cannot_be_answered_is_refused_in_words(explorer: Open) -> None:
    page = explorer()
    for text, message in WRONG:
        errors = [record for record in page.evaluate(READ, text)[2] if isinstance(record, str)]
        assert errors[0].startswith(message) if message else not errors, text


def test_branches_of_one_length_and_other_steps_are_refused(explorer: Open) -> None:
    records = explorer().evaluate(READ, "[conv3s2p1, up2 | conv1p1, conv3p0]")[2]
    assert records[-1] == [28, 3, 3, 4]  # both step by a pixel: they can be added, in two phases
    records = explorer().evaluate(READ, "[conv3s2p1 | conv15]")[2]
    assert records[-1] == "Its branches step by 2 and by 1 pixels: their units do not lie on one another."


def test_many_layers_are_answered_or_refused_never_cut(explorer: Open) -> None:
    page = explorer()
    page.get_by_label("As text").fill(", ".join(["conv3p1"] * 60))
    page.get_by_label("As text").press("Enter")
    assert page.get_by_role("rowheader").count() == 60
    assert page.locator(".rx-readout").inner_text().startswith("Layer conv60, ")
    page.get_by_label("As text").fill(", ".join(["conv3p1"] * 201))
    page.get_by_label("As text").press("Enter")
    note = "These are 201 layers: at most 200 can be drawn. The stack stays as it was."
    assert page.locator(".rx-note").inner_text() == note
    assert page.get_by_role("rowheader").count() == 60


PRINTED = nn.Sequential(
    nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
    nn.MaxPool2d(3, stride=2, padding=1),
    nn.Sequential(nn.Conv2d(64, 128, (1, 7), padding=(0, 3)), nn.Conv2d(128, 128, 3, padding=2, dilation=2)),
    nn.Upsample(scale_factor=2), nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d((1, 1)),
)  # fmt: skip
AS_TEXT = "conv7s2p3c64, bn, relu, max3s2p1, conv1x7p0x3c128, conv3p2d2c128, up2, tconv4s2p1c64, avg2, gap"  # PRINTED
WRITTEN = """
import torch
from torch import nn
# a comment (with brackets), and a stem
net = nn.Sequential(OrderedDict([
    ("stem", nn.Conv2d(3, 8, kernel_size=5, padding="same")),  # as ever
    ("pool", torch.nn.MaxPool2d(2)),
    ("head", nn.Conv2d(8, 2 * width, 3)),
]))
"""


LOOP = "nn.Sequential(*[nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU()) for _ in range(2)], nn.AdaptiveAvgPool2d(1))"


def test_pytorch_is_read_as_printed_and_as_written(explorer: Open) -> None:
    page = explorer()
    for code, text in [
        (repr(PRINTED), AS_TEXT),
        (WRITTEN, "conv5p2c8, max2, conv3"),
        (LOOP, "conv3c1, relu, conv3c1, relu, gap"),
        ("nn.Sequential(*[nn.Conv2d(1, 1, 5, padding=5 // 2)] * 2, nn.AvgPool2d(1 + 1))", "conv5p2c1, conv5p2c1, avg2"),
        ("nn.Sequential(OrderedDict({'a': nn.Conv2d(1, 4, 7, 2, (7 - 1) // 2)}))", "conv7s2p3c4"),
    ]:
        page.get_by_label("As text").fill(code)
        page.get_by_label("As text").press("Enter")
        assert page.get_by_label("As text").input_value() == text


def test_the_channels_of_the_image_are_the_first_convolutions(explorer: Open) -> None:
    code = "nn.Sequential(nn.Conv2d(in_channels=3, out_channels=8, kernel_size=3), nn.Conv2d(8, 4, 3))"
    assert "nn.Conv2d(3, 8, 3),\n" in explorer().evaluate(ROUND, code)[0]


def test_pytorch_that_cannot_be_read_is_refused_by_name(explorer: Open) -> None:
    page = explorer()
    page.get_by_label("As text").fill(
        "nn.Sequential(nn.LSTM(3, 4), nn.MaxPool2d(2, ceil_mode=True), nn.Conv2d(1, 1, 4, padding='same'))"
    )
    page.get_by_label("As text").press("Enter")
    errors = page.locator(".rx-error").all_inner_texts()
    assert errors[0].startswith("LSTM: is not a layer that is known here.")
    assert errors[1] == "MaxPool2d: ceil_mode=True is not known here."
    assert errors[2].startswith('Conv2d: padding="same" with an even kernel')
    for code, first in [
        ("nn.Sequential(*[nn.Conv2d(1, 1, 3) for size in sizes])", "for: a loop is known here as"),
        ("nn.Sequential(*[nn.Conv2d(1, 1, k) for k in range(2)])", "Its kernel is missing"),
        ("nn.Sequential(nn.Conv2d(1, 1, 3, step))", "Its stride is missing"),
        ("nn.Sequential(nn.Conv2d(1, 1, 3, stride=-1))", "Its stride is -1"),
        ("nn.Sequential(nn.Conv2d(1, 1, 3, padding=3 - 1 - width))", "Its padding is missing"),
        ("nn.Sequential(stem, nn.ReLU())", "stem: what it stands for cannot be read"),
        ("nn.Sequential(*[nn.ReLU()] + tail)", "Python: what it stands for cannot be read"),
        ("nn.Sequential(nn.MaxPool2d(2, ceil_mode=rounded))", "MaxPool2d: ceil_mode=True"),
    ]:
        page.get_by_label("As text").fill(code)
        page.get_by_label("As text").press("Enter")
        assert page.locator(".rx-error:visible").first.inner_text().startswith(first)
    page.get_by_label("As text").fill(
        "class Net(nn.Module):\n    def forward(self, x):\n        return F.relu(x)\nNet()"
    )
    page.get_by_label("As text").press("Enter")
    assert page.locator(".rx-note").inner_text().startswith("What a forward() does cannot be read here")


def test_what_torch_would_refuse_is_copied_as_a_comment(explorer: Open) -> None:
    page = explorer()
    code = page.evaluate("S6Receptive.toTorch(S6Receptive.parse('conv0, conv3s0, conv1x0, hello, conv3'), 1)")
    lines = [line.strip() for line in code.splitlines()[3:-1]]
    assert lines == ["# conv0", "# conv3s0", "# conv1x0", "# hello", "nn.Conv2d(1, 16, 3),"]


def random_text(chance: random.Random, depth: int = 0) -> str:
    """A stack that keeps or halves its maps, with branches, pairs and upsampling; one channel."""
    words = []
    for _ in range(chance.randint(1, 3)):
        kind = chance.choice(["conv", "conv", "pair", "branches", "skip", "down", "up"])
        if kind == "conv":
            kernel, dilation = chance.choice([1, 3, 5]), chance.choice([1, 1, 2])
            words.append(f"conv{kernel}p{(kernel - 1) // 2 * dilation}d{dilation}c1")
        elif kind == "pair":
            words.append(chance.choice(["conv1x5p0x2c1", "conv3x1p1x0c1, relu", "conv5x3p2x1c1"]))
        elif kind == "branches" and depth < 2:
            words.append(f"[{random_text(chance, depth + 1)} | {random_text(chance, depth + 1)}]")
        elif kind == "skip" and depth < 2:
            words.append(f"[{random_text(chance, depth + 1)} | ]")
        elif kind == "down":
            words.append("[conv3s2p1c1, conv3p1c1 | conv1s2c1], up2")
        elif kind == "up":
            words.append("tconv2c1, conv2s2c1")
    return ", ".join(words) or "conv3p1c1"


ANSWER = """text => { const rows = S6Receptive.parse(text);
const axes = [0, 1].map(axis => S6Receptive.fields(rows, 16, axis)), last = rows.length - 1;
const unit = [5, 9], traced = axes.map((records, axis) => S6Receptive.trace(records, last, unit[axis])[0]);
return {error: axes.flat().find(r => r.error)?.error, code: S6Receptive.toTorch(rows, 1),
        ways: Array.from(S6Receptive.ways(axes, last, unit)),
        seen: traced.map(({first, last}) => [first, last])}; }"""


def test_random_stacks_with_branches_agree_with_pytorchs_gradients(explorer: Open) -> None:
    """With all weights 1, a gradient counts the ways from a pixel to the unit; the code is the explorer's own."""
    chance = random.Random(20261126)
    page = explorer()
    branched = 0
    for _ in range(60):
        text = random_text(chance)
        answer = page.evaluate(ANSWER, text)
        assert answer["error"] is None, (text, answer["error"])
        names: dict[str, Any] = {}
        exec(answer["code"], names)
        net = names["net"].double()
        for name, weight in net.named_parameters():
            nn.init.constant_(weight, 0.0 if name.endswith("bias") else 1.0)
        image = torch.ones(1, 1, 16, 16, dtype=torch.float64, requires_grad=True)
        maps = net(image)
        assert maps.shape[-2:] == (16, 16)
        maps[0, 0, 5, 9].backward()
        assert image.grad is not None
        counts = image.grad[0, 0]
        expected = (counts / counts.max()).flatten().tolist()
        assert answer["ways"] == pytest.approx(expected), text
        for axis in (0, 1):
            read = counts.sum(1 - axis).nonzero().flatten()
            assert answer["seen"][axis] == [int(read[0]), int(read[-1])], text
        branched += "[" in text
    assert branched > 20


PRESETS = """() => Object.entries(S6Receptive.PRESETS).map(
  ([name, {stack, input}]) => [name, input, S6Receptive.toTorch(S6Receptive.parse(stack), 1)])"""
ROUND = """code => { const {rows, channels} = S6Receptive.fromTorch(code);
return [S6Receptive.toTorch(rows, channels), S6Receptive.fields(rows, 224).map(r => r.output)]; }"""


def test_presets_go_to_pytorch_and_back_and_run(explorer: Open) -> None:
    page = explorer()
    for name, size, code in page.evaluate(PRESETS):
        again, _ = page.evaluate(ROUND, code)
        assert again.splitlines() == [line.partition("  # ")[0] for line in code.splitlines()], name
        names: dict[str, Any] = {}
        exec(code, names)
        assert names["net"].eval()(torch.zeros(1, 1, size, size)).shape[2] >= 1


def test_a_residual_block_shows_its_shortest_and_its_longest_path(explorer: Open) -> None:
    page = explorer('preset="residual"')
    assert page.locator(".rx-readout").inner_text() == (
        "Layer add2, unit (13, 13): sees rows 8–18, columns 8–18, 11 × 11 pixels. By its shortest path it sees 3 × 3."
    )
    row = page.locator(".rx-row", has=page.get_by_role("rowheader", name="add2", exact=True))
    assert row.locator(".rx-result").nth(1).inner_text() == "3 to 11"
    assert page.locator(".rx-short-line").count() == 1
    page.get_by_label("Stack").select_option("resnet18")
    rows = page.locator(".rx-row", has=page.get_by_role("rowheader", name="add8", exact=True))
    # Araujo et al. 2019 give 435 for ResNet-18; its shortest path leads through the stem and the 1 × 1 alone
    assert rows.locator(".rx-result").nth(1).inner_text() == "11 to 435"
