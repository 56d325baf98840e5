"""From a key, as authors write it, to a value with everything a sceptical reader asks for.

ablations/no-bn/test_accuracy          mean over seeds of the last epoch: 99.21
ablations/no-bn/test_accuracy:interval its 95% interval: 99.15–99.27 (also :low :high :sd :min :median :max :n)
ablations/no-bn/test_accuracy@5        the same after epoch 5; @best is each seed's best epoch
ablations/no-bn/difference             paired difference from the reference (also :interval :low :high); verdict,
                                       reason, p, p_t, p_holm, p_t_holm, p_better: see `s6core.stats.compare`
ablations/no-bn/n                      seeds that finished; diverged: seeds that did not; any column of runs.csv
ablations/variants, ablations/runs     of a study: how many; device: all its devices; epochs and other columns: what its
                                       runs have in common
net/parameters, net[norm=none;head=fc]/parameters, net/conv4/output     of the net that a config
                                       describes; of a layer also receptive_field, jump and all fields of its row
recipe[study]/lr                       a field of a training recipe
speed.csv[pipeline=ours]/images_per_second     the one row of any other table of results/
frame[effects]/no-bn+fc/difference     a cell of a frame that a chapter computes, see `frames.py` (also :interval)
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from s6core import layers, receptive, stats
from s6core.config import RECIPES, NetConfig, TrainConfig, parse, to_dict, unknown

from . import frames
from .sources import REFERENCE, Sources

KINDS = {"parameters": "count", "n": "count", "runs": "count", "variants": "count", "p_better": "share"}
COMPARISONS = ("difference", "p", "p_holm", "p_t", "p_t_holm", "p_better", "verdict", "reason")
ASPECTS = ("interval", "low", "high", "sd", "min", "median", "max", "n")


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value. `number` is None where the value is words, or of any other kind and not defined."""

    kind: str  # percent, points, count, p, share, nats, seconds, number, text: how it is written
    number: float | None = None
    words: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""  # where it comes from, for the reader who hovers


def look_up(key: str, sources: Sources) -> Value:
    """Return the value of a key.

    Raises `KeyError`, naming the part that is unknown and the nearest known names, and `ValueError` where the key is
    right, but leads to an empty cell or to no finite number.
    """
    value = _look_up(key, sources)
    if value.number is not None and not math.isfinite(value.number):
        raise ValueError(f"{key}: no number to write, but {value.number} ({value.note})")
    return value


def _look_up(key: str, sources: Sources) -> Value:
    key, _, aspect = key.partition(":")
    if aspect and aspect not in ASPECTS:
        raise KeyError(unknown("aspect", aspect, ASPECTS))
    head, _, rest = key.partition("/")
    if match := re.fullmatch(r"([^\[]+\.csv)(?:\[([^\]]*)\])?/(\w+)", key):
        return _of_table(*match.groups(), sources)
    if match := re.fullmatch(r"recipe\[([^\]]*)\]", head):
        return _of_recipe(match[1], rest)
    if match := re.fullmatch(r"frame\[([^\]]*)\]", head):
        return _of_frame(match[1], *rest.rpartition("/")[::2], aspect, sources)
    if match := re.fullmatch(r"net(?:\[([^\]]*)\])?", head):
        return _of_net(match[1] or "", rest)
    parts = key.split("/")
    studies = sources.studies()
    study = next((name for cut in (2, 1) if (name := "/".join(parts[:-cut])) in studies), None)
    if study is None:
        sources.runs("/".join(parts[:-2]) or parts[0])  # raises, with the nearest names
        raise KeyError(f"{key!r}: write study/variant/quantity")
    rest = key[len(study) + 1 :]
    return _of_variant(study, *rest.split("/"), aspect, sources) if "/" in rest else _of_study(study, rest, sources)


def _of_study(study: str, quantity: str, sources: Sources) -> Value:
    runs = sources.runs(study)
    note = f"results/{study}/runs.csv"
    if quantity in ("variants", "runs"):
        count = runs["variant"].nunique() if quantity == "variants" else len(runs)
        return Value(kind="count", number=count, note=note)
    if quantity not in runs:
        raise KeyError(f"study {study}: {unknown('quantity', quantity, ['variants', 'runs', *runs.columns])}")
    if quantity == "epochs" and (runs["status"] == "finished").any():
        runs = runs[runs["status"] == "finished"]  # one that diverged stopped there
    common = runs[quantity].dropna().unique()
    if quantity == "device":
        return Value(kind="text", words=_devices(runs), note=note)
    if len(common) != 1:
        raise KeyError(f"study {study}: its runs have no {quantity} in common, but {', '.join(map(str, common))}")
    return _plain(common[0], quantity, note)


