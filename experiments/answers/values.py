"""A value with everything a sceptical reader asks for, and how it is written: in sentences, tables, hovers and JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

UNTRAINED = "not trained yet"
SPREAD = ("interval", "low", "high")
SEEDS = (*SPREAD, "sd", "min", "median", "max", "n")


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value. `number` is None where the value is words, or of any other kind and not defined."""

    kind: str  # one of KINDS, or text: how it is written
    number: float | None = None
    words: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""  # where it comes from, for the reader who hovers
    missing: str = ""  # why there is no value yet: the runs it needs are not trained
    exact: bool = False  # not measured but counted or computed, so that other seeds cannot change it
    aspects: tuple[str, ...] = ()  # what may follow its key after a colon
    each: tuple[float, ...] = ()  # the seeds' own values, where it is their mean
    who: str = ""  # whose they are, for the notes of its aspects


@dataclass(frozen=True)
class Kind:
    """How numbers of one kind are written: a Python format, and what stands behind a number in a table's heading."""

    format: str
    unit: str = ""


KINDS = {
    "percent": Kind(".2f", "%"),
    "points": Kind("+.2f", "points"),
    "times": Kind(".2f", "times"),
    "count": Kind(",.0f"),
    "p": Kind(".3f"),
    "share": Kind(".2f"),
    "nats": Kind(".4f", "nats"),
    "seconds": Kind(",.0f", "s"),
    "sd": Kind(".3f"),
    "number": Kind(""),
}
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def seeds(n: int) -> str:
    return "one seed" if n == 1 else f"{n} seeds"


def write(value: Value, format: str = "") -> str:
    """Write a value as readers expect it: 99.21, −0.12, 15,662, < 0.001; or in a Python format, `word` or `abs`."""
    if value.missing:
        return value.missing
    if value.number is None:
        return value.words
    number = value.number
    default = KINDS[value.kind].format
    if format == "word":
        return WORDS[int(number)] if number in range(len(WORDS)) else f"{number:,.0f}"
    if format.startswith("abs"):
        number, format = abs(number), format[3:] or default.lstrip("+")
    if value.kind == "p" and not format and number < 0.001:
        return "< 0.001"
    if value.kind == "times" and not format and abs(number) >= 10:
        format = ",.0f" if abs(number) >= 100 else ".1f"
    if value.kind == "seconds" and not format and abs(number) < 100 and number != int(number):
        format = ".3g"
    if not default:
        default = ",.0f" if abs(number) >= 100 or number == int(number) else ".3g"
    return f"{number:{format or default}}".replace("-", "−")


def write_interval(value: Value) -> str:
    """Write an interval, with an en dash where no end is negative and "to" otherwise.

    No share lies beyond 0 or 100%, so neither does its interval: Student's t does not know that.
    """
    ends = [value.low, value.high]
    if value.kind == "percent":
        ends = [min(max(end, 0.0), 100.0) for end in ends if end is not None]
    written = [write(Value(kind=value.kind, number=end)) for end in ends]
    return (" to " if value.kind == "points" else "–").join(written)


def as_json(value: Value) -> dict[str, Any]:
    """Return a value as data for the interactive parts: the number, its ends, and the words of the book."""
    found = {"value": value.number, "low": value.low, "high": value.high, "text": write(value), "note": value.note}
    return {name: answer for name, answer in found.items() if answer is not None}


def aspect_of(value: Value, aspect: str) -> Value:
    """Return what stands behind a colon: an end of the interval, or another statistic of the seeds' values.

    A value that has no interval, as that of one seed, says so; a sentence must not fail for it.
    """
    if value.missing or not aspect:
        return value
    if aspect in SPREAD:
        if value.low is None or value.high is None:
            kind = "text" if aspect == "interval" else value.kind
            note = f"without a spread there is none: {value.who}"
            return replace(value, kind=kind, number=None, words="no interval", note=note)
        if aspect == "interval":
            note = f"95% interval, {value.who}"
            return replace(value, kind="text", number=None, words=write_interval(value), note=note)
        return _alone(value, getattr(value, aspect), f"{aspect} end of the 95% interval, {value.who}", exact=True)
    each = np.array(value.each)
    if aspect == "n":
        return Value(kind="count", number=len(each), note=value.who, exact=True)
    if aspect == "sd":
        number = float(each.std(ddof=1)) if len(each) > 1 else np.nan
        return _alone(value, number, f"standard deviation of {value.who}")
    return _alone(value, float(getattr(np, aspect)(each)), f"{aspect} of {value.who}")


def _alone(value: Value, number: float, note: str, exact: bool = False) -> Value:
    return Value(kind=value.kind, number=number, note=note, exact=exact)
