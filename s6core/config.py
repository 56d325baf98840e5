"""What can be varied: the net (`NetConfig`) and its training (`TrainConfig`), and how two configs differ.

When a field matters stands in `s6core.matters`.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from math import inf
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from s6core import datasets
from s6core.operations import ACTIVATIONS, NORMS, POOLS

Integers = int | tuple[int, ...]
"""One integer for every convolution block, or one per block."""

if TYPE_CHECKING:
    Activation = str
    Norm = str
    Pool = str
else:  # what the table of operations has is what a field allows
    Activation = Literal[*ACTIVATIONS, "none"]
    Norm = Literal[*(name.removesuffix("-norm") for name in NORMS), "none"]
    Pool = Literal[*(name.removesuffix("-pool") for name in POOLS), "stride", "none"]


class ConfigError(ValueError):
    """A field, its value and what is allowed, in one line."""


@dataclass(frozen=True, kw_only=True)
class NetConfig:
    """The net. The defaults are the reference net: 15,662 parameters.

    A net is a row of convolution blocks, a pooling somewhere between them, a 1×1 convolution to one map
    per class (the logit maps), and a head that turns the maps into one logit per class.
    """

    image: tuple[int, int, int] = (1, 28, 28)  # channels, height, width: in a plan the data set's, as are the classes
    classes: int = 10  # kinds of images: one logit for each
    channels: tuple[int, ...] = (8, 16, 32, 32)  # output channels, one number per block: also sets the depth
    kernel: Integers = 3  # side of the blocks' square kernels, in pixels
    padding: Literal["auto"] | Integers = "auto"  # auto: as published, "same" before the first pooling, none after
    dilation: Integers = 1  # distance of neighbouring kernel taps
    separable: tuple[int, ...] = ()  # blocks whose convolution is one per channel, then 1×1 (Howard et al. 2017)
    shared: tuple[int, ...] = ()  # blocks that use the convolution weights of the block before once more
    bias: bool = True  # of the blocks' convolutions; a batch norm right behind undoes what it adds
    init: Literal["torch", "he", "orthogonal"] = "torch"  # initial weights: torch's default, He et al. 2015, Saxe 2014
    norm: Norm = "batch"  # over which values maps are normalised
    norm_blocks: Literal["all"] | tuple[int, ...] = "all"  # blocks with the norm; for the logits: logit_norm
    norm_groups: int = 4  # where it does not divide the channels, their greatest common divisor
    order: Literal["conv-relu-norm", "conv-norm-relu"] = "conv-relu-norm"  # in each block
    activation: Activation = "relu"  # leaky: slope 0.01 below zero
    pool: Pool = "max"  # stride: the block's convolution strides by 2 instead
    pool_after: tuple[int, ...] = (3,)  # blocks, counted from 1
    dropout: float = 0.0  # share of values that training sets to zero
    dropout_kind: Literal["element", "channel"] = "element"  # channel: whole maps
    dropout_place: Literal["all", "last"] = "all"  # after every block, or after the last one only
    logit_kernel: int = 1  # of the convolution that makes the logit maps
    logit_activation: bool = True  # the published net rectifies and normalises its logit maps; see the book
    logit_norm: bool = True  # on the logit maps, of the kind that norm says
    head: Literal["gap", "fc", "gap-fc", "max", "conv"] = "gap"  # what follows the logit maps (conv: replaces them)

    def __post_init__(self) -> None:
        _check_types(self)
        depth = len(self.channels)
        _require(self, "image", all(n >= 1 for n in self.image), "three integers from 1: channels, height, width")
        _require(self, "classes", self.classes >= 2, "an integer from 2")
        _require(self, "channels", depth >= 1 and min(self.channels) >= 1, "at least one integer, each from 1")
        for name, least in (("kernel", 1), ("padding", 0), ("dilation", 1)):
            value = getattr(self, name)
            if value == "auto":
                continue
            numbers = value if isinstance(value, tuple) else (value,) * depth
            allowed = f"an integer from {least}, or {depth} of them (one per block)"
            _require(self, name, len(numbers) == depth and min(numbers) >= least, allowed)
            if isinstance(value, tuple) and len(set(value)) == 1:
                object.__setattr__(self, name, value[0])  # 3 and (3, 3, 3, 3) are the same config
        _require(self, "norm_groups", self.norm_groups >= 1, "an integer from 1")
        for name in ("separable", "shared", "norm_blocks", "pool_after"):
            blocks = getattr(self, name)
            if blocks == "all":
                continue
            ascending = sorted(set(blocks)) == list(blocks) and all(1 <= block <= depth for block in blocks)
            _require(self, name, ascending, f"ascending block numbers from 1 to {depth}")
        _require(self, "shared", 1 not in self.shared, f"block numbers from 2 to {depth}: block 1 has none before it")
        if self.norm_blocks == tuple(range(1, depth + 1)):
            object.__setattr__(self, "norm_blocks", "all")
        _require(self, "logit_kernel", self.logit_kernel >= 1, "an integer from 1")
        _require(self, "dropout", 0 <= self.dropout < 1, "a number from 0 to below 1")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The training. The defaults are the study recipe; `RECIPES["reference"]` is the published one."""

    dataset: str = "mnist"  # a row of s6core.datasets, or folder:PATH with a subfolder per class
    validate: bool = False  # hold a twelfth back (MNIST: 5,000 of 60,000) to choose by; the report trains on all
    train_images: int = 0  # 0: all; otherwise a nested random subset, for quick looks
    normalise: Literal["dataset", "none", "image"] = "dataset"  # to mean 0, deviation 1: of the set, or each image
    augment: Literal["none", "affine", "shift", "rotate", "erase"] = "none"  # how training images are varied
    repeats: int = 1  # passes an epoch makes over the images: a tenth of them ten times takes as many steps as all
    epochs: int = 6  # rounds over the training images
    batch_size: int = 128  # images in a step
    optimiser: Literal["sgd", "nesterov", "adam", "adamw"] = "sgd"  # each wants an lr of its own
    lr: float = 0.1  # the peak, where the schedule has one
    momentum: float = 0.9  # for Adam: of the gradient's mean, beta 1
    weight_decay: float = 0.0  # pull of the weights towards zero; adamw: apart from the gradient
    schedule: Literal["one-cycle", "step", "constant", "cosine"] = "one-cycle"  # of the rate, from step to step
    step_epoch: int = 15  # the rate falls to a tenth after this many epochs
    label_smoothing: float = 0.0  # share of each target that is spread over all classes
    dropout_from: int = 1  # the net's dropout acts from this epoch on
    seed_varies: Literal["all", "weights", "order"] = "all"  # weights: order, augmentation and dropout are seed 0's

    def __post_init__(self) -> None:
        _check_types(self)
        row, folder = datasets.DATASETS.get(self.dataset), self.dataset.removeprefix(datasets.FOLDER)
        _require(self, "dataset", bool(row or (folder and folder != self.dataset)), datasets.ALLOWED)
        most = row.images(validate=self.validate) if row else self.train_images  # a folder is counted when it is read
        _require(self, "train_images", 0 <= self.train_images <= most, f"0 for all, or up to {most:,} images")
        _require(self, "repeats", self.repeats >= 1, "an integer from 1")
        _require(self, "epochs", self.epochs >= 1, "an integer from 1")
        _require(self, "batch_size", self.batch_size >= 2, "an integer from 2 (batch statistics need two)")
        _require(self, "lr", 0 < self.lr < inf, "a number above 0")
        _require(self, "momentum", 0 <= self.momentum < 1, "a number from 0 to below 1")
        nesterov = self.optimiser == "nesterov"  # without momentum it is plain sgd under another name
        _require(self, "momentum", self.momentum > 0 or not nesterov, "a number above 0 for optimiser=nesterov")
        _require(self, "weight_decay", 0 <= self.weight_decay < inf, "a number from 0")
        _require(self, "step_epoch", self.step_epoch >= 1, "an integer from 1")
        _require(self, "dropout_from", 1 <= self.dropout_from <= self.epochs, f"an epoch from 1 to {self.epochs}")
        _require(self, "label_smoothing", 0 <= self.label_smoothing < 1, "a number from 0 to below 1")


