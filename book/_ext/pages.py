"""Links to files of the site that are no pages of the book, and nodes that every builder of HTML knows."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

Visitor = Callable[[Any, Any], None]


class site_link(nodes.General, nodes.Inline, nodes.TextElement):  # noqa: N801
    """A link to `path`, counted from the root of the site; it may carry a query."""


def visit_link(self: Any, node: nodes.Element) -> None:
    here = self.builder.get_target_uri(self.builder.current_docname) if self.builder.name == "html" else ""
    path, mark, query = node["path"].partition("?")
    address = relative_uri(here, path) + mark + query
    kind = ' target="_blank" rel="noopener"' if node.get("window") else " download" if node.get("download") else ""
    self.body.append(f'<a class="reference" href="{escape(address)}"{kind}>')


def depart_link(self: Any, node: nodes.Element) -> None:
    self.body.append("</a>")


def ignore(self: Any, node: nodes.Element) -> None:
    """Other formats show the text alone."""


def add_node(app: Sphinx, node: type[nodes.Element], visit: Visitor, depart: Visitor) -> None:
    """Register a node for the pages and for the one long page (`singlehtml`): once any extension names that builder, as
    sphinx-exercise does, it no longer falls back on what is there for `html`."""
    plain = (ignore, ignore)
    app.add_node(node, html=(visit, depart), singlehtml=(visit, depart), latex=plain, text=plain)


def setup(app: Sphinx) -> None:
    add_node(app, site_link, visit_link, depart_link)
