"""From a key, as authors write it, to a value with everything a sceptical reader asks for.

Every key is `source/…/quantity`, and a quantity may have an aspect behind a colon. What a quantity is called and how it
is written stands in `columns.py`, once for all sources.

head/fc/ratio                       a topic's variant against the topic's base, see `s6core.stats.effects`:
                                    ratio, points, verdict, reason, p, p_holm, p_ranks, notices (ratio and points also
                                    :interval :low :high)
head/fc/test_error, head/reference/test_error
                                    a variant of the topic, or its base, by itself: the mean over seeds of any
                                    quantity of `columns.RUNS` or column of runs.csv (also :interval :low :high :sd
                                    :min :median :max :n)
head/fc/test_accuracy@5             the same after epoch 5; @best is each seed's best epoch
head/fc/n, head/fc/n_failed         runs with a result; runs that failed among them (diverged, or at chance)
head@fashion/fc/ratio               the same topic in another study
ablations/fc/test_accuracy          a variant of any study by itself, whether a topic names it or not
ablations/variants, ablations/runs  of a study: how many; device: all its devices; epochs and other columns: what its
                                    runs have in common
net/parameters, net[norm=none;head=fc]/parameters, net/conv4/output
                                    of the net that a config describes; of a layer also its row, receptive_field,
                                    effective_stride and effective_padding
recipe[study]/lr                    a field of a training recipe
speed.csv[pipeline=ours]/images_per_second
                                    the one row of any other table of results/
frame[effects]/no-bn+fc/difference  a cell of a frame that a chapter computes, see `frames.py`

A variant that is declared and has no run yet is no mistake: its value says "not trained yet" and is `missing`. A
name that nothing declares is one, and so is an aspect that a quantity does not have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from experiments.answers import facts, runs
from experiments.answers.questions import STUDY
from experiments.answers.sources import Sources
from experiments.answers.values import SEEDS, Value, aspect_of
from experiments.topics import TOPICS
from s6core.config import unknown

FACTS: dict[str, Callable[..., Value]] = {
    r"([^\[]+\.csv)(?:\[([^\]]*)\])?/(\w+)": facts.of_table,
    r"recipe\[([^\]]*)\]/?(.*)": facts.of_recipe,
    r"frame\[([^\]]*)\]/(?:(.*)/)?([^/]*)": facts.of_frame,
    r"net(?:\[([^\]]*)\])?/?(.*)": facts.of_net,
}
"""What keys of a form are answered by; its groups are what the function takes."""


def look_up(key: str, sources: Sources) -> Value:
    """Return the value of a key.

    Raises `KeyError`, naming the part that is unknown and the nearest known names, and `ValueError` where the key is
    right, but leads to an empty cell or to no finite number.
    """
    name, _, aspect = key.partition(":")
    value = _look_up(name, sources)
    if aspect and not value.missing and aspect not in value.aspects:
        said = f"allowed is {', '.join(value.aspects)}" if value.aspects else "it has none"
        known = unknown("aspect", aspect, SEEDS) if aspect not in SEEDS else f"no aspect {aspect!r}"
        raise KeyError(f"{name}: {known}; {said}")
    value = aspect_of(value, aspect)
    if value.number is not None and not math.isfinite(value.number):
        raise ValueError(f"{key}: no number to write, but {value.number} ({value.note})")
    return value


def _look_up(key: str, sources: Sources) -> Value:
    for form, answer in FACTS.items():
        if match := re.fullmatch(form, key):
            return answer(*match.groups(), sources)
    head, _, rest = key.partition("/")
    topic, _, study = head.partition("@")
    if topic in TOPICS:
        variant, slash, quantity = rest.partition("/")
        if not slash:
            raise KeyError(f"{key!r}: write topic/variant/quantity")
        return runs.of_topic(topic, study or STUDY, variant, quantity, sources)
    parts = key.split("/")
    studies = sources.studies()
    found = next((name for cut in (2, 1) if (name := "/".join(parts[:-cut])) in studies), None)
    if found is None:
        if not studies:
            raise KeyError("results/ holds no study")
        raise KeyError(unknown("study", parts[0], {*studies, *TOPICS, "net", "recipe", "frame"}))
    rest = key[len(found) + 1 :]
    return runs.of_variant(found, *rest.split("/"), sources) if "/" in rest else runs.of_study(found, rest, sources)
