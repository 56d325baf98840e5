"""A browser for the tests of what runs in pages. Without one (a bare machine has none) they are skipped, and say so."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "book"))

from _ext.browser import MISSING, launch  # noqa: E402
from _ext.explorer import FOLDER, SCRIPTS  # noqa: E402

PATIENCE = 120_000  # ms: a machine that trains beside the tests is slow


@pytest.fixture(scope="module")  # closed before other tests start a playwright of their own
def browser() -> Iterator[Any]:
    """A headless Chromium, driven by playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = launch(playwright)
        if chromium is None:
            pytest.skip(MISSING)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def everyday(browser: Any) -> Any:
    """The page that most tests share: a fresh context for each would take most of their time."""
    return browser.new_page()


@pytest.fixture
def visit(browser: Any, everyday: Any) -> Iterator[Callable[..., Any]]:
    """Open a file, with options in a context of its own; afterwards, nothing may have complained or asked a host."""
    pages, complaints = [], []

    def error(error: Any) -> None:
        complaints.append(f"error: {error}")

    def console(message: Any) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def request(request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            complaints.append(request.url)

    listeners = {"pageerror": error, "console": console, "request": request}

    def visit(path: Path, fragment: str = "", **options: Any) -> Any:
        page = browser.new_page(**options) if options else everyday
        if page is everyday:
            page.goto("about:blank")  # otherwise a fragment alone would not load the page again
            page.set_viewport_size({"width": 1280, "height": 900})
            page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        if page not in pages:
            pages.append(page)
            for event, listener in listeners.items():
                page.on(event, listener)
        page.set_default_timeout(PATIENCE)
        page.goto(path.as_uri() + fragment, timeout=PATIENCE)
        return page

    yield visit
    for page in pages:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        if page is not everyday:
            page.close()
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
