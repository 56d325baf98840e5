"""The declared variants of one question, each against the base."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from difflib import get_close_matches

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from s6core.stats.arms import Arm, arms
from s6core.stats.checks import StatsError
from s6core.stats.comparison import judged, weigh
from s6core.stats.digits import any_interval
from s6core.stats.prior import study_prior
from s6core.stats.row import Effect
from s6core.stats.rule import CLASSES, IMAGES


def effects(
    runs: pd.DataFrame,
    *,
    base: str = "reference",
    family: Iterable[str],
    metric: str = "test_accuracy",
    study: Iterable[str] | None = None,
    correct: Mapping[str, ArrayLike] | None = None,
    images: int = IMAGES,
    classes: int = CLASSES,
) -> pd.DataFrame:
    """Return one row per member of the family, in the declared order, with the fields of `Effect` as columns.

    `runs` are all runs of the study, a row each (variant, seed, status, test_accuracy in per cent, …): those of the
    variants that are not compared say how much seeds scatter. A member without a run stays as a row, undecided, and
    counts in Holm's correction. `study` are the names the study declares: with it a name that is none of them is
    refused, without it one that is nearly that of a variant in the frame. `correct` gives, for any variants, which
    images each seed had right (seeds × images), for the interval over any new digits. With a loss as metric, errors are
    losses. Raises `StatsError` for a frame that is not one study's tidy runs, without the base, or a misspelt member.
    """
    found = arms(runs, metric, images=images, classes=classes)
    members = _members(family, base, found, study)
    logs = np.concatenate([arm.logs for arm in found.values()])
    if len(logs) > 2 and np.ptp(logs) == 0:
        raise StatsError(f"{metric}: all runs of all variants are equal; copies of one run show no effect")
    rows = []
    for name in members:
        arm = found.get(name, replace(found[base], name=name, logs=np.array([]), values=np.array([]), failed=0))
        others = study_prior(other for key, other in found.items() if key not in (name, base))
        rows.append(weigh(arm, found[base], others, members=len(members)))
    effects = [_with_digits(effect, correct or {}) for effect in judged(rows)]
    return pd.DataFrame([asdict(effect) for effect in effects], columns=[field.name for field in fields(Effect)])


def _with_digits(effect: Effect, correct: Mapping[str, ArrayLike]) -> Effect:
    if effect.variant not in correct or effect.base not in correct or np.isnan(effect.ratio):
        return effect
    low, high = any_interval(effect.ratio, effect.low, effect.high, correct[effect.variant], correct[effect.base])
    return replace(effect, any_low=low, any_high=high)


def _members(family: Iterable[str], base: str, found: Mapping[str, Arm], study: Iterable[str] | None) -> list[str]:
    """Return the declared names. Raises `StatsError` for none, one declared twice, the base, and a misspelt one."""
    for field, names in (("family", family), ("study", study)):
        if isinstance(names, str):
            raise StatsError(f"{field}={names!r}: allowed is a list of names")
    members = list(family)
    if base not in found:
        raise StatsError(f"no runs of the base {base!r}: the frame has {', '.join(found)}")
    if not members:
        raise StatsError("family: declare at least one variant")
    known = dict.fromkeys([*found, *(study or [])])
    for name in members:
        if not isinstance(name, str):
            raise StatsError(f"family: {name!r} is no name")
        if name == base or members.count(name) > 1:
            raise StatsError(f"family: {name!r} " + ("is the base" if name == base else "stands there twice"))
        if name in known:
            continue
        if study is not None:
            near = get_close_matches(name, known, n=3)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"declared are {', '.join(known)}"
            raise StatsError(f"family: no variant {name!r}: {hint}")
        # without a declared study a name that has no run is taken for one to come, unless it is nearly another's
        near = [
            other for other in get_close_matches(name, known, n=3, cutoff=0.85) if _numbers(other) == _numbers(name)
        ]
        near = [other for other in near if other not in members]
        if near:
            raise StatsError(f"family: no run of {name!r}: did you mean {near[0]!r}? If not, declare it in study=")
    return members


def _numbers(name: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", name)]
