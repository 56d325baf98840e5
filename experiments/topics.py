"""The questions of the study as data: each variant is what it changes in its base. Nothing else has to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

from experiments.screen import made

Overrides = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One question, the variants that answer it and what they are compared with.

    All declared variants are one family, over which Holm's correction runs. A variant may belong to several topics;
    it is stored once, under its name, with as many seeds as the most demanding of them asks for.
    """

    question: str
    variants: dict[str, Overrides]  # name -> what it changes in the reference net or recipe; it may name its own seeds
    base: str = "reference"  # what they are compared with: the reference, or another variant of the study
    axis: str | None = None  # a field to draw along, where the variants are a sweep
    seeds: int = 4
    asked: str  # the day it was declared; runs from before that day were known when it was asked
    label: str = ""  # what a figure of all questions calls it; without one, its name


FACTORS: dict[str, dict[Any, str]] = {
    "norm": {"batch": "", "none": "no-bn"},
    "head": {"gap": "", "fc": "fc"},
    "dropout": {0.0: "", 0.1: "dropout-0.10", 0.25: "dropout-0.25"},
}
"""The factors of the factorial: each level with its word in a cell's name, the reference's levels without one."""


def cells() -> dict[str, Overrides]:
    """Return the full factorial of `FACTORS`: each cell's name ("no-bn+fc") and what it changes."""
    found = {}
    for levels in product(*(options.items() for options in FACTORS.values())):
        changed = {factor: level for factor, (level, word) in zip(FACTORS, levels, strict=True) if word}
        found["+".join(word for _, word in levels if word) or "reference"] = changed
    return found


LINEAR: Overrides = {"logit_activation": False}  # no ReLU on the logit maps: a norm behind it hides what it does there
PLAIN: Overrides = {**LINEAR, "logit_norm": False}  # logits as most nets have them

BORDER: dict[str, Overrides] = {
    f"{name}-{blocks}": {"channels": [12] * blocks, "padding": 1, "pool_after": pools}
    for name, pools, depths in (("near", [1, 4], (4, 6, 8)), ("far", [1], (6, 8, 10)))
    for blocks in depths
}
"""Narrow, padded nets: with two pools a unit sees the whole image from block 6 on, with one from block 8 on."""

