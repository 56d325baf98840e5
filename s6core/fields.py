"""What every field is: its values, its default and its comment, read from `config.py`, and when it matters."""

from __future__ import annotations

import inspect
import io
import tokenize
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from s6core.config import ConfigError, NetConfig, TrainConfig, text
from s6core.datasets import DATASETS
from s6core.matters import MATTERS

PROBES = (-1, -1.0, "?", (-1,), (-1, -1, -1))
"""Values that no field allows, one of each kind: what the refusal says is what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of `of`, "net" or "training": what it may be, and what it means and when it matters."""

    name: str
    of: str
    default: str
    allowed: str
    means: str


def describe() -> list[Field]:
    """Return every field of `NetConfig`, then of `TrainConfig`, in their order."""
    found = []
    for kind, of in ((NetConfig, "net"), (TrainConfig, "training")):
        comments, hints, default = _comments(kind), get_type_hints(kind), kind()
        for known in fields(kind):
            value = text(getattr(default, known.name))
            found.append(
                Field(
                    name=known.name, of=of, default="none" if value == "" else str(value),
                    allowed=_allowed(kind, known.name, hints[known.name]), means=_means(known.name, comments),
                )
            )  # fmt: skip
    return found


def _means(name: str, comments: dict[str, str]) -> str:
    """Return a field's comment and, from `MATTERS`, when it matters."""
    comment = comments.get(name, "")
    return f"{comment}; matters where {MATTERS[name].words}" if name in MATTERS else comment


def values(name: str) -> list[str]:
    """Return the words that a field may be, for completion; none where it takes numbers."""
    if name == "dataset":
        return list(DATASETS)
    hint = (get_type_hints(NetConfig) | get_type_hints(TrainConfig))[name]
    return ["true", "false"] if hint is bool else [str(word) for arm in (hint, *get_args(hint)) for word in _words(arm)]


def _words(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) is Literal else ()


def _allowed(kind: type[NetConfig] | type[TrainConfig], name: str, hint: Any) -> str:
    """Return what is allowed, in the words with which a value out of range is refused."""
    refusals = []
    for probe in PROBES:
        try:
            kind(**{name: probe})  # type: ignore[arg-type]
        except ConfigError as error:
            before, _, said = str(error).partition(": allowed is ")
            if before.startswith(f"{name}="):
                refusals.append(said)
    said = max(refusals, key=lambda words: (refusals.count(words) == 1, len(words)), default="")
    words = ", ".join(str(word) for arm in get_args(hint) for word in _words(arm))
    return said if not words or words in said else f"{words} or {said}"


def _comments(kind: type) -> dict[str, str]:
    """Return the comment behind each field's line in the source."""
    found: dict[str, str] = {}
    name = ""
    for token in tokenize.generate_tokens(io.StringIO(inspect.getsource(kind)).readline):
        line = token.line.strip()
        if token.type == tokenize.NAME and line.startswith(f"{token.string}:"):
            name = token.string
        elif token.type == tokenize.COMMENT and name and line.startswith(f"{name}:"):
            found[name] = token.string.removeprefix("#").strip()
    return found
