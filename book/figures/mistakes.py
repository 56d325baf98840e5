"""The test digits that most nets miss, and those whose label people contradict: for the page of mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.answers.frames import frame
from experiments.answers.sources import Sources

STUDY = "ablations"
IMAGES = Path(__file__).with_suffix(".npz")
CONFIRMED = 3  # of the five people: with fewer the label counts as contradicted
HALF = 0.5  # of the runs: "most" miss a digit that more than this share misses


class Review(NamedTuple):
    """How five people voted who saw a digit and two classes: its label, and what a net had guessed instead."""

    label: int
    guess: int
    neither: int
    guessed: int  # the class


_SHOWN = pd.read_csv(Path(__file__).with_suffix(".csv"), index_col="digit")
REVIEWS = {int(row.Index): Review(row.label, row.guess, row.neither, row.guessed) for row in _SHOWN.itertuples()}
"""Every test digit that was shown to five people because a net doubted its label, counted from 0: Northcutt, Athalye
and Mueller (2021), mturk/mnist_mturk.json of github.com/cleanlab/label-errors; their controls are left out."""

CONTRADICTED = [digit for digit, review in REVIEWS.items() if review.label < CONFIRMED]


class Votes(NamedTuple):
    """What the runs that learned read: their variants, and a sign for each run and digit; and the true signs."""

    variants: np.ndarray
    read: np.ndarray
    truth: np.ndarray

    @property
    def missed(self) -> np.ndarray:
        """How many runs miss each digit."""
        return (self.read != self.truth).sum(0)

    def of(self, digit: int) -> dict[str, int]:
        """Return how many runs read a digit as what, the most first."""
        signs, counts = np.unique(self.read[:, digit], return_counts=True)
        return {str(signs[n]): int(counts[n]) for n in np.argsort(-counts, kind="stable")}

    def right(self, digit: int) -> list[str]:
        """Return the variants of the runs that read a digit as it is labelled."""
        return list(self.variants[self.read[:, digit] == self.truth[digit]])


def votes(sources: Sources) -> Votes:
    variants = sorted(set(sources.runs(STUDY)["variant"]))
    read = [(variant, list(one)) for variant in variants for one in sources.predictions(STUDY, variant)]
    names, signs = zip(*read, strict=True)
    return Votes(np.array(names), np.array(signs), np.array(list(sources.labels())))


def most_missed(found: Votes, count: int) -> list[int]:
    return [int(digit) for digit in np.argsort(-found.missed, kind="stable")[:count]]


def images(digits: list[int]) -> Any:
    """Return the pixels of test digits, (digits, 28, 28). Raises `KeyError` for one that is not stored."""
    stored = np.load(IMAGES)
    where = {int(digit): at for at, digit in enumerate(stored["index"])}
    if missing := [digit for digit in digits if digit not in where]:
        raise KeyError(f"{IMAGES.name} lacks test digit {missing[0]}: python book/_scripts/mistakes.py renews it")
    return stored["images"][[where[digit] for digit in digits]]


@frame
def mistakes(sources: Sources) -> pd.DataFrame:
    """How many test digits few, most and all runs miss, and how the nets judge the labels that people contradict."""
    found = votes(sources)
    missed, runs = found.missed, len(found.read)
    first = most_missed(found, 1)[0]
    confirmed = REVIEWS[first].label if first in REVIEWS else np.nan
    row = {
        "first": first, "first_confirmed": confirmed, "runs": runs, "never": (missed == 0).sum(),
        "most": (missed > HALF * runs).sum(), "all": (missed == runs).sum(),
        "reviewed": len(CONTRADICTED), "reviewed_missed": (missed[CONTRADICTED] > HALF * runs).sum(),
    }  # fmt: skip
    table = pd.DataFrame([row], index=["all"])
    table.attrs = {"note": f"the predictions of every run in results/{STUDY}/ that learned"}
    return table
