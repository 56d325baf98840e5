"""The luck of the test digits: what a difference between two nets owes to which 10,000 digits were asked."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd

from experiments.answers.frames import frame
from experiments.answers.sources import REFERENCE, Sources
from experiments.answers.variants import LABELS
from s6core import results, stats

STUDY = "ablations"
SHOWN = ("fc", "dropout-0.10", "no-bn")


def predictions(sources: Sources, variant: str) -> np.ndarray:
    """Return what each run of a variant that learned read, (seeds, images), by seed."""
    runs = sources.runs(STUDY)
    own = runs[(runs["variant"] == variant) & ~stats.did_not_learn(runs)].sort_values("seed")
    paths = [results.record_path(sources.folder / STUDY, variant, seed) for seed in own["seed"]]
    sources.used.update(paths)
    read = [list(json.loads(path.read_text())["predictions"]) for path in paths]
    if len(read) < 2:
        raise KeyError(f"results/{STUDY}/{variant}: {len(read)} runs learned; the luck of the digits needs two or more")
    return np.array(read)


def labels(sources: Sources) -> np.ndarray:
    """Return the true classes, as signs. Raises `KeyError` where they are not stored."""
    path = sources.folder / LABELS
    sources.used.add(path)
    if not path.is_file():
        raise KeyError(f"results/{LABELS} is missing: python -m experiments.labels makes it")
    return np.array(list(path.read_text().strip()))


@frame
def other_digits(sources: Sources) -> pd.DataFrame:
    """Each variant against the reference: how far the choice of the test digits alone moves it, in points.

    one: a difference between one run of each; mean: the difference of the means over all seeds, beside what the seeds
    move it by. any_low to any_high: the 95% interval of the ratio of errors for other seeds and any new digits.
    """
    truth, base = labels(sources), predictions(sources, REFERENCE)
    wrong_base = base != truth
    rows = {}
    for variant in SHOWN:
        read = predictions(sources, variant)
        wrong = read != truth
        single = [np.std(a.astype(int) - b, ddof=1) for a, b in product(wrong, wrong_base)]
        whole = np.std(wrong.mean(0) - wrong_base.mean(0), ddof=1)
        scatter = [np.var(100 * side.mean(1), ddof=1) / len(side) for side in (wrong, wrong_base)]
        digits = stats.any_digits(~wrong, ~wrong_base)
        root = 100 / np.sqrt(len(truth))
        rows[variant] = {
            "one": np.mean(single) * root, "mean": whole * root, "seeds": np.sqrt(sum(scatter)),
            "any_low": digits.low, "any_high": digits.high,
        }  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index")
    kinds = dict.fromkeys(("one", "mean", "seeds"), "sd") | dict.fromkeys(("any_low", "any_high"), "times")
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
