"""The studies as data: each variant is what it changes in the reference net or its recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from s6core.config import RECIPES, ConfigError, unknown

Overrides = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question's variants under one recipe. Names are stable: records are stored under them."""

    question: str
    variants: dict[str, Overrides]
    recipe: str = "study"
    common: Overrides = field(default_factory=dict)  # what all variants share beside the recipe
    seeds: int = 3

    def parameters(self, variant: str) -> Overrides:
        """Return the notebook parameters of a variant. Raises `ConfigError` for a name that is not of the study."""
        if variant not in self.variants:
            raise ConfigError(unknown("variant", variant, self.variants))
        return {**RECIPES[self.recipe], **self.common, **self.variants[variant]}


STUDIES = {
    "smoke": Study(
        question="Does the whole chain work here?",
        variants={"reference": {}, "no-bn": {"norm": "none"}},
        common={"train_images": 6_000, "epochs": 2},
        seeds=1,
    ),
    "recipe": Study(
        question="Which short recipe shall the study use? Chosen on the validation split alone.",
        variants={  # spelt out, so that they stay what they were when the choice moves the defaults
            "lr-0.1": {"lr": 0.1},
            "lr-0.3": {"lr": 0.3},
            "lr-0.1-affine": {"lr": 0.1, "augment": "affine"},
        },
        common={"validate": True, "epochs": 6, "batch_size": 128, "schedule": "one-cycle", "augment": "none"},
        seeds=1,
    ),
    "reference": Study(
        question="Does the published recipe reach what was published?",
        variants={"reference": {}},
        recipe="reference",
    ),
    "ablations": Study(
        question="What do BatchNorm, the head and dropout each do?",
        variants={
            "reference": {},
            "no-bn": {"norm": "none"},
            "fc": {"head": "fc"},
            "dropout-0.10": {"dropout": 0.1},
            "dropout-0.25": {"dropout": 0.25},
        },
    ),
}


def study(name: str) -> Study:
    """Return a study by name. Raises `ConfigError` offering the nearest names."""
    if name not in STUDIES:
        raise ConfigError(unknown("study", name, STUDIES))
    return STUDIES[name]
