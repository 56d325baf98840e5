"""Studies of one's own, from a YAML file: read, checked as a whole, and turned into what a published study is.

    name: rates
    question: Does dropout want another learning rate?
    base: {epochs: 2, train_images: 6000}   # what all of it shares; the net it is compared with
    variants: {pool-early: {pool_after: [2]}}
    grid: {lr: [0.03, 0.1], dropout: [0, 0.1]}
    seeds: 3
    recipe: study

`variants` or `grid` may be left out. The base is stored as `reference`; a cell of the grid is named by what it changes
in it ("lr-0.03+dropout-0.1"). All variants are one family, unless `families` says which belong together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from experiments.studies import STUDIES, Study
from experiments.topics import TOPICS, Overrides, Topic
from s6core import results
from s6core.config import FIELDS, RECIPES, ConfigError, read, text, unknown
from s6core.plan import YOURS, Plan, plan
from s6core.results import PUBLISHED

KEYS = ("name", "question", "base", "variants", "grid", "seeds", "recipe", "families")
VARIANT = (*FIELDS, "seeds", "device")
COPY = "study.yaml"
"""Where a study's folder keeps the file it was planned by, so that every command finds it by its name."""


def load(path: Path) -> tuple[str, Study]:
    """Return a file's study and its name. Raises `ConfigError`: the file, the key, its value and what is allowed."""
    try:
        return _study(_parse(path))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


class Planned(NamedTuple):
    """A file that plans a study, and the results folder where its runs lie or come to lie."""

    file: Path
    root: Path


def file(name: str, root: Path = PUBLISHED) -> Planned | None:
    """Return the file that a name stands for: itself, or the copy beside a study's runs; None where it is neither.

    A study of one's own lies in results/yours, unless another folder is named: never among the published ones.
    """
    if Path(name).suffix in (".yaml", ".yml"):
        return Planned(Path(name).expanduser(), YOURS if root.resolve() == PUBLISHED else root.expanduser())
    folder = stored((root, YOURS)).get(name)
    return Planned(folder / COPY, folder.parent) if folder else None


def stored(roots: tuple[Path, ...] = (YOURS,)) -> dict[str, Path]:
    """Return the own studies that were run under these results folders, the first ones first, as {name: its folder}."""
    found: dict[str, Path] = {}
    for path in (path for root in roots for path in sorted(root.expanduser().glob(f"*/{COPY}"))):
        found.setdefault(path.parent.name, path.parent)
    return found


def keep(path: Path, folder: Path) -> None:
    """Leave a copy of a study's file in its folder."""
    content, copy = path.read_bytes(), folder / COPY
    if not copy.is_file() or copy.read_bytes() != content:  # its date says since when the question has been asked
        results.write(copy, content)


def topics(name: str, study: Study, *, asked: str = "") -> dict[str, Topic]:
    """Return the questions of an own study: one per family, or the whole as one; `asked` is the day of its file."""
    families = study.families or {name: tuple(v for v in study.variants if v != "reference")}
    return {
        family: Topic(
            question=study.question, variants={v: study.variants[v] for v in members}, seeds=study.seeds, asked=asked
        )
        for family, members in families.items()
    }


