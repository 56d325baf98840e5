"""The book's own Sphinx extensions: numbers, figures, tables and quizzes that come from results, and a site that
asks no other host for anything. `_config.yml` loads this package as one extension."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from . import figures, notebooks, offline, quiz, tables, values

PARTS = (offline, notebooks, values, figures, tables, quiz)


def setup(app: Sphinx) -> dict[str, Any]:
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
