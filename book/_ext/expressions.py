"""Conditions and small sums over keys: `reference/reference/test_accuracy >= 99.40 and not exists:results/yours`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .keys import Value, look_up
from .sources import Sources

TOKEN = re.compile(
    r"""\s*(?:
      (?P<exists>exists:[\w./+-]+)
    | (?P<key>[A-Za-z_][\w.\-]*(?:\[[^\]]*\])?(?:/[\w.\-+@]+(?:\[[^\]]*\])?)+(?::\w+)?)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<word>'[\w -]*'|"[\w -]*")
    | (?P<name>and|or|not|abs|round|min|max|in)\b
    | (?P<sign><=|>=|==|!=|[-+*/<>(),])
    )""",
    re.VERBOSE,
)


class NotDefinedError(Exception):
    """What an expression comes to hangs on a value that is not defined, as a mean where a run diverged."""


class NotDefined:
    """Stands for a value that is not defined: whatever is asked of it, or made of it, raises `NotDefinedError`."""

    def _refuse(self, *_: Any) -> Any:
        raise NotDefinedError

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __bool__ = _refuse  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __neg__ = __abs__ = __round__ = _refuse
    __hash__ = None  # type: ignore[assignment]


FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": abs, "round": round, "min": min, "max": max}


def evaluate(text: str, sources: Sources) -> tuple[Any, list[Value]]:
    """Return what an expression of keys, numbers and 'words' comes to, and the values that went into it.

    Plus and minus between two keys need spaces around them: a name may have both, as `no-bn+fc`. Raises `KeyError` for
    an unknown key, `ValueError` for what is no expression, `NotDefinedError` if it comes to what is not defined.
    """
    names: dict[str, Any] = dict(FUNCTIONS)
    values: list[Value] = []
    parts: list[str] = []
    place = 0
    text = text.strip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if not match:
            raise ValueError(f"{text!r}: cannot read {text[place:]!r}")
        place = match.end()
        token = match.group().strip()
        if match["exists"]:
            path = sources.folder.parent / token.removeprefix("exists:")
            sources.used.add(path)
            token = str(path.exists())
        elif match["key"]:
            value = look_up(token, sources)
            token = f"v{len(values)}"
            missing = value.words if value.kind == "text" else NotDefined()
            names[token] = missing if value.number is None else value.number
            values.append(value)
        parts.append(token)
    try:
        # only the tokens above, and names of values, can be in it
        answer = eval(" ".join(parts), {"__builtins__": {}}, names)
    except (SyntaxError, TypeError, ZeroDivisionError) as error:
        raise ValueError(f"{text!r}: not an expression ({error})") from None
    if isinstance(answer, NotDefined):
        raise NotDefinedError
    return answer, values


def value_of(text: str, sources: Sources) -> Value:
    """Return the value of a key or of a sum of keys; a sum is written as its first key is, without a sign."""
    match = TOKEN.fullmatch(text.strip())
    if match and match["key"]:
        return look_up(text.strip(), sources)
    try:
        answer, values = evaluate(text, sources)
    except NotDefinedError:
        return Value(kind="text", words="not defined", note=f"{text}: a value in it is not defined")
    kind = values[0].kind if values else "number"
    note = "; ".join(dict.fromkeys(value.note for value in values))
    if isinstance(answer, str | bool):
        return Value(kind="text", words=str(answer), note=note)
    return Value(kind=kind, number=float(answer), note=f"{text}: {note}")


def fill(text: str, sources: Sources) -> str:
    """Put the values into a text with keys in braces: `{net/parameters} parameters`."""
    from .keys import write

    def written(match: re.Match[str]) -> str:
        key, _, format = match[1].partition("|")
        return write(value_of(key, sources), format.strip())

    return re.sub(r"\{([^{}]+)\}", written, text)
