"""A topic as frames: what its variants change, where they lie on its axis, and its answer as data."""

from __future__ import annotations

from typing import Any

from experiments.answers.columns import EFFECTS
from experiments.answers.effects import in_words
from experiments.answers.questions import PLANS, QUESTIONS, STUDY, members, study_of
from experiments.answers.registry import known_as
from experiments.answers.sources import Sources
from s6core import layers, receptive
from s6core.config import FIELDS, diff, text
from s6core.plan import Plan, plan

AXES = {
    "depth": "layers with a kernel before the logits",
    "parameters": "parameters",
    "field": "pixels that a unit sees, each way",
    "lr": "peak learning rate",
    "train_images": "training images",
}
"""What an axis is called. `depth`, `parameters` and `field` are computed of the net; other names are config fields."""


def check(name: str) -> str:
    """Return the name of a topic. Raises `KeyError` with the nearest names."""
    return known_as("topic", name, QUESTIONS)


def planned(variant: str, study: str = STUDY) -> Plan:
    """Return the configs of a study's variant."""
    return plan({"seeds": 1, **PLANS[study].parameters(variant)})


def changes(name: str) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Return what each variant of a topic changes in its base: {variant: {field: (there, here)}}."""
    base = planned(QUESTIONS[name].base, study_of(name))
    found = {}
    for variant in QUESTIONS[name].variants:
        own = planned(variant, study_of(name))
        found[variant] = diff(base.net, own.net) | diff(base.train, own.train)
    return found


def along(name: str) -> dict[str, float]:
    """Return where the base and each variant of a topic lie on its axis. Raises `ValueError` for what is no number."""
    axis = QUESTIONS[name].axis
    return {variant: _place(planned(variant, study_of(name)), str(axis)) for variant in members(name)}


def _place(one: Plan, axis: str) -> float:
    rows = layers.layers(one.net)
    if axis == "parameters":
        return float(layers.parameters(rows))
    if axis == "depth":
        return float(len(one.net.channels))
    if axis == "field":
        return float(next(field.size[0] for field in receptive.fields(rows) if field.name == "logits"))
    if axis not in FIELDS:
        raise ValueError(f"axis={axis!r}: allowed is depth, parameters, field or a field of the config")
    value = getattr(one.net if hasattr(one.net, axis) else one.train, axis)
    if axis == "train_images" and value == 0:
        value = 60_000
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"axis={axis!r}: {one.variant} has {text(value)!r} there, no number to draw along")
    return float(value)


def as_data(name: str, sources: Sources, study: str = STUDY) -> dict[str, Any]:
    """Return a topic with its answer as data, for the interactive parts: a dict per variant, and its words."""
    topic = QUESTIONS[check(name)]
    table = sources.effects(name, study)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    figures = (column.of or name for name, column in EFFECTS.items())
    keep = dict.fromkeys(("variant", "n", "n_failed", "error", "low", "high", *figures, "any_low", "any_high"))
    return {
        "topic": name,
        "question": topic.question,
        "base": topic.base,
        "asked": topic.asked,
        "variants": [{**{k: row[k] for k in keep}, "text": in_words(table.iloc[i])} for i, row in enumerate(rows)],
    }
