"""The figures and tables that pages may name. A module of book/figures/ marks its functions; a name is taken once.

@figure
def gap_votes(sources, *, digit=7): ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from experiments.answers.frames import taken

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
