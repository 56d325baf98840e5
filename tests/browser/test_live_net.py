"""The nets in the page against torch: the twelve of the study on a thousand test digits, and nets drawn at random."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from _ext import live_data
from live_page import RESULTS, ROOT, lay_out
from random_configs import random_configs
from safetensors.numpy import load_file

from experiments.answers.sources import Sources
from s6core import data, results
from s6core.config import ConfigError, NetConfig
from s6core.layers import layers
from s6core.net import build
from s6core.train import logits

DIGITS = 1_000
RUN = """([name, text]) => {
  const net = S6Live.open(S6Live.stored[name]), bytes = S6Live.bytes(text);
  const size = net.rows[0].input.reduce((product, length) => product * length, 1);
  return Array.from({length: bytes.length / size}, (_, at) =>
    Array.from(S6Live.run(net, bytes.subarray(size * at, size * (at + 1))).at(-1)));
}"""
VOTES = """([name, text]) => {
  const net = S6Live.open(S6Live.stored[name]), outputs = S6Live.run(net, S6Live.bytes(text));
  const sums = S6Live.votes(net, outputs).map((map) => map.reduce((sum, value) => sum + value, 0));
  return [sums, Array.from(outputs.at(-1))];
}"""


def text(images: np.ndarray | torch.Tensor) -> str:
    return base64.b64encode(np.asarray(images, dtype=np.uint8).tobytes()).decode()


@pytest.fixture
def page(visit: Callable[..., Any], tmp_path: Path) -> Any:
    return visit(lay_out(tmp_path, "draw-digit", body=""))


@pytest.fixture(scope="module")
def digits() -> Any:
    test = data.load().test
    return test.take(slice(0, 10 * DIGITS, 10))  # from all of the test set: its first half is easier


@pytest.mark.parametrize("name", live_data.NETS)
def test_a_stored_net_answers_as_in_torch(page: Any, digits: Any, name: str) -> None:
    variant = live_data.NETS[name]
    record = results.load(results.record_path(RESULTS / live_data.STUDY, variant, 0))
    assert record.train.normalise == "dataset"  # as the page does
    net = build(record.net)
    weights = load_file(results.weights_path(RESULTS / live_data.STUDY, variant))
    net.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    expected = logits(net.eval(), digits, record.train).numpy()
    page.add_script_tag(path=str(Path(page.url.removeprefix("file://")).parent / f"_static/live-data/{name}.js"))
    found = np.array(page.evaluate(RUN, [name, text(digits.images)]))
    assert found.shape == (DIGITS, 10)
    assert np.abs(found - expected).max() < 1e-3
    assert (found.argmax(1) == expected.argmax(1)).all()
    read = np.array([int(record.predictions[10 * at]) for at in range(DIGITS)])
    assert (found.argmax(1) == read).mean() > 0.998  # the record comes from another machine: a tie may fall otherwise
    sums, last = page.evaluate(VOTES, [name, text(digits.images[:1])])
    assert np.allclose(sums, last, atol=1e-4)  # the votes of the places add up to the logits


@torch.no_grad()
def test_any_net_of_the_rows_answers_as_in_torch(page: Any) -> None:
    rng = np.random.default_rng(7)
    tried = 0
    shared = NetConfig(channels=(8, 8, 8, 8), separable=(2, 3, 4), shared=(3, 4), padding=(1, 1, 1, 1))
    # no random one shares weights
    for seed, config in enumerate([shared, *random_configs(60, seed=20)]):
        try:
            layers(config)
        except ConfigError:
            continue  # its image is too small for its layers
        tried += 1
        net = build(config, seed=seed).eval()
        for name, number in net.state_dict().items():  # norms as after training, not as they start
            if name.startswith("norm") and number.is_floating_point():
                number.copy_(torch.from_numpy(rng.uniform(0.5, 1.5, number.shape)))
        images = torch.from_numpy(rng.integers(0, 256, (3, *config.image), dtype=np.uint8))
        expected = net((images.float() / 255 - 0.3) / 0.4).numpy()
        weights = {key: value.numpy() for key, value in net.state_dict().items()}
        stored = live_data.net(config, weights, mean=0.3, deviation=0.4)
        page.evaluate("(net) => ((S6Live.stored ??= {}).random = net)", json.loads(json.dumps(stored)))
        found = np.array(page.evaluate(RUN, ["random", text(images)]))
        assert np.allclose(found, expected, atol=2e-4), config
    assert tried > 30


def test_a_unit_sees_the_pixels_that_torch_says(page: Any) -> None:
    """The field is where the gradient of a unit of a net without norm and pooling reaches, cut at the border."""
    stored = json.loads(json.dumps(live_data.stored_net("no-bn", Sources(ROOT / "results"))))
    page.evaluate("(net) => ((S6Live.stored ??= {}).plain = net)", stored)
    field = "([at, unit]) => S6Live.field(S6Live.open(S6Live.stored.plain).rows, at, unit)"
    names = [row["name"] for row in stored["rows"]]
    assert page.evaluate(field, [names.index("conv1"), [0, 27]]) == [0, 26, 1, 27]
    assert page.evaluate(field, [names.index("conv3"), [10, 10]]) == [7, 7, 13, 13]
    assert page.evaluate(field, [names.index("relu-logits"), [3, 5]]) == [3, 7, 14, 18]  # 12 x 12, as in the book
    assert page.evaluate(field, [names.index("gap"), [0, 0]]) == [0, 0, 27, 27]
