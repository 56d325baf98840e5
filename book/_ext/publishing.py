"""What a published site needs beside its pages: previews on other sites, a map for search engines, a page for what is
not there, and on every page of which day and commit its results are.

Addresses that must be whole come from `html: baseurl` in _config.yml, the site's own, with the sub-path if it has one.
While that is empty, what cannot do without is left out.
"""

from __future__ import annotations

import csv
import re
import textwrap
from html import escape, unescape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

PICTURE = "_static/preview.png"  # 1200 × 630, what previews show
LOST = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not here: {title}</title><style>body {{ font: 18px/1.6 system-ui, sans-serif; max-width: 34em; margin: 15vh auto;
padding: 0 1em; color-scheme: light dark }}</style></head>
<body><h1>There is no such page</h1><p>It may have been renamed. All pages are listed on the
<a href="{home}">first page of “{title}”</a>.</p></body></html>
"""


def newest(results: Path) -> tuple[str, str]:
    """Return the day and the commit of the newest run in the tables of results/, or two empty texts without any."""
    rows = []
    for path in results.glob("*/runs.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            rows += [(row.get("finished_at") or "", row.get("commit") or "") for row in csv.DictReader(stream)]
    day, commit = max(rows, default=("", ""))
    return day[:10], commit[:10]


def say_which_results(app: Sphinx, config: Any) -> None:
    """Put the day and the commit of the newest run below every page."""
    day, commit = newest(Path(app.srcdir) / "results")
    if day:
        address = config.html_theme_options.get("repository_url", "").rstrip("/")
        name = f"<code>{commit}</code>"
        name = f'<a href="{escape(address)}/commit/{commit}">{name}</a>' if address and commit else name
        words = f"Results up to {day}" + (f", made by commit {name}" if commit else "")
        config.html_theme_options["extra_footer"] = f'<p class="results-stamp">{words}.</p>'


def preview(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Tell other sites what a page is: its title, its first sentences, and a picture (https://ogp.me)."""
    if doctree is None:
        return
    first = next((p.astext() for p in doctree.findall(nodes.paragraph) if len(p.astext()) > 40), "")
    text = " ".join(first.split())
    text = text if len(text) <= 200 else text[:200].rsplit(" ", 1)[0] + " …"
    tags = {"og:type": "article", "og:title": plain(context["title"]), "og:site_name": app.config.html_title}
    tags |= {"og:description": text} if text else {}
    if base := app.config.html_baseurl.rstrip("/"):
        tags |= {"og:url": f"{base}/{page}.html", "og:image": f"{base}/{PICTURE}"}
    lines = [f'<meta property="{name}" content="{escape(value)}">' for name, value in tags.items()]
    lines += [f'<meta name="description" content="{escape(text)}">'] if text else []
    lines += ['<meta name="twitter:card" content="summary_large_image">'] if base else []
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)


def plain(title: str) -> str:
    """Return a title, which Sphinx hands over as HTML, without its marks."""
    return unescape(re.sub(r"<[^>]+>", "", title)).strip()


def draw_card(path: Path, title: str, day: str) -> None:
    """Draw the picture that a link to the site is shown with: 1200 × 630, as other sites want it."""
    from matplotlib.figure import Figure

    card = Figure(figsize=(12, 6.3), dpi=100, facecolor="#fbfaf7")
    lines = textwrap.fill(title, 22)
    card.text(0.07, 0.62, lines, size=60, weight="bold", color="#1c2733", va="center", linespacing=1.25)
    card.text(0.07, 0.16, "every number rendered from stored runs", size=25, color="#4a5a68")
    card.text(0.93, 0.16, day, size=25, color="#4a5a68", ha="right")
    card.savefig(path)


def complete(app: Sphinx, exception: Exception | None) -> None:
    """Add the files that a host looks for at the site's root."""
    if exception or app.builder.format != "html":
        return
    root, base = Path(app.outdir), app.config.html_baseurl.rstrip("/")
    (root / ".nojekyll").touch()  # GitHub would leave out every folder with an underscore in front
    # it is served at any depth, where a relative link leads astray
    (root / "404.html").write_text(LOST.format(title=escape(app.config.html_title), home=f"{base}/"), encoding="utf-8")
    if base:
        draw_card(root / PICTURE, app.config.html_title, newest(Path(app.srcdir) / "results")[0])
        pages = sorted(f"{base}/{name}.html" for name in app.env.found_docs)
        entries = "".join(f"<url><loc>{escape(page)}</loc></url>\n" for page in pages)
        text = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        (root / "sitemap.xml").write_text(f"{text}{entries}</urlset>\n", encoding="utf-8")
        (root / "robots.txt").write_text(f"User-agent: *\nSitemap: {base}/sitemap.xml\n", encoding="utf-8")


def setup(app: Sphinx) -> None:
    app.connect("config-inited", say_which_results, priority=450)
    app.connect("html-page-context", preview)
    app.connect("build-finished", complete)
