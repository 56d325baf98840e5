"""How small can the net be? Nets written as a line of blocks, and the search among them on the validation images.

A line such as "v8 p s16 s16 r p s16" names the blocks in order: a letter and the number of channels,

    c  3×3 convolution, padded          s  3×3 per channel, then 1×1 (separable), padded
    v  3×3 convolution, not padded      x  1×1 convolution
    r  the block before once more, with the same weights and a norm of its own
    p  2×2 max-pooling

Every block is convolution without bias → batch norm → activation; linear logits by 1×1, and the average.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

Overrides = dict[str, Any]

KINDS = {"c": (3, 1), "v": (3, 0), "s": (3, 1), "x": (1, 0)}  # letter -> kernel, padding


def net(line: str) -> Overrides:
    """Return a line of blocks as what it changes in the reference net. Raises `ValueError`, naming an odd word."""
    blocks: list[tuple[str, int, bool]] = []  # kind, channels, shared
    pools: list[int] = []
    for word in line.split():
        found = re.fullmatch(r"([cvsx])(\d+)", word)
        if found:
            blocks.append((found[1], int(found[2]), False))
        elif word == "r" and blocks:
            blocks.append((*blocks[-1][:2], True))
        elif word == "p" and blocks:
            pools.append(len(blocks))
        else:
            raise ValueError(
                f"{line!r}: {word!r}: allowed are c8, v8, s8 or x8 with any number, and after a block r or p"
            )
    numbers = range(1, len(blocks) + 1)
    return {
        "channels": [channels for _, channels, _ in blocks],
        "kernel": [KINDS[kind][0] for kind, _, _ in blocks],
        "padding": [KINDS[kind][1] for kind, _, _ in blocks],
        "separable": [n for n, (kind, _, _) in zip(numbers, blocks, strict=True) if kind == "s"],
        "shared": [n for n, (_, _, shared) in zip(numbers, blocks, strict=True) if shared],
        "pool_after": pools,
        "order": "conv-norm-relu",
        "bias": False,
        "logit_activation": False,
        "logit_norm": False,
    }


RECIPE: Overrides = {"epochs": 20, "batch_size": 64, "augment": "affine"}

SEARCHED = (
    # probes of the plan, tried anew: separable blocks behind one early pooling
    "v8 p s16 s16 s16 s16 p s16 s16",
    "v8 p s16 s16 s16 p s16 s16",
    # the same weights several times: depth without parameters
    "v8 p s16 s16 r r r p r r",
    "v8 p s16 s16 r r p s16 r r",
    "v8 p s20 s20 r r r p r r",
    "v8 p s24 s24 r r r p r r",
    "v8 p s24 s24 r r p s24 r r",
    "v8 p s28 s28 r r r p r r",
    "v8 p s32 s32 r r r p r r",
    "v6 p s12 s12 r r r p r r",
    "v8 p s12 s12 r r p s12 r r",
    "v8 p s16 s16 r p s16 r p s16 r",
)
"""The architectures of the search, in the order in which they were thought of."""


RATES = (0.1, 0.3)


def name(line: str, lr: float) -> str:
    """Return the name under which the search stores a net at a rate."""
    return f"{line.replace(' ', '-')}+lr-{lr}"


def searched() -> dict[str, Overrides]:
    """Return the search: every line at the rate of the study and at a higher one."""
    return {name(line, lr): {**net(line), "lr": lr} for line in SEARCHED for lr in RATES}


BUDGETS = (1_000, 1_500, 2_500, 3_000)
"""Parameters within which the search chooses a net each."""


def chosen(runs: pd.DataFrame) -> dict[int, str]:
    """Return which variant of the search each budget chooses: the highest validation accuracy, then the smaller net.

    `runs` has the columns variant, parameters and validation_accuracy. A budget that no net keeps is left out.
    """
    ranked = runs.sort_values(["validation_accuracy", "parameters"], ascending=[False, True], kind="stable")
    found = {budget: ranked[ranked["parameters"] <= budget]["variant"] for budget in BUDGETS}
    return {budget: str(names.iloc[0]) for budget, names in found.items() if len(names)}
