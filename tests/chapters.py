"""The modules of book/figures/, for the tests of chapters."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

sys.path.append(str(Path(__file__).parent.parent / "book"))


def load(name: str) -> ModuleType:
    """Import a chapter's module as the book does: once, under one name."""
    return import_module(f"figures.{name}")
