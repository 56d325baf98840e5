"""Who is at work in a study's folder: a lock that vanishes with its process, however that ends."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from s6core import results

LOCK = ".lock"
Shard = tuple[int, int]
"""Which part of a study a runner does, of how many: (2, 8)."""


class BusyError(Exception):
    """Another runner is at work in the folder."""


@contextmanager
def alone(folder: Path, shard: Shard | None = None, *, patience: float = 1.0) -> Iterator[None]:
    """Hold a study's folder, made where it is missing, beside the other shards of the same number.

    Raises `BusyError` naming who holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mine = folder / (f"{LOCK}.{shard[0]}-of-{shard[1]}" if shard else LOCK)
    lock = FileLock(mine)
    try:
        lock.acquire(timeout=patience)  # whoever only asks, as `s6 status` does, holds it for an instant
    except Timeout:
        raise BusyError(f"{folder}: {_words(mine)}; `s6 status` shows how far it is") from None
    try:
        beside = [path for path in _held(folder) if path != mine and not (shard and _shard(path) == shard[1])]
        if beside:
            raise BusyError(f"{folder}: {_words(beside[0])}; `s6 status` shows how far it is")
        part = f" with shard {shard[0]} of {shard[1]}" if shard else ""
        words = f"process {os.getpid()} on {platform.node()} is at work here{part} since {results.now()}"
        results.write(_beside(mine), words.encode())  # on the disk, for workers that see it from other machines
        yield
    finally:
        lock.release()


def words(folder: Path) -> str:
    """Return what the last runner wrote into a study's folder: other words, or none, stand in another folder."""
    return _words(folder / LOCK)


def holder(folder: Path) -> str:
    """Return who is at work in a study's folder; an empty string for nobody."""
    return "; ".join(map(_words, _held(folder)))


def _held(folder: Path) -> list[Path]:
    held = []
    for path in sorted(folder.glob(f"{LOCK}*")):
        if path.suffix != ".words":
            try:
                with FileLock(path, timeout=0.1):
                    pass
            except Timeout:
                held.append(path)
            except OSError:  # not ours to lock
                continue
    return held


def _shard(path: Path) -> int:
    return int(path.name.rpartition("-")[2]) if "-of-" in path.name else 0


def _beside(lock: Path) -> Path:
    return lock.with_name(f"{lock.name}.words")


def _words(lock: Path) -> str:
    with contextlib.suppress(OSError):
        return _beside(lock).read_text()
    return ""