TOPICS = {
    "batchnorm": Topic(
        question="What does batch normalisation buy, and do other norms buy it too?",
        label="another norm, or none",
        variants={
            "no-bn": {"norm": "none", "seeds": 10},
            "group": {"norm": "group"},
            "layer": {"norm": "layer"},
            "instance": {"norm": "instance"},
        },
        seeds=6,
        asked="2026-11-22",
    ),
    "norm-place": Topic(
        question="Where does the norm sit, and how close to the prediction does it have to be?",
        label="where the norm sits",
        variants={
            "conv-norm-relu": {"order": "conv-norm-relu"},
            "linear-logits": LINEAR,
            "logits-without-norm": {"logit_norm": False},
            "plain-logits": PLAIN,
            "norm-first-3": {"norm_blocks": [1, 2, 3], **PLAIN},
            "norm-first-2": {"norm_blocks": [1, 2], **PLAIN},
            "norm-first-1": {"norm_blocks": [1], **PLAIN},
            "no-bn+linear-logits": {"norm": "none", **LINEAR},
        },
        asked="2026-11-26",
    ),
    "own-recipe": Topic(
        question="Does a recipe of its own save the net without batch norm?",
        label="no norm, its own recipe",
        variants={  # the rate is what the study no-bn-recipe chose, which for linear logits is the study's own
            "no-bn+lr-0.03": {"norm": "none", "lr": 0.03},
            "no-bn+linear-logits": {"norm": "none", **LINEAR},
            "linear-logits": LINEAR,
        },
        seeds=5,
        asked="2026-11-23",
    ),
    "head": Topic(
        question="Global average pooling or a fully connected layer?",
        variants={
            "fc": {"head": "fc", "seeds": 10},
            "fc-small": {"head": "fc", "channels": [3, 5, 8, 8]},  # as many parameters as the reference
            "gap-fc": {"head": "gap-fc"},
            "max": {"head": "max"},
            "conv-head": {"head": "conv"},
        },
        asked="2026-11-22",
    ),
    "dropout": Topic(
        question="How much dropout, of which kind, where, and from when on?",
        variants={
            "dropout-0.05": {"dropout": 0.05},
            "dropout-0.10": {"dropout": 0.1, "seeds": 10},
            "dropout-0.25": {"dropout": 0.25, "seeds": 10},
            "dropout-0.50": {"dropout": 0.5},
            "dropout-0.10-channel": {"dropout": 0.1, "dropout_kind": "channel"},
            "dropout-0.10-last": {"dropout": 0.1, "dropout_place": "last"},
            "dropout-0.10-late": {"dropout": 0.1, "dropout_from": 4},
        },
        asked="2026-11-22",
    ),
    **{
        f"dropout-{base}": Topic(
            question=f"Does dropout help {where}?",
            label=f"dropout, {short}",
            base=base,
            variants={f"{base}+dropout-{name}": {**changed, "dropout": float(name)} for name in ("0.10", "0.25")},
            seeds=10,
            asked="2026-11-23",
        )
        for base, changed, short, where in (
            ("fc", {"head": "fc"}, "fully connected head", "with a fully connected head"),
            ("no-bn", {"norm": "none"}, "no norm", "in a net without batch norm"),
        )
    },
    "together": Topic(
        question="What do batch norm, the head and dropout do together?",
        label="all three together",
        variants={name: changed for name, changed in cells().items() if "+" in name},
        seeds=10,
        asked="2026-11-22",
    ),
    "depth": Topic(
        question="How many layers?",
        label="number of layers",
        variants={  # about as many parameters as the reference has; the pooling stays after block 3 where it can
            "depth-3": {"channels": [12, 24, 56], "pool_after": [2]},
            "depth-5": {"channels": [8, 16, 24, 24, 24]},
            "depth-6": {"channels": [8, 16, 21, 20, 20, 20]},
            "depth-7": {"channels": [8, 16, 17, 18, 18, 18, 18]},
        },
        axis="depth",
        asked="2026-11-26",
    ),
    "width": Topic(
        question="How many kernels?",
        label="kernels a layer",
        variants={
            "width-quarter": {"channels": [2, 4, 8, 8]},
            "width-half": {"channels": [4, 8, 16, 16]},
            "width-double": {"channels": [16, 32, 64, 64]},
        },
        axis="parameters",
        asked="2026-11-26",
    ),
    "kernel": Topic(
        question="3 × 3 or larger?",
        label="size of the kernels",
        variants={
            "kernel-5": {"kernel": 5, "channels": [5, 10, 19, 19]},
            "kernel-7": {"kernel": 7, "channels": [3, 7, 14, 14]},
            "kernel-5-first": {"kernel": [5, 3, 3, 3]},
            "conv-head": {"head": "conv"},
        },
        asked="2026-11-26",
    ),
    "pointwise": Topic(
        question="What are 1 × 1 convolutions good for, and where?",
        label="1 × 1 convolutions",
        variants={
            "logits-3x3": {"logit_kernel": 3, "channels": [8, 16, 60]},
            "squeeze-before-pool": {"channels": [8, 16, 32, 16, 58], "kernel": [3, 3, 3, 1, 3], "pool_after": [4]},
            "squeeze-after-pool": {"channels": [8, 16, 32, 16, 58], "kernel": [3, 3, 3, 1, 3]},
            "bottleneck": {"channels": [8, 16, 32, 26, 26, 64], "kernel": [3, 3, 3, 1, 3, 1]},
        },
        asked="2026-11-26",
    ),
    "pooling": Topic(
        question="Which pooling, and where?",
        variants={
            "pool-average": {"pool": "average"},
            "pool-stride": {"pool": "stride"},
            "no-pool": {"pool": "none", "dilation": [1, 1, 1, 2]},
            "pool-after-1": {"pool_after": [1]},
            "pool-after-2": {"pool_after": [2]},
            "pool-after-4": {"pool_after": [4]},
            "two-pools": {"pool_after": [2, 4]},
        },
        asked="2026-11-26",
    ),
    "field": Topic(
        question="How much of the digit must a unit see?",
        label="pixels a unit sees",
        variants={  # about as many parameters as the reference, whose units see 12 × 12 pixels
            "field-6": {"kernel": [3, 3, 1, 1], "channels": [8, 43, 86, 86]},
            "field-8": {"kernel": [3, 3, 3, 1], "channels": [8, 16, 64, 64]},
            "field-16": {"dilation": [1, 1, 1, 2]},
            "field-20": {"dilation": [1, 1, 1, 3]},
            "field-28": {"dilation": [1, 1, 1, 5]},
        },
        axis="field",
        asked="2026-11-26",
    ),
    "border": Topic(
        question="How good is a narrow net that ends where its units see the whole image?",
        label="narrow nets",
        variants={name: changed for name, changed in BORDER.items() if name in ("near-6", "far-8")},
        seeds=10,
        asked="2026-11-26",
    ),
    **{
        f"border-{name}": Topic(
            question=f"Which layers can be taken out where units see the whole image after {last} blocks?",
            label=f"narrow nets around {last} blocks",
            base=f"{name}-{last}",
            variants={f"{name}-{blocks}": BORDER[f"{name}-{blocks}"] for blocks in (last - 2, last + 2)},
            seeds=10,
            asked="2026-11-26",
        )
        for name, last in (("near", 6), ("far", 8))
    },
    "screen-check": Topic(
        question="Does the prediction of the screen come true?",
        label="sixteen choices",
        variants={  # every choice of the screen that came out better than the reference's, and the best one alone
            "screen-best": made(
                "head",
                "pooling",
                "pooling's place",
                "label smoothing",
                "momentum",
                "batch size",
                "augmentation",
                "pixels",
                "first kernel",
            ),
            "pool-after-2": made("pooling's place"),
        },
        seeds=10,
        asked="2026-11-26",
    ),
    "loss": Topic(
        question="Does softening the labels help, or freeing the logits?",
        label="softer targets",
        variants={
            "smoothing-0.05": {"label_smoothing": 0.05},
            "smoothing-0.10": {"label_smoothing": 0.1},
            "linear-logits": LINEAR,
        },
        asked="2026-11-26",
    ),
    "rate": Topic(
        question="How large a learning rate?",
        label="learning rate",
        variants={"lr-0.03": {"lr": 0.03}, "lr-0.3": {"lr": 0.3}},
        axis="lr",
        asked="2026-11-26",
    ),
    "schedule": Topic(
        question="Does the learning rate have to fall, and how?",
        label="schedule of the rate",
        variants={
            "constant": {"schedule": "constant"},
            "step": {"schedule": "step", "step_epoch": 4},
            "cosine": {"schedule": "cosine"},
        },
        asked="2026-11-26",
    ),
    "pixels": Topic(
        question="Do the pixels have to be normalised?",
        label="scale of the pixels",
        variants={"pixels-raw": {"normalise": "none"}, "pixels-per-image": {"normalise": "image"}},
        asked="2026-11-26",
    ),
    "activation": Topic(
        question="Which activation?",
        variants={
            "leaky": {"activation": "leaky"},
            "gelu": {"activation": "gelu"},
            "silu": {"activation": "silu"},
            "no-activation": {"activation": "none"},
        },
        asked="2026-11-26",
    ),
    "amount": Topic(
        question="How many training images?",
        label="fewer images",
        variants={
            "images-600": {"train_images": 600, "repeats": 100},
            "images-6000": {"train_images": 6_000, "repeats": 10},
            "images-20000": {"train_images": 20_000, "repeats": 3},
        },
        axis="train_images",
        asked="2026-11-26",
    ),
    **{
        f"amount-{images}": Topic(
            question=f"Which regulariser helps a net with {images:,} training images?",
            label=f"{images:,} images",
            base=f"images-{images}",
            variants={
                f"images-{images}+{name}": {"train_images": images, "repeats": repeats, **changed}
                for name, changed in {
                    "dropout-0.10": {"dropout": 0.1},
                    "affine": {"augment": "affine"},
                    "fc": {"head": "fc"},
                }.items()
            },
            asked="2026-11-26",
        )
        for images, repeats in ((600, 100), (6_000, 10), (20_000, 3))
    },
}
"""The topics of the study `ablations`: the reference net under the study recipe on MNIST, and what changes in it."""

REFERENCE: Overrides = {"seeds": 30}


def union(topics: dict[str, Topic]) -> dict[str, Overrides]:
    """Return every variant of the topics once, the reference first, each with its number of seeds.

    Raises `ValueError` for a name that two topics mean differently, and for a base that no topic trains.
    """
    found: dict[str, Overrides] = {"reference": dict(REFERENCE)}
    for name, topic in topics.items():
        for variant, changed in topic.variants.items():
            mine = {"seeds": topic.seeds, **changed}
            known = found.setdefault(variant, mine)
            if {**known, "seeds": 0} != {**mine, "seeds": 0}:
                raise ValueError(f"topic {name}: {variant} means {changed} here and {known} in an earlier topic")
            known["seeds"] = max(known["seeds"], mine["seeds"])
    for name, topic in topics.items():
        if topic.base not in found:
            raise ValueError(f"topic {name}: its base {topic.base!r} is no variant of the study")
    return found
