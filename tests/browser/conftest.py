"""A browser for the tests of what runs in pages. Without one (a bare machine has none) they are skipped, and say so."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "book"))

from _ext.explorer import FOLDER, SCRIPTS  # noqa: E402

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, driven by playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    path = os.environ.get("S6_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed, and S6_CHROMIUM names none")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a file in a context of its own; afterwards, nothing may have complained or asked another host."""
    contexts, complaints = [], []

    def visit(path: Path, fragment: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or complaints.append(request.url))
        page.goto(path.as_uri() + fragment)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def loads() -> str:
    """The tags that load the explorer from where it lies in the book, in the order in which the book loads it."""
    folder = ROOT / "book" / "_static" / FOLDER
    tags = [f'<script defer src="{(folder / name).with_suffix(".js").as_uri()}"></script>' for name in SCRIPTS]
    return f'<link rel="stylesheet" href="{(folder / "explorer.css").as_uri()}">' + "".join(tags)


@pytest.fixture
def explorer(visit: Callable[..., Any], tmp_path: Path, loads: str) -> Callable[..., Any]:
    """Open a page, from the file system, that holds one explorer with the given attributes."""

    def explorer(attributes: str = "", *, fragment: str = "", theme: str = "", **options: Any) -> Any:
        page = tmp_path / "page.html"
        page.write_text(
            f'<!doctype html><html lang="en"{theme and f" data-theme={theme}"}><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>Page</title>{loads}</head>'
            f"<body><main><h1>Page</h1><receptive-explorer {attributes}>No script.</receptive-explorer></main></body>"
        )
        return visit(page, fragment, **options)

    return explorer
