"""What must hold of the built book, in a browser: run by `make check`, after `make site`."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from _ext.check_site import foreign

SITE = Path(__file__).parents[2] / "book" / "_build" / "html"
CHAPTERS = sorted(path.relative_to(SITE).as_posix() for path in SITE.glob("book/**/*.html"))
KINDS = [
    "book/intro.html", "book/dropout.html", "book/variants.html", "book/play/draw.html", "book/receptive/explorer.html",
    "book/receptive/lesson-steps.html", "book/receptive/worksheet.html", "search.html",
    *[path.relative_to(SITE).as_posix() for path in sorted(SITE.glob("results/ablations/*/notebook.html"))[:1]],
]  # fmt: skip
OWN_WINDOW = "_static/receptive-explorer/explorer.html"
FRONT_PAGE = 600_000  # bytes, compressed, of all that it asks for
SHIFTS = """new PerformanceObserver((list) => {
    const late = list.getEntries().filter((entry) => !entry.hadRecentInput);
    window.shifted = late.reduce((sum, entry) => sum + entry.value, window.shifted ?? 0);
}).observe({ type: "layout-shift", buffered: true })"""

HEIGHTS = """(all) => all.map((box) => {
    const formula = box.querySelector("mjx-container");
    const margins = 2 * parseFloat(getComputedStyle(formula).marginBlockStart);
    return [parseFloat(getComputedStyle(box).minHeight), formula.offsetHeight + margins];
})"""

pytestmark = pytest.mark.skipif(not CHAPTERS, reason="the book is not built: make site")
Visit = Callable[..., Any]


def violations(page: Any) -> list[str]:
    """Return what axe finds wrong: the rule, then each place."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    # its preload fetches the style sheets, which a page from the file system may not
    found = axe.Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("name", dict.fromkeys([*CHAPTERS, *KINDS, OWN_WINDOW]))
def test_no_page_shuts_anyone_out(visit: Visit, name: str) -> None:
    assert violations(visit(SITE / name)) == []


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("theme", "width"), [("dark", 1280), ("light", 390), ("dark", 390)])
def test_nor_does_any_kind_in_the_dark_or_on_a_phone(visit: Visit, name: str, theme: str, width: int) -> None:
    page = visit(SITE / name, color_scheme=theme, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


def test_the_front_page_is_light(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    asked = set()
    page.on("request", lambda request: asked.add(request.url.partition("?")[0]))
    page.goto((SITE / "book/intro.html").as_uri(), timeout=120_000)
    page.wait_for_timeout(1000)
    page.close()
    files = [Path(unquote(urlparse(url).path)) for url in asked if url.startswith("file:")]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= FRONT_PAGE


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["intro", "variants", "play/draw", "play/luck", "receptive/explorer", "head-inside"])
def test_nothing_jumps_while_a_page_loads_or_is_scrolled(browser: Any, name: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.add_init_script(SHIFTS)
    page.goto((SITE / f"book/{name}.html").as_uri(), timeout=120_000)
    page.wait_for_timeout(800)
    for _ in range(0, page.evaluate("document.documentElement.scrollHeight"), 600):
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(50)
    shifted = page.evaluate("window.shifted ?? 0")
    page.close()
    assert shifted <= 0.05


def test_a_formula_keeps_free_the_height_that_it_takes(browser: Any) -> None:
    pages = [name for name in CHAPTERS if '<div class="math' in (SITE / name).read_text()]
    assert pages
    for name in pages:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto((SITE / name).as_uri(), timeout=120_000)
        page.wait_for_function("document.querySelectorAll('div.math mjx-container').length", timeout=60_000)
        boxes = page.eval_on_selector_all("div.math", HEIGHTS)
        page.close()
        for kept, taken in boxes:
            assert kept <= taken <= kept + 26, name  # less than a line and a half of text moves


def test_formulas_are_set_where_there_are_some_and_nowhere_else() -> None:
    for name in CHAPTERS:
        text = (SITE / name).read_text()
        assert ("mathjax/tex-chtml.js" in text) == bool(re.search(r'class="[^"]*\bmath\b', text)), name


def test_nothing_comes_from_another_host() -> None:
    assert list(foreign(SITE)) == []


def test_every_file_that_is_shipped_is_asked_for() -> None:
    """MathJax and the components put the names of their own parts together."""
    files = [path for path in SITE.rglob("*") if path.is_file()]
    texts = [
        path.read_text() for path in files if path.suffix in (".html", ".css", ".js") and "mathjax" not in path.parts
    ]
    everything = "\n".join(texts)
    assert "sourceMappingURL" not in everything
    static = [path for path in (SITE / "_static").rglob("*.*") if {"mathjax", "live-data"}.isdisjoint(path.parts)]
    assert [path for path in static if path.name not in everything and not path.name.endswith(".LICENSE.txt")] == []


QUERIES = {
    "overfitting": "dropout-gap",
    "over-fitting": "dropout-gap",
    "dropout": "dropout",
    "batchnorm": "batchnorm",
    "batch norm": "batchnorm",
    "batch normalization": "batchnorm",
    "RF": "receptive/one-unit",
    "receptive field": "receptive/one-unit",
    "fully connected": "head",
    "global average pooling": "head",
    "learning rate": "rate",
    "how many seeds": "noise-seeds",
    "luck": "play/luck",
    "papermill": "rerun",
    "draw a digit": "play/draw",
    "width": "width",
    "worksheet": "receptive/worksheet",
}


@pytest.mark.parametrize(("query", "chapter"), QUERIES.items())
def test_the_search_finds_the_chapter(visit: Visit, query: str, chapter: str) -> None:
    page = visit(SITE / "search.html", f"?q={query.replace(' ', '+')}")
    page.wait_for_function("document.querySelector('.search-summary')?.textContent")
    found = [link.get_attribute("href").partition("#")[0] for link in page.locator("#search-results li a").all()]
    assert found[:1] == [f"book/{chapter}.html"]
    assert not any(name.startswith("results/") for name in found)
