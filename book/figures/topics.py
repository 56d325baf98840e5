"""What `{topic}` shows of any question: its figures and tables, made from the topic and the runs alone."""

from __future__ import annotations

from typing import Any

import pandas as pd

from experiments.answers import effects, topics
from experiments.answers.columns import EFFECTS, RUNS
from experiments.answers.keys import look_up
from experiments.answers.questions import QUESTIONS, STUDY, members, study_of
from experiments.answers.registry import figure, table
from experiments.answers.sources import Sources
from experiments.answers.values import UNTRAINED, Value, write, write_interval
from experiments.topics import TOPICS
from s6core import layers, plots
from s6core.config import text

TESTS = [name for name, column in EFFECTS.items() if column.kind != "text" and name not in ("ratio", "points")]
"""What stands in the table of tests beside the points: every other number of a comparison."""


@figure
def topic_ratios(sources: Sources, *, topic: str, study: str = STUDY) -> Any:
    """The ratio of errors of each variant, with every run."""
    found = sources.effects(topics.check(topic), study)
    return plots.plot_effects(sources.runs(study), found, base=QUESTIONS[topic].base)


@figure
def topic_sweep(sources: Sources, *, topic: str, study: str = STUDY) -> Any:
    """The errors along the topic's axis."""
    axis = str(QUESTIONS[topics.check(topic)].axis)
    words = topics.AXES.get(axis, axis.replace("_", " "))
    return plots.plot_sweep(sources.runs(study), topics.along(topic), words=words, base=QUESTIONS[topic].base)


@figure
def topic_curves(sources: Sources, *, topic: str, study: str = STUDY) -> Any:
    """The errors after each epoch."""
    epochs = sources.epochs(study)
    chosen = effects.trained(topics.check(topic), sources, study)
    errors = epochs.assign(test_error=plots.errors(epochs))
    return plots.plot_curves(errors, metric="test_error", variants=chosen, log=True)


@figure
def overview(sources: Sources) -> Any:
    """Every effect of every question, the largest named."""
    return plots.plot_overview({topic.label or name: sources.effects(name) for name, topic in TOPICS.items()})


@table
def topic_changes(sources: Sources, *, topic: str) -> pd.DataFrame:
    """What each variant changes in the base, as data, whether it is trained or not."""
    base = QUESTIONS[topics.check(topic)].base
    rows = [
        {"variant": variant, "field": name, base: _words(there), "here": _words(here)}
        for variant, changed in topics.changes(topic).items()
        for name, (there, here) in changed.items()
    ]
    frame = pd.DataFrame(rows, columns=["variant", "field", base, "here"])
    frame.loc[frame["variant"].duplicated(), "variant"] = ""
    return frame


def _words(value: Any) -> str:
    return str(text(value)).replace("-", " – ") if isinstance(value, tuple) else str(value)


@table
def topic_effects(sources: Sources, *, topic: str, study: str = STUDY) -> pd.DataFrame:
    """The one table of a question: verdict, ratio, interval, errors, runs, parameters."""
    found = sources.effects(topics.check(topic), study).set_index("variant")
    rows = []
    for variant in members(topic):
        net = topics.planned(variant, study_of(topic)).net
        row = {"variant": variant, "parameters": layers.parameters(layers.layers(net))}
        if variant == QUESTIONS[topic].base:
            first = found.iloc[0]
            row |= {"runs": first["n_base"], "errors (%)": first["error_base"], "times": "1", "verdict": ""}
        else:
            row |= _effect(found.loc[variant])
        rows.append(row)
    columns = ["variant", "verdict", "times", "95% interval", "errors (%)", "runs", "parameters"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.attrs = {"formats": {"errors (%)": ".2f"}, "right": ("times", "95% interval")}
    return frame


def _effect(row: pd.Series) -> dict[str, Any]:
    if row["n"] == 0:
        return {"runs": 0, "verdict": UNTRAINED}
    failed = f" ({row['n_failed']} failed)" if row["n_failed"] else ""
    interval = None if pd.isna(row["low"]) else f"{effects.times(row['low'])}–{effects.times(row['high'])}"
    return {
        "runs": row["n"],
        "errors (%)": row["error"],
        "times": None if pd.isna(row["ratio"]) else effects.times(row["ratio"]),
        "95% interval": interval,
        "verdict": f"{row['verdict']}{failed}",
    }


@table
def topic_tests(sources: Sources, *, topic: str, study: str = STUDY) -> pd.DataFrame:
    """What the verdicts of a question rest on."""
    rows = []
    for _, row in sources.effects(topics.check(topic), study).iterrows():
        if row["n"] == 0:
            continue
        rows.append({
            "variant": row["variant"],
            "verdict, and why": f"{row['verdict']}: {row['reason']}",
            "points": _cell("points", row),
            "95% interval": _ends("points", row),
            **{EFFECTS[name].words: (_ends if EFFECTS[name].of else _cell)(name, row) for name in TESTS},
            "failed": f"{row['n_failed']} of {row['n']}",
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.attrs["right"] = ("points", "95% interval", *(EFFECTS[name].words for name in TESTS))
    return frame


def _cell(name: str, row: pd.Series) -> str | None:
    return None if pd.isna(row[name]) else write(Value(kind=EFFECTS[name].kind, number=float(row[name])))


def _ends(name: str, row: pd.Series) -> str | None:
    low, high = (row[end] for end in EFFECTS[name].interval or ())
    return None if pd.isna(low) else write_interval(Value(kind=EFFECTS[name].kind, low=float(low), high=float(high)))


@table
def topic_measures(sources: Sources, *, topic: str, study: str = STUDY) -> pd.DataFrame:
    """The other figures of the same runs: accuracies, training errors, loss, cost."""
    cost = sources.cost(study)
    rows = []
    for variant in effects.trained(topics.check(topic), sources, study):
        row = {"variant": variant, "runs": look_up(f"{study}/{variant}/n", sources).number}
        for name in ("test_accuracy", "train_error", "gap", "test_loss"):
            row[RUNS[name].words] = _mean(f"{study}/{variant}/{name}", sources)
        rows.append(row | ({"cost": cost.get(variant)} if len(cost) else {}))
    frame = pd.DataFrame(rows)
    frame.attrs["formats"] = {"runs": ".0f", "cost": ".2f"}
    frame.attrs["right"] = tuple(RUNS[name].words for name in ("test_accuracy", "train_error", "gap", "test_loss"))
    return frame


def _mean(key: str, sources: Sources) -> str | None:
    try:
        return write(look_up(key, sources))
    except KeyError:  # no run of it finished
        return None
