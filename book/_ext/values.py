"""Numbers and effects in a sentence, rendered from the results while the book is built.

    {value}`head/fc/test_error`             all keys: `experiments.answers.keys`; hover shows n, interval and source
    {value}`head/fc/test_error | .3f`       in another format: a Python one, `abs` or `word`
    {value}`ablations/fc/parameters - ablations/reference/parameters`
    {effect}`head/fc`                       0.88 times the errors (0.79–0.99: undecided)

An unknown key is a warning, which the strict build turns into a failure. Where the runs are declared and missing it
says "not trained yet"; where a value is not defined, as the mean of runs that diverged, it says so. A page is
rendered again whenever a file that it read has changed, or the project's code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from experiments.answers.conditions import value_of
from experiments.answers.effects import effect
from experiments.answers.sources import Sources
from experiments.answers.values import Value, write

logger = logging.getLogger(__name__)

CODE = {"s6core", "experiments", "_ext", "figures"}  # packages of this project that answers come from


class value(nodes.inline):  # noqa: N801
    """A number in a sentence, with its origin as `title`."""


def open_sources(env: BuildEnvironment) -> Sources:
    return Sources(Path(env.srcdir, env.config.s6_results))


def depend(env: BuildEnvironment, paths: Iterable[Path | str]) -> None:
    """Have the page rendered again when one of these files changes, appears or disappears."""
    for path in paths:
        env.note_dependency(str(path))


def close(env: BuildEnvironment, sources: Sources) -> None:
    """Note what an answer was made of: the files that were read, and the code, which is what is loaded by now."""
    depend(env, sources.used)
    depend(env, code())


def code() -> set[str]:
    """Return the files of the project's modules that are loaded.

    Any of them may have had a part in an answer; which one did is not worth a list that someone would have to keep.
    """
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in CODE]
    return {file for module in modules if (file := getattr(module, "__file__", None))}


class AnswerRole(SphinxRole):
    """A role whose words are an answer of the results."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        sources = open_sources(self.env)
        try:
            answer, format = self.read(sources)
            classes = ["value", "missing"] if answer.missing else ["value"]
            return [value("", write(answer, format), classes=classes, title=answer.note)], []
        except (KeyError, ValueError) as error:
            # a KeyError's str() would put its message into quotes
            logger.warning("%s: %s", self.name, error.args[0], location=self.get_location(), type="s6")
            return [nodes.problematic(self.rawtext, self.text)], []
        finally:
            close(self.env, sources)

    def read(self, sources: Sources) -> tuple[Value, str]:
        raise NotImplementedError


class ValueRole(AnswerRole):
    def read(self, sources: Sources) -> tuple[Value, str]:
        key, _, format = self.text.partition("|")
        return value_of(key, sources), format.strip()


class EffectRole(AnswerRole):
    def read(self, sources: Sources) -> tuple[Value, str]:
        return effect(self.text, sources), ""


def visit(self: Any, node: nodes.Element) -> None:
    self.body.append(f'<span class="{" ".join(node["classes"])}" title="{escape(node["title"])}">')


def depart(self: Any, node: nodes.Element) -> None:
    self.body.append("</span>")


def ignore(self: Any, node: nodes.Element) -> None:
    """Other formats show the text alone."""


def offer_origins(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put a switch into the bar of a page with numbers: a stop of the Tab key for each would be sixty a page."""
    if doctree is not None and next(doctree.findall(value), None) is not None:
        words = {"tooltip": "Show where each number comes from", "icon": "fas fa-circle-info"}
        switch = {"type": "javascript", "javascript": "", "label": "origins", "classes": "pst-js-only", **words}
        context["header_buttons"].append(switch)
        app.add_js_file("values.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    app.add_config_value("s6_results", "results", "env")
    plain = (ignore, ignore)
    app.add_node(value, html=(visit, depart), latex=plain, text=plain, man=plain, texinfo=plain)
    app.add_role("value", ValueRole())
    app.add_role("effect", EffectRole())
    app.connect("html-page-context", offer_origins, priority=900)  # after the theme has laid out its own buttons
