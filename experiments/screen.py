"""Sixteen choices in 32 runs: a two-level fractional factorial of resolution IV, 2^(16−11).

Five factors are varied in all 32 combinations. Each other factor follows the product of three of them, or of all five;
its word says which (Box & Hunter 1961). No main effect then shares its contrast with another one or with an interaction
of two factors; the interactions of two share theirs with each other (`s6core.stats` lists them).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

Overrides = dict[str, Any]


@dataclass(frozen=True)
class Factor:
    """One choice: what its lower level is called, what the upper one is called and changes, and its word."""

    name: str
    low: str
    high: str
    changes: Overrides
    word: str


FACTORS = (
    Factor("order", "conv, ReLU, norm", "conv, norm, ReLU", {"order": "conv-norm-relu"}, "a"),
    Factor("logits", "rectified, normalised", "plain", {"logit_activation": False, "logit_norm": False}, "b"),
    Factor("head", "GAP", "GAP, then FC", {"head": "gap-fc"}, "c"),
    Factor("pooling", "max", "average", {"pool": "average"}, "d"),
    Factor("pooling's place", "after block 3", "after block 2", {"pool_after": [2]}, "e"),
    Factor("activation", "ReLU", "GELU", {"activation": "gelu"}, "abc"),
    Factor("dropout", "none", "0.05", {"dropout": 0.05}, "abd"),
    Factor("label smoothing", "none", "0.1", {"label_smoothing": 0.1}, "abe"),
    Factor("weight decay", "none", "0.0005", {"weight_decay": 5e-4}, "acd"),
    Factor("momentum", "heavy ball", "Nesterov", {"optimiser": "nesterov"}, "ace"),
    Factor("schedule", "one cycle", "cosine", {"schedule": "cosine"}, "ade"),
    Factor("learning rate", "0.1", "0.05", {"lr": 0.05}, "bcd"),
    Factor("batch size", "128", "64", {"batch_size": 64}, "bce"),
    Factor("augmentation", "none", "affine", {"augment": "affine"}, "bde"),
    Factor("pixels", "normalised", "as they are", {"normalise": "none"}, "cde"),
    Factor("first kernel", "3 × 3", "5 × 5", {"kernel": [5, 3, 3, 3]}, "abcde"),
)


def design() -> list[dict[str, int]]:
    """Return the 32 runs, each as {factor's name: −1 or +1}; the first is the reference net, all factors low."""
    rows = []
    for signs in product((-1, 1), repeat=5):
        basic = dict(zip("abcde", signs, strict=True))
        rows.append({factor.name: prod(basic[letter] for letter in factor.word) for factor in FACTORS})
    return rows


def made(*names: str) -> Overrides:
    """Return what the named choices change in the reference net and its recipe, made together.

    Raises `KeyError` for a name that is no choice's.
    """
    factors = {factor.name: factor for factor in FACTORS}
    return {field: value for name in names for field, value in factors[name].changes.items()}


def variants() -> dict[str, Overrides]:
    """Return the runs as variants, run-01 to run-32, each with one seed of its own, 0 to 31."""
    return {
        f"run-{number + 1:02d}": {"seeds": [number], **made(*(name for name, level in levels.items() if level > 0))}
        for number, levels in enumerate(design())
    }
