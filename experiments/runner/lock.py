"""Who is at work in a study's folder: a lock that vanishes with its process, however that ends."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from s6core import results

LOCK, WORDS = ".lock", ".words"
Shard = tuple[int, int]
"""Which part of a study a runner does, of how many: (2, 8)."""


class BusyError(Exception):
    """Another runner is at work in the folder."""


@contextmanager
def alone(folder: Path, shard: Shard | None = None, *, patience: float = 1.0) -> Iterator[None]:
    """Hold a study's folder, made where it is missing, beside the other shards of as many.

    Raises `BusyError` naming who holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number, of = shard or (0, 0)
    mine = folder / (f"{LOCK}.{number}-of-{of}" if shard else LOCK)
    lock = FileLock(mine)
    try:
        lock.acquire(timeout=patience)  # whoever only asks, as `s6 status` does, holds it for an instant
        others = [path for path in _locks(folder) if path != mine and not (of and path.name.endswith(f"-of-{of}"))]
        in_the_way = list(filter(_is_held, others))
    except Timeout:
        in_the_way = [mine]
    try:
        if in_the_way:
            raise BusyError(f"{folder}: {_words(in_the_way[0])}; `s6 status` shows how far it is")
        part = f" with shard {number} of {of}" if shard else ""
        words = f"process {os.getpid()} on {platform.node()} is at work here{part} since {results.now()}"
        results.write(mine.with_name(mine.name + WORDS), words.encode())  # on the disk, for workers elsewhere
        yield
    finally:
        lock.release()


def words(folder: Path) -> str:
    """Return what the last runner wrote into a study's folder: other words, or none, stand in another folder."""
    return _words(folder / LOCK)


def holder(folder: Path) -> str:
    """Return who is at work in a study's folder; an empty string for nobody."""
    return "; ".join(map(_words, filter(_is_held, _locks(folder))))


def _locks(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob(f"{LOCK}*")) if path.suffix != WORDS]


def _is_held(lock: Path) -> bool:
    try:
        with FileLock(lock, timeout=0.1):
            return False
    except Timeout:
        return True
    except OSError:  # not ours to lock
        return False


def _words(lock: Path) -> str:
    beside = lock.with_name(lock.name + WORDS)
    return beside.read_text() if beside.exists() else ""
