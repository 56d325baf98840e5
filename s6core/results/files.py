"""Files that are whole or not there, whoever else writes and whenever the power fails."""

from __future__ import annotations

import os
import platform
import re
import tempfile
import time
from pathlib import Path

import psutil


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, whoever else writes it and whenever the power fails.

    Raises `OSError` naming the file: no space, a read-only folder, a file where a folder must be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f"{platform.node()}.{os.getpid()}"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{writer}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and not error.filename:
            raise OSError(error.errno, error.strerror, str(path)) from error  # a full disk does not say where
        raise


def abandoned(folder: Path, *, age: float = 600) -> list[Path]:
    """Return the beginnings of files that `write` will not finish: its process on this machine is gone.

    Another machine's cannot be asked. It is given `age` seconds, for what it writes may be a run's only record.
    """
    beginnings = [*folder.glob(".*.tmp"), *folder.glob("*/.*.tmp")]
    return [path for path in beginnings if _writer_gone(path) or _older(path, age)]


def _writer_gone(path: Path) -> bool:
    here = re.search(re.escape(f".{platform.node()}.") + r"(\d+)\.[^.]+\.tmp$", path.name)
    return here is not None and not psutil.pid_exists(int(here[1]))


def _older(path: Path, age: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > age
    except FileNotFoundError:
        return False  # just finished
