"""Images as a page holds them: with their size, so that nothing jumps, and loaded when they come near.

A figure of `figures.py` has four images: a reader's browser loads the one that fits its screen and the page's theme.
"""

from __future__ import annotations

import posixpath
import re
from html import escape
from typing import Any, get_args
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.images import get_image_size

from s6core import style

from .pages import add_node, ignore

PHONE = "(max-width: 40rem)"  # below it the narrow picture is shown; see style.css
LATER = 'loading="lazy" decoding="async"'
# The theme resolves "auto" only when its scripts have loaded: until then neither theme's colours would be there, and
# the wrong one's pictures.
EARLY = (
    "{const html = document.documentElement; if (!['light', 'dark'].includes(html.dataset.theme))"
    " html.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'}"
)
# A page's first picture does not wait for the layout. Which of its two it is, only the reader's browser knows.
FIRST = (
    "<script>document.currentScript.parentNode"
    ".querySelector('.only-' + document.documentElement.dataset.theme).loading = 'eager'</script>"
)
BARE = re.compile(r'<img (?![^>]*loading=)(?=[^>]*src="(?:[^"]*/)?_images/([^"]+)")')


class pictures(nodes.General, nodes.Element):  # noqa: N801
    """The four images of one figure, of which a reader sees one. Each has a `theme`, a `screen`, a `size` in pixels."""


def visit_pictures(self: Any, node: nodes.Element) -> None:
    """Write a <picture> for each theme, of which the style sheet hides one, so that it does not load."""
    builder = self.builder
    address, box = {}, {}
    for image in node.children:
        at = image["theme"], image["screen"]
        name = builder.images.get(image["uri"], image["uri"])
        address[at] = escape(posixpath.join(builder.imgpath, quote(name)))
        box[at] = 'width="{}" height="{}"'.format(*image["size"])
    width, alt = f' style="--width: {node["width"]}"' if node["width"] else "", escape(node["alt"])
    self.body.append(f'<div class="pictures"{width}>')
    for theme in get_args(style.Theme):
        wide, narrow = (theme, "wide"), (theme, "narrow")
        self.body.append(
            f'<picture><source media="{PHONE}" srcset="{address[narrow]}" {box[narrow]}>'
            f'<img class="only-{theme}" src="{address[wide]}" {box[wide]} {LATER} alt="{alt}"></picture>'
        )
    if node is next(self.document.findall(pictures)):
        self.body.append(FIRST)
    self.body.append("</div>\n")
    raise nodes.SkipNode


def measure(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Write sizes into the images that others have put on a page, those of the executed notebooks."""

    def more(found: re.Match[str]) -> str:
        size = get_image_size(app.srcdir / sources[found[1]]) if found[1] in sources else None
        return f"<img {LATER} " + ('width="{}" height="{}" '.format(*size) if size else "")

    sources = {name: path for path, name in getattr(app.builder, "images", {}).items()}
    if "body" in context:
        context["body"] = BARE.sub(more, context["body"])


def setup(app: Sphinx) -> None:
    add_node(app, pictures, visit_pictures, ignore)
    app.add_js_file(None, body=EARLY, priority=1)
    app.connect("html-page-context", measure)
