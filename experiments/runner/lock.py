"""One runner per folder: a lock that vanishes with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from s6core import results

LOCK = ".lock"


class BusyError(Exception):
    """Another runner is at work in the folder."""


@contextmanager
def alone(folder: Path, *, patience: float = 1.0) -> Iterator[None]:
    """Hold a study's folder, made where it is missing. Raises `BusyError` naming who holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK, "a+") as file:
        until = time.monotonic() + patience  # whoever only asks, as `s6 status` does, holds it for an instant
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    file.seek(0)
                    raise BusyError(f"{folder}: {file.read()}; `s6 status` shows how far it is") from None
                time.sleep(0.05)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()} is at work here since {results.now()}")
        file.flush()
        os.fsync(file.fileno())  # for workers that see this disk from other machines
        yield


def words(folder: Path) -> str:
    """Return what the last runner wrote into a study's folder: other words, or none, stand in another folder."""
    try:
        return (folder / LOCK).read_text()
    except OSError:
        return ""


def holder(folder: Path) -> str:
    """Return who is at work in a study's folder; an empty string for nobody."""
    try:
        with open(folder / LOCK) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read()
    except OSError:
        pass
    return ""
