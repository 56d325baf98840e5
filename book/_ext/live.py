"""Components that answer to what the reader does: custom elements that need no server, no kernel and no other host.

    ```{draw-digit}
    Text for a reader without JavaScript, or of the printed book.
    ```

`COMPONENTS` has one entry for each, with the scripts and the data of `live_data.py` that it takes. A page loads the
scripts of those that it holds and of no other; data loads when the component comes into view. What stands in its place
without a script is in a <noscript>, so that nobody else fetches its pictures. Those of `KEEP` show it in any case, and
have their directives in `predict.py` and `grow.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from . import live_data
from .values import close, open_sources

logger = logging.getLogger(__name__)
SHARED = ("live/net", "live/live", "live/ink", "live/answers", "live/chart")  # of book/_static, in this order


@dataclass(frozen=True, kw_only=True)
class Component:
    """A custom element: its own and the shared scripts, what it loads, its attributes, its words without a script."""

    scripts: tuple[str, ...]
    shared: tuple[str, ...] = SHARED
    data: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    without: str


def a_digit(argument: str | None) -> str:
    return directives.choice(argument, tuple("0123456789"))


COMPONENTS = {
    "read-digit": Component(
        scripts=("read-digit",),
        shared=("live/net", "live/live", "live/ink", "live/answers", "live/pad"),
        data=("net-reference",),
        options={"digit": a_digit},
        without="Here one draws a digit, and a stored net reads it. It needs JavaScript.",
    ),
    "draw-digit": Component(
        scripts=("maps", "draw-digit"),
        shared=(*SHARED, "live/pad"),
        data=("cells", *live_data.NETS),
        options={"digit": a_digit},
        without="Here one draws a digit, and two stored nets answer. It needs JavaScript.",
    ),
    "push-digit": Component(
        scripts=("push-digit",),
        data=("net-reference", "net-fc", "pushes"),
        options={"digit": a_digit},
        without="Here one pushes a digit about, and two stored nets answer. It needs JavaScript.",
    ),
    "be-the-cell": Component(
        scripts=("be-the-cell",),
        data=("net-reference",),
        without="Here one sees 12 × 12 pixels of a digit and votes, as a cell of the net does. It needs JavaScript.",
    ),
    "luck-machine": Component(
        scripts=("luck-machine",),
        data=("luck",),
        without="Here one draws stored runs until one of two arms wins. It needs JavaScript.",
    ),
    "variant-explorer": Component(
        scripts=("welch", "pair", "variant-explorer"),
        shared=("live/net", "live/live", "live/chart"),
        data=("variants", "missed"),
        without="Here one compares two variants of the net. It needs JavaScript.",
    ),
    "predict-first": Component(scripts=("predict-first",), without=""),
    "grow-field": Component(scripts=("grow-field",), shared=("live/net", "live/live"), without=""),
}
KEEP = ("predict-first", "grow-field")


class LiveNode(nodes.General, nodes.Element): ...


class LiveDirective(SphinxDirective):
    """The element of `component`, its content the text for readers without JavaScript."""

    has_content = True
    component = ""

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        try:
            for name in COMPONENTS[self.component].data:
                live_data.content(name, sources)
        except (KeyError, ValueError) as error:
            logger.warning("%s: %s", self.component, error.args[0], location=self.get_location(), type="s6")
            return []
        finally:
            close(self.env, sources)
        node = LiveNode("", component=self.component, attributes=dict(self.options))
        if self.content:
            self.state.nested_parse(self.content, self.content_offset, node)
        else:
            node += nodes.paragraph("", COMPONENTS[self.component].without)
        return [node]


def visit(self: Any, node: nodes.Element) -> None:
    attributes = "".join(f' {name}="{escape(str(value))}"' for name, value in node["attributes"].items())
    self.body.append(f"<{node['component']}{attributes}>{'' if node['component'] in KEEP else '<noscript>'}\n")


def depart(self: Any, node: nodes.Element) -> None:
    self.body.append(f"{'' if node['component'] in KEEP else '</noscript>'}</{node['component']}>\n")


def ignore(self: Any, node: nodes.Element) -> None:
    """Other formats show the text for readers without JavaScript."""


def assets(component: str) -> tuple[list[str], list[str]]:
    """Return the style sheets and the scripts of a component, as paths below book/_static, in the order to load."""
    own = [f"{component}/{name}" for name in COMPONENTS[component].scripts]
    scripts = [f"{name}.js" for name in (*COMPONENTS[component].shared, *own)]
    return ["live/live.css", f"{component}/{component}.css"], scripts


def load(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give a page the scripts of the components that it holds, and write their data beside them."""
    held = dict.fromkeys(node["component"] for node in doctree.findall(LiveNode)) if doctree is not None else {}
    sources = open_sources(app.env)
    for sheet in dict.fromkeys(sheet for component in held for sheet in assets(component)[0]):
        app.add_css_file(sheet)
    for script in dict.fromkeys(script for component in held for script in assets(component)[1]):
        app.add_js_file(script, loading_method="defer")
    for name in dict.fromkeys(name for component in held for name in COMPONENTS[component].data):
        live_data.export(name, sources, Path(app.outdir, "_static"))


def setup(app: Sphinx) -> None:
    app.add_node(
        LiveNode, html=(visit, depart), singlehtml=(visit, depart), latex=(ignore, ignore), text=(ignore, ignore)
    )
    for name, component in COMPONENTS.items():
        if name not in KEEP:
            members = {"component": name, "option_spec": component.options}
            app.add_directive(name, type("Live", (LiveDirective,), members))
    app.connect("html-page-context", load)
