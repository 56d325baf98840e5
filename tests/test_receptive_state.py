"""A net that was looked at is exactly as it was: everything that it holds is compared before and after."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, weight_norm

from s6core.config import NetConfig
from s6core.net import build
from s6core.receptive import ReceptiveFieldError, effective_receptive_field, receptive_field, support


def frozen(value: Any, seen: dict[int, int] | None = None) -> Any:
    """Return a picture of an object that changes when anything in it does: identities, types, values, order."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return ("again", seen[id(value)])
    seen[id(value)] = len(seen)
    if isinstance(value, torch.Tensor):
        content = None if nn.parameter.is_lazy(value) else (tuple(value.shape), value.dtype, value.detach().tolist())
        own = (type(value).__name__, value.requires_grad, value.device.type, frozen(value.grad, seen))
        return ("tensor", id(value), *own, content)
    if isinstance(value, nn.Module):
        return ("module", id(value), type(value).__name__, frozen(vars(value), seen))
    if isinstance(value, dict):
        return [(repr(key), frozen(item, seen)) for key, item in value.items()]
    if isinstance(value, list | tuple | set):
        return [frozen(item, seen) for item in value]
    if isinstance(value, int | float | str | bool | type(None)):
        return value
    return ("object", id(value), [(key, frozen(item, seen)) for key, item in getattr(value, "__dict__", {}).items()])


def chance() -> tuple[Any, ...]:
    return (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
    )


class Untidy(nn.Module):
    """A net that writes down, counts, caches, draws and changes itself whenever it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, momentum=0.5)
        self.calls, self.shapes, self.cache = 0, [], {}  # type: ignore[var-annotated]
        self.register_buffer("seen", torch.zeros(1))
        self.register_buffer("mask", torch.ones(1, 4, 1, 1), persistent=False)
        self.later: nn.Module | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.shapes.append(tuple(x.shape))
        self.cache["last"] = x
        self.seen += 1
        with torch.no_grad():
            self.conv.weight.mul_(0.9)
        if self.later is None:
            self.later = nn.Identity()
        random.random()
        np.random.rand()
        noise = torch.rand(1, 1, 1, 1).item()
        return self.later(self.norm(self.conv(x)) * self.mask + noise)


class Closure(nn.Module):
    """Its forward pass is a function that holds the net itself."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.run = lambda x: self.conv(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.run(x)


def hooked() -> nn.Module:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    net[0].register_forward_hook(lambda m, a, o: None)
    net[1].register_forward_pre_hook(lambda m, a: None)
    net.register_full_backward_hook(lambda m, a, o: None)
    return net


def with_gradients() -> nn.Module:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Dropout(), nn.Flatten(), nn.LazyLinear(2))
    net(torch.rand(1, 3, 12, 12)).sum().backward()
    net[0].weight.requires_grad_(False)
    return net


NETS: dict[str, Callable[[], nn.Module]] = {
    "reference": lambda: build(NetConfig()).train(),
    "lazy": lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5)),
    "untidy": lambda: Untidy().train(),
    "a mode of its own": lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4).eval(), nn.Dropout().train()),
    "hooks": hooked,
    "gradients": with_gradients,
    "weight norm": lambda: nn.Sequential(weight_norm(nn.Conv2d(3, 4, 3)), nn.Conv2d(4, 4, 1)),
    "spectral norm": lambda: nn.Sequential(parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))).train(),
    "shared layer": lambda: nn.Sequential(*[nn.Conv2d(3, 3, 3)] * 3),
    "closure": Closure,
    "half": lambda: nn.Sequential(nn.Conv2d(3, 4, 3)).half(),
    "meta": lambda: nn.Sequential(nn.Conv2d(3, 4, 3, device="meta")).requires_grad_(False),
}


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", NETS)
def test_a_net_is_left_exactly_as_it_was(name: str) -> None:
    torch.manual_seed(0)
    net = NETS[name]()
    channels = 1 if name == "reference" else 3
    if name == "meta":
        before: Any = [(p.device.type, p.requires_grad, id(p)) for p in net.parameters()]
        receptive_field(net, 12)
        assert before == [(p.device.type, p.requires_grad, id(p)) for p in net.parameters()]
        return
    before, drawn = frozen(net), chance()
    field = receptive_field(net, 12, channels=channels)
    assert len(field) >= 1
    assert frozen(net) == before and chance() == drawn
    images = torch.rand(2, channels, 12, 12)
    before, drawn = frozen([net, images]), chance()
    layer = next(n for n, m in net.named_modules() if isinstance(m, nn.Conv2d | nn.LazyConv2d))
    if name == "lazy":
        with pytest.raises(ReceptiveFieldError, match="Sequential has lazy layers that no image has passed"):
            effective_receptive_field(net, images, layer)
    else:
        effective_receptive_field(net, images, layer)
        support(net, layer, input_size=12, channels=channels)
    assert frozen([net, images]) == before and chance() == drawn


