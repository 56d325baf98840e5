"""Links to files of the site that are no pages of the book, and nodes that all builders of HTML know."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

Visitor = Callable[[Any, Any], None]


class site_link(nodes.General, nodes.Inline, nodes.TextElement):  # noqa: N801
    """A link to `path`, counted from the root of the site; it may carry a query."""


def visit_link(self: Any, node: nodes.Element) -> None:
    here, _, _ = self.builder.get_target_uri(self.builder.current_docname).partition("#")
    path, mark, query = node["path"].partition("?")
    address = relative_uri(here, path) + mark + query
    kind = ' target="_blank" rel="noopener"' if node.get("window") else " download" if node.get("download") else ""
    self.body.append(f'<a class="reference" href="{escape(address)}"{kind}>')


def depart_link(self: Any, node: nodes.Element) -> None:
    self.body.append("</a>")


def ignore(self: Any, node: nodes.Element) -> None:
    """Other formats show the text alone."""


def add_node(app: Sphinx, node: type[nodes.Element], visit: Visitor, depart: Visitor) -> None:
    """Register a node of the pages whose text alone other formats show."""
    plain = (ignore, ignore)
    app.add_node(node, html=(visit, depart), latex=plain, text=plain)


def one_page(app: Sphinx) -> None:
    """Let the one long page (`singlehtml`) know what the pages know.

    Once any extension names that builder, as sphinx-exercise does, it no longer falls back on what is there for `html`,
    and every other extension's nodes, ours among them, are unknown to it.
    """
    handlers = app.registry.translation_handlers
    if app.builder.name == "singlehtml":
        handlers["singlehtml"] = {**handlers.get("html", {}), **handlers.get("singlehtml", {})}


def without_notebooks(app: Sphinx, builder: Any) -> None:
    """Leave the executed notebooks out of the one long page: they are records, longer than the book."""
    if builder.name != "singlehtml":
        return
    whole = builder.env.get_doctree

    def get_doctree(docname: str) -> nodes.document:
        tree = whole(docname)
        for contents in tree.findall(addnodes.toctree):
            contents["includefiles"] = [name for name in contents["includefiles"] if not name.startswith("results/")]
        return tree

    builder.env.get_doctree = get_doctree  # by now the environment is stored


def to_the_top(app: Sphinx, exception: Exception | None) -> None:
    """Put the one long page where its own links to styles, scripts and pictures start: at the root of the site."""
    if exception or app.builder.name != "singlehtml":
        return
    page = Path(app.outdir, f"{app.config.root_doc}.html")
    if page.parent != Path(app.outdir):
        page.replace(Path(app.outdir, "index.html"))


def setup(app: Sphinx) -> None:
    add_node(app, site_link, visit_link, depart_link)
    for script in ("print.js", "scroll.js"):
        app.add_js_file(script, loading_method="defer")
    app.connect("builder-inited", one_page)
    app.connect("write-started", without_notebooks)
    app.connect("build-finished", to_the_top, priority=900)  # after a redirect to it has been written there
