"""A question with one right answer and a reply to each, in plain HTML: a fieldset of radio buttons.

    ```{quiz} How large is the receptive field after two 3×3 convolutions?
    :name: quiz-two-convolutions
    :set: exit-ticket

    ( ) 3 × 3
    : That is what each of them sees of its own input.
    (x) 5 × 5
    : Each convolution adds $k - 1 = 2$.
    ```

Text between the options and the first answer appears below the question. Works without any host and from file:.
The quizzes of a set (of a page, unless they name one) also become files for course systems: see quiz_files.py. With
`:test:` the page asks and does not reply; who needs the answers writes a `quiz-key` elsewhere.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .pages import add_node

logger = logging.getLogger(__name__)

ANSWER = re.compile(r"\(( |x)\)\s+(.*)")


class quiz(nodes.General, nodes.Element): ...  # noqa: N801


class quiz_question(nodes.General, nodes.Element): ...  # noqa: N801


class quiz_answer(nodes.General, nodes.Element): ...  # noqa: N801


class quiz_feedback(nodes.General, nodes.Element): ...  # noqa: N801


class Quiz(SphinxDirective):
    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"name": directives.unchanged, "set": directives.unchanged_required, "test": directives.flag}

    def run(self) -> list[nodes.Node]:
        try:
            setting, answers = _read(list(self.content))
        except ValueError as error:
            logger.warning("quiz: %s", error, location=self.get_location(), type="s6")
            return []
        serial = self.env.new_serialno("quiz") + 1
        ident = nodes.make_id(self.options.get("name") or f"quiz-{self.env.docname}-{serial}")
        group = nodes.make_id(self.options.get("set") or self.env.docname.rpartition("/")[2])
        node = quiz(ident=ident, group=group, test="test" in self.options)
        node += quiz_question("", *self.inline(self.arguments[0]))
        node += self.parse(setting)
        for number, (right, answer, feedback) in enumerate(answers, start=1):
            aspects = {"ident": ident, "number": number, "test": node["test"]}
            node += quiz_answer("", *self.inline(answer), right=right, **aspects)
            node += quiz_feedback("", *self.parse(feedback), **aspects)
        self.add_name(node)
        self.env.metadata[self.env.docname]["s6-quiz"] = "yes"  # where quiz_files.py looks for them
        return [node]

    def parse(self, lines: list[str]) -> list[nodes.Node]:
        container = nodes.Element()
        self.state.nested_parse(StringList(lines, self.env.docname), self.content_offset, container)
        return container.children

    def inline(self, text: str) -> list[nodes.Node]:
        """Parse a text of one paragraph, and return what is in the paragraph."""
        return [child for paragraph in self.parse([text]) for child in paragraph.children]


def _read(lines: list[str]) -> tuple[list[str], list[tuple[bool, str, list[str]]]]:
    """Return the lines before the first answer, and each answer as (right, answer, lines of feedback)."""
    setting: list[str] = []
    answers: list[tuple[bool, str, list[str]]] = []
    for line in lines:
        if match := ANSWER.match(line):
            answers.append((match[1] == "x", match[2], []))
        elif answers:
            answers[-1][2].append(re.sub(r"^: ?", "", line))
        else:
            setting.append(line)
    if len(answers) < 2 or sum(right for right, _, _ in answers) != 1:
        raise ValueError("write at least two answers, ( ) wrong and (x) right, exactly one of them right")
    for _, answer, feedback in answers:
        if not any(feedback):
            raise ValueError(f"the answer {answer!r} lacks its feedback, a line that starts with a colon")
    return setting, answers


def visit_quiz(self: Any, node: nodes.Element) -> None:
    kind = "quiz quiz-test" if node["test"] else "quiz"
    self.body.append(f'<form class="{kind}" id="{escape(node["ident"])}"><fieldset>\n')


def depart_quiz(self: Any, node: nodes.Element) -> None:
    reply = "" if node["test"] else '<div class="quiz-reply" role="status"></div>'
    self.body.append(f"{reply}</fieldset></form>\n")


def visit_question(self: Any, node: nodes.Element) -> None:
    self.body.append("<legend>")


def depart_question(self: Any, node: nodes.Element) -> None:
    self.body.append("</legend>\n")


def visit_answer(self: Any, node: nodes.Element) -> None:
    ident, right = escape(node["ident"]), "yes" if node["right"] else "no"
    answer = f"{ident}-{node['number']}"
    told = "" if node["test"] else f' data-right="{right}"'
    self.body.append(
        f'<div class="quiz-answer"><input type="radio" name="{ident}-answer" id="{answer}"{told}><label for="{answer}">'
    )


def depart_answer(self: Any, node: nodes.Element) -> None:
    self.body.append("</label></div>\n")


def visit_feedback(self: Any, node: nodes.Element) -> None:
    if node["test"]:
        raise nodes.SkipNode
    self.body.append(f'<div class="quiz-feedback" id="{escape(node["ident"])}-{node["number"]}-reply" hidden>')


def depart_feedback(self: Any, node: nodes.Element) -> None:
    self.body.append("</div>\n")


def setup(app: Sphinx) -> None:
    add_node(app, quiz, visit_quiz, depart_quiz)
    add_node(app, quiz_question, visit_question, depart_question)
    add_node(app, quiz_answer, visit_answer, depart_answer)
    add_node(app, quiz_feedback, visit_feedback, depart_feedback)
    app.add_directive("quiz", Quiz)
    app.add_js_file("quiz.js", loading_method="defer")