def test_a_lazy_net_can_be_used_and_trained_afterwards() -> None:
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    assert receptive_field(net, 12)["0"].output == (4, 10, 10)
    net(torch.zeros(1, 3, 20, 20)).sum().backward()
    assert net[3].in_features == 4 * 18 * 18 and net[0].weight.grad is not None


def test_a_net_that_fails_is_left_as_it_was_too() -> None:
    net = nn.Sequential(Untidy(), nn.Conv2d(4, 4, 30))
    before, drawn = frozen(net), chance()
    with pytest.raises(ReceptiveFieldError):
        receptive_field(net, 12)
    assert frozen(net) == before and chance() == drawn


def test_a_picture_shows_every_kind_of_change() -> None:
    """The check can fail: each of these leaves another picture."""

    def later(net: Untidy) -> None:
        net.later = nn.ReLU()

    changes: list[Callable[[Untidy], Any]] = [
        lambda net: net.seen.add_(1), lambda net: net.eval(), lambda net: net.shapes.append(1), later,
        lambda net: net.conv.register_forward_hook(print), lambda net: net.conv.weight.requires_grad_(False),
        lambda net: setattr(net.conv.weight, "grad", torch.zeros(4, 3, 3, 3)), lambda net: net.cache.clear(),
        lambda net: net.register_parameter("more", None),
    ]  # fmt: skip
    for change in changes:
        net = Untidy()
        net.cache["a"] = 1
        before = frozen(net)
        assert frozen(net) == before
        change(net)
        assert frozen(net) != before


def test_a_net_with_what_cannot_be_copied_is_followed() -> None:
    import threading

    net = nn.Sequential(nn.Conv2d(1, 1, 3))
    net.lock = threading.Lock()  # type: ignore[assignment]
    with pytest.raises(TypeError):
        copy.deepcopy(net)
    assert receptive_field(net, 9)["0"].size == (3, 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_effective_field_in_every_precision(dtype: torch.dtype) -> None:
    conv = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    nn.init.ones_(conv.weight)
    net = nn.Sequential(conv).to(dtype)
    found = effective_receptive_field(net, torch.rand(2, 1, 9, 9), "0")
    assert found.area == pytest.approx(9) and found.gradient.dtype == np.float64
    assert conv.weight.dtype == dtype


def test_effective_field_under_inference_mode() -> None:
    images = torch.rand(2, 1, 9, 9)
    outside = nn.Sequential(nn.Conv2d(1, 2, 3))
    expected = effective_receptive_field(outside, images, "0").gradient
    with torch.inference_mode():
        net = nn.Sequential(nn.Conv2d(1, 2, 3))
        net.load_state_dict(outside.state_dict())
        for one in (net, outside):
            assert np.allclose(effective_receptive_field(one, images.clone(), "0").gradient, expected)
        assert receptive_field(net, 9)["0"].size == (3, 3)


def test_effective_field_of_double_images_keeps_to_what_a_device_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """MPS has no doubles: the gradient must be on the CPU before it becomes one."""
    double = torch.Tensor.double

    def only_on_the_cpu(x: torch.Tensor) -> torch.Tensor:
        assert x.device.type == "cpu"
        return double(x)

    monkeypatch.setattr(torch.Tensor, "double", only_on_the_cpu)
    assert (
        effective_receptive_field(nn.Sequential(nn.Conv2d(1, 2, 3)), torch.rand(2, 1, 9, 9).double(), "0").images == 2
    )


def test_images_and_nets_that_do_not_fit_are_named() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3))
    with pytest.raises(ReceptiveFieldError, match=r"images: 1×12×12; allowed is a batch of images"):
        effective_receptive_field(net, torch.rand(1, 12, 12), "0")
    with pytest.raises(ReceptiveFieldError, match=r"at '0': conv2d .* it expects 1 channel and gets 3 channels"):
        effective_receptive_field(net, torch.rand(2, 3, 12, 12), "0")


def test_an_exported_net_is_followed() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Upsample(scale_factor=2), nn.Flatten(),
        nn.Linear(400, 2),
    )  # fmt: skip
    own = receptive_field(net.eval(), 12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_LOGS", "")
        exported = torch.export.export(net, (torch.zeros(1, 3, 12, 12),)).module()
    field = receptive_field(exported, 12)
    pooled = next(record for record in field if record.op.startswith("max_pool"))
    assert (pooled.size, pooled.stride) == (own["3"].size, own["3"].stride) == ((4, 4), (2, 2))
    grown = next(record for record in field if record.op.startswith("upsample"))
    assert grown.phases == own["4"].phases
