"""The first plan's verdicts as a table, so that they stay when its code goes.

    python -m s6core.stats.first_plan results/ablations COMMIT > results/first-plan.csv

The families are those that the first plan declared, the runs those that had finished when the second was written down;
COMMIT is the one whose code and runs are used.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from s6core.stats.compare import compare

FAMILIES = {
    "batchnorm": ("no-bn", "group", "layer"),
    "head": ("fc", "gap-fc", "max"),
    "dropout": ("dropout-0.05", "dropout-0.10", "dropout-0.25", "dropout-0.50", "dropout-0.10-channel"),
    "together": (
        "fc+dropout-0.10",
        "fc+dropout-0.25",
        "no-bn+dropout-0.10",
        "no-bn+dropout-0.25",
        "no-bn+fc",
        "no-bn+fc+dropout-0.10",
        "no-bn+fc+dropout-0.25",
    ),
    "own-recipe": ("no-bn+lr-0.03", "no-bn+linear-logits", "linear-logits"),
}

UNTIL = "2026-11-26"

COLUMNS = ["family", "variant", "n", "difference", "low", "high", "p", "p_holm", "p_t", "p_t_holm", "verdict"]


def first_plan(runs: pd.DataFrame, families: Mapping[str, tuple[str, ...]] | None = None) -> pd.DataFrame:
    """Return the verdicts of the first plan, a row per comparison, by family: paired differences in points."""
    rng = np.random.default_rng(0)
    runs = runs[runs["finished_at"] < UNTIL]
    tables = [
        compare(runs, family=members, rng=rng).set_index("variant").loc[list(members)].reset_index().assign(family=name)
        for name, members in (families or FAMILIES).items()
    ]
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def main(folder: str, commit: str) -> None:
    table = first_plan(pd.read_csv(Path(folder) / "runs.csv")).assign(commit=commit)
    table.to_csv(sys.stdout, index=False, float_format="%.6g", lineterminator="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
