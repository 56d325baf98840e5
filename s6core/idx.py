"""The four IDX files of a data set: their names, sizes and hashes; reading them and proving them right."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s6core.config import ConfigError


class DataError(RuntimeError):
    """A file of the data is wrong, or cannot be had."""


@dataclass(frozen=True, kw_only=True)
class File:
    """One raw IDX file, known by its content."""

    name: str
    size: int  # bytes
    sha256: str


def _files(*digests: str) -> tuple[File, ...]:
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    sizes = (47_040_016, 60_008, 7_840_016, 10_008)
    return tuple(File(name=n, size=s, sha256=d) for n, s, d in zip(names, sizes, digests, strict=True))


DATASETS: dict[str, tuple[File, ...]] = {
    "mnist": _files(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    # taken from Debian's files, which are torchvision's but for the name and the date in the gzip header
    "fashion-mnist": _files(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}
"""Training images and labels, test images and labels of each data set: 60,000 and 10,000 images of 28×28 bytes."""


def known(dataset: str) -> tuple[File, ...]:
    """Return the files of a data set. Raises `ConfigError` if there is none of that name."""
    if dataset not in DATASETS:
        raise ConfigError(f"dataset={dataset!r}: allowed is one of {', '.join(DATASETS)}")
    return DATASETS[dataset]


def digest(dataset: str) -> str:
    """Return one SHA-256 for a data set, over the hexadecimal hashes of its files: what a run's record keeps."""
    return hashlib.sha256("".join(file.sha256 for file in known(dataset)).encode()).hexdigest()


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
