"""One variant's runs from start to finish: check the parameters, train the seeds that are missing, keep the records.

This is what a notebook of `experiments/` runs; papermill gives the parameters.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as to_safetensors

from s6core import data, devices, results
from s6core.config import ConfigError, NetConfig, TrainConfig, diff, from_dict, overrides, unknown
from s6core.layers import layers, parameters
from s6core.net import build
from s6core.results import Record
from s6core.train import Epoch, fit, logits

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


def run(plan: Plan) -> Iterator[tuple[int, Epoch]]:
    """Train every seed of the plan that has no record yet, and yield (seed, epoch's row) as they come.

    A run's record is written when its last epoch is through. Progress stands beside it in `seed-0.progress`,
    for whoever watches from another process.
    """
    missing = plan.missing()
    if not missing:
        return
    origin = results.provenance()
    device = devices.choose(plan.device)
    images = data.load(
        plan.train.dataset, device=device, validate=plan.train.validate, train_images=plan.train.train_images
    )
    for seed in missing:
        net = build(plan.net, seed=seed).to(device)
        rows: list[dict[str, Any]] = []
        progress = results.record_path(plan.folder, plan.variant, seed).with_suffix(".progress")
        for row in fit(net, images, plan.train, seed=seed):
            rows.append(_rounded(row))
            watch = {"pid": os.getpid(), "epoch": row.epoch, "epochs": plan.train.epochs, "row": rows[-1]}
            results.write(progress, json.dumps(watch).encode())
            yield seed, row
        diverged = row.diverged
        predictions = "" if diverged else predict(net, images, plan.train)
        record = Record(
            study=plan.study,
            variant=plan.variant,
            seed=seed,
            status="diverged" if diverged else "finished",
            net=plan.net,
            train=plan.train,
            parameters=parameters(layers(plan.net)),
            epochs=rows,
            predictions=predictions,
            provenance=origin | {"device": devices.name(device), "data": images.sha256, "finished_at": results.now()},
        )
        results.save(plan.folder, record, weights(net) if seed == 0 and not diverged else None)
        progress.unlink(missing_ok=True)


def predict(net: torch.nn.Module, images: data.Data, train: TrainConfig) -> str:
    """Return the predicted class of every test image, a digit each."""
    return "".join(map(str, logits(net, images.test, train).argmax(1).tolist()))


def weights(net: torch.nn.Module) -> bytes:
    """Return the weights and running statistics as safetensors."""
    return to_safetensors({name: tensor.cpu().contiguous() for name, tensor in net.state_dict().items()})


def _rounded(row: Epoch) -> dict[str, Any]:
    """Round to what the figures carry: 10,000 images give two decimals of a percent."""
    digits = {"lr": 8, "seconds": 3}
    rounded = {}
    for name, value in asdict(row).items():
        places = digits.get(name, 6 if name.endswith("loss") else 4)
        rounded[name] = round(value, places) if isinstance(value, float) else value
    return rounded


def _conflict(path: Path, kind: str, ours: Any, stored: Any) -> str:
    other = ", ".join(f"{name} {theirs!r} (asked for {mine!r})" for name, (mine, theirs) in diff(ours, stored).items())
    return (
        f"{path}: stored with another {kind}: {other}; use another variant or results folder, or --force to replace it"
    )
