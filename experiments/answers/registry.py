"""The figures and tables that pages may name. A module of book/figures/ marks its functions; a name is taken once.

@figure
def gap_votes(sources, *, digit=7): ...
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from s6core.config import unknown

FIGURES: dict[str, Callable[..., Any]] = {}
TABLES: dict[str, Callable[..., Any]] = {}


def figure(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function available to `study-figure`, under its name with hyphens."""
    return _keep(FIGURES, "figure", function)


def table(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function available to `study-table`, under its name with hyphens."""
    return _keep(TABLES, "table", function)


def _keep(known: dict[str, Callable[..., Any]], what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    name = function.__name__.replace("_", "-")
    taken(known, what, name, function)
    known[name] = function
    return function


def taken(known: Mapping[str, Callable[..., object]], what: str, name: str, function: Callable[..., object]) -> None:
    """Raise `ValueError` where a name is taken, with the files that both want it."""
    if name in known:
        files = (Path(inspect.getfile(inspect.unwrap(one))).name for one in (known[name], function))
        raise ValueError(f"{what} {name} is declared twice, in {' and in '.join(files)}: give one of them another name")


def load(book: Path) -> None:
    """Import every module of the package book/figures, once, so that what it marks is known."""
    if str(book) not in sys.path:
        sys.path.append(str(book))
    package = import_module("figures")
    for module in iter_modules(package.__path__):
        import_module(f"figures.{module.name}")


def known_as(what: str, name: str, known: Iterable[object], *, where: str = "", offer: Iterable[object] = ()) -> str:
    """Return a name that is known. Raises `KeyError` with the nearest of the known ones, or of those to `offer`."""
    names = list(map(str, known))
    if name not in names:
        raise KeyError(f"{where}: " * bool(where) + unknown(what, name, list(map(str, offer)) or names))
    return name