def _of_variant(study: str, variant: str, quantity: str, aspect: str, sources: Sources) -> Value:
    runs = sources.runs(study)
    known = runs["variant"].unique()
    if variant not in known:
        raise KeyError(f"study {study}: {unknown('variant', variant, known)}")
    own = runs[runs["variant"] == variant]
    finished = own[own["status"] == "finished"]
    if quantity in ("n", "diverged"):
        count = len(finished) if quantity == "n" else len(own) - len(finished)
        return Value(kind="count", number=count, note=f"results/{study}/runs.csv")
    if quantity in COMPARISONS:
        return _of_comparison(study, variant, quantity, aspect, sources)
    column, _, epoch = quantity.partition("@")
    values = _per_seed(study, variant, column, epoch, finished, sources)
    if not pd.api.types.is_numeric_dtype(values):
        return _plain(values.iloc[0], column, f"results/{study}/runs.csv")
    file = "epochs.csv" if epoch else "runs.csv"
    found = stats.mean_interval(values)
    low, high = (None, None) if math.isnan(found.low) else (found.low, found.high)
    value = Value(kind=_kind(column), number=found.mean, low=low, high=high)
    who = f"{_seeds(len(values))} of {variant}, {_devices(finished)}, results/{study}/{file}"
    if values.nunique() == 1 and value.kind == "count":
        return replace(value, low=None, high=None, note=f"results/{study}/{file}")
    spread = f", 95% interval {write_interval(value)}" if low is not None else ""
    value = replace(value, note=f"mean of {who}{spread}")
    return _aspect(value, aspect, values, who)


def _per_seed(study: str, variant: str, column: str, epoch: str, finished: pd.DataFrame, sources: Sources) -> pd.Series:
    frame = sources.epochs(study) if epoch else finished
    if column not in frame:
        raise KeyError(f"study {study}: {unknown('quantity', column, ['n', 'diverged', *COMPARISONS, *frame.columns])}")
    if epoch:
        rows = frame[(frame["variant"] == variant) & frame["seed"].isin(finished["seed"])]
        if epoch != "best":
            last = int(rows["epoch"].max()) if len(rows) else 0
            if not epoch.isdigit() or not 1 <= int(epoch) <= last:
                raise KeyError(f"study {study}, variant {variant}: epoch {epoch!r}: allowed is 1 to {last}, or best")
            rows = rows[rows["epoch"] == int(epoch)]
        by_seed = rows.groupby("seed")[column]
        values = by_seed.min() if column.endswith("loss") else by_seed.max()
    else:
        values = finished[column]
    values = values.dropna()
    if values.empty:
        raise KeyError(f"study {study}, variant {variant}: no finished run has a {column}")
    return values


def _of_comparison(study: str, variant: str, quantity: str, aspect: str, sources: Sources) -> Value:
    if variant == REFERENCE:
        raise KeyError(f"study {study}: {REFERENCE} is what others are compared with, and has no {quantity}")
    row = sources.comparison(study).loc[variant]
    low, high = (None if pd.isna(row[c]) else float(row[c]) for c in ("low", "high"))
    number = None if pd.isna(row["difference"]) else float(row["difference"])
    value = Value(kind="points", number=number, words="not defined", low=low, high=high)
    who = f"{_pairs(int(row['n']))}, {variant} minus {REFERENCE}, results/{study}/runs.csv"
    spread = f", 95% interval {write_interval(value)}" if low is not None else ""
    note = f"{who}{spread}" if quantity != "difference" else f"mean of {who}{spread}"
    if quantity in ("verdict", "reason"):
        return Value(kind="text", words=str(row[quantity]), note=f"{write(value)} points: {note}; {row['reason']}")
    kind = "points" if quantity == "difference" else KINDS.get(quantity, "p")
    if pd.isna(row[quantity]):
        return replace(value, kind=kind, number=None, note=f"{row['reason']}: {who}")
    if quantity != "difference":
        return Value(kind=kind, number=float(row[quantity]), note=note)
    return _aspect(replace(value, note=note), aspect, None, who)


