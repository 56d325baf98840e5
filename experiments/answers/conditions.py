"""Conditions and small sums over keys: `head/fc/ratio < 0.95 and head/fc/verdict == helps`.

Keys, numbers, 'words', verdicts (helps, hurts, equivalent, undecided) and `exists:path`; and, or, not, == != < <= > >=,
+ - * /, parentheses, abs round min max, as Python writes them. Nothing else can be said, and nothing is executed:
Python only makes a tree of the text. Plus and minus between two keys need spaces around them, as names have both
(`no-bn+fc`).

A condition holds, does not, or stays *open* where a value that decides it is missing or not defined. `cautious`
reads each measured value as its interval: then a comparison holds, or does not, only where all of the interval says
so.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from experiments.answers import spans
from experiments.answers.keys import look_up
from experiments.answers.sources import Sources
from experiments.answers.spans import OPEN, Span, Term
from experiments.answers.values import Value, write

VERDICTS = ("helps", "hurts", "equivalent", "undecided")
KEY = re.compile(
    r"exists:[\w./+-]+"
    r"|[A-Za-z_][\w.\-]*(?:@[\w\-]+)?(?:\[[^\]]*\])?(?:/[\w.\-+@]+(?:\[[^\]]*\])?)+(?::\w+)?"
)
SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class NotDefinedError(Exception):
    """What an expression comes to hangs on a value that is not defined, as a mean where a run diverged."""


@dataclass
class Reader:
    """Reads one condition and works it out; in the tree that Python makes of it each key is a name of its own."""

    text: str
    sources: Sources
    cautious: bool = False
    values: dict[str, Value] = field(default_factory=dict)

    def answer(self) -> Term:
        """Return what the whole text comes to."""
        self.keys: dict[str, str] = {}
        self.plain = KEY.sub(self._name, self.text.strip().replace("\n", " "))
        try:
            tree = ast.parse(self.plain, mode="eval")
        except SyntaxError as error:
            raise self.wrong(self.plain[error.offset - 1 :] if error.offset else "") from None
        try:
            return self.term(tree.body)
        except ValueError as error:
            said = str(error)
            raise ValueError(said if said.startswith(repr(self.text)) else f"{self.text!r}: {said}") from None

    def wrong(self, rest: str) -> ValueError:
        rest = re.sub(r"_key\d+_", lambda match: self.keys[match[0]], rest)
        return ValueError(
            f"{self.text!r}: not a condition from {rest!r} on" if rest else f"{self.text!r}: ends too early"
        )

    def term(self, node: ast.expr) -> Term:
        match node:
            case ast.BoolOp(op=sign, values=parts):
                return (spans.every if isinstance(sign, ast.And) else spans.some)(map(self.term, parts))
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return spans.negate(self.term(part))
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return spans.combine(Span(0, 0, 0), "-", self.term(part))
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in SIGNS:
                return spans.combine(self.term(left), SIGNS[type(sign)], self.term(right))
            case ast.Compare(left=left, ops=signs, comparators=others) if all(type(s) in SIGNS for s in signs):
                sides = pairwise([self.term(left), *map(self.term, others)])
                found = [
                    spans.compare(a, SIGNS[type(sign)], b, cautious=self.cautious)
                    for (a, b), sign in zip(sides, signs, strict=True)
                ]
                return found[0] if len(found) == 1 else spans.every(found)
            case ast.Call(func=ast.Name(id=name), args=given, keywords=[]):
                return spans.call(name, list(map(self.term, given)))
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return Span(*[float(number)] * 3)
            case ast.Constant(value=str() as word):
                return word
            case ast.Name(id=name) if name in self.keys:
                return self.value(self.keys[name])
            case ast.Name(id=name) if name in VERDICTS:
                return name
        raise self.wrong(self.plain[node.col_offset :])

    def value(self, key: str) -> Term:
        if key.startswith("exists:"):
            path = self.sources.folder.parent / key.removeprefix("exists:")
            self.sources.used.add(path)
            return path.exists()
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

    def _name(self, match: re.Match[str]) -> str:
        name = f"_key{len(self.keys)}_"
        self.keys[name] = match[0]
        return name


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
    if KEY.fullmatch(text.strip()):
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