RECIPES: dict[str, dict[str, Any]] = {
    "study": {},
    "reference": {"epochs": 20, "batch_size": 64, "lr": 0.05, "schedule": "step", "step_epoch": 15},
}
"""Training recipes as differences from `TrainConfig()`."""

FIELDS: dict[str, Any] = get_type_hints(NetConfig) | get_type_hints(TrainConfig)
"""Every field of net and training with its type."""

Config = TypeVar("Config", NetConfig, TrainConfig)


def diff(a: Config, b: Config) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which two configs differ, as {field: (value in a, value in b)}: an ablation."""
    return {f.name: (x, y) for f in fields(a) if (x := getattr(a, f.name)) != (y := getattr(b, f.name))}


def overrides(config: NetConfig | TrainConfig) -> dict[str, Any]:
    """Return the fields that differ from the defaults, as {field: value}."""
    default: Any = type(config)()
    return {name: value for name, (_, value) in diff(default, config).items()}


def to_dict(config: NetConfig | TrainConfig) -> dict[str, Any]:
    """Return every field, with lists for tuples: what JSON stores."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items()}


def text(value: Any) -> Any:
    """Return a field's value as tables and names hold it: "8-16-32-32" for several numbers, others as they are."""
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else value


def from_dict(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """Build a config from names and values as JSON, YAML or a notebook give them: lists or typed text for tuples.

    Raises `ConfigError` naming an unknown field and its nearest known names, or the value and what is allowed.
    """
    hints = get_type_hints(kind)
    for name in values:
        if name not in hints:
            raise ConfigError(unknown("field", name, hints))
    return kind(**{name: read(value, hints[name]) for name, value in values.items()})


def parse(kind: type[Config], assignments: Iterable[str]) -> Config:
    """Build a config from `field=value` strings, as typed at a command line: `channels=8,16,32`, `dropout=.1`."""
    values: dict[str, str] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(f"{assignment!r}: write field=value, for example norm=none")
        values[name.strip()] = text.strip()
    return from_dict(kind, values)


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and offer the nearest known ones (or all, where none is near)."""
    known = sorted(set(known))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    return f"unknown {what} {name!r}: {hint}"


def read(value: Any, hint: Any) -> Any:
    """Read a list as a tuple, and text as the first kind of value that fits a type; what fits none stays as it is."""
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, str) or _fits(value, hint):
        return value
    numbers = value.strip("()[]").removesuffix(",")
    for attempt in (
        lambda: {"true": True, "false": False}[value.lower()],
        lambda: int(value),
        lambda: float(value),
        lambda: tuple(map(int, numbers.split(","))) if numbers else (),
    ):
        try:
            result = attempt()
        except (KeyError, ValueError):
            continue
        if _fits(result, hint):
            return result
    return value


def _fits(value: Any, hint: Any) -> bool:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, arm) for arm in args)
    if origin is Literal:
        return any(value == arm and type(value) is type(arm) for arm in args)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        arms = (args[0],) * len(value) if args[-1] is Ellipsis else args
        return len(arms) == len(value) and all(map(_fits, value, arms))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is hint


def _allowed(hint: Any) -> str:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_allowed, args))
    if origin is Literal:
        return ", ".join(map(str, args))
    if origin is tuple:
        return "a list of integers" if args[-1] is Ellipsis else f"{len(args)} integers"
    return {bool: "true or false", int: "an integer", float: "a number", str: "text"}[hint]


def _check_types(config: NetConfig | TrainConfig) -> None:
    hints = get_type_hints(type(config))
    for name, hint in hints.items():
        value = getattr(config, name)
        _require(config, name, _fits(value, hint), _allowed(hint))
        if hint is float:
            object.__setattr__(config, name, float(value))  # 0 and 0.0 print and store alike


def _require(config: object, name: str, holds: bool, allowed: str) -> None:
    if not holds:
        value = getattr(config, name)
        raise ConfigError(f"{name}={value!r}: allowed is {allowed}")
