"""Random nets for property tests: any combination of options, of a size that is quick to build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from s6core.config import NetConfig
from s6core.operations import ACTIVATIONS, NORMS, POOLS

CHOICES: dict[str, list[Any]] = {
    "norm": ["none", *(name.removesuffix("-norm") for name in NORMS)],
    "norm_groups": [1, 2, 4, 5],
    "order": ["conv-relu-norm", "conv-norm-relu"],
    "activation": [*ACTIVATIONS, "none"],
    "pool": [*(name.removesuffix("-pool") for name in POOLS), "stride", "none"],
    "dropout": [0.0, 0.25],
    "dropout_kind": ["element", "channel"],
    "dropout_place": ["all", "last"],
    "logit_activation": [True, False],
    "logit_norm": [True, False],
    "head": ["gap", "fc", "gap-fc", "max", "conv"],
    "logit_kernel": [1, 1, 3],
    "bias": [True, False],
    "init": ["torch", "he", "orthogonal"],
}


def random_configs(count: int, *, seed: int) -> Iterator[NetConfig]:
    """Yield configs that are valid by themselves; an image may still be too small for a config's layers."""
    rng = np.random.default_rng(seed)

    def integers(low: int, high: int, size: int) -> tuple[int, ...]:
        return tuple(rng.integers(low, high + 1, size).tolist())

    for _ in range(count):
        depth = int(rng.integers(1, 5))
        options = {name: allowed[rng.integers(len(allowed))] for name, allowed in CHOICES.items()}
        yield NetConfig(
            image=(int(rng.integers(1, 4)), *integers(7, 24, 2)),
            classes=int(rng.integers(2, 12)),
            channels=integers(1, 9, depth),
            kernel=integers(1, 5, depth),
            padding="auto" if rng.random() < 0.5 else integers(0, 2, depth),
            dilation=integers(1, 2, depth),
            pool_after=tuple(block for block in range(1, depth + 1) if rng.random() < 0.4),
            separable=tuple(block for block in range(1, depth + 1) if rng.random() < 0.3),
            norm_blocks=tuple(block for block in range(1, depth + 1) if rng.random() < 0.8),
            **options,
        )
