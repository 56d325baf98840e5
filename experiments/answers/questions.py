"""Every question that a page can show: the topics of the study, and the reader's own studies of a results folder."""

from __future__ import annotations

from collections import ChainMap
from datetime import UTC, datetime
from pathlib import Path

from experiments import own
from experiments.studies import STUDIES, Study
from experiments.topics import TOPICS, Topic
from s6core.config import ConfigError

STUDY = "ablations"  # where the topics' variants are trained
OWN_TOPICS: dict[str, Topic] = {}
OWN_STUDIES: dict[str, Study] = {}
QUESTIONS = ChainMap(TOPICS, OWN_TOPICS)
PLANS = ChainMap(STUDIES, OWN_STUDIES)


def members(name: str) -> list[str]:
    """Return the base and the variants of a topic."""
    return [QUESTIONS[name].base, *QUESTIONS[name].variants]


def study_of(topic: str) -> str:
    """Return the study that trains a topic's variants: of an own topic, `yours/NAME`, its own."""
    return "/".join(topic.split("/")[:2]) if topic in OWN_TOPICS else STUDY


def open_own(results: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Make the own studies under `results`/yours known, in place of those that were known before.

    Return {study: its topics} as `yours/early` and `yours/early/FAMILY`, and {study: why} for files that are wrong.
    """
    OWN_TOPICS.clear()
    OWN_STUDIES.clear()
    found, wrong = {}, {}
    for name, folder in own.stored((results / "yours",)).items():
        title, path = f"yours/{name}", folder / own.COPY
        try:
            _, study = own.load(path)
        except ConfigError as error:
            wrong[title] = str(error)
            continue
        asked = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
        families = own.topics(name, study, asked=asked)
        topics = {title if family == name else f"{title}/{family}": topic for family, topic in families.items()}
        OWN_TOPICS.update(topics)
        OWN_STUDIES[title] = study
        found[title] = list(topics)
    return found, wrong
