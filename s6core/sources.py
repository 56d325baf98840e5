"""Where the data files come from, and the proof that they are the right ones."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


class SourceError(OSError):
    """No source of a data set could be reached: each one tried, why it failed, where to put the files by hand."""


SHA256 = {
    "mnist": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
}


def default_folder(dataset: str) -> Path:
    """Return the data folder: `S6_DATA`, or a cache folder of the user's."""
    root = os.environ.get("S6_DATA")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "s6"
    return (Path(root) if root else cache) / dataset


def fetch(dataset: str, *, folder: Path | None = None) -> dict[str, Path]:
    """Return the verified files of a data set by name."""
    folder = folder or default_folder(dataset)
    files = {}
    for name, expected in SHA256[dataset].items():
        path = folder / name
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise SourceError(f"{path}: altered")
        files[name] = path
    return files


def digest(dataset: str) -> str:
    """Return one hash over the hashes of a data set's files."""
    return hashlib.sha256("".join(SHA256[dataset].values()).encode()).hexdigest()
