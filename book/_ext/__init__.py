"""The book's own Sphinx extensions: numbers, figures, tables and quizzes that come from results, and a site that
asks no other host for anything. `_config.yml` loads this package as one extension."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Set up every module of this folder that has a `setup`."""
    for module in iter_modules(__path__):
        part = import_module(f".{module.name}", __name__)
        if hasattr(part, "setup"):
            part.setup(app)
    return {"version": "1", "env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}