class _Loader(yaml.SafeLoader):
    """YAML whose keys are text as it stands there (007 stays 007), each only once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in node.value:
            name = key.value
            if not isinstance(key, yaml.ScalarNode) or name in found:
                raise ConfigError(f"line {key.start_mark.line + 1}: {name if isinstance(name, str) else 'a key'}: "
                                  "allowed is each name once")  # fmt: skip
            found[name] = self.construct_object(value, deep=True)
        return found


def _parse(path: Path) -> dict[str, Any]:
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        raise ConfigError("no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f"line {where.line + 1}: " if where else ""
        raise ConfigError(f"{line}not YAML ({getattr(error, 'problem', None) or error})") from error
    if not isinstance(found, dict):
        raise ConfigError(f"allowed is a list of keys with their values: {', '.join(KEYS)}")
    for key in found:
        if key not in KEYS:
            raise ConfigError(unknown("key", key, KEYS))
    return found


def _study(given: dict[str, Any]) -> tuple[str, Study]:
    name, question = (given.get(key) for key in ("name", "question"))
    for key, value in (("name", name), ("question", question)):
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{key}={value!r}: allowed is a text")
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise ConfigError(f"name={name!r}: allowed are letters, digits and _ . + -, as it names a folder")
    if name in STUDIES or name in TOPICS:
        raise ConfigError(f"name={name!r}: allowed is one that no published study or topic has")
    recipe = given.get("recipe", "study")
    if recipe not in RECIPES:
        raise ConfigError(f"recipe={recipe!r}: allowed is one of {', '.join(RECIPES)}")
    base = _overrides("base", given.get("base") or {})
    own = _mapping("variants", given.get("variants") or {})
    variants = {variant: _overrides(f"variants, {variant}", changed or {}) for variant, changed in own.items()}
    if "reference" in variants:
        raise ConfigError("variants, reference: the base has this name; say what it is with base")
    study = Study(
        question=question.strip(), variants={"reference": {}, **variants}, recipe=recipe, common=base,
        seeds=given.get("seeds", 3),
    )  # fmt: skip
    origin = _plan(name, study, "reference", {})
    for cell, changed in _cells(origin, _mapping("grid", given.get("grid") or {})):
        if cell in study.variants:
            raise ConfigError(f"grid: its cell {cell} has the name of a variant")
        study.variants[cell] = changed
    _require_different(name, study, origin)
    study.families.update(_families(study, given.get("families") or {}))
    return name, study


def _mapping(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{key}={value!r}: allowed are names with their values, such as {{lr: 0.03}}")
    return value


def _overrides(key: str, value: Any) -> Overrides:
    for name in _mapping(key, value):
        if name not in VARIANT:
            raise ConfigError(f"{key}: {unknown('field', name, VARIANT)}")
    return {name: _read(name, of) if name in FIELDS else of for name, of in value.items()}


def _read(name: str, value: Any) -> Any:
    """Return a field's value as a notebook's parameter: text such as 1e-3 as a number, several numbers as a list."""
    found = read(value, FIELDS[name])
    return list(found) if isinstance(found, tuple) else found


def _plan(name: str, study: Study, variant: str, changed: Overrides) -> Plan:
    values = {"seeds": study.seeds, **RECIPES[study.recipe], **study.common, **changed}
    try:
        return plan({**values, "study": name, "variant": variant})
    except ConfigError as error:
        raise ConfigError(f"{variant}: {error}") from error


def _value(origin: Plan, name: str) -> Any:
    return _read(name, getattr(origin.net if hasattr(origin.net, name) else origin.train, name))


def _cells(origin: Plan, grid: Mapping[str, Any]) -> Iterator[tuple[str, Overrides]]:
    """Yield every cell but the base's own, named by what it changes in the base."""
    levels: dict[str, list[Any]] = {}
    for name, values in grid.items():
        if name not in FIELDS:
            raise ConfigError(f"grid: {unknown('field', name, FIELDS)}")
        if not isinstance(values, list) or not values:
            raise ConfigError(f"grid, {name}={values!r}: allowed is a list of values")
        levels[name] = [_read(name, value) for value in values]
        if any(value in levels[name][:n] for n, value in enumerate(levels[name])):
            raise ConfigError(f"grid, {name}={values!r}: allowed is each value once")
    for cell in product(*levels.values()):
        changed = {name: value for name, value in zip(levels, cell, strict=True) if value != _value(origin, name)}
        if changed:
            yield "+".join(f"{name}-{text(value)}" for name, value in changed.items()), changed


def _require_different(name: str, study: Study, origin: Plan) -> None:
    """Refuse a study without a variant, impossible ones, and two that would train the same."""
    if len(study.variants) == 1:
        raise ConfigError("variants, grid: allowed is at least one variant or one cell that differs from the base")
    seen: dict[Any, str] = {(origin.net, origin.train): "the base"}
    spelt: dict[str, str] = {}
    for variant, changed in study.variants.items():
        if spelt.setdefault(variant.casefold(), variant) != variant:
            raise ConfigError(
                f"{variant} and {spelt[variant.casefold()]}: allowed are names that differ in more than case"
            )
        if variant == "reference":
            continue
        planned = _plan(name, study, variant, changed)
        twin = seen.setdefault((planned.net, planned.train), variant)
        if twin != variant:
            raise ConfigError(f"{variant} trains the same as {twin}: allowed is a variant that changes something")


def _families(study: Study, given: Any) -> dict[str, tuple[str, ...]]:
    families = {}
    for family, members in _mapping("families", given).items():
        if not isinstance(members, list) or not members:
            raise ConfigError(f"families, {family}={members!r}: allowed is a list of variants")
        known = [variant for variant in study.variants if variant != "reference"]
        for member in members:
            if member not in known:
                raise ConfigError(f"families, {family}: {unknown('variant', str(member), known)}")
        families[family] = tuple(members)
    return families
