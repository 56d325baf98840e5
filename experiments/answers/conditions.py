"""Conditions and small sums over keys: `head/fc/ratio < 0.95 and head/fc/verdict == helps`.

Keys, numbers, 'words', verdicts (helps, hurts, equivalent, undecided) and `exists:path`; and, or, not, == != < <= > >=,
+ - * /, parentheses, abs round min max. Nothing else can be said, and nothing is executed: the text becomes a tree.
Plus and minus between two keys need spaces around them, as names have both (`no-bn+fc`).

A condition holds, does not, or stays *open* where a value that decides it is missing or not defined. `cautious`
reads each measured value as its interval: then a comparison holds, or does not, only where all of the interval says
so.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from experiments.answers.keys import look_up
from experiments.answers.sources import Sources
from experiments.answers.values import Value, write

VERDICTS = ("helps", "hurts", "equivalent", "undecided")
TOKEN = re.compile(
    r"""\s*(?:
      (?P<exists>exists:[\w./+-]+)
    | (?P<key>[A-Za-z_][\w.\-]*(?:@[\w\-]+)?(?:\[[^\]]*\])?(?:/[\w.\-+@]+(?:\[[^\]]*\])?)+(?::\w+)?)
    | (?P<number>\d+(?:\.\d+)?|\.\d+)
    | (?P<word>'[\w -]*'|"[\w -]*")
    | (?P<name>[A-Za-z_]\w*)
    | (?P<sign><=|>=|==|!=|[-+*/<>(),])
    )""",
    re.VERBOSE,
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class NotDefinedError(Exception):
    """What an expression comes to hangs on a value that is not defined, as a mean where a run diverged."""


@dataclass(frozen=True)
class Span:
    """A number with what else it may be: the ends of its interval."""

    low: float
    at: float
    high: float

    @classmethod
    def of(cls, ends: Sequence[float], at: float) -> Span:
        return cls(min(ends), at, max(ends))


OPEN = object()  # stands for a value that is missing or not defined
Term = Span | str | bool | object


@dataclass
class Reader:
    """Reads one condition and works it out on the way. Grammar: or → and → not → comparison → sum → product → atom."""

    text: str
    sources: Sources
    cautious: bool = False
    values: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tokens: list[tuple[str, str]] = []
        place, text = 0, self.text.strip()
        while place < len(text):
            match = TOKEN.match(text, place)
            if not match or not match.lastgroup:
                raise ValueError(f"{self.text!r}: cannot read {text[place:]!r}")
            place = match.end()
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
        self.place = 0

    def answer(self) -> Term:
        """Return what the whole text comes to."""
        found = self.either()
        if self.place < len(self.tokens):
            raise self.wrong()
        return found

    def wrong(self) -> ValueError:
        rest = " ".join(token for _, token in self.tokens[self.place :])
        return ValueError(
            f"{self.text!r}: not a condition from {rest!r} on" if rest else f"{self.text!r}: ends too early"
        )

    def take(self, *wanted: str) -> str:
        """Take the next token if it is one of these, else return nothing."""
        if self.place < len(self.tokens) and self.tokens[self.place][1] in wanted:
            self.place += 1
            return self.tokens[self.place - 1][1]
        return ""

    def either(self) -> Term:
        found = self.both()
        while self.take("or"):
            found = _negate(_and(_negate(found), _negate(self.both())))
        return found

    def both(self) -> Term:
        found = self.negated()
        while self.take("and"):
            found = _and(found, self.negated())
        return found

    def negated(self) -> Term:
        return _negate(self.negated()) if self.take("not") else self.comparison()

    def comparison(self) -> Term:
        left = self.total()
        if not (sign := self.take(*COMPARE)):
            return left
        right = self.total()
        if OPEN in (left, right):
            return OPEN
        if isinstance(left, Span) != isinstance(right, Span):
            raise ValueError(f"{self.text!r}: a number cannot be compared with a word")
        if isinstance(left, Span) and isinstance(right, Span):
            return _compare(left, sign, right)
        if sign not in ("==", "!="):
            raise ValueError(f"{self.text!r}: words are the same or not (== or !=), none is {sign} another")
        if self.cautious and "undecided" in (left, right) and left != right:
            return OPEN  # too few runs to tell
        return COMPARE[sign](left, right)

    def total(self) -> Term:
        found = self.product()
        while sign := self.take("+", "-"):
            found = self.combine(found, sign, self.product())
        return found

    def product(self) -> Term:
        found = self.factor()
        while sign := self.take("*", "/"):
            found = self.combine(found, sign, self.factor())
        return found

    def factor(self) -> Term:
        if self.take("-"):
            return self.combine(Span(0, 0, 0), "-", self.factor())
        if self.take("("):
            found = self.either()
            if not self.take(")"):
                raise self.wrong()
            return found
        return self.atom()

    def combine(self, left: Term, sign: str, right: Term) -> Term:
        if OPEN in (left, right):
            return OPEN
        if not isinstance(left, Span) or not isinstance(right, Span):
            raise ValueError(f"{self.text!r}: {sign} stands between numbers")
        if sign == "/" and right.low <= 0 <= right.high:
            if right.at == 0:
                raise ValueError(f"{self.text!r}: a division by zero")
            return Span(-math.inf, left.at / right.at, math.inf)
        work = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[sign]
        ends = [work(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
        ends = [end for end in ends if not math.isnan(end)] or [-math.inf, math.inf]
        return Span.of(ends, work(left.at, right.at))

    def atom(self) -> Term:
        if self.place >= len(self.tokens):
            raise self.wrong()
        kind, token = self.tokens[self.place]
        self.place += 1
        if kind == "number":
            return Span(*[float(token)] * 3)
        if kind == "word":
            return token[1:-1]
        if kind == "exists":
            path = self.sources.folder.parent / token.removeprefix("exists:")
            self.sources.used.add(path)
            return path.exists()
        if kind == "key":
            return self.value(token)
        if kind == "name" and token in VERDICTS:
            return token
        if kind == "name" and self.take("("):
            return self.call(token)
        self.place -= 1
        raise self.wrong()

    def value(self, key: str) -> Term:
        value = self.values[key] = look_up(key, self.sources)
        if value.missing or (value.number is None and value.kind != "text"):
            return OPEN
        if value.number is None:
            return OPEN if value.words in ("no interval", "not defined") else value.words
        if not self.cautious or value.exact:
            return Span(*[value.number] * 3)
        if value.low is None or value.high is None:
            return Span(-math.inf, value.number, math.inf)
        return Span(value.low, value.number, value.high)

    def call(self, name: str) -> Term:
        given = [self.total()]
        while self.take(","):
            given.append(self.total())
        if not self.take(")"):
            raise self.wrong()
        if OPEN in given:
            return OPEN
        spans = [one for one in given if isinstance(one, Span)]
        if name not in ("abs", "round", "min", "max") or len(spans) < len(given):
            raise ValueError(f"{self.text!r}: {name}(…): allowed are abs, round, min and max of numbers")
        if name in ("min", "max"):
            best = min if name == "min" else max
            return Span(*(best(getattr(one, end) for one in spans) for end in ("low", "at", "high")))
        one = spans[0]
        if name == "round":
            return Span(*(float(round(x)) if math.isfinite(x) else x for x in (one.low, one.at, one.high)))
        ends = [abs(one.low), abs(one.high)] + ([0.0] if one.low <= 0 <= one.high else [])
        return Span.of(ends, abs(one.at))


def _compare(left: Span, sign: str, right: Span) -> Term:
    holds = COMPARE[sign]
    if left.low == left.high and right.low == right.high:
        return holds(left.at, right.at)
    if sign in ("==", "!="):
        apart = left.high < right.low or right.high < left.low
        return (sign == "!=") if apart else OPEN
    if sign in (">", ">="):
        left, right, holds = right, left, COMPARE[FLIPPED[sign]]
    if holds(left.high, right.low):
        return True
    return OPEN if holds(left.low, right.high) else False


def _truth(term: Term) -> bool | object:
    if term is OPEN or isinstance(term, bool):
        return term
    raise ValueError("and, or and not stand between conditions, not between numbers or words")


def _negate(term: Term) -> Term:
    return OPEN if _truth(term) is OPEN else not term


def _and(left: Term, right: Term) -> Term:
    truths = [_truth(left), _truth(right)]
    if False in truths:
        return False
    return OPEN if OPEN in truths else True


def weigh(text: str, sources: Sources, *, cautious: bool = False) -> tuple[bool | None, dict[str, Value]]:
    """Return whether a condition holds (None: open), and the values that went into it, by key.

    Raises `KeyError` for an unknown key and `ValueError` for what is no condition.
    """
    reader = Reader(text, sources, cautious)
    found = reader.answer()
    if found is not OPEN and not isinstance(found, bool):
        raise ValueError(f"{text!r}: no condition: it neither holds nor not")
    return (None if found is OPEN else found is True), reader.values


def evaluate(text: str, sources: Sources) -> tuple[Any, list[Value]]:
    """Return what an expression comes to, a number, words or a truth, and the values that went into it.

    Raises as `weigh` does, and `NotDefinedError` where it comes to what is missing or not defined.
    """
    reader = Reader(text, sources)
    found = reader.answer()
    if found is OPEN:
        raise NotDefinedError
    return (found.at if isinstance(found, Span) else found), list(reader.values.values())


def value_of(text: str, sources: Sources) -> Value:
    """Return the value of a key or of a sum of keys; a sum is written as its first key is, without a sign."""
    match = TOKEN.fullmatch(text.strip())
    if match and match["key"]:
        return look_up(text.strip(), sources)
    reader = Reader(text, sources)
    answer = reader.answer()
    values = list(reader.values.values())
    note = "; ".join(dict.fromkeys(value.note for value in values))
    if answer is OPEN:
        missing = next((value.missing for value in values if value.missing), "")
        return Value(kind="text", words="not defined", missing=missing, note=f"{text}: a value in it is not defined")
    if isinstance(answer, str | bool):
        return Value(kind="text", words=str(answer), note=note)
    assert isinstance(answer, Span)
    return Value(kind=values[0].kind if values else "number", number=answer.at, note=f"{text}: {note}")


def fill(text: str, sources: Sources) -> str:
    """Put the values into a text with keys in braces: `{net/parameters} parameters`."""

    def written(match: re.Match[str]) -> str:
        key, _, format = match[1].partition("|")
        return write(value_of(key, sources), format.strip())

    return re.sub(r"\{([^{}]+)\}", written, text)
