"""Where a run comes from: commit, versions, time."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from s6core.results.paths import REPOSITORY


def provenance() -> dict[str, Any]:
    """Return what a run should say of its origin: the commit, whether the code was as committed, versions."""
    packages = ("torch", "torchvision", "numpy", "pandas", "papermill", "s6core")
    changed = _git("status", "--porcelain", "--", "s6core", "experiments")
    return {
        "commit": _git("rev-parse", "HEAD"),
        "clean": changed == "" if changed is not None else None,
        "versions": {"python": platform.python_version(), **{p: _version(p) for p in packages}},
        "started_at": now(),
    }


def code(*packages: str) -> str:
    """Return a hash of the code of some packages as it lies on the disk: what trains, and the notebook."""
    found = hashlib.sha256()
    for package in packages:
        for path in sorted((REPOSITORY / package).rglob("*")):
            if path.suffix in (".py", ".ipynb") and ".ipynb_checkpoints" not in path.parts:
                found.update(path.read_bytes())
    return found.hexdigest()[:12]


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _git(*arguments: str) -> str | None:
    if not (REPOSITORY / ".git").exists():  # installed inside another repository, whose commit says nothing
        return None
    command = ["git", "--no-optional-locks", "-C", str(REPOSITORY), *arguments]  # a lock would break a user's commit
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None  # not a checkout, or no git: the record says so


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
