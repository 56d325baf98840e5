"""The receptive-field explorer in a page: a custom element that needs no server, no kernel and no other host.

    ```{receptive-explorer}
    :preset: reference
    :unit: conv4:3,5

    Text for a reader without JavaScript, or of the printed book.
    ```

Options: `preset`, or `stack` ("conv3p1, max2, logits:conv1, gap") and `input` (pixels a side); `digit` (0 to 9); `unit`
(layer:row,column); `paths` (weigh pixels by their number of paths); `hide` (any of `PARTS`); `keyhole` (cover what the
unit does not see); `name`, the address of links into it. Its scripts are loaded by the pages that use it only.

    {own-window}`VGG-16 on a projector <preset=vgg16&projector=1>`

links to a state in a window of its own, `explorer.html`, with the same options as a query.
"""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole, SphinxDirective

from .pages import add_node, site_link

FOLDER = "receptive-explorer"
SCRIPTS = (
    "digits", "receptive", "stack", "presets", "torch", "maps", "drawing", "section", "words", "editor", "grid",
    "history", "qr", "share", "trained", "layout", "view", "explorer",
)  # fmt: skip  # in this order
PRESETS = ("reference", "single", "lenet", "alexnet", "vgg16", "residual", "resnet18", "dilated")  # as in presets.js
PARTS = ("bar", "picture", "section", "words", "maps", "layers", "table", "tools", "numbers")
QUERY = ("preset", "stack", "input", "digit", "unit", "paths", "hide", "keyhole", "projector", "theme", "channels")
FALLBACK = "Here stands an interactive explorer of receptive fields. It needs JavaScript."


class ExplorerNode(nodes.General, nodes.Element): ...


def parts(argument: str | None) -> str:
    """Return the parts to hide, or raise `ValueError` naming the one that does not exist."""
    return " ".join(directives.choice(part, PARTS) for part in (argument or "").split())


class Explorer(SphinxDirective):
    has_content = True
    option_spec = {
        "preset": lambda argument: directives.choice(argument, PRESETS),
        "stack": directives.unchanged_required,
        "input": directives.positive_int,
        "digit": lambda argument: directives.choice(argument, tuple("0123456789")),
        "unit": directives.unchanged_required,
        "paths": directives.flag,
        "keyhole": directives.flag,
        "hide": parts,
        "name": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        attributes = {name: self.options[name] for name in self.option_spec if name in self.options}
        if attributes.pop("name", None):
            attributes["id"] = nodes.make_id(self.options["name"])
        node = ExplorerNode("", attributes=attributes)
        if self.content:
            self.state.nested_parse(self.content, self.content_offset, node)
        else:
            node += nodes.paragraph("", FALLBACK)
        return [node]


def visit(self: Any, node: nodes.Element) -> None:
    attributes = "".join(f' {name}="{escape(str(value or ""))}"' for name, value in node["attributes"].items())
    self.body.append(f"<receptive-explorer{attributes}>\n")


def depart(self: Any, node: nodes.Element) -> None:
    self.body.append("</receptive-explorer>\n")


class OwnWindow(ReferenceRole):
    """Text <query>: a link to the explorer in a window of its own."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            query = checked(self.target)
        except ValueError as error:
            message = self.inliner.reporter.error(f"own-window: {error}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        path = f"_static/{FOLDER}/explorer.html?{query}"
        return [site_link("", self.title, path=path, window=True)], []


def checked(query: str) -> str:
    """Return a query for `explorer.html` in which only what has to be is escaped.

    Raises `ValueError` for an option that the explorer does not know, or a preset or part that does not exist.
    """
    given = dict(part.partition("=")[::2] for part in query.split("&"))
    for name, value in given.items():
        if name not in QUERY:
            raise ValueError(f"no option {name!r}: choose from {', '.join(QUERY)}")
        if name == "preset":
            directives.choice(value, PRESETS)
        if name == "hide":
            parts(value.replace(",", " "))
    return "&".join(f"{name}={quote(value.replace(' ', ''), safe=',:')}" for name, value in given.items())


def load(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Load the scripts on the pages that hold an explorer: added here, they belong to this page only."""
    if doctree is not None and next(doctree.findall(ExplorerNode), None) is not None:
        app.add_css_file(f"{FOLDER}/explorer.css")
        for script in SCRIPTS:
            app.add_js_file(f"{FOLDER}/{script}.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    add_node(app, ExplorerNode, visit, depart)
    app.add_role("own-window", OwnWindow())
    app.add_directive("receptive-explorer", Explorer)
    app.connect("html-page-context", load)
