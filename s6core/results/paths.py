"""Where what a run leaves lies: the only module that knows file names."""

from __future__ import annotations

import re
from pathlib import Path

TABLES_LOCK = ".tables.lock"
REPOSITORY = Path(__file__).resolve().parents[2]
PUBLISHED = REPOSITORY / "results"


def record_path(folder: Path, variant: str, seed: int) -> Path:
    """Return where a study's folder keeps a run's record."""
    return folder / variant / f"seed-{seed}.json"


def weights_path(folder: Path, variant: str, seed: int = 0) -> Path:
    return folder / variant / f"seed-{seed}.safetensors"


def notebook_path(folder: Path, variant: str) -> Path:
    return folder / variant / "notebook.ipynb"


def checkpoint_path(folder: Path, variant: str, seed: int) -> Path:
    """Return where a run under way keeps what it takes to go on after a kill; its record takes over."""
    return folder / variant / f"seed-{seed}.checkpoint"


def progress_path(folder: Path, variant: str, seed: int) -> Path:
    """Return where a run under way says how far it is; its record takes over."""
    return folder / variant / f"seed-{seed}.progress"


def failure_path(folder: Path, variant: str, seed: int | None) -> Path:
    """Return where it stands why a run failed, or with None why the variant's notebook did, though its runs are stored.

    The partly executed notebook stands beside it, with the suffix .ipynb.
    """
    return folder / variant / ("notebook.failed.json" if seed is None else f"seed-{seed}.failed.json")


def record_paths(folder: Path, variant: str = "*") -> list[Path]:
    """Return the records of a study's folder, or of one of its variants, by variant and seed."""
    found = (path for path in folder.glob(f"{variant}/seed-*.json") if re.fullmatch(r"seed-\d+", path.stem))
    return sorted(found, key=lambda path: (path.parent, int(path.stem.removeprefix("seed-"))))
