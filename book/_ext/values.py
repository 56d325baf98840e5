"""Numbers, verdict words and whole sentences that are rendered from the results while the book is built.

    {value}`ablations/no-bn/test_accuracy`           see `keys.py` for all keys; hover shows n, interval and source
    {value}`ablations/no-bn/test_accuracy | .3f`     in another format: a Python one, `abs` or `word`
    {value}`ablations/fc/parameters - ablations/reference/parameters`
    {verdict}`ablations/no-bn`                       helps, hurts, makes no difference that matters, stays undecided
    {verdict}`ablations/no-bn; hurts: costs accuracy; helps: gains {ablations/no-bn/difference | abs} points`
    {choose}`reference/reference/test_accuracy >= 99.40 ? reached : missed`

    ```{when} ablations/no-bn/verdict == 'hurts'     a directive: its body appears only if the condition holds
    ```

An unknown key is a warning, which the strict build turns into a failure. A value may be known and yet not be defined,
as the mean of a variant with a run that diverged: then it says so, a choice that hangs on it is empty, and a body that
does is left out. A page is rendered again whenever a file that it read has changed, or the project's code.
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
from sphinx.util.docutils import SphinxDirective, SphinxRole

from .expressions import NotDefinedError, evaluate, fill, value_of
from .keys import Value, write
from .sources import Sources

logger = logging.getLogger(__name__)

VERDICTS = {
    "helps": "helps",
    "hurts": "hurts",
    "equivalent": "makes no difference that matters",
    "undecided": "stays undecided",
}
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


class _Role(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        sources = open_sources(self.env)
        try:
            answer, format = self.read(sources)
            node = value("", write(answer, format), classes=["value"], title=answer.note)
            return [node], []
        except (KeyError, ValueError) as error:
            # a KeyError's str() would put its message into quotes
            logger.warning("%s: %s", self.name, error.args[0], location=self.get_location(), type="s6")
            return [nodes.problematic(self.rawtext, self.text)], []
        finally:
            close(self.env, sources)

    def read(self, sources: Sources) -> tuple[Value, str]:
        raise NotImplementedError


class ValueRole(_Role):
    def read(self, sources: Sources) -> tuple[Value, str]:
        key, _, format = self.text.partition("|")
        return value_of(key, sources), format.strip()


class VerdictRole(_Role):
    def read(self, sources: Sources) -> tuple[Value, str]:
        subject, *cases = (part.strip() for part in self.text.split(";"))
        words = dict(VERDICTS)
        for case in cases:
            verdict, colon, text = case.partition(":")
            if verdict not in words or not colon:
                raise ValueError(f"{case!r}: write verdict: words, the verdict one of {', '.join(VERDICTS)}")
            words[verdict] = text.strip()
        verdict = value_of(f"{subject}/verdict", sources)
        return Value(kind="text", words=fill(words[verdict.words], sources), note=verdict.note), ""


class ChooseRole(_Role):
    def read(self, sources: Sources) -> tuple[Value, str]:
        condition, mark, texts = self.text.partition(" ? ")
        yes, colon, no = texts.partition(" : ")
        if not mark or not colon:
            raise ValueError(f"{self.text!r}: write condition ? words if it holds : words if not")
        try:
            holds, values = evaluate(condition, sources)
        except NotDefinedError:
            return Value(kind="text", note=f"nothing to say: a value in {condition} is not defined"), ""
        note = "; ".join(dict.fromkeys(value.note for value in values))
        return Value(kind="text", words=fill(yes if holds else no, sources).strip(), note=note), ""


class When(SphinxDirective):
    """Include the body only if the condition holds."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        try:
            holds, _ = evaluate(self.arguments[0], sources)
        except NotDefinedError:
            return []
        except (KeyError, ValueError) as error:
            logger.warning("when: %s", error.args[0], location=self.get_location(), type="s6")
            return []
        finally:
            close(self.env, sources)
        return self.parse_content_to_nodes() if holds else []


def visit(self: Any, node: nodes.Element) -> None:
    self.body.append(f'<span class="value" title="{escape(node["title"])}">')


def depart(self: Any, node: nodes.Element) -> None:
    self.body.append("</span>")


def ignore(self: Any, node: nodes.Element) -> None:
    """Other formats show the text alone."""


def setup(app: Sphinx) -> None:
    app.add_config_value("s6_results", "results", "env")
    plain = (ignore, ignore)
    app.add_node(
        value, html=(visit, depart), singlehtml=(visit, depart), latex=plain, text=plain, man=plain, texinfo=plain
    )
    app.add_role("value", ValueRole())
    app.add_role("verdict", VerdictRole())
    app.add_role("choose", ChooseRole())
    app.add_directive("when", When)
    app.add_js_file("values.js", loading_method="defer")
