"""What one notebook is to do: its parameters, checked. No torch here, so that a whole study is checked at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from s6core import devices, results
from s6core.config import ConfigError, NetConfig, TrainConfig, diff, from_dict, overrides, unknown
from s6core.layers import layers
from s6core.results import Record

NET_FIELDS = [f.name for f in fields(NetConfig)]
TRAIN_FIELDS = [f.name for f in fields(TrainConfig)]
PLAIN = bool | int | float | str | list | tuple | None
YOURS = results.REPOSITORY / "results" / "yours"
"""Where a reader's own runs go: never mixed with the published ones."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one notebook is to do, checked."""

    study: str
    variant: str
    net: NetConfig
    train: TrainConfig
    seeds: tuple[int, ...]
    device: str
    folder: Path  # of the study

    def records(self) -> list[Record]:
        """Return the stored runs of the plan. Raises `ConfigError` where a stored run's config is another."""
        found = []
        for seed in self.seeds:
            path = results.record_path(self.folder, self.variant, seed)
            if path.exists():
                record = results.load(path)
                for kind, ours, stored in (("net", self.net, record.net), ("train", self.train, record.train)):
                    if ours != stored:
                        raise ConfigError(_conflict(path, kind, ours, stored))
                found.append(record)
        return found

    def missing(self) -> list[int]:
        """Return the seeds that have no record yet."""
        stored = {record.seed for record in self.records()}
        return [seed for seed in self.seeds if seed not in stored]


def plan(given: Mapping[str, Any]) -> Plan:
    """Check a notebook's parameters: every field of the two configs, and seeds, device, study, variant, results.

    `given` may be a notebook's `globals()`: whatever is not a plain value or starts with an underscore is passed
    over. Raises `ConfigError` with the name, the value and what is allowed.
    """
    values = {k: v for k, v in given.items() if isinstance(v, PLAIN) and k[0] != "_" and k not in ("In", "Out")}
    own = ("study", "variant", "seeds", "device", "results")
    for name in values:
        if name not in (*NET_FIELDS, *TRAIN_FIELDS, *own):
            raise ConfigError(unknown("parameter", name, [*NET_FIELDS, *TRAIN_FIELDS, *own]))
    net = from_dict(NetConfig, {k: v for k, v in values.items() if k in NET_FIELDS})
    train = from_dict(TrainConfig, {k: v for k, v in values.items() if k in TRAIN_FIELDS})
    layers(net)  # a net that its image does not allow is refused here, before any data is read
    device = str(values.get("device", "auto"))
    if device not in devices.ALLOWED:
        raise ConfigError(f"device={device!r}: allowed is one of {', '.join(devices.ALLOWED)}")
    study, variant = str(values.get("study") or "papermill"), str(values.get("variant") or describe(net, train))
    root = Path(str(values["results"])) if values.get("results") else YOURS
    return Plan(
        study=study,
        variant=variant,
        net=net,
        train=train,
        seeds=seeds(values.get("seeds", 1)),
        device=device,
        folder=root / study,
    )


def seeds(value: Any) -> tuple[int, ...]:
    """Read a number of seeds (3: the seeds 0, 1, 2) or a list of seeds."""
    numbers = range(value) if type(value) is int else value
    valid = isinstance(numbers, range | list | tuple) and len(numbers) > 0
    if not valid or any(type(n) is not int or n < 0 for n in numbers) or len(set(numbers)) < len(numbers):
        raise ConfigError(f"seeds={value!r}: allowed is a number of seeds from 1, or a list of different ones from 0")
    return tuple(numbers)


def describe(net: NetConfig, train: TrainConfig) -> str:
    """Name a variant by what differs from the defaults: "norm-none head-fc dropout-0.1", else "reference"."""
    words = []
    for name, value in {**overrides(net), **overrides(train)}.items():
        text = "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words.append(f"{name}-{text}")
    return "_".join(words) or "reference"


def _conflict(path: Path, kind: str, ours: Any, stored: Any) -> str:
    other = ", ".join(f"{name} {theirs!r} (asked for {mine!r})" for name, (mine, theirs) in diff(ours, stored).items())
    return (
        f"{path}: stored with another {kind}: {other}; use another variant or results folder, or --force to replace it"
    )
