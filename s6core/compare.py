"""Two groups of runs side by side: what differs in their configs, how many times the errors, and what that proves."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from s6core.config import FIELDS, ConfigError, NetConfig, read, text, unknown
from s6core.results import Record
from s6core.stats import Effect, Prior, StatsError, effect, ended_at_chance, study_prior
from s6core.stats.arms import arms

NET = {f.name for f in fields(NetConfig)}
MACHINE = ("device", "processor", "capability", "threads", "torch")
"""What of a run's machine moves its figures, a little (see the rerun page)."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """The runs of one variant: accuracies in per cent, NaN for a run that diverged, and what is known of them."""

    name: str
    accuracies: tuple[float, ...]
    config: Mapping[str, Any] = field(default_factory=dict)  # fields of net and training, as far as they are known
    machine: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # every device, processor, … among the runs
    source: Path | None = None  # the folder or file they come from
    images: int = 10_000  # test images that the accuracies are taken on

    @property
    def classes(self) -> int:
        return int(self.config.get("classes", 10))

    @property
    def mean(self) -> float:
        """The mean accuracy (per cent) of the runs that learned; NaN where none did."""
        known = np.array([value for value in self.accuracies if not math.isnan(value)])
        learnt = known[~ended_at_chance(known, self.classes)] if len(known) else known
        return float(learnt.mean()) if len(learnt) else math.nan


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Side a against side b: the statistics, the config diff as {field: (a, b)}, and what to be careful about."""

    a: Side
    b: Side
    effect: Effect
    diff: dict[str, tuple[Any, Any]]
    warnings: tuple[str, ...]

    @property
    def points(self) -> tuple[float, float]:
        """The interval of the difference in points, within what is possible: no accuracy leaves 0 to 100%.

        NaN where all of that is left: a side with a single run says nothing of its scatter.
        """
        low, high = self.effect.points_low, self.effect.points_high
        if (low, high) == (-100, 100):
            return math.nan, math.nan
        base = self.b.mean
        low, high = np.clip([low, high], -base, 100 - base)
        return float(low), float(high)

    def row(self) -> dict[str, Any]:
        """Return the comparison as one flat record, None where there is no figure: what JSON and tables hold."""
        found = self.effect
        numbers = {name: _none(getattr(found, name)) for name in ("ratio", "low", "high", "points")}
        return {
            "a": self.a.name, "b": self.b.name, "n_a": found.n, "n_b": found.n_base,
            "failed_a": found.n_failed, "failed_b": found.n_base_failed, **numbers,
            "verdict": found.verdict, "notices": _none(found.notices),
            "diff": {name: list(values) for name, values in self.diff.items()},
        }  # fmt: skip


Runs: TypeAlias = Side | pd.DataFrame | Sequence[float]


def compare(
    a: Runs,
    b: Runs | None = None,
    *,
    names: tuple[str, str] | None = None,
    percent: bool | None = None,
    others: pd.DataFrame | None = None,
) -> Comparison:
    """Compare the runs of a with those of b, the base.

    Each is a plain sequence of final accuracies (`percent` then says what they are: per cent, or fractions), a tidy
    frame of one variant's runs, as `results.load_runs` gives it, or a `Side`. Or a is a frame of several variants and
    `names` says which two. Runs are not paired; a run that diverged (NaN) is a failure and counts as one. `others` are
    runs of other variants, a tidy frame: where there are five or more, how much seeds scatter is learnt from them too.
    Raises `ConfigError` where a comparison would mean nothing, naming the field and the two values.
    """
    if b is None:
        if not isinstance(a, pd.DataFrame) or names is None:
            raise ConfigError("b: give a second group of runs, or one frame and names=(variant, base)")
        others = a[~a["variant"].isin(names)] if "variant" in a and others is None else others
        a, b = _variant(a, names[0]), _variant(a, names[1])
    sides = [
        runs
        if isinstance(runs, Side)
        else side(runs, name=names[i] if names else "", percent=percent, fallback="ab"[i])
        for i, runs in enumerate((a, b))
    ]
    one, other = sides
    _require_comparable(one, other)
    try:
        found = effect(
            _counted(one), _counted(other), names=(one.name, other.name), percent=True,
            prior=scatter(others), images=other.images, classes=other.classes,
        )  # fmt: skip
    except StatsError as error:  # no accuracies, or copies instead of seeds
        raise ConfigError(str(error)) from error
    differs = {
        name: (one.config[name], other.config[name])
        for name in FIELDS
        if name in one.config and name in other.config and one.config[name] != other.config[name]
    }
    return Comparison(a=one, b=other, effect=found, diff=differs, warnings=tuple(_warnings(one, other, differs)))


def scatter(runs: pd.DataFrame | None) -> Prior | None:
    """Return what runs of several variants say about how much seeds scatter; None where they are too few."""
    return None if runs is None or runs.empty else study_prior(arms(runs, "test_accuracy").values())


def side(
    runs: pd.DataFrame | Sequence[float], *, name: str = "", percent: bool | None = None, fallback: str = "a"
) -> Side:
    """Return accuracies, or a tidy frame of one variant, as a side. Raises `ConfigError`."""
    if not isinstance(runs, pd.DataFrame):
        if not isinstance(percent, bool):
            raise ConfigError("percent: say percent=True for accuracies such as 99.3, percent=False for 0.993")
        values = np.asarray(runs, float).ravel()
        if not percent and (values > 1).any():
            raise ConfigError(f"{name or fallback}={values.max():g}: with percent=False allowed are fractions, 0 to 1")
        return Side(name=name or fallback, accuracies=tuple(values if percent else np.round(100 * values, 9)))
    for column in ("seed", "test_accuracy"):
        if column not in runs:
            raise ConfigError(f"no column {column!r}: the frame has {', '.join(map(str, runs.columns))}")
    if "variant" in runs and runs["variant"].nunique() != 1:
        known = ", ".join(map(str, runs["variant"].unique()))
        raise ConfigError(f"the frame has the variants {known}: choose one, or give names=(variant, base)")
    if runs["seed"].duplicated().any():
        raise ConfigError(f"seed {runs['seed'][runs['seed'].duplicated()].iloc[0]} stands there twice")
    lost = runs["status"].eq("diverged") if "status" in runs else pd.Series(False, index=runs.index)
    own = {column: sorted(set(runs[column].dropna())) for column in FIELDS if column in runs}
    for column, found in own.items():
        if len(found) > 1:
            raise ConfigError(f"{column}: the seeds differ: {', '.join(map(str, found))}; these are several variants")
    variant = str(runs["variant"].iloc[0]) if "variant" in runs and len(runs) else ""
    return Side(
        name=name or variant or fallback,
        accuracies=tuple(runs["test_accuracy"].astype(float).mask(lost)),
        config={column: _field(column, values[0]) for column, values in own.items() if values},
        machine={c: tuple(sorted(set(runs[c].dropna().astype(str)))) for c in MACHINE if c in runs},
    )


def of_records(name: str, records: Sequence[Record], source: Path | None = None) -> Side:
    """Return stored runs of one variant as a side. Raises `ConfigError` where their configs differ."""
    first = records[0]
    for record in records:
        for mine, theirs in ((first.net, record.net), (first.train, record.train)):
            for known in fields(mine):
                x, y = getattr(mine, known.name), getattr(theirs, known.name)
                if x != y:
                    raise ConfigError(
                        f"{name}: {known.name}: seed {first.seed} has {x!r}, seed {record.seed} has {y!r}; "
                        "one variant's runs are trained alike"
                    )
    config = {
        known.name: text(getattr(part, known.name)) for part in (first.net, first.train) for known in fields(part)
    }
    found = [{"device": r.provenance.get("device"), **r.provenance.get("machine", {})} for r in records]
    machine = {name: tuple(sorted({str(m[name]) for m in found if m.get(name) is not None})) for name in MACHINE}
    accuracies = tuple(math.nan if r.status == "diverged" else r.final["test_accuracy"] for r in records)
    images = max(len(r.predictions) for r in records) or Side.images
    return Side(name=name, accuracies=accuracies, config=config, machine=machine, source=source, images=images)


def _field(name: str, value: Any) -> Any:
    """Return a table's cell as a record's field is written: "0.10" is 0.1, and "[8, 16]" is 8-16."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str) and re.fullmatch(r"\d+(-\d+)+", value):
        value = value.replace("-", ",")
    value = read(value, FIELDS[name])
    return text(float(value) if FIELDS[name] is float and not isinstance(value, str) else value)


