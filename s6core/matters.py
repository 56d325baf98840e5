"""When a field of net or training matters. Where it does not, changing it trains a copy that is equal to the bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from s6core.config import NetConfig, TrainConfig, overrides


@dataclass(frozen=True)
class When:
    """The condition under which a field matters, in words ("it matters where …") and as a test of two configs."""

    words: str
    holds: Callable[[NetConfig, TrainConfig], bool]
    fields: tuple[str, ...]  # those that decide


def _normed(net: NetConfig) -> list[int]:
    """Return the channels of each place that the config puts a norm in."""
    blocks = [n for b, n in enumerate(net.channels, start=1) if net.norm_blocks == "all" or b in net.norm_blocks]
    return blocks + [net.classes] * (net.logit_norm and net.head != "conv")


def _kernels(net: NetConfig) -> tuple[int, ...]:
    return net.kernel if isinstance(net.kernel, tuple) else (net.kernel,)


def _order(net: NetConfig) -> bool:
    """Return whether a norm and an activation meet anywhere."""
    logits = net.head != "conv" and net.logit_norm and net.logit_activation
    return net.activation != "none" and net.norm != "none" and (net.norm_blocks != () or logits)


MATTERS: dict[str, When] = {
    "dilation": When("a kernel is larger than 1", lambda net, _: max(_kernels(net)) > 1, ("kernel",)),
    "norm": When("some place has a norm", lambda net, _: bool(_normed(net)), ("norm_blocks", "logit_norm", "head")),
    "norm_blocks": When("norm is not none", lambda net, _: net.norm != "none", ("norm",)),
    "norm_groups": When(
        "norm is group, over more than one channel",
        lambda net, _: net.norm == "group" and max(_normed(net), default=0) > 1,
        ("norm", "channels", "norm_blocks", "logit_norm"),
    ),
    "order": When(
        "a norm and an activation meet", lambda net, _: _order(net), ("norm", "norm_blocks", "activation", "head")
    ),
    "pool": When("pool_after names a block", lambda net, _: net.pool_after != (), ("pool_after",)),
    "pool_after": When("pool is not none", lambda net, _: net.pool != "none", ("pool",)),
    "dropout_kind": When("dropout is above 0", lambda net, _: net.dropout > 0, ("dropout",)),
    "dropout_place": When(
        "dropout is above 0 and there are several blocks",
        lambda net, _: net.dropout > 0 and len(net.channels) > 1,
        ("dropout", "channels"),
    ),
    "dropout_from": When("dropout is above 0", lambda net, _: net.dropout > 0, ("dropout",)),
    "logit_kernel": When("head is not conv", lambda net, _: net.head != "conv", ("head",)),
    "logit_activation": When(
        "head is not conv and activation is not none",
        lambda net, _: net.head != "conv" and net.activation != "none",
        ("head", "activation"),
    ),
    "logit_norm": When(
        "head is not conv and norm is not none",
        lambda net, _: net.head != "conv" and net.norm != "none",
        ("head", "norm"),
    ),
    "step_epoch": When("schedule is step", lambda _, train: train.schedule == "step", ("schedule",)),
}
"""Each field that does not always matter. A field that is not listed does: some other value of it changes the run."""


def idle(net: NetConfig, train: TrainConfig) -> dict[str, str]:
    """Return the fields that were changed from their defaults without effect, each with the reason in words."""
    changed, values = overrides(net) | overrides(train), vars(net) | vars(train)
    return {
        name: f"no effect while {', '.join(f'{field}={values[field]!r}' for field in when.fields)}; "
        f"it matters where {when.words}, so leave it out"
        for name, when in MATTERS.items()
        if name in changed and not when.holds(net, train)
    }
