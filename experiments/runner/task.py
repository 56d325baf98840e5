"""A study's work in one folder, checked before anything runs: its plans, which of them are this runner's, what is done.

What was asked for beside a study, other epochs or seeds, is a study of its own: it lies in a folder of its own name,
which remembers its plan.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments import own
from experiments.runner import progress
from experiments.runner.lock import Shard
from experiments.studies import STUDIES, Study
from experiments.topics import TOPICS
from s6core import results
from s6core.config import ConfigError, unknown
from s6core.plan import Plan, plan
from s6core.results import ResultsError

MEMORY = "plan.json"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A plan per variant; with a shard, only every so many of their runs is this runner's."""

    folder: Path
    plans: Sequence[Plan]
    template: Path | None = None
    shard: Shard | None = None
    file: Path | None = None  # the YAML file that plans it, if one does

    @cached_property
    def _order(self) -> dict[tuple[str, int], int]:
        runs = [(planned.variant, seed) for planned in self.plans for seed in planned.seeds]
        return {run: n for n, run in enumerate(runs, start=1)}

    def mine(self, variant: str, seed: int) -> bool:
        if not self.shard:
            return True
        number, of = self.shard
        return self._order.get((variant, seed), 0) % of == number % of

    def missing(self, planned: Plan) -> list[int]:
        return [seed for seed in planned.missing() if self.mine(planned.variant, seed)]

    def runs(self, *, at_work: bool = True) -> list[progress.Run]:
        found = [run for planned in self.plans for run in progress.look(planned, at_work=at_work)]
        return [run for run in found if self.mine(run.variant, run.seed)]


def find(name: str, root: Path, *, only: Sequence[str] = (), shard: Shard | None = None, **asked: Any) -> Task:
    """Return the task of a study, of a topic within its study, or of what a folder of that name under `root` holds.

    A YAML file, or the name of one that was run, is a study too. Raises `ConfigError` for a name that is none of them.
    """
    if name in TOPICS:
        name, only = "ablations", only or (TOPICS[name].base, *TOPICS[name].variants)
    if name in STUDIES:
        return replace(prepare(name, STUDIES[name], root=root, only=only, **asked), shard=shard)
    if planned := own.file(name, root):
        title, study = own.load(planned.file)
        task = prepare(title, study, root=planned.root, only=only, **asked)
        return replace(task, shard=shard, file=planned.file if task.folder.name == title else None)
    folders = {path.name: path for path in [*root.glob("*/*/"), *root.glob("*/")] if recall(path)}
    if name not in folders:
        raise ConfigError(unknown("study", name, [*STUDIES, *TOPICS, *folders]))
    if any(value is not None for value in asked.values()):
        raise ConfigError(f"{name}: its plan stands in {folders[name]}; allowed are --only and --results")
    plans = recall(folders[name])
    known = {planned.variant: planned for planned in plans}
    for variant in only:
        if variant not in known:
            raise ConfigError(unknown("variant", variant, known))
    return Task(folder=folders[name].absolute(), plans=[known[variant] for variant in only or known], shard=shard)


def prepare(
    name: str,
    study: Study,
    *,
    root: Path,
    only: Sequence[str] = (),
    epochs: int | None = None,
    seeds: int | None = None,
    device: str | None = None,
    template: Path | None = None,
) -> Task:
    """Check every variant of a study, without torch. Raises `ConfigError`."""
    given = {} if device is None else {"device": device}
    asked = {key: value for key, value in {"epochs": epochs, "seeds": seeds}.items() if value is not None}
    chosen = dict.fromkeys(only or study.variants)
    plain = [_planned(name, study, variant, given) for variant in chosen]
    plans = [_planned(name, study, variant, given | asked) for variant in chosen] if asked else plain
    as_planned = {"epochs": [p.train.epochs for p in plain], "seeds": [len(p.seeds) for p in plain]}
    words = [f"{key}-{value}" for key, value in asked.items() if set(as_planned[key]) != {value}]
    folder = root.expanduser().absolute() / "+".join([name, *words])
    return Task(folder=folder, plans=[replace(p, study=folder.name, folder=folder) for p in plans], template=template)


def remember(task: Task) -> None:
    """Have the folder of what is no study of this code keep its plan. Only for who holds it."""
    if task.file:
        own.keep(task.file, task.folder)
    elif task.folder.name not in STUDIES:
        kept = {planned.variant: planned.parameters() for planned in [*recall(task.folder), *task.plans]}
        results.write(task.folder / MEMORY, (json.dumps(kept, indent=1) + "\n").encode())


def recall(folder: Path) -> list[Plan]:
    """Return what was planned in a folder, by its memory or else by the records and the marks that lie there."""
    try:
        kept = json.loads((folder / MEMORY).read_text())
        return [replace(plan(given), folder=folder.absolute()) for given in kept.values()]
    except FileNotFoundError:
        return [found for path in sorted(folder.glob("*/")) if (found := _left(folder.absolute(), path.name))]
    except (ValueError, AttributeError, TypeError) as error:
        raise ResultsError(f"{folder / MEMORY}: not a study's plan ({error}); remove it") from error


def conflicts(task: Task) -> dict[Path, str]:
    """Return the stored runs that are in the way: of another config, or no whole record; and why."""
    return {
        results.record_path(task.folder, planned.variant, seed): found
        for planned in task.plans
        for seed in planned.seeds
        if (found := conflict(planned, seed))
    }


def conflict(planned: Plan, seed: int) -> str:
    """Say why a stored run is not the planned one; nothing where it is, or is not there."""
    try:
        replace(planned, seeds=(seed,)).records()
    except (ConfigError, ResultsError) as error:
        return f"{error}; --force trains it anew"
    return ""


def _planned(name: str, study: Study, variant: str, own: dict[str, Any]) -> Plan:
    given = {"seeds": study.seeds, **study.parameters(variant), **own, "study": name, "variant": variant}
    same = [other for other in study.variants if other != variant and other.casefold() == variant.casefold()]
    if same:
        raise ConfigError(f"{name}, variants {variant} and {same[0]}: allowed are names that differ by more than case")
    try:
        return plan(given)
    except ConfigError as error:
        raise ConfigError(f"{name}, variant {variant}: {error}") from error


def _left(folder: Path, variant: str) -> Plan | None:
    """Return the plan that a variant's records and marks speak of; None where there are none."""
    marks = {p: progress.read(p) for p in folder.glob(f"{variant}/seed-*.progress")}
    given = next((mark["parameters"] for mark in marks.values() if mark.get("parameters")), {})
    known = plan({"study": folder.name, "variant": variant, **given}) if given else None
    seeds = {int(path.stem.removeprefix("seed-")) for path in marks}
    for path in results.record_paths(folder, variant):
        seeds.add(int(path.stem.removeprefix("seed-")))
        if not known:
            try:
                record = results.load(path)
            except ResultsError:
                continue
            known = replace(plan({"study": folder.name, "variant": variant}), net=record.net, train=record.train)
    return known and replace(known, seeds=tuple(sorted(seeds)), folder=folder)
