"""The training step: recorded or not, it trains alike. What needs a GPU runs where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from test_train import NET, TRAIN, invented, untimed
from torch.optim import SGD
from torch.utils._python_dispatch import TorchDispatchMode

from s6core import train
from s6core.config import NetConfig, TrainConfig
from s6core.data import Images
from s6core.net import build
from s6core.step import EAGER, SWITCH, Recorded, Step, optimiser, step
from s6core.train import SCHEDULES, fit, logits

VARIED = replace(TRAIN, augment="affine", schedule="one-cycle", epochs=3)
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


class Rehearsed(Recorded):
    """A recording without a GPU: replaying takes the step on the recorded batch's memory."""

    recordings = 0

    def aside(self, index: torch.Tensor) -> torch.Tensor:
        return self.step(index)

    def record(self) -> Callable[[], None]:
        type(self).recordings += 1
        self.loss = torch.zeros(())
        return lambda: self.loss.copy_(self.step(self.index))


class Failing(Rehearsed):
    def record(self) -> Callable[[], None]:
        raise RuntimeError("not on this device")


def train_with(recorder: type[Recorded], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    plain = train.step

    def step(net, part, config, sgd, noise) -> Step:
        return recorder(plain(net, part, config, sgd, noise), noise, size=config.batch_size)

    monkeypatch.setattr(train, "step", step)
    rows = untimed(list(fit(build(replace(NET, dropout=0.2)), invented(100), VARIED, seed=4)))
    monkeypatch.undo()
    return rows


def test_a_replayed_step_trains_as_an_eager_one(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = untimed(list(fit(build(replace(NET, dropout=0.2)), invented(100), VARIED, seed=4)))
    assert train_with(Rehearsed, monkeypatch) == expected
    assert Rehearsed.recordings == 1  # for all epochs, and 100 images leave a last batch of another size in each


def test_where_recording_fails_the_run_says_how_to_train_without(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="as a CUDA graph: not on this device; S6_CUDA_GRAPH=0 trains without"):
        train_with(Failing, monkeypatch)


def test_the_first_steps_are_taken_before_anything_is_recorded() -> None:
    taken: list[int] = []
    step = Rehearsed(lambda index: taken.append(int(index[0])) or torch.zeros(()), torch.Generator(), size=2)
    for n in range(EAGER):
        step(torch.tensor([n, n]))
        assert step.replay is None
    step(torch.tensor([7, 7]))
    assert step.replay is not None and taken == [*range(EAGER), 7]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_rate_on_the_device_follows_the_schedule(name: str) -> None:
    config = TrainConfig(schedule=name, epochs=3, step_epoch=2, lr=0.1)
    rates = []
    for lr, fused in ((0.1, False), (torch.tensor(0.1), True)):
        weight = torch.nn.Parameter(torch.ones(3))
        sgd = SGD([weight], lr, 0.9, fused=fused)
        schedule = SCHEDULES[name](sgd, config, 5)
        seen = []
        for _ in range(15):
            weight.grad = torch.ones(3)
            seen.append(float(schedule.get_last_lr()[0]))
            sgd.step()
            schedule.step()
        rates.append((seen, weight.detach().tolist()))
    assert rates[1][0] == pytest.approx(rates[0][0], rel=1e-5)
    assert rates[1][1] == pytest.approx(rates[0][1], rel=1e-5)


def test_on_a_cpu_the_rate_is_a_number() -> None:
    sgd = optimiser(build(NET), TRAIN, torch.device("cpu"))
    assert sgd.param_groups[0]["lr"] == TRAIN.lr and not isinstance(sgd.param_groups[0]["lr"], torch.Tensor)


@cuda
@pytest.mark.parametrize("changed", [{}, {"dropout": 0.2}, {"norm": "none", "head": "fc"}])
def test_on_cuda_a_recorded_step_trains_as_an_eager_one(changed: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    data = invented(100)
    data = replace(data, train=data.train.to("cuda"), test=data.test.to("cuda"))
    rows = []
    for switch in ("1", "0"):
        monkeypatch.setenv(SWITCH, switch)
        rows.append(untimed(list(fit(build(replace(NET, **changed)).cuda(), data, VARIED, seed=4))))
    for recorded, eager in zip(*rows, strict=True):
        assert recorded == pytest.approx(eager, rel=1e-3)


@cuda
def test_on_cuda_a_step_that_waits_for_the_device_is_refused_by_name() -> None:
    waiting = Recorded(lambda index: index.float().sum().cpu(), torch.Generator("cuda"), size=4)
    index = torch.arange(4, device="cuda")
    with pytest.raises(RuntimeError, match="S6_CUDA_GRAPH=0 trains without"):
        for _ in range(EAGER + 1):
            waiting(index)


@cuda
def test_on_cuda_no_step_waits_for_the_device() -> None:
    data = invented(100)
    part = data.train.to("cuda")
    noise = torch.Generator("cuda")
    net = build(replace(NET, dropout=0.2)).cuda().train()
    take = train.step(net, part, VARIED, optimiser(net, VARIED, torch.device("cuda")), noise)
    indices = [torch.arange(16, device="cuda") for _ in range(EAGER + 4)]
    for index in indices[: EAGER + 1]:
        take(index)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for index in indices[EAGER + 1 :]:
            take(index)
    finally:
        torch.cuda.set_sync_debug_mode("default")


class NoDoubles(TorchDispatchMode):
    """A device without doubles, as Apple's are: whatever would make a tensor of them fails."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, list | tuple) else [made]:
            if isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float64:
                raise TypeError(f"{func} makes doubles, which MPS has not")
        return made


@pytest.mark.parametrize("augment", ["affine", "erase"])
@pytest.mark.parametrize("channels", [1, 3])
def test_no_step_and_no_forward_pass_needs_doubles(augment: str, channels: int):
    noise = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (8, channels, 12, 12), generator=noise).byte()
    part = Images(images=pixels if channels > 1 else pixels[:, 0], labels=torch.arange(8).byte())
    dataset = "mnist" if channels == 1 else "cifar-10"
    config = TrainConfig(dataset=dataset, augment=augment, normalise="image", batch_size=8, optimiser="adamw")  # type: ignore[arg-type]
    net = build(NetConfig(image=(channels, 12, 12), channels=(4,), pool_after=(), dropout=0.1), seed=0)
    take = step(net, part, config, optimiser(net, config, torch.device("cpu")), noise)
    with NoDoubles():
        assert take(torch.arange(8)).isfinite()
        assert logits(net, part, config).shape == (8, 10)
        with pytest.raises(TypeError, match="makes doubles"):
            torch.ones(2).double()
