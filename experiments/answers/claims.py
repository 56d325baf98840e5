"""What the book claims, as data: every `holds` of its pages, and what a results folder says of it.

A claim is a condition over keys (see `conditions.py`) and the words that rest on it. They are read from the pages'
sources, so that no build is needed. The published runs must bear every claim out, by their means, or the strict build
fails. A reader's own runs are read cautiously, by their intervals: they support a claim, contradict it, or cannot tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from experiments.answers.conditions import fill, weigh
from experiments.answers.effects import effect
from experiments.answers.sources import Sources
from experiments.answers.values import Value, write, write_interval
from s6core import results

BOOK = results.REPOSITORY / "book"
State = Literal["holds", "contradicted", "open"]
STATES: dict[bool | None, State] = {True: "holds", False: "contradicted", None: "open"}
FENCE = re.compile(r"^\s*(?P<fence>`{3,}|:{3,})\s*(?:\{(?P<name>[\w-]+)\}\s*(?P<argument>.*))?")


@dataclass(frozen=True)
class Block:
    """One directive in a page: where it stands, its argument and its body."""

    page: str  # the path below the book, without its suffix
    line: int
    argument: str
    body: str
    section: str  # the heading that it stands under, "" for the page's own


@dataclass(frozen=True)
class Judgement:
    """What the results say of a claim, with the figures that say it, by key."""

    state: State
    figures: dict[str, str]

    def __str__(self) -> str:
        return "; ".join(f"{key} is {figure}" for key, figure in self.figures.items())


def claims(book: Path = BOOK) -> list[Block]:
    """Return every claim of the book, in the order of its files. Raises `OSError` where there is no book."""
    return list(blocks(book, "holds"))


def blocks(book: Path, name: str) -> Iterator[Block]:
    """Yield every directive of a name in the pages of a book; not those that are only shown as an example."""
    if not book.is_dir():
        raise FileNotFoundError(2, "no book", str(book))
    for path in pages(book):
        page = path.relative_to(book).with_suffix("").as_posix()
        yield from _blocks(page, path.read_text(encoding="utf-8").splitlines(), name)


def pages(book: Path) -> list[Path]:
    """Return the sources of the book's pages."""
    found = (path for path in book.rglob("*.md") if not path.relative_to(book).parts[0].startswith("_"))
    return sorted(found, key=lambda path: path.with_suffix(""))


def _blocks(page: str, lines: list[str], wanted: str, first: int = 0) -> Iterator[Block]:
    number = first
    while number < len(lines):
        match = FENCE.match(lines[number])
        if not match:
            number += 1
            continue
        end = _end(lines, number, match["fence"])
        if match["name"] == wanted:
            body = "\n".join(lines[number + 1 : end]).strip()
            yield Block(page, number + 1, match["argument"].strip(), body, _section(lines[:number]))
        if match["name"]:  # a directive's body may hold others; a block of code only shows them
            yield from _blocks(page, lines[:end], wanted, number + 1)
        number = end + 1


def _section(lines: list[str]) -> str:
    """Return the last heading below a page's title."""
    return next((line.lstrip("# ") for line in reversed(lines) if re.match("#{2,3} ", line)), "")


def _end(lines: list[str], start: int, fence: str) -> int:
    """Return the line that closes a fence: as many of its characters, or more, and nothing else."""
    for number in range(start + 1, len(lines)):
        found = lines[number].strip()
        if len(found) >= len(fence) and set(found) == {fence[0]}:
            return number
    return len(lines)


def judge(condition: str, sources: Sources, *, cautious: bool = False) -> Judgement:
    """Return what the results say of a condition. Raises `KeyError` and `ValueError` for what is no condition.

    Read cautiously, a folder that holds no such table cannot tell; in the book, that is a mistake of the page.
    """
    try:
        found, values = weigh(condition, sources, cautious=cautious)
    except (KeyError, OSError, ValueError) as error:
        if cautious:
            return Judgement("open", {"lacking": str(error.args[0])})
        raise
    return Judgement(STATES[found], {key: _figure(value) for key, value in values.items()})


def _figure(value: Value) -> str:
    interval = value.number is not None and value.low is not None and value.high is not None and not value.exact
    return write(value) + (f" ({write_interval(value)})" if interval else "")


def plain(text: str, sources: Sources) -> str:
    """Return a claim's words as a terminal can show them: numbers and effects filled in, other marks left out."""

    def spoken(match: re.Match[str]) -> str:
        role, content = match[1], match[2]
        if role == "value":
            return fill(f"{{{content}}}", sources)
        if role == "effect":
            return write(effect(content, sources))
        return re.sub(r"\s*<[^>]*>$", "", content)

    text = re.sub(r"\{(\w+)\}`([^`]*)`", spoken, text)
    return " ".join(re.sub(r"[*`]", "", text).split())
