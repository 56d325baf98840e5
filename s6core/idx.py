"""IDX files, the format of MNIST and its kin: reading them and proving them right."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np

from s6core.datasets import DATASETS, File


class DataError(RuntimeError):
    """A file of the data is wrong, or cannot be had."""


def digest(dataset: str) -> str:
    """Return one SHA-256 for a data set of known files, over their hexadecimal hashes: what a run's record keeps."""
    return hashlib.sha256("".join(file.sha256 for file in DATASETS[dataset].files).encode()).hexdigest()


def content(path: Path, file: File) -> bytes:
    """Read a file, raw or compressed as .gz, and return its raw bytes. Raises `DataError` unless they are its own."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            raw = stream.read(file.size + 1)  # one byte more than there should be: a bomb of a .gz stays small
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: {error}") from error
    return verified(raw, file, str(path))


def verified(raw: bytes, file: File, where: str) -> bytes:
    """Return the bytes if they are the file's. Raises `DataError`, beginning with `where`, if they are not."""
    if len(raw) != file.size:
        count = f"more than {file.size:,}" if len(raw) > file.size else f"{len(raw):,}"
        raise DataError(f"{where}: it has {count} bytes, not {file.size:,}")
    found = hashlib.sha256(raw).hexdigest()
    if found != file.sha256:
        raise DataError(f"{where}: its SHA-256 is {found[:12]}…, not {file.sha256[:12]}…")
    return raw


def parse(raw: bytes, *, name: str) -> np.ndarray:
    """Turn an IDX file of bytes into a read-only uint8 array of its shape.

    The format: two zeros, the type (8: unsigned bytes), the number of axes; each axis's size as a big-endian 32-bit
    integer; the data in C order. Raises `DataError`, naming the file and what is wrong with it.
    """
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08":
        raise DataError(f"{name}: an IDX file of bytes begins with 00 00 08, this one with {raw[:3].hex(' ') or '-'}")
    start = 4 + 4 * raw[3]
    if raw[3] == 0 or len(raw) < start:
        raise DataError(f"{name}: its header ends before the sizes of {raw[3]} axes")
    shape = tuple(int.from_bytes(raw[at : at + 4], "big") for at in range(4, start, 4))
    if len(raw) - start != math.prod(shape):
        raise DataError(f"{name}: the shape {shape} takes {math.prod(shape):,} bytes, there are {len(raw) - start:,}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
