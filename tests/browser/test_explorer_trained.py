"""The trained reference net's maps in the explorer, against PyTorch."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from _ext.explorer import FOLDER
from _ext.live_data import export
from conftest import ROOT
from safetensors.torch import load_file

from experiments.answers.sources import Sources

WEIGHTS = ROOT / "results" / "ablations" / "reference" / "seed-0.safetensors"

MAPS = """channel => { const own = document.querySelector('receptive-explorer');
const maps = S6Receptive.channels(own.net, own.names, S6Receptive.digits[own.digit], channel);
return [Array.from(maps[0]), Array.from(maps[4]), maps.map(map => map.length)]; }"""


NORMAL = """() => { const {mean, deviation} = document.querySelector('receptive-explorer').net;
return [mean, deviation]; }"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folders of a built site that the explorer takes from."""
    for name in (FOLDER, "live"):
        shutil.copytree(ROOT / "book" / "_static" / name, tmp_path / name)
    shutil.copy(ROOT / "book" / "_static" / "favicon.svg", tmp_path)
    export("net-reference", Sources(ROOT / "results"), tmp_path)
    return tmp_path / FOLDER / "explorer.html"


def test_trained_maps_are_the_nets_own(visit: Callable[..., Any], site: Path) -> None:
    page = visit(site, "?preset=reference&digit=4")
    assert page.locator(".rx-equal").inner_text().startswith("All weights are equal")
    page.get_by_label("Weights").select_option("trained")
    page.wait_for_function("document.querySelector('.rx-equal').textContent.startsWith('One channel')")
    weights = load_file(WEIGHTS)
    pixels = page.evaluate("S6Receptive.digits[4].pixels")
    image = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(1, 1, 28, 28).astype(np.float32)
    mean, deviation = page.evaluate(
        "(({mean, deviation}) => [mean, deviation])(document.querySelector('receptive-explorer').net)"
    )
    x = torch.from_numpy((image / 255 - mean) / deviation).float()
    first = torch.relu(torch.conv2d(x, weights["conv1.weight"], weights.get("conv1.bias"), padding=1))[0]
    for channel in (0, 5):
        conv1, _, sizes = page.evaluate(MAPS, channel)
        assert conv1 == pytest.approx(first[channel].flatten().tolist(), abs=1e-4)
        assert sizes == [784, 784, 784, 196, 144, 144, 1]
    page.get_by_label("Channel").fill("3")
    page.get_by_label("Stack").select_option("vgg16")  # any other stack has no trained weights here
    assert page.locator(".rx-equal").inner_text().startswith("All weights are equal")
    assert not page.get_by_label("Weights").is_visible()


def test_without_the_built_book_it_says_so(visit: Callable[..., Any]) -> None:
    page = visit(ROOT / "book" / "_static" / FOLDER / "explorer.html", "?preset=reference")
    page.evaluate("() => { S6Receptive.trained = () => Promise.reject(new Error('not there')); }")
    page.get_by_label("Weights").select_option("trained")
    note = "The trained weights lie in the built book, not in this copy."
    page.wait_for_function("text => document.querySelector('.rx-note').textContent === text", arg=note)
    assert page.get_by_label("Weights").input_value() == "equal"
