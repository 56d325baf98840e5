"""The files of a data set, wherever they are: in a folder of one's own, in Debian's package, or to be downloaded."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from s6core.downloads import FAULTS, downloads
from s6core.idx import DataError, File, content, known, verified

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


def default_folder() -> Path:
    """Return the folder named by `S6_DATA`, else this project's folder in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("S6_DATA") or cache / "s6").expanduser()


def fetch(dataset: str = "mnist", *, folder: Path | str | None = None) -> dict[str, Path]:
    """Return the verified files of a data set by name, fetching what is missing: see `obtain`."""
    return {found.file.name: found.path for found in obtain(dataset, folder=folder)}


def obtain(dataset: str = "mnist", *, folder: Path | str | None = None) -> list[Found]:
    """Find the four files of a data set, and fetch those that are missing or altered into `folder`/`dataset`.

    `folder` is by default `default_folder()`. Files are looked for in `folder`/`dataset` and in `folder` itself, raw
    or as .gz, then where Debian has them. Of processes that start at once one fetches and the others wait. Raises
    `ConfigError` for an unknown data set, and `DataError` with each source tried, why it failed, and where to put
    the files by hand.
    """
    root = Path(folder).expanduser() if folder is not None else default_folder()
    found, reasons = _look(dataset, root)
    if len(found) < len(known(dataset)):
        target = root / dataset
        try:
            target.mkdir(parents=True, exist_ok=True)
            with FileLock(target / ".lock"):
                found, reasons = _look(dataset, root)  # another process may have fetched them meanwhile
                for reason in reasons:
                    log.warning("fetching what %s lacks: %s", dataset, reason)
                reasons += _download(dataset, target, found)
        except OSError as error:  # a read-only folder, a full disk
            reasons.append(f"{target} cannot be written: {error}")
        if len(found) < len(known(dataset)):
            raise DataError(_plea(dataset, target, found, reasons))
    return [found[file.name] for file in known(dataset)]


def _look(dataset: str, root: Path) -> tuple[dict[str, Found], list[str]]:
    """Return the verified files on this machine by name, and for each other one why it is not among them."""
    places = {root / dataset: "the data folder", root: "the data folder", DEBIAN_FOLDER / dataset: "Debian's package"}
    found: dict[str, Found] = {}
    reasons: list[str] = []
    for file in known(dataset):
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
    if reasons and dataset == "fashion-mnist" and not os.path.isdir(DEBIAN_FOLDER / dataset):
        reasons.append(f"Debian's package dataset-fashion-mnist: there is no {DEBIAN_FOLDER / dataset}")
    return found, reasons


def _download(dataset: str, target: Path, found: dict[str, Found]) -> list[str]:
    """Add to `found` what the remote sources have, and return why each source failed that did."""
    reasons = []
    for title, download in downloads(dataset):
        missing = [file for file in known(dataset) if file.name not in found]
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


def _plea(dataset: str, target: Path, found: Iterable[str], reasons: list[str]) -> str:
    missing = [file for file in known(dataset) if file.name not in found]
    hint = ", or install Debian's package dataset-fashion-mnist" if dataset == "fashion-mnist" else ""
    return "\n".join(
        [f"{dataset}: {len(missing)} of 4 files could not be had. Tried:"]
        + [f"  - {reason}" for reason in reasons]
        + [f"Put these files by hand, raw or as .gz, into {target} (S6_DATA names another folder){hint}:"]
        + [f"  {file.name}  {file.size:,} bytes  SHA-256 {file.sha256}" for file in missing]
    )
