"""A page that holds live components, laid out as in the book, to be opened from the file system."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
sys.path[:0] = [str(ROOT / "book"), str(ROOT / "tests")]

from _ext import live, live_data  # noqa: E402

from experiments.answers.sources import Sources  # noqa: E402

BLOCKED = """<script>for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });</script>"""
"""What makes each use of a browser's storage an error, as strict settings do."""


def lay_out(
    folder: Path, component: str, attributes: str = "", *, body: str | None = None, theme: str = "light"
) -> Path:
    """Write a page that holds one component and return its path; with a `body` it holds that instead."""
    static = folder / "_static"
    for name in ("live", component):
        shutil.copytree(ROOT / "book" / "_static" / name, static / name, dirs_exist_ok=True)
    for name in live.COMPONENTS[component].data:
        live_data.export(name, Sources(RESULTS), static)
    sheets, scripts = live.assets(component)
    tags = "".join(f'<link rel="stylesheet" href="_static/{sheet}">' for sheet in sheets)
    tags += "".join(f'<script defer src="_static/{script}"></script>' for script in scripts)
    page = folder / "page.html"
    element = f"<{component} {attributes}><p>Without a script.</p></{component}>"
    page.write_text(
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>Page</title>{tags}</head>'
        f"<body><main><h1>Page</h1>{element if body is None else body}</main></body></html>"
    )
    return page
