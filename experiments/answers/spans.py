"""Numbers that may be anything between two ends, and truths that may be open: how conditions reckon with them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Span:
    """A number with what else it may be: the ends of its interval."""

    low: float
    at: float
    high: float

    @classmethod
    def of(cls, ends: Iterable[float], at: float) -> Span:
        known = [end for end in ends if not math.isnan(end)] or [-math.inf, math.inf]
        return cls(min(known), at, max(known))

    @property
    def sure(self) -> bool:
        return self.low == self.high


OPEN = object()  # stands for a value that is missing or not defined
Term = Span | str | bool | object

WORK: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
FLIPPED = {">": "<", ">=": "<="}


def combine(left: Term, sign: str, right: Term) -> Term:
    """Return a sum, difference, product or quotient."""
    if OPEN in (left, right):
        return OPEN
    if not isinstance(left, Span) or not isinstance(right, Span):
        raise ValueError(f"{sign} stands between numbers")
    if sign == "/" and right.low <= 0 <= right.high:
        if right.at == 0:
            raise ValueError("a division by zero")
        return Span(-math.inf, left.at / right.at, math.inf)
    work = WORK[sign]
    ends = [work(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    return Span.of(ends, work(left.at, right.at))


def call(name: str, given: Sequence[Term]) -> Term:
    """Return abs, round, min or max of numbers."""
    if OPEN in given:
        return OPEN
    spans = [one for one in given if isinstance(one, Span)]
    if name not in ("abs", "round", "min", "max") or len(spans) < len(given) or not spans:
        raise ValueError(f"{name}(…): allowed are abs, round, min and max of numbers")
    if name in ("min", "max"):
        best = min if name == "min" else max
        return Span(*(best(getattr(one, end) for one in spans) for end in ("low", "at", "high")))
    one = spans[0]
    if name == "round":
        return Span(*(float(round(x)) if math.isfinite(x) else x for x in (one.low, one.at, one.high)))
    return Span.of([abs(one.low), abs(one.high)] + [0.0] * (one.low <= 0 <= one.high), abs(one.at))


def compare(left: Term, sign: str, right: Term, *, cautious: bool = False) -> Term:
    """Return whether a comparison holds; open where only a part of the intervals says so."""
    if OPEN in (left, right):
        return OPEN
    if isinstance(left, Span) and isinstance(right, Span):
        return _spans(left, sign, right)
    if isinstance(left, Span) or isinstance(right, Span):
        raise ValueError("a number cannot be compared with a word")
    if sign not in ("==", "!="):
        raise ValueError(f"words are the same or not (== or !=), none is {sign} another")
    if cautious and "undecided" in (left, right) and left != right:
        return OPEN  # too few runs to tell
    return COMPARE[sign](left, right)


def _spans(left: Span, sign: str, right: Span) -> Term:
    if left.sure and right.sure:
        return COMPARE[sign](left.at, right.at)
    if sign in ("==", "!="):
        apart = left.high < right.low or right.high < left.low
        return (sign == "!=") if apart else OPEN
    if sign in FLIPPED:
        left, sign, right = right, FLIPPED[sign], left
    if COMPARE[sign](left.high, right.low):
        return True
    return OPEN if COMPARE[sign](left.low, right.high) else False


def negate(term: Term) -> Term:
    return OPEN if _truth(term) is OPEN else not term


def every(terms: Iterable[Term]) -> Term:
    """Return whether all conditions hold: false where one does not, whatever the open ones will be."""
    truths = [_truth(term) for term in terms]
    return False if False in truths else OPEN if OPEN in truths else True


def some(terms: Iterable[Term]) -> Term:
    """Return whether any condition holds."""
    return negate(every(map(negate, terms)))


def _truth(term: Term) -> bool | object:
    if term is OPEN or isinstance(term, bool):
        return term
    raise ValueError("and, or and not stand between conditions, not between numbers or words")
