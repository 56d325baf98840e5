"""What a chapter computes for its sentences: frames whose cells are keys, as `frame[effects]/no-bn+fc/difference`.

    @frame
    def effects(sources): ...

A function marked `@frame`, in a module of book/figures/, returns a frame whose index names the rows. Its columns are
quantities; with `low` and `high` among them, the quantity just before `low` has them as its interval. `frame.attrs`
may hold `kinds` (how a column is written, see `values.KINDS`) and `note` (where the figures come from, for the reader
who hovers). NaN is no value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from experiments.answers.registry import known_as, taken
from experiments.answers.sources import Sources

FRAMES: dict[str, Callable[[Sources], pd.DataFrame]] = {}
_CACHE: dict[tuple[str, Path], tuple[pd.DataFrame, dict[Path, int]]] = {}


def frame(function: Callable[[Sources], pd.DataFrame]) -> Callable[[Sources], pd.DataFrame]:
    """Make a function's frame available to keys, under its name with hyphens, computed once for the same files.

    Raises `ValueError` for a name that is taken.
    """
    name = function.__name__.replace("_", "-")
    taken(FRAMES, "frame", name, function)

    def cached(sources: Sources) -> pd.DataFrame:
        found, stamps = _CACHE.get((name, sources.folder), (None, {}))
        if found is None or any(_stamp(path) != stamp for path, stamp in stamps.items()):
            own = Sources(sources.folder)
            found = function(own)
            stamps = {path: _stamp(path) for path in {*own.used, Path(inspect.getfile(function))}}
            _CACHE[name, sources.folder] = found, stamps
        sources.used.update(stamps)
        return found

    cached.__wrapped__ = function  # type: ignore[attr-defined]
    FRAMES[name] = cached
    return cached


def named(name: str, sources: Sources) -> pd.DataFrame:
    """Return a frame by its name. Raises `KeyError`, offering the nearest names."""
    return FRAMES[known_as("frame", name, FRAMES)](sources)


def cell(name: str, row: str, column: str, sources: Sources) -> tuple[pd.DataFrame, pd.Series]:
    """Return a frame and one row of it. Raises `KeyError` for what is unknown, with the nearest names."""
    found = named(name, sources)
    for what, asked, known in (("row", row, found.index), ("column", column, found.columns)):
        known_as(what, asked, known, where=f"frame {name}")
    return found, found.loc[row]


def measured(frame: pd.DataFrame) -> str | None:
    """Return the column that `low` and `high` are the interval of: the one before them."""
    columns = list(frame.columns)
    return str(columns[columns.index("low") - 1]) if "low" in columns[1:] else None


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0