def _variant(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    if "variant" not in runs:
        raise ConfigError(f"no column 'variant': the frame has {', '.join(map(str, runs.columns))}")
    if name not in set(runs["variant"]):
        raise ConfigError(unknown("variant", name, map(str, runs["variant"].unique())))
    return runs[runs["variant"] == name]


def _counted(one: Side) -> list[float]:
    """Return the accuracies; a run that diverged stands as one that guesses, which is what a failure counts as."""
    return [100 / one.classes if math.isnan(value) else value for value in one.accuracies]


def _require_comparable(a: Side, b: Side) -> None:
    if a.source is not None and a.source == b.source:
        raise ConfigError(f"{a.name} and {b.name} are the same runs, {a.source}: choose two groups")
    sets = [one.config.get("dataset") for one in (a, b)]
    if None not in sets and sets[0] != sets[1]:
        raise ConfigError(
            f"dataset: {a.name} has {sets[0]}, {b.name} has {sets[1]}: errors on other images do not compare"
        )


def _warnings(a: Side, b: Side, differs: Mapping[str, tuple[Any, Any]]) -> Iterable[str]:
    """Say what may speak beside the net: a recipe that differs too, other machines, configs that nobody knows."""
    recipe = [name for name in differs if name not in NET]
    if recipe and len(recipe) < len(differs) or len(recipe) > 1:
        changed = ", ".join(f"{name} {differs[name][0]} and {differs[name][1]}" for name in recipe)
        yield f"the training differs too ({changed}): the verdict is on all of it together"
    elif recipe == ["epochs"] or recipe == ["train_images"]:
        yield f"{recipe[0]} differs: {a.name} has {differs[recipe[0]][0]}, {b.name} has {differs[recipe[0]][1]}"
    for one in (a, b):
        if not one.config:
            yield f"{one.name}: its config is not known, so nobody can say what differs"
    for name in MACHINE:
        mine, theirs = (" and ".join(one.machine.get(name, ())) for one in (a, b))
        if mine and theirs and (mine != theirs or " and " in mine):
            yield f"{name}: {a.name} ran on {mine}, {b.name} on {theirs}; figures differ a little from one to another"
            return  # other hardware has other threads and other builds: one line is enough


def _none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
