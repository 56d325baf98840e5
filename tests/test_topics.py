"""The questions as data: no name means two things, every variant can be trained, the screen is the design it says."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from pydoe import fracfact

from experiments import screen
from experiments.studies import STUDIES
from experiments.topics import TOPICS, Topic, union
from s6core.layers import layers, parameters
from s6core.plan import plan
from s6core.receptive import fields

ABLATIONS = STUDIES["ablations"]


def net(variant: str):
    return layers(plan(ABLATIONS.parameters(variant)).net)


def test_a_variant_of_several_topics_has_the_seeds_of_the_most_demanding():
    few = Topic(question="?", asked="2026-11-26", variants={"fc": {"head": "fc"}}, seeds=3)
    many = Topic(
        question="?", asked="2026-11-26", variants={"fc": {"head": "fc"}, "max": {"head": "max", "seeds": 9}}, seeds=5
    )
    assert union({"a": few, "b": many})["fc"]["seeds"] == union({"b": many, "a": few})["fc"]["seeds"] == 5
    assert union({"a": few, "b": many})["max"]["seeds"] == 9


def test_a_name_that_two_topics_mean_differently_is_refused():
    topics = {
        "a": Topic(question="?", asked="2026-11-26", variants={"x": {"dropout": 0.1}}),
        "b": Topic(question="?", asked="2026-11-26", variants={"x": {"dropout": 0.2}}),
    }
    with pytest.raises(ValueError, match="topic b: x means .*0.2.* here and .*0.1.* in an earlier topic"):
        union(topics)


def test_a_base_that_nobody_trains_is_refused():
    with pytest.raises(ValueError, match="topic a: its base 'y' is no variant of the study"):
        union({"a": Topic(question="?", asked="2026-11-26", variants={"x": {}}, base="y")})


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_says_on_which_day_it_was_asked(topic: str):
    assert date.fromisoformat(TOPICS[topic].asked)


def test_a_topic_without_its_day_is_refused_as_another_would_be_made_up():
    with pytest.raises(TypeError, match="asked"):
        Topic(question="?", variants={})


@pytest.mark.parametrize("study", STUDIES)
def test_every_variant_can_be_planned(study: str):
    for variant in STUDIES[study].variants:
        assert plan({"seeds": 1, **STUDIES[study].parameters(variant)}).seeds


@pytest.mark.parametrize("topic", ["depth", "field", "pointwise"])
def test_topics_of_equal_size_have_about_as_many_parameters_as_the_reference(topic: str):
    for variant in TOPICS[topic].variants:
        assert parameters(net(variant)) == pytest.approx(15_662, rel=0.1), variant


@pytest.mark.parametrize("variant", ["kernel-5", "kernel-7", "kernel-5-first", "fc-small"])
def test_single_variants_of_equal_size(variant: str):
    assert parameters(net(variant)) == pytest.approx(15_662, rel=0.1)


@pytest.mark.parametrize("pixels", [6, 8, 16, 20, 28])
def test_a_field_is_as_large_as_its_name_says(pixels: int):
    rows = net(f"field-{pixels}")
    seen = {field.name: field.size for field in fields(rows)}
    assert seen["logits"] == (pixels, pixels)


def test_little_data_takes_as_many_steps_as_all():
    for variant in (name for name in ABLATIONS.variants if name.startswith("images-")):
        train = plan(ABLATIONS.parameters(variant)).train
        assert train.train_images * train.repeats == 60_000


def test_the_screen_is_the_fractional_factorial_that_a_library_builds():
    ours = np.array([[run[factor.name] for factor in screen.FACTORS] for run in screen.design()])
    theirs = fracfact(" ".join(factor.word for factor in screen.FACTORS))
    assert (ours == theirs).all()


def test_no_main_effect_of_the_screen_is_aliased_with_another_or_with_a_pair():
    runs = np.array([[run[factor.name] for factor in screen.FACTORS] for run in screen.design()])
    assert (runs.T @ runs == 32 * np.eye(16)).all()
    pairs = np.stack([runs[:, i] * runs[:, j] for i in range(16) for j in range(i)], axis=1)
    assert (runs.T @ pairs == 0).all()  # resolution IV


def test_the_screens_runs_carry_the_design_and_a_seed_each():
    study = STUDIES["screen"]
    planned = [plan(study.parameters(name)) for name in study.variants]
    assert [p.seeds for p in planned] == [(n,) for n in range(32)]
    for run, p in zip(screen.design(), planned, strict=True):
        config = {**vars(p.net), **vars(p.train)}
        for factor in screen.FACTORS:
            field, value = next(iter(factor.changes.items()))
            value = tuple(value) if isinstance(value, list) else value
            assert (config[field] == value) == (run[factor.name] > 0), factor.name
    assert planned[0].net == plan({}).net and planned[0].train == plan({}).train