def _of_net(fields: str, rest: str) -> Value:
    config = parse(NetConfig, [text for text in fields.split(";") if text])
    rows = {row.name: row for row in layers.layers(config)}
    note = "computed from the net's layers"
    if rest in ("parameters", "layers"):
        count = layers.parameters(list(rows.values())) if rest == "parameters" else len(rows)
        return Value(kind="count", number=count, note=note)
    name, _, quantity = rest.partition("/")
    if name not in rows:
        raise KeyError(f"net: {unknown('layer', name, [*rows, 'parameters', 'layers'])}")
    row = rows[name]
    field = next(field for field in receptive.fields(list(rows.values())) if field.name == name)
    answers: dict[str, Any] = {**vars(row), "receptive_field": field.size, "jump": field.stride}
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
    return _plain(rows[column].iloc[0], column, f"results/{name}")


def _of_frame(name: str, row: str, column: str, aspect: str, sources: Sources) -> Value:
    frame, cells = frames.cell(name, row, column, sources)
    note = frame.attrs.get("note", f"computed from {', '.join(sorted(path.name for path in sources.used))}")
    if isinstance(cells[column], str):
        return Value(kind="text", words=cells[column], note=note)
    kind = frame.attrs.get("kinds", {}).get(column, _kind(column))
    low, high = (None if pd.isna(end) else float(end) for end in (cells.get("low"), cells.get("high")))
    missing = pd.isna(cells[column])
    number = None if missing else float(cells[column])
    value = Value(kind=kind, number=number, words="not defined" * missing, low=low, high=high, note=f"{row}: {note}")
    return _aspect(value, aspect, None, value.note)


def _aspect(value: Value, aspect: str, values: pd.Series | None, who: str) -> Value:
    if not aspect:
        return value
    if aspect in ("interval", "low", "high"):
        if value.low is None or value.high is None:
            # true of the data, and not the author's mistake: the sentence says it instead of failing the build
            kind = "text" if aspect == "interval" else value.kind
            return Value(kind=kind, words="no interval", note=f"without a spread there is none: {who}")
        if aspect == "interval":
            return replace(value, kind="text", number=None, words=write_interval(value), note=f"95% interval, {who}")
        return replace(value, number=getattr(value, aspect), note=f"{aspect} end of the 95% interval, {who}")
    if values is None:
        raise KeyError(f"what is computed of several runs has no aspect {aspect!r}: allowed is interval, low or high")
    if aspect == "n":
        return Value(kind="count", number=len(values), note=who)
    number = float(values.agg("std" if aspect == "sd" else aspect))
    return replace(value, number=number, note=f"{'standard deviation' if aspect == 'sd' else aspect} of {who}")


def _kind(column: str) -> str:
    ends = {"accuracy": "percent", "loss": "nats", "seconds": "seconds"}
    return next((kind for end, kind in ends.items() if column.endswith(end)), KINDS.get(column, "number"))


def _plain(answer: Any, column: str, note: str) -> Value:
    if isinstance(answer, str):
        return Value(kind="text", words=answer, note=note)
    return Value(kind=_kind(column), number=float(answer), note=note)


def _seeds(n: int) -> str:
    return "one seed" if n == 1 else f"{n} seeds"


def _pairs(n: int) -> str:
    return "one pair of seeds" if n == 1 else f"{n} paired seeds"


def _devices(runs: pd.DataFrame) -> str:
    return "; ".join(map(str, runs["device"].dropna().unique())) or "device unknown"


FORMATS = {
    "percent": ".2f",
    "points": "+.2f",
    "count": ",.0f",
    "p": ".3f",
    "share": ".2f",
    "nats": ".4f",
    "sd": ".3f",
    "times": ".2f",
}
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def write(value: Value, format: str = "") -> str:
    """Write a value as readers expect it: 99.21, −0.12, 15,662, < 0.001; or in a Python format, `word` or `abs`."""
    if value.number is None:
        return value.words
    number = value.number
    if format == "word":
        return WORDS[int(number)] if number in range(len(WORDS)) else f"{number:,.0f}"
    if format.startswith("abs"):
        number, format = abs(number), format[3:] or FORMATS.get(value.kind, "").lstrip("+")
    if value.kind == "p" and not format and number < 0.001:
        return "< 0.001"
    default = FORMATS.get(value.kind) or (",.0f" if abs(number) >= 100 or number == int(number) else ".3g")
    return f"{number:{format or default}}".replace("-", "−")


def write_interval(value: Value) -> str:
    """Write an interval, with an en dash where no end is negative and "to" otherwise.

    No share lies beyond 0 or 100%, so neither does its interval: Student's t does not know that.
    """
    ends = [value.low, value.high]
    if value.kind == "percent":
        ends = [min(max(end, 0.0), 100.0) for end in ends if end is not None]
    ends = [write(Value(kind=value.kind, number=end)) for end in ends]
    return (" to " if value.kind == "points" else "–").join(ends)
