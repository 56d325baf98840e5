"""Look through a built site for anything that a page would fetch from another host.

python book/_ext/check_site.py book/_build/html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

FETCHING = {
    "script": ("src",), "link": ("href",), "img": ("src", "srcset"), "source": ("src", "srcset"), "iframe": ("src",),
    "video": ("src", "poster"), "audio": ("src",), "embed": ("src",), "object": ("data",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"), "input": ("src",), "form": ("action",), "base": ("href",),
}  # fmt: skip
PASSIVE = {"canonical", "license", "author", "next", "prev", "search", "index", "up", "alternate"}  # links, not fetched
FOREIGN = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
IN_CSS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
IN_JS = re.compile(
    r"""(?:\bimport\s*\(?|\bfrom|\bfetch\s*\(|\bimportScripts\s*\(|\.src\s*=|\.href\s*=|\bnew\s+(?:Web)?(?:Worker|Socket)\s*\()"""
    r"""\s*["'`]((?:https?:|wss?:)?//[^"'`\s]+)"""
)


def foreign(site: Path) -> Iterator[tuple[Path, str]]:
    """Yield each (file, address) that loading the site's pages would fetch from another host. Plain links are fine."""
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".svg"):
            page = _Page()
            page.feed(path.read_text(encoding="utf-8"))
            found = page.found
        elif path.suffix == ".css":
            found = IN_CSS.findall(path.read_text(encoding="utf-8"))
        elif path.suffix in (".js", ".mjs"):
            found = IN_JS.findall(path.read_text(encoding="utf-8"))
        else:
            continue
        yield from ((path, address) for address in found)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inside = tag
        passive = tag == "link" and set(given.get("rel", "").split()) <= PASSIVE
        for name in () if passive else FETCHING.get(tag, ()):
            self.found += [part for part in given.get(name, "").split(",") if FOREIGN.match(part)]
        self.found += IN_CSS.findall(given.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.found += IN_JS.findall(data)
            self.found += re.findall(r"https?://[^\"'\s]*(?:cdn|unpkg|jsdelivr|cloudflare)[^\"'\s]*", data)
        elif self.inside == "style":
            self.found += IN_CSS.findall(data)


if __name__ == "__main__":
    hits = list(foreign(Path(sys.argv[1])))
    for file, address in hits:
        print(f"{file}: {address}")
    sys.exit(bool(hits))
