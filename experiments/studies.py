"""The studies: what is trained under one recipe. Their variants are the topics', or are listed here."""

from __future__ import annotations

from dataclasses import dataclass, field

from experiments import screen, small
from experiments.topics import LINEAR, TOPICS, Overrides, union
from s6core.config import RECIPES, ConfigError, unknown


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question's variants under one recipe. Names are stable: records are stored under them.

    A variant may name its own number of `seeds`, as it may any other parameter of the notebook.
    """

    question: str
    variants: dict[str, Overrides]
    recipe: str = "study"
    common: Overrides = field(default_factory=dict)  # what all variants share beside the recipe
    seeds: int = 3
    families: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Which variants answer one question together, where the study is no union of topics; by question."""

    def parameters(self, variant: str) -> Overrides:
        """Return the notebook parameters of a variant. Raises `ConfigError` for a name that is not of the study."""
        if variant not in self.variants:
            raise ConfigError(unknown("variant", variant, self.variants))
        return {**RECIPES[self.recipe], **self.common, **self.variants[variant]}


STUDIES = {
    "smoke": Study(
        question="Does the whole chain work here?",
        variants={"reference": {}, "fc": {"head": "fc"}},
        common={"train_images": 6_000, "epochs": 4},  # so little that it is quick, so much that both nets learn
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
    "no-bn-recipe": Study(
        question="Which rate suits the net without BatchNorm, and does its ReLU on the logits hold it back? "
        "Chosen on the validation split alone.",
        variants={
            f"lr-{lr}{word}": {"lr": lr, **logits}
            for word, logits in (("", {}), ("+linear-logits", LINEAR))
            for lr in (0.01, 0.03, 0.1, 0.3)
        },
        common={"norm": "none", "validate": True},
    ),
    "reference": Study(
        question="Does the published recipe reach what was published?",
        variants={"reference": {}},
        recipe="reference",
        seeds=10,
    ),
    "screen": Study(
        question="Which of sixteen choices matter? Each run differs from the reference in about half of them.",
        variants=screen.variants(),
    ),
    "small-search": Study(
        question="How small can the net be? Architecture and rate are chosen on the validation split alone.",
        variants=small.searched(),
        common={"validate": True, **small.RECIPE},
        seeds=1,
    ),
    "ablations": Study(
        question="What do BatchNorm, the head and dropout each do, and what do they do together?",
        variants=union(TOPICS),
    ),
    "learning-rates": Study(
        question="Which learning rates can a net use with BatchNorm, and which without?",
        variants={
            f"{name}-lr-{lr}": {"norm": norm, "lr": lr}
            for name, norm in (("bn", "batch"), ("no-bn", "none"))
            for lr in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
        },
        common={"epochs": 1},
    ),
}


def study(name: str) -> Study:
    """Return a study by name. Raises `ConfigError` offering the nearest names."""
    if name not in STUDIES:
        raise ConfigError(unknown("study", name, STUDIES))
    return STUDIES[name]
