"""What answers are made of: the tables of a results folder, cached, with a note of every file that was used."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import pandas as pd
from numpy.typing import ArrayLike

from experiments.answers import digits
from experiments.answers.digits import LABELS
from experiments.answers.questions import PLANS, QUESTIONS, STUDY, study_of
from experiments.answers.registry import known_as
from experiments.studies import STUDIES
from s6core import results, stats
from s6core.config import unknown

REFERENCE = "reference"  # the variant that every other one of a study is compared with


def devices(runs: pd.DataFrame) -> str:
    """Return the devices that runs were trained on."""
    return "; ".join(map(str, runs["device"].dropna().unique())) or "device unknown"


class Sources:
    """The results folder, read only. `used` names each file that an answer came from, whether it exists or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.used: set[Path] = set()

    def studies(self) -> list[str]:
        """Return the names of the studies, as `ablations` or `yours/smoke`."""
        return sorted(path.parent.relative_to(self.folder).as_posix() for path in self.folder.rglob("runs.csv"))

    def runs(self, study: str) -> pd.DataFrame:
        """Return one row per run, finished or not."""
        return _runs(*self._stamped(study, "runs.csv"))

    def epochs(self, study: str) -> pd.DataFrame:
        """Return one row per epoch of every run."""
        return _epochs(*self._stamped(study, "epochs.csv"))

    def runs_if_any(self, study: str) -> pd.DataFrame:
        """Return the runs of a study, none of one that is declared and not trained yet."""
        if study not in self.studies() and study in STUDIES:
            self.used.add(self.folder / study / "runs.csv")
            return pd.DataFrame(columns=results.RUN_COLUMNS)
        return self.runs(study)

    def epochs_if_any(self, study: str) -> pd.DataFrame:
        """Return the epochs of a study, none of one that is declared and not trained yet."""
        if study not in self.studies() and study in STUDIES:
            self.used.add(self.folder / study / "epochs.csv")
            return pd.DataFrame(columns=results.EPOCH_COLUMNS)
        return self.epochs(study)

    def effects(self, topic: str, study: str = STUDY) -> pd.DataFrame:
        """Return one row per declared variant of a topic: its errors against the base's, see `s6core.stats.effects`."""
        if study not in self.studies():
            self.runs_if_any(study)
            return _effects(None, topic, 0, "")
        folder, stamp = self._stamped(study, "runs.csv")
        self.used.add(self.folder / LABELS)
        return _effects(folder, topic, stamp, self.labels() if (self.folder / LABELS).is_file() else "")

    def summaries(self, study: str) -> pd.DataFrame:
        """Return each variant by itself, by name: see `s6core.stats.error_summary`."""
        return _summaries(*self._stamped(study, "runs.csv"))

    def labels(self) -> str:
        """Return the class of each MNIST test image, a sign each. Raises `KeyError` where they are not stored."""
        path = self.folder / LABELS
        self.used.add(path)
        if not path.is_file():
            raise KeyError(f"results/{LABELS} is missing: `s6 measure labels` makes it")
        return path.read_text().strip()

    def predictions(self, study: str, variant: str) -> list[str]:
        """Return what each run of a variant that learned reads on the test images, by seed; none where it is lost."""
        return digits.predictions(self.folder / study, variant, self.runs(study))

    def record(self, study: str, variant: str) -> results.Record:
        """Return the record of a variant's first seed: its config, which all its seeds share, and its predictions."""
        runs = self.runs(study)
        known_as("variant", variant, runs["variant"].unique(), where=f"study {study}")
        seed = int(runs.loc[runs["variant"] == variant, "seed"].min())
        path = results.record_path(self.folder / study, variant, seed)
        self.used.add(path)
        return _record(path, path.stat().st_mtime_ns if path.is_file() else 0)

    def cost(self, study: str) -> pd.Series:
        """Return what each variant costs to train over the reference (`s6 measure cost`); empty if not measured."""
        name = f"{study}/cost.csv"
        self.used.add(self.folder / name)
        if not (self.folder / name).is_file():
            return pd.Series(dtype=float)
        return self.table(name).set_index("variant")["cost"]

    def table(self, name: str) -> pd.DataFrame:
        """Return any other table of the results folder, as `speed.csv`."""
        path = self.folder / name
        self.used.add(path)
        if not path.is_file():
            known = (file.relative_to(self.folder).as_posix() for file in self.folder.rglob("*.csv"))
            raise KeyError(unknown("table", name, known))
        return _table(path, path.stat().st_mtime_ns)

    def _stamped(self, study: str, name: str) -> tuple[Path, int]:
        path = self.folder / study / name
        self.used.add(path)
        if not path.is_file():
            known = self.studies()
            raise KeyError(unknown("study", study, known) if known else f"no study {study!r}: results/ holds none")
        return path.parent, path.stat().st_mtime_ns


# The time stamp is part of each cache's key: a changed file is read again.


@lru_cache(maxsize=64)
def _runs(folder: Path, stamp: int) -> pd.DataFrame:
    return results.load_runs(folder)


@lru_cache(maxsize=64)
def _epochs(folder: Path, stamp: int) -> pd.DataFrame:
    return results.load_epochs(folder)


@lru_cache(maxsize=64)
def _summaries(folder: Path, stamp: int) -> pd.DataFrame:
    return stats.error_summary(_runs(folder, stamp)).set_index("variant")


@lru_cache(maxsize=64)
def _record(path: Path, stamp: int) -> results.Record:
    return results.load(path)


@lru_cache(maxsize=256)
def _effects(folder: Path | None, name: str, stamp: int, labels: str) -> pd.DataFrame:
    topic = QUESTIONS[name]
    runs = results.load_runs(folder) if folder else pd.DataFrame(columns=results.RUN_COLUMNS)
    if topic.base in set(runs["variant"]):
        correct: dict[str, ArrayLike] = {}
        for variant in (topic.base, *topic.variants) if folder and labels else ():
            if (right := digits.right(folder, variant, runs, labels)) is not None:
                correct[variant] = right
        study = PLANS[study_of(name)].variants
        return stats.effects(runs, base=topic.base, family=list(topic.variants), study=study, correct=correct)
    counts = runs["variant"].value_counts()
    rows = [
        stats.Effect(variant=v, base=topic.base, n=int(counts.get(v, 0)), n_failed=0, n_base=0, n_base_failed=0)
        for v in topic.variants
    ]
    return pd.DataFrame([asdict(row) for row in rows])


@lru_cache(maxsize=64)
def _table(path: Path, stamp: int) -> pd.DataFrame:
    return pd.read_csv(path)
