"""What the theme and other extensions ship and the book does not need is left out, and what they ship wrong is mended.

Sphinx copies their files and renders their templates anew in every build, so this is done at its end.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx

DROPPED = (
    "**/*.map", "*.html", "locales", "vendor", "scripts/fontawesome.js*",  # the last two: see icons.py
    "file.png", "minus.png", "plus.png", "check-solid.svg", "copy-button.svg", "images/logo_deepnote.svg",
    "images/logo_jupyter*", "copybutton_funcs.js",
)  # fmt: skip
"""Files of `_static` that no page asks for."""
LAUNCHING = ("images/logo_colab.png", "images/logo_binder.svg")  # on buttons that a book without an address has not

SAFE_STORAGE = """
    try { localStorage.length } catch {
      const value = { getItem: () => null, setItem() {}, removeItem() {} };
      Object.defineProperty(window, "localStorage", { value });
    }
"""
TALL = re.compile(r"\\(?:d?frac|sum|underbrace|begin\{cases\})")


def reserve(formula: re.Match[str]) -> str:
    """Give a displayed formula its height before MathJax sets it, a little less than measured, so that nothing jumps.

    In em: 2.6 around it and 1.4 a line, 3.2 for a line with a fraction, a sum or the like.
    """
    lines = formula[2].count(r"\\" "\n") + 1 if "aligned" in formula[2] else 1
    height = 2.6 + lines * (3.2 if TALL.search(formula[2]) else 1.4)
    return f'{formula[1]} style="min-block-size: {height:.1f}em"{formula[2]}'


MENDED: dict[str, str | Callable[[re.Match[str]], str]] = {
    # 1.5 MB of icons, see icons.py
    r'<script[^>]*src="[^"]*/fontawesome\.js[^"]*"></script>\s*': "",
    # where a browser lets no page store anything, the mere name throws, and the theme stays without light and dark
    r'(<script data-cfasync="false">)\s*(?=document)': lambda match: match[1] + SAFE_STORAGE,
    # axe, region: the title of the book stands in no landmark, and an empty header is one
    r'(<div class="sidebar-primary-item")(?=>\s*<a class="navbar-brand)': r'\1 role="banner"',
    r'<header (id="pst-header"[^>]*>\s*)</header>': r"<div \1</div>",
    # axe, summary-name: the arrow that unfolds a part of the contents has no words
    r'(href="[^"]*">)([^<]*)(</a><details[^>]*><summary)>': r'\1\2\3 aria-label="Pages below: \2">',
    # axe, aria-deprecated-role and aria-required-children: the bibliography of docutils
    r' role="doc-biblioentry"': "",
    r' role="list"(?= class="citation-list")': "",
    r'(<div class="math [^"]*"(?: id="[^"]*")?)(>[\s\S]*?</div>)': reserve,
    # axe, empty-table-header: the corner of a table heads nothing
    r"<th( [^>]*)?>(<p></p>)?</th>": r"<td\1>\2</td>",
}
"""What is replaced in every page: a pattern and what takes its place, with the reason."""
FORMULA = re.compile(r'class="[^"]*\bmath\b')
FORMULAS = re.compile(r'<script[^>]*src="[^"]*mathjax/tex-chtml\.js[^"]*"></script>\s*')
SEARCHING = re.compile(r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>\s*')
COMMENT = re.compile(r"\n?(?://|/\*)# sourceMappingURL=.*?(?:\*/)?\s*$")  # to a file that is not shipped


def lighten(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    launches = app.config.html_theme_options.get("launch_buttons")
    for pattern in DROPPED if launches else (*DROPPED, *LAUNCHING):
        for path in (site / "_static").glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in site.rglob("*.html"):
        rewrite(path, lambda text: mend(text, search=path.name == "search.html"))  # noqa: B023
    for path in (site / "_static").rglob("*.[cj]s*"):
        rewrite(path, lambda text: COMMENT.sub("", text))


def mend(page: str, *, search: bool) -> str:
    """Return a page as it should be.

    The index of the search, 300 kB, only belongs to the page of the search, and MathJax to those with a formula: Sphinx
    also loads it above such a page in the contents, and where only another page shows the formula.
    """
    for wrong, right in MENDED.items():
        page = re.sub(wrong, right, page)
    if not FORMULA.search(page):
        page = FORMULAS.sub("", page)
    return page if search else SEARCHING.sub("", page)


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Change a file, and touch it only where something changes."""
    before = path.read_text(encoding="utf-8")
    after = change(before)
    if after != before:
        path.write_text(after, encoding="utf-8")


def setup(app: Sphinx) -> None:
    app.connect("build-finished", lighten, priority=950)  # after icons.py, which reads what goes
