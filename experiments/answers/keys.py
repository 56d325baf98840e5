"""From a key, as authors write it, to a value with everything a sceptical reader asks for.

Every key is `source/…/quantity`, and a quantity may have an aspect behind a colon. What a quantity is called and how it
is written stands in `columns.py`, once for all sources.

head/fc/ratio                       a topic's variant against the topic's base, see `s6core.stats.effects`:
                                    ratio, points, verdict, reason, p, p_holm, p_ranks, notices (ratio and points also
                                    :interval :low :high)
head/fc/test_error, head/reference/test_error
                                    a variant of the topic, or its base, by itself: the mean over seeds of any
                                    quantity of `columns.RUNS` or column of runs.csv (also :interval :low :high :sd
                                    :min :median :max :n)
head/fc/test_accuracy@5             the same after epoch 5; @best is each seed's best epoch
head/fc/n, head/fc/n_failed         runs with a result; runs that failed among them (diverged, or at chance)
head@fashion/fc/ratio               the same topic in another study
ablations/fc/test_accuracy          a variant of any study by itself, whether a topic names it or not
ablations/variants, ablations/runs  of a study: how many; device: all its devices; epochs and other columns: what its
                                    runs have in common
net/parameters, net[norm=none;head=fc]/parameters, net/conv4/output
                                    of the net that a config describes; of a layer also its row, receptive_field and
                                    effective_stride
recipe[study]/lr                    a field of a training recipe
speed.csv[pipeline=ours]/images_per_second
                                    the one row of any other table of results/
frame[effects]/no-bn+fc/difference  a cell of a frame that a chapter computes, see `frames.py`

A variant that is declared and has no run yet is no mistake: its value says "not trained yet" and is `missing`. A
name that nothing declares is one, and so is an aspect that a quantity does not have.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pandas as pd

from experiments.answers import frames
from experiments.answers.columns import COMPUTED, COUNTS, EFFECTS, RUNS, kind_of
from experiments.answers.questions import QUESTIONS, STUDY
from experiments.answers.sources import Sources
from experiments.answers.values import SEEDS, SPREAD, Value, aspect_of, write_interval
from experiments.studies import STUDIES
from experiments.topics import TOPICS
from s6core import layers, receptive, stats
from s6core.config import RECIPES, NetConfig, TrainConfig, parse, to_dict, unknown

UNTRAINED = "not trained yet"


def look_up(key: str, sources: Sources) -> Value:
    """Return the value of a key.

    Raises `KeyError`, naming the part that is unknown and the nearest known names, and `ValueError` where the key is
    right, but leads to an empty cell or to no finite number.
    """
    name, _, aspect = key.partition(":")
    value = _look_up(name, sources)
    if aspect and not value.missing and aspect not in value.aspects:
        said = f"allowed is {', '.join(value.aspects)}" if value.aspects else "it has none"
        known = unknown("aspect", aspect, SEEDS) if aspect not in SEEDS else f"no aspect {aspect!r}"
        raise KeyError(f"{name}: {known}; {said}")
    value = aspect_of(value, aspect)
    if value.number is not None and not math.isfinite(value.number):
        raise ValueError(f"{key}: no number to write, but {value.number} ({value.note})")
    return value


def _look_up(key: str, sources: Sources) -> Value:
    head, _, rest = key.partition("/")
    if match := re.fullmatch(r"([^\[]+\.csv)(?:\[([^\]]*)\])?/(\w+)", key):
        return _of_table(*match.groups(), sources)
    if match := re.fullmatch(r"recipe\[([^\]]*)\]", head):
        return _of_recipe(match[1], rest)
    if match := re.fullmatch(r"frame\[([^\]]*)\]", head):
        return _of_frame(match[1], *rest.rpartition("/")[::2], sources)
    if match := re.fullmatch(r"net(?:\[([^\]]*)\])?", head):
        return _of_net(match[1] or "", rest)
    topic, _, study = head.partition("@")
    if topic in TOPICS:
        variant, slash, quantity = rest.partition("/")
        if not slash:
            raise KeyError(f"{key!r}: write topic/variant/quantity")
        return _of_topic(topic, study or STUDY, variant, quantity, sources)
    parts = key.split("/")
    studies = sources.studies()
    found = next((name for cut in (2, 1) if (name := "/".join(parts[:-cut])) in studies), None)
    if found is None:
        known = sorted({*studies, *TOPICS, "net", "recipe", "frame"})
        raise KeyError(f"{unknown('study', parts[0], known) if studies else 'results/ holds no study'}")
    rest = key[len(found) + 1 :]
    return _of_variant(found, *rest.split("/"), sources) if "/" in rest else _of_study(found, rest, sources)


def members(name: str) -> list[str]:
    """Return the base and the variants of a topic."""
    topic = QUESTIONS[name]
    return [topic.base, *topic.variants]


def _of_topic(name: str, study: str, variant: str, quantity: str, sources: Sources) -> Value:
    base = TOPICS[name].base
    if variant not in members(name):
        raise KeyError(f"topic {name}: {unknown('variant', variant, members(name))}")
    if quantity not in EFFECTS:
        return _of_variant(study, variant, quantity, sources)
    if variant == base:
        raise KeyError(f"topic {name}: {base} is what others are compared with, and has no {quantity}")
    column = EFFECTS[quantity]
    row = sources.effects(name, study).set_index("variant").loc[variant]
    aspects = SPREAD if column.interval else ()
    ours, theirs = _failing(row["n"], row["n_failed"]), _failing(row["n_base"], row["n_base_failed"])
    note = f"{variant} ({ours}) against {base} ({theirs}), results/{study}/runs.csv"
    if row["n"] == 0 or row["n_base"] == 0:
        return Value(kind=column.kind, missing=UNTRAINED, note=note, aspects=aspects)
    low, high = (None if pd.isna(row[end]) else float(row[end]) for end in column.interval or ("low", "high"))
    if column.kind == "text":
        return Value(kind="text", words=str(row[quantity]), note=f"{row['reason']} {note}")
    if pd.isna(row[quantity]):
        return Value(kind=column.kind, words="not defined", note=f"{row['reason']} {note}", aspects=aspects, who=note)
    value = Value(kind=column.kind, number=float(row[quantity]), note=note, aspects=aspects, who=note)
    if column.interval is None or low is None:
        return value
    value = replace(value, low=low, high=high)
    return replace(value, note=f"{note}, 95% interval {write_interval(value)}")


def _failing(n: float, failed: float) -> str:
    return f"{seeds(int(n))}, {int(failed)} failed" if failed else seeds(int(n))


def _of_study(study: str, quantity: str, sources: Sources) -> Value:
    runs = sources.runs(study)
    note = f"results/{study}/runs.csv"
    if quantity in ("variants", "runs"):
        count = runs["variant"].nunique() if quantity == "variants" else len(runs)
        return Value(kind="count", number=count, note=note, exact=True)
    if quantity not in runs:
        raise KeyError(f"study {study}: {unknown('quantity', quantity, ['variants', 'runs', *runs.columns])}")
    if quantity == "epochs" and (runs["status"] == "finished").any():
        runs = runs[runs["status"] == "finished"]  # one that diverged stopped there
    common = runs[quantity].dropna().unique()
    if quantity == "device":
        return Value(kind="text", words=devices(runs), note=note)
    if len(common) != 1:
        raise KeyError(f"study {study}: its runs have no {quantity} in common, but {', '.join(map(str, common))}")
    return _plain(common[0], quantity, note)


def _of_variant(study: str, variant: str, quantity: str, sources: Sources) -> Value:
    runs = sources.runs_if_any(study)
    known = [*runs["variant"].unique(), *(STUDIES[study].variants if study in STUDIES else ())]
    if variant not in known:
        raise KeyError(f"study {study}: {unknown('variant', variant, known)}")
    own = runs[runs["variant"] == variant]
    finished = own[own["status"] == "finished"]
    file = f"results/{study}/runs.csv"
    if quantity in COUNTS:
        failed = {
            "n": len(finished),
            "diverged": len(own) - len(finished),
            "n_failed": int(stats.did_not_learn(own).sum()),
        }
        return Value(kind="count", number=failed[quantity], note=file, exact=True)
    column, _, epoch = quantity.partition("@")
    frame = sources.epochs_if_any(study) if epoch else runs
    if column not in COMPUTED and column not in frame:
        raise KeyError(f"study {study}: {unknown('quantity', column, [*COUNTS, *EFFECTS, *RUNS, *frame.columns])}")
    if own.empty:
        return Value(kind=kind_of(column), missing=UNTRAINED, note=f"{variant}, {file}", aspects=SEEDS)
    values = _per_seed(study, variant, column, epoch, finished, sources)
    if not pd.api.types.is_numeric_dtype(values):
        return _plain(values.iloc[0], column, file)
    file = f"results/{study}/epochs.csv" if epoch else file
    who = f"{seeds(len(values))} of {variant}, {devices(finished)}, {file}"
    kind = kind_of(column)
    if values.nunique() == 1 and kind == "count":
        return Value(kind=kind, number=float(values.iloc[0]), note=file, who=who, exact=True)
    found = stats.mean_interval(values)
    low, high = (None, None) if math.isnan(found.low) else (found.low, found.high)
    value = Value(kind=kind, number=found.mean, low=low, high=high, aspects=SEEDS, each=tuple(values), who=who)
    spread = f", 95% interval {write_interval(value)}" if low is not None else ""
    return replace(value, note=f"mean of {who}{spread}")


def _per_seed(study: str, variant: str, column: str, epoch: str, finished: pd.DataFrame, sources: Sources) -> pd.Series:
    if epoch:
        frame = sources.epochs(study)
        rows = frame[(frame["variant"] == variant) & frame["seed"].isin(finished["seed"])]
        if epoch != "best":
            last = int(rows["epoch"].max()) if len(rows) else 0
            if not epoch.isdigit() or not 1 <= int(epoch) <= last:
                raise KeyError(f"study {study}, variant {variant}: epoch {epoch!r}: allowed is 1 to {last}, or best")
            rows = rows[rows["epoch"] == int(epoch)]
        by_seed = _column(rows, column).groupby(rows["seed"])
        values = by_seed.min() if column.endswith(("loss", "error")) else by_seed.max()
    else:
        values = _column(finished, column)
    values = values.dropna()
    if values.empty:
        raise KeyError(f"study {study}, variant {variant}: no finished run has a {column}")
    return values


def _column(frame: pd.DataFrame, column: str) -> pd.Series:
    return COMPUTED[column](frame) if column in COMPUTED else frame[column]


def _of_net(fields: str, rest: str) -> Value:
    config = parse(NetConfig, [text for text in fields.split(";") if text])
    rows = {row.name: row for row in layers.layers(config)}
    note = "computed from the net's layers"
    if rest in ("parameters", "layers"):
        count = layers.parameters(list(rows.values())) if rest == "parameters" else len(rows)
        return Value(kind="count", number=count, note=note, exact=True)
    name, _, quantity = rest.partition("/")
    if name not in rows:
        raise KeyError(f"net: {unknown('layer', name, [*rows, 'parameters', 'layers'])}")
    row = rows[name]
    field = next(field for field in receptive.fields(list(rows.values())) if field.name == name)
    answers: dict[str, Any] = {**vars(row), "receptive_field": field.size, "effective_stride": field.stride}
    if quantity not in answers:
        raise KeyError(f"net, layer {name}: {unknown('quantity', quantity, answers)}")
    answer = answers[quantity]
    if isinstance(answer, tuple) and len(answer) == 2 and len(set(answer)) == 1:
        answer = answer[0]  # vertical and horizontal alike
    if isinstance(answer, tuple):
        return Value(kind="text", words=" × ".join(map(str, answer)), note=note)
    return _plain(answer, quantity, note)


def _of_recipe(name: str, field: str) -> Value:
    if name not in RECIPES:
        raise KeyError(unknown("recipe", name, RECIPES))
    fields = to_dict(TrainConfig(**RECIPES[name]))
    if field not in fields:
        raise KeyError(f"recipe {name}: {unknown('field', field, fields)}")
    return _plain(fields[field], field, f"the recipe {name}, s6core/config.py")


def _of_table(name: str, filters: str | None, column: str, sources: Sources) -> Value:
    rows = sources.table(name)
    for text in (filters or "").split(";"):
        field, equals, wanted = text.partition("=")
        if equals:
            if field not in rows:
                raise KeyError(f"table {name}: {unknown('column', field, rows.columns)}")
            rows = rows[rows[field].astype(str) == wanted]
    if column not in rows:
        raise KeyError(f"table {name}: {unknown('column', column, rows.columns)}")
    if len(rows) != 1:
        raise KeyError(f"table {name}: [{filters or ''}] leaves {len(rows)} rows; name one")
    return replace(_plain(rows[column].iloc[0], column, f"results/{name}"), exact=False)


def _of_frame(name: str, row: str, column: str, sources: Sources) -> Value:
    frame, cells = frames.cell(name, row, column, sources)
    note = frame.attrs.get("note", f"computed from {', '.join(sorted(path.name for path in sources.used))}")
    if isinstance(cells[column], str):
        return Value(kind="text", words=cells[column], note=note)
    kind = frame.attrs.get("kinds", {}).get(column, kind_of(column))
    measured = column == frames.measured(frame)
    ends = (cells["low"], cells["high"]) if measured else (None, None)
    low, high = (None if pd.isna(end) else float(end) for end in ends)
    lacks = pd.isna(cells[column])
    return Value(
        kind=kind, number=None if lacks else float(cells[column]), words="not defined" * lacks, low=low, high=high,
        note=f"{row}: {note}", who=f"{row}: {note}", aspects=SPREAD if measured else (),
    )  # fmt: skip


def _plain(answer: Any, column: str, note: str) -> Value:
    if isinstance(answer, str):
        return Value(kind="text", words=answer, note=note)
    return Value(kind=kind_of(column), number=float(answer), note=note, exact=True)


def seeds(n: int) -> str:
    return "one seed" if n == 1 else f"{n} seeds"


def devices(runs: pd.DataFrame) -> str:
    return "; ".join(map(str, runs["device"].dropna().unique())) or "device unknown"
