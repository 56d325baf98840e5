"""Print the one long page that `jupyter-book build --builder singlehtml` has made, as a PDF of the whole book.

The executed notebooks are left out.

python book/_scripts/pdf.py book/_build/singlehtml/index.html book/_build/book.pdf
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.append(str(Path(__file__).parents[1]))

from _ext.browser import MISSING, launch  # noqa: E402

READY = """async () => {
    // two pages in three would be lab reports
    document.querySelectorAll('[id^="document-results/"] + section').forEach((notebook) => notebook.remove());
    for (const image of document.images) image.loading = "eager";
    for (const part of document.querySelectorAll(".live, grow-field")) { // it wakes when it comes into view
        part.scrollIntoView({ behavior: "instant" });
        await new Promise((done) => setTimeout(done, 400));
    }
    await window.MathJax?.startup.promise;
    await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
    // on paper only what lies in the book itself, or on a host, can be followed
    for (const link of document.querySelectorAll('a[href]:not([href^="http"])')) {
        const href = decodeURIComponent(link.getAttribute("href"));
        if (!href.startsWith("#") || !document.getElementById(href.slice(1))) link.removeAttribute("href");
    }
}"""
NUMBER = '<p class="pageNumber" style="width: 100%; text-align: center; font: 8pt sans-serif"></p>'


def write(page: Path, target: Path) -> None:
    """Print `page` to `target`, with bookmarks and page numbers."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            sys.exit(f"{MISSING}: the PDF is printed by one")
        tab = browser.new_page(viewport={"width": 900, "height": 1200}, color_scheme="light")
        tab.set_default_timeout(0)
        tab.goto(page.resolve().as_uri())
        tab.evaluate(READY)
        tab.pdf(
            path=target, prefer_css_page_size=True, print_background=True, outline=True, tagged=True,
            display_header_footer=True, header_template="<p></p>", footer_template=NUMBER,
        )  # fmt: skip
        browser.close()


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:3]))
