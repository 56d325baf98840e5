"""What one notebook is to do: its parameters, checked. No torch here, so that a whole study is checked at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from s6core import devices, results, sources
from s6core.config import ConfigError, Integers, NetConfig, TrainConfig, diff, from_dict, overrides, read, text, unknown
from s6core.datasets import FOLDER
from s6core.folder import absolute
from s6core.layers import Layer, layers
from s6core.matters import idle
from s6core.results import Record

NET_FIELDS = [f.name for f in fields(NetConfig)]
TRAIN_FIELDS = [f.name for f in fields(TrainConfig)]
OWN = ("study", "variant", "seeds", "device", "results")
TEXTS = ("study", "variant", "device", "results", "dataset")
FOLLOW = ("image", "classes")
"""Fields of the net that the data set has, where they are not given (or None)."""

HERE = results.REPOSITORY if (results.REPOSITORY / "_config.yml").exists() else Path.cwd()  # installed without it
YOURS = HERE / "results" / "yours"
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

    @property
    def images(self) -> int:
        """Return how many images an epoch passes over once."""
        return self.train.train_images or sources.describe(self.train.dataset).images(validate=self.train.validate)

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

    def learned(self, accuracy: float) -> bool:
        """Return whether a net that ends with this accuracy (percent) guesses better than chance.

        Of two classes nothing can be said.
        """
        from s6core.stats import ended_at_chance  # takes a second, and only the end of a run wants it

        return self.net.classes < 3 or (accuracy > 1 and not ended_at_chance(accuracy, self.net.classes))

    def parameters(self) -> dict[str, Any]:
        """Return what papermill gives a notebook to have it do this: what differs from the defaults, and its own.

        A results folder in the repository is named from there, to read alike on any machine.
        """
        root = self.folder.parent
        inside = root.is_relative_to(results.REPOSITORY)
        whole = self.seeds == tuple(range(len(self.seeds)))
        changed = {**overrides(self.net), **overrides(self.train)}
        return {
            **{name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()},
            "study": self.study,
            "variant": self.variant,
            "seeds": len(self.seeds) if whole else list(self.seeds),
            "device": self.device,
            "results": str(root.relative_to(results.REPOSITORY) if inside else root),
        }


def plan(given: Mapping[str, Any]) -> Plan:
    """Check a notebook's parameters: every field of the two configs, and seeds, device, study, variant, results.

    `given` may be a notebook's `globals()`: a name that is no parameter is passed over where it starts with an
    underscore or its value is not a plain one. `image` and `classes` are the data set's. Raises `ConfigError` with the
    name, the value and what is allowed, also for a field that has no effect: its run would be another one's copy.
    """
    known = (*NET_FIELDS, *TRAIN_FIELDS, *OWN)
    plain = {k for k, v in given.items() if _plain(v) and k[0] != "_" and k not in ("In", "Out")}
    values = {k: v for k, v in given.items() if k in known or k in plain}
    for name in values:
        if name not in known:
            raise ConfigError(unknown("parameter", name, known))
    for name in TEXTS:
        if not isinstance(values.get(name, ""), str | Path | None if name == "results" else str | None):
            raise ConfigError(_no_text(name, values[name]))
    net, train = _configs(values)
    _fit_together(net, train, layers(net))  # what the layers do not allow is refused here, before any data is read
    for name, reason in idle(net, train).items():
        raise ConfigError(f"{name}={values[name]!r}: {reason}")
    device = values.get("device", "auto")
    if device not in devices.ALLOWED:
        raise ConfigError(f"device={device!r}: allowed is one of {', '.join(devices.ALLOWED)}")
    study, variant = values.get("study") or "papermill", values.get("variant") or describe(net, train)
    for name, value in (("study", study), ("variant", variant)):
        if not re.fullmatch(r"\w[\w.+-]*", value):
            raise ConfigError(f"{name}={value!r}: allowed are letters, digits and _ . + -, as it names a folder")
    return Plan(
        study=study,
        variant=variant,
        net=net,
        train=train,
        seeds=seeds(values.get("seeds", 1)),
        device=device,
        folder=_folder(study, variant, values.get("results")),
    )


def _folder(study: str, variant: str, root: Any) -> Path:
    """Return the study's folder. A stored notebook that runs where it lies finds its records beside itself."""
    here = Path.cwd()
    if (here.parent.name, here.name) == (study, variant):
        return here.parent
    return (Path(str(root)).expanduser() if root else YOURS) / study


