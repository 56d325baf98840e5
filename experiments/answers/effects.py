"""A topic in words: what its variants do to the errors, when it was asked, and what was known by then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd

from experiments.answers.keys import look_up
from experiments.answers.questions import QUESTIONS, STUDY, members
from experiments.answers.sources import Sources
from experiments.answers.values import UNTRAINED, Value, seeds, write
from experiments.topics import TOPICS
from s6core.config import unknown
from s6core.stats import ALPHA, MINIMUM

VERDICTS = {
    "helps": "helps",
    "hurts": "hurts",
    "equivalent": "no difference that matters",
    "undecided": "undecided",
}
PLANNED = "2026-11-26"
"""The day of the plan by which all topics are judged: runs from before it were known when it was written down."""


def effect(text: str, sources: Sources) -> Value:
    """Return what `topic/variant` does in words: "1.38 times the errors (1.21–1.57: hurts)".

    Where runs failed there is no mean: "3 of 5 runs failed: hurts". The note says what the verdict rests on, and where
    it is undecided, which ratio would have been clear.
    """
    topic, slash, variant = text.strip().partition("/")
    name = topic.partition("@")[0]
    if name not in TOPICS or not slash:
        raise KeyError(
            f"{text!r}: write topic/variant; {unknown('topic', name, TOPICS)}"
            if slash
            else f"{text!r}: write topic/variant"
        )
    ratio, verdict = (look_up(f"{topic}/{variant}/{quantity}", sources) for quantity in ("ratio", "verdict"))
    if ratio.missing:
        return replace(ratio, missing=f"({ratio.missing})")
    row = sources.effects(name, topic.partition("@")[2] or STUDY).set_index("variant").loc[variant]
    return Value(
        kind="text", words=in_words(row), note=f"{row['reason']} {ratio.note}" if row["reason"] else verdict.note
    )


def in_words(row: pd.Series) -> str:
    """Write one row of `s6core.stats.effects`."""
    if row["n"] == 0 or row["n_base"] == 0:
        return UNTRAINED
    said = verdict_in_words(row)
    if row["n_failed"]:
        return f"{row['n_failed']} of {row['n']} runs failed: {said}"
    if pd.isna(row["ratio"]):
        return f"{row['n_base_failed']} of {row['n_base']} runs of {row['base']} failed: {said}"
    interval = "" if pd.isna(row["low"]) else f"{times(row['low'])}–{times(row['high'])}: "
    return f"{times(row['ratio'])} times the errors ({interval}{said})"


def verdict_in_words(row: pd.Series) -> str:
    """Return a verdict in words; where there is none, whether runs are missing or Holm's correction took it away."""
    if min(row["n"], row["n_base"]) < MINIMUM:
        return "too few runs for a verdict"
    if row["verdict"] == "undecided" and row["p"] <= ALPHA < row["p_holm"]:
        return "undecided among several comparisons"
    return VERDICTS[row["verdict"]]


def times(number: float) -> str:
    return write(Value(kind="times", number=float(number)))


def trained(topic: str, sources: Sources, study: str = STUDY) -> list[str]:
    """Return the base and the variants of a topic of which a run is stored."""
    known = set(sources.runs_if_any(study)["variant"])
    return [variant for variant in members(topic) if variant in known]


def known_before(topic: str, variant: str, sources: Sources, study: str = STUDY) -> bool:
    """Say whether a comparison rests on runs alone that had finished before it was asked, and before the plan."""
    runs = sources.runs_if_any(study)
    mine = runs[runs["variant"].isin([QUESTIONS[topic].base, variant])]
    days = mine["finished_at"].dropna().astype(str).str[:10]
    return bool(len(days)) and variant in set(mine["variant"]) and days.max() < max(QUESTIONS[topic].asked, PLANNED)


def day(text: str) -> str:
    """Write 2026-11-26 as 26 November 2026."""
    found = date.fromisoformat(text[:10])
    return f"{found.day} {found:%B %Y}"


def provenance(topic: str, sources: Sources, study: str = STUDY) -> str:
    """Say when a topic was asked, which runs answer it, where they ran, and what was known before."""
    runs = sources.runs_if_any(study)
    counts = runs["variant"].value_counts()
    told = [f"{variant} {seeds(int(counts[variant]))}" for variant in members(topic) if variant in counts]
    where = "; ".join(map(str, runs[runs["variant"].isin(members(topic))]["device"].dropna().unique()))
    text = f"Asked on {day(QUESTIONS[topic].asked)}. "
    text += f"Runs: {', '.join(told)} ({where})." if told else "No run of it is stored yet."
    missing = [variant for variant in members(topic) if variant not in counts]
    if missing and told:
        text += f" Not trained yet: {', '.join(missing)}."
    if known := [variant for variant in QUESTIONS[topic].variants if known_before(topic, variant, sources, study)]:
        every = len(known) == len([v for v in told if not v.startswith(f"{QUESTIONS[topic].base} ")])
        text += f" Known before the plan was written{'' if every else ': ' + ', '.join(known)}."
    return text
