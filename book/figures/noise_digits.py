"""The luck of the test digits: what a difference between two nets owes to which 10,000 digits were asked."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from experiments.answers.frames import frame
from experiments.answers.sources import REFERENCE, Sources
from s6core import stats

STUDY = "ablations"
SHOWN = ("fc", "dropout-0.10", "no-bn")


def predictions(sources: Sources, variant: str) -> np.ndarray:
    """Return what each run of a variant that learned read, (seeds, images), by seed."""
    read = sources.predictions(STUDY, variant)
    if len(read) < 2:
        raise KeyError(f"results/{STUDY}/{variant}: {len(read)} runs learned; the luck of the digits needs two or more")
    return np.array([list(one) for one in read])


@frame
def other_digits(sources: Sources) -> pd.DataFrame:
    """Each variant against the reference: how far the choice of the test digits alone moves it, in points.

    one: a difference between one run of each; mean: the difference of the means over all seeds, beside what the seeds
    move it by.
    """
    truth, base = np.array(list(sources.labels())), predictions(sources, REFERENCE)
    wrong_base = base != truth
    rows = {}
    for variant in SHOWN:
        read = predictions(sources, variant)
        wrong = read != truth
        single = [np.std(a.astype(int) - b, ddof=1) for a, b in product(wrong, wrong_base)]
        whole = np.std(wrong.mean(0) - wrong_base.mean(0), ddof=1)
        scatter = [np.var(100 * side.mean(1), ddof=1) / len(side) for side in (wrong, wrong_base)]
        root = 100 / np.sqrt(len(truth))
        rows[variant] = {"one": np.mean(single) * root, "mean": whole * root, "seeds": np.sqrt(sum(scatter))}
    table = pd.DataFrame.from_dict(rows, orient="index")
    kinds = dict.fromkeys(("one", "mean", "seeds"), "sd")
    table.attrs = {"kinds": kinds, "note": f"the predictions of every run in results/{STUDY}/, on 10,000 test digits"}
    return table


@frame
def disagreement(sources: Sources) -> pd.DataFrame:
    """On how many test digits a variant and the reference read different classes: with the same seed, and with another.

    Would equal seeds share their luck, the first number would be the smaller one.
    """
    runs = sources.runs(STUDY)
    base = dict(zip(_seeds(runs, REFERENCE), predictions(sources, REFERENCE), strict=True))
    rows = {}
    for variant in SHOWN:
        own = dict(zip(_seeds(runs, variant), predictions(sources, variant), strict=True))
        pairs = {(a, b): int((own[a] != base[b]).sum()) for a, b in product(own, base)}
        rows[variant] = {
            "same": np.mean([n for (a, b), n in pairs.items() if a == b]),
            "other": np.mean([n for (a, b), n in pairs.items() if a != b]),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.attrs = {"note": f"the predictions of every run in results/{STUDY}/, on 10,000 test digits"}
    return table


def _seeds(runs: pd.DataFrame, variant: str) -> list[int]:
    return sorted(runs.loc[(runs["variant"] == variant) & ~stats.did_not_learn(runs), "seed"])
