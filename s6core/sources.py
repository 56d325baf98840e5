"""The files of a data set, wherever they are: in a folder of one's own, in Debian's package, or to be downloaded."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from filelock import FileLock

from s6core import folder as folders
from s6core import idx
from s6core.config import ConfigError
from s6core.datasets import ALLOWED, DATASETS, FOLDER, Dataset, File
from s6core.downloads import FAULTS, downloads, through_torchvision
from s6core.idx import DataError, content, verified

log = logging.getLogger(__name__)

DEBIAN_FOLDER = Path("/usr/share/datasets")
"""Where Debian's package dataset-fashion-mnist puts the folder `fashion-mnist`, its files as .gz."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A verified file: where it lies, raw or as .gz, the source that it came from just now, and its raw bytes."""

    file: File
    path: Path
    source: str
    raw: bytes = field(repr=False)  # what trains is what was verified


@dataclass(frozen=True, kw_only=True)
class Arrays:
    """A data set as bytes: images (N, H, W), or (N, C, H, W) in colour, and labels (N,); one SHA-256 for all of it."""

    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    sha256: str


def default_folder() -> Path:
    """Return the folder named by `S6_DATA`, else this project's folder in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("S6_DATA") or cache / "s6").expanduser()


def describe(dataset: str) -> Dataset:
    """Return the row of a data set, without torch and without fetching anything; a folder of images is looked into.

    Raises `ConfigError` for an unknown data set, and for a folder that is none.
    """
    if dataset.startswith(FOLDER):
        return folders.describe(dataset)
    if dataset not in DATASETS:
        raise ConfigError(f"dataset={dataset!r}: allowed is {ALLOWED}")
    return DATASETS[dataset]


def read(dataset: str = "mnist", *, folder: Path | str | None = None) -> Arrays:
    """Return a data set's images and labels, fetching what is missing. Raises as `obtain` does."""
    row = describe(dataset)
    if row.files:
        found = obtain(dataset, folder=folder)
        arrays = [idx.parse(item.raw, name=item.file.name) for item in found]
        sha256 = idx.digest(dataset)
    else:
        arrays = _own(dataset, _root(folder))
        sha256 = hashlib.sha256(
            "".join(hashlib.sha256(array.tobytes()).hexdigest() for array in arrays).encode()
        ).hexdigest()
    return Arrays(train=(arrays[0], arrays[1]), test=(arrays[2], arrays[3]), sha256=sha256)


def fetch(dataset: str = "mnist", *, folder: Path | str | None = None) -> dict[str, Path]:
    """Return the files of a data set by name, fetching what is missing; see `obtain` for those that are verified."""
    row = describe(dataset)
    if row.files:
        return {found.file.name: found.path for found in obtain(dataset, folder=folder)}
    if not row.torchvision:
        return {path.name: path for path, _ in folders.listing(dataset)[0]}
    _own(dataset, _root(folder))
    place = "cifar-10-batches-py" if row.torchvision == "CIFAR10" else f"{row.torchvision}/raw"
    return {path.name: path for path in sorted((_root(folder) / place).iterdir()) if path.is_file()}


def obtain(dataset: str = "mnist", *, folder: Path | str | None = None) -> list[Found]:
    """Find the four files of a data set, and fetch those that are missing or altered into `folder`/`dataset`.

    `folder` is by default `default_folder()`. Files are looked for in `folder`/`dataset`, in `folder` itself and where
    torchvision puts them below it, raw or as .gz, then where Debian has them. Of processes that start at once one
    fetches and the others wait. Raises `ConfigError` for an unknown data set, and `DataError` with each source tried,
    why it failed, and where to put the files by hand.
    """
    row, root = describe(dataset), _root(folder)
    found, reasons = _look(dataset, row, root)
    if len(found) < len(row.files):
        target = root / dataset
        try:
            target.mkdir(parents=True, exist_ok=True)
            with FileLock(target / ".lock"):
                found, reasons = _look(dataset, row, root)  # another process may have fetched them meanwhile
                for reason in reasons:
                    log.warning("fetching what %s lacks: %s", dataset, reason)
                reasons += _download(dataset, row, target, found)
        except OSError as error:  # a read-only folder, a full disk
            reasons.append(f"{target} cannot be written: {error}")
        if len(found) < len(row.files):
            raise DataError(_plea(dataset, row, target, found, reasons))
    return [found[file.name] for file in row.files]


