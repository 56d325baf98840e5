"""Which device a run takes."""

from __future__ import annotations

import re

import pytest
import torch

from s6core import devices
from s6core.config import ConfigError


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def there(monkeypatch: pytest.MonkeyPatch, *, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_the_best_there_is(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, best: str):
    there(monkeypatch, cuda=cuda, mps=mps)
    assert devices.choose("auto") == devices.choose() == torch.device(best)


def test_a_named_device_is_taken_though_there_is_a_better_one(monkeypatch: pytest.MonkeyPatch):
    there(monkeypatch, cuda=True, mps=False)
    assert devices.choose("cpu").type == "cpu"


@pytest.mark.parametrize("device", ["cuda", "mps", "tpu", "cuda:0", ""])
def test_a_device_that_is_not_there_is_refused_with_what_is(monkeypatch: pytest.MonkeyPatch, device: str):
    there(monkeypatch, cuda=False, mps=False)
    message = f"device={device!r}: allowed is one of auto, cpu, cuda, mps; this machine has cpu"
    with pytest.raises(ConfigError, match="^" + re.escape(message) + "$"):
        devices.choose(device)


def test_a_run_on_the_cpu_takes_one_thread():
    torch.set_num_threads(2)
    devices.choose("cpu")
    assert torch.get_num_threads() == 1


def test_results_name_the_hardware(monkeypatch: pytest.MonkeyPatch):
    assert devices.name(torch.device("cpu")) == devices.cpu() != ""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"invented {device.type}")
    assert devices.name(torch.device("cuda")) == "invented cuda"