def seeds(value: Any) -> tuple[int, ...]:
    """Read a number of seeds (3: the seeds 0, 1, 2) or a list of seeds."""
    numbers = read(value, Integers)  # from a command line a list comes as text
    numbers = range(numbers) if type(numbers) is int else numbers
    valid = isinstance(numbers, range | list | tuple) and len(numbers) > 0
    if not valid or any(type(n) is not int or n < 0 for n in numbers) or len(set(numbers)) < len(numbers):
        raise ConfigError(f"seeds={value!r}: allowed is a number of seeds from 1, or a list of different ones from 0")
    return tuple(numbers)


def describe(net: NetConfig, train: TrainConfig) -> str:
    """Name a variant by what differs from the defaults: "norm-none head-fc dropout-0.1", else "reference"."""
    words = []
    for name, value in {**overrides(net), **overrides(train)}.items():
        if name == "dataset" and value.startswith(FOLDER):
            value = re.sub(r"[^\w.+-]", "-", Path(value.removeprefix(FOLDER)).name)
        if name not in FOLLOW:  # the data set says it
            words.append(f"{name}-{text(value)}")
    return "_".join(words) or "reference"


def _configs(values: Mapping[str, Any]) -> tuple[NetConfig, TrainConfig]:
    """Return both configs; what the data set decides is taken from it where it is not given."""
    train = from_dict(TrainConfig, {k: v for k, v in values.items() if k in TRAIN_FIELDS})
    if train.dataset.startswith(FOLDER):
        train = replace(train, dataset=absolute(train.dataset))
    row = sources.describe(train.dataset)
    own = {k: v for k, v in values.items() if k in NET_FIELDS and not (k in FOLLOW and v is None)}
    return from_dict(NetConfig, {"image": row.image, "classes": row.classes, **own}), train


def _fit_together(net: NetConfig, train: TrainConfig, rows: Sequence[Layer]) -> None:
    """Refuse a net for other images than the data set's, and batches that a layer cannot normalise."""
    row = sources.describe(train.dataset)
    for name, ours, theirs in (("image", net.image, row.image), ("classes", net.classes, row.classes)):
        if ours != theirs:
            raise ConfigError(f"{name}={ours!r}: allowed is {theirs!r}, as the images of {train.dataset} have it")
    most = row.images(validate=train.validate)
    if train.train_images > most:  # a folder's
        raise ConfigError(f"train_images={train.train_images}: allowed is 0 for all, or up to {most:,} images")
    images = train.train_images or most
    single = images * train.repeats % train.batch_size == 1
    pointwise = [row.name for row in rows if row.op == "batch-norm" and row.output[1:] == (1, 1)]
    if single and pointwise:
        raise ConfigError(
            f"batch_size={train.batch_size}: the last batch has one image, too few for layer {pointwise[0]} "
            f"with its maps of 1 × 1; allowed is a size that leaves at least two"
        )


def _plain(value: Any) -> bool:
    """Return whether a value may have been meant as a parameter: what YAML can say."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple | set):
        return all(map(_plain, value))
    return isinstance(value, bool | int | float | str | date | None)


def _no_text(name: str, value: Any) -> str:
    """Say how to write a name that looks like a number: what papermill made of it cannot be undone (007 became 7)."""
    return (
        f"{name}={value!r}: allowed is text; papermill's -p turns what looks like a number into one: "
        f"write -r {name} and the text, instead of -p {name}"
    )


def _conflict(path: Path, kind: str, ours: Any, stored: Any) -> str:
    other = ", ".join(f"{name} {theirs!r} (asked for {mine!r})" for name, (mine, theirs) in diff(ours, stored).items())
    return f"{path}: stored with another {kind}: {other}; use another variant or results folder, or remove the file"