def _root(folder: Path | str | None) -> Path:
    return Path(folder).expanduser() if folder is not None else default_folder()


def _own(dataset: str, root: Path) -> list[np.ndarray]:
    """Return what a folder of images holds, or what torchvision's class reads, which fetches it where it is missing."""
    row = describe(dataset)
    if not row.torchvision:
        return folders.read(dataset)
    try:
        return through_torchvision(row, root, download=False)
    except DataError as missing:
        log.warning("fetching %s: %s", dataset, missing)
        try:
            root.mkdir(parents=True, exist_ok=True)
            with FileLock(root / f".{dataset}.lock"):
                return through_torchvision(row, root, download=True)
        except (OSError, DataError) as error:
            raise DataError(
                f"{dataset}: it could not be had: {error}; torchvision.datasets.{row.torchvision} lays it out below "
                f"{root} (S6_DATA names another folder), also when it is copied from a machine that has it"
            ) from error


def _look(dataset: str, row: Dataset, root: Path) -> tuple[dict[str, Found], list[str]]:
    """Return the verified files on this machine by name, and for each other one why it is not among them."""
    own = (root / dataset, root, root / row.torchvision / "raw")
    places = dict.fromkeys(own, "the data folder") | {DEBIAN_FOLDER / dataset: "Debian's package"}
    found: dict[str, Found] = {}
    reasons: list[str] = []
    for file in row.files:
        faults = []
        for path in (place / name for place in places for name in (file.name, f"{file.name}.gz")):
            if not os.path.isfile(path):
                continue
            try:
                raw = content(path, file)
            except DataError as error:
                faults.append(str(error))
                continue
            found[file.name] = Found(file=file, path=path, source=places[path.parent], raw=raw)
            break
        else:
            reasons += faults or [f"the data folder: there is no {root / dataset / file.name}"]
    if reasons and row.debian and not os.path.isdir(DEBIAN_FOLDER / dataset):
        reasons.append(f"Debian's package {row.debian}: there is no {DEBIAN_FOLDER / dataset}")
    return found, reasons


def _download(dataset: str, row: Dataset, target: Path, found: dict[str, Found]) -> list[str]:
    """Add to `found` what the remote sources have, and return why each source failed that did."""
    reasons = []
    for title, download in downloads(row):
        missing = [file for file in row.files if file.name not in found]
        if not missing:
            break
        log.info("fetching %d files of %s from %s", len(missing), dataset, title)
        arrived: dict[File, bytes] = {}
        try:
            for file, raw in download(missing):
                arrived[file] = verified(raw, file, file.name)
        except FAULTS as error:
            reasons.append(f"{title}: {error}")
        for file, raw in arrived.items():
            path = target / file.name
            _write(path, raw)
            found[file.name] = Found(file=file, path=path, source=title, raw=raw)
    return reasons


def _write(path: Path, raw: bytes) -> None:
    """Write a file whole or not at all. Whoever calls holds the folder's lock, so one name for all is enough."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)


def _plea(dataset: str, row: Dataset, target: Path, found: Iterable[str], reasons: list[str]) -> str:
    missing = [file for file in row.files if file.name not in found]
    hint = f", or install Debian's package {row.debian}" if row.debian else ""
    return "\n".join(
        [f"{dataset}: {len(missing)} of {len(row.files)} files could not be had. Tried:"]
        + [f"  - {reason}" for reason in reasons]
        + [f"Put these files by hand, raw or as .gz, into {target} (S6_DATA names another folder){hint}:"]
        + [f"  {file.name}  {file.size:,} bytes  SHA-256 {file.sha256}" for file in missing]
    )
