"""The modules of book/figures/, for the tests of chapters."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FIGURES = Path(__file__).parent.parent / "book" / "figures"
sys.path.append(str(FIGURES.parent))


def load(name: str) -> ModuleType:
    """Import a chapter's module by its file, as the book does."""
    spec = importlib.util.spec_from_file_location(f"chapter_{name}", FIGURES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
