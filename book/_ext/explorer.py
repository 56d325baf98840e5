"""The receptive-field explorer in a page: a custom element that needs no server, no kernel and no other host.

    ```{receptive-explorer}
    :preset: reference
    :unit: conv4:3,5

    Text for a reader without JavaScript, or of the printed book.
    ```

Options: `preset`, or `stack` ("conv3p1, max2, logits:conv1, gap") and `input` (pixels a side); `digit` (0 to 9); `unit`
(layer:row,column); `paths` (weigh pixels by their number of paths); `hide` (any of bar, picture, section, maps, layers,
tools); `name`, the address of links into it. Its scripts are loaded by the pages that use it and by no other.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = "receptive-explorer"
SCRIPTS = (
    "digits", "receptive", "stack", "presets", "torch", "maps", "drawing", "section", "words", "editor", "grid", "history",
    "qr", "share", "layout", "view", "explorer",
)  # fmt: skip  # in this order
PRESETS = ("reference", "single", "lenet", "alexnet", "vgg16", "residual", "resnet18", "dilated")  # as in presets.js
PARTS = ("bar", "picture", "section", "words", "maps", "layers", "table", "tools", "numbers")
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


def ignore(self: Any, node: nodes.Element) -> None:
    """Other formats show the text for readers without JavaScript."""


def load(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Load the scripts on the pages that hold an explorer: added here, they belong to this page only."""
    if doctree is not None and next(doctree.findall(ExplorerNode), None) is not None:
        app.add_css_file(f"{FOLDER}/explorer.css")
        for script in SCRIPTS:
            app.add_js_file(f"{FOLDER}/{script}.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    app.add_node(ExplorerNode, html=(visit, depart), latex=(ignore, ignore), text=(ignore, ignore))
    app.add_directive("receptive-explorer", Explorer)
    app.connect("html-page-context", load)
