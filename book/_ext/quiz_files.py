"""The quizzes of a book as files for course systems, and as a key for teachers: all from what `quiz` directives say.

    ```{quiz-files} exit-ticket one-unit
    ```
    ```{quiz-key} exit-ticket
    ```

The first links to the files of sets, which are written into _static/quizzes when the site is built; the second lists
the questions of a set with their right answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .pages import site_link
from .quiz import quiz, quiz_answer, quiz_feedback, quiz_question
from .quiz_xml import Answer, Question, moodle, package

logger = logging.getLogger(__name__)

FOLDER = "_static/quizzes"
KINDS = {"moodle.xml": "Moodle XML", "qti.zip": "QTI 2.1"}
TAGS = {nodes.emphasis: "em", nodes.strong: "strong", nodes.literal: "code", nodes.paragraph: "p"}


class quiz_key(nodes.General, nodes.Element): ...  # noqa: N801


class QuizFiles(SphinxDirective):
    required_arguments = 1
    optional_arguments = 1000

    def run(self) -> list[nodes.Node]:
        items = nodes.bullet_list()
        for group in self.arguments:
            links: list[nodes.Node] = [nodes.Text(f"{group.replace('-', ' ').capitalize()}: ")]
            for at, (ending, words) in enumerate(KINDS.items()):
                links += [nodes.Text(", ")] if at else []
                links.append(site_link("", words, path=f"{FOLDER}/{group}.{ending}", download=True))
            items += nodes.list_item("", nodes.paragraph("", "", *links))
        metadata = self.env.metadata[self.env.docname]  # a page may have several lists
        metadata["s6-quiz-files"] = " ".join([metadata.get("s6-quiz-files", ""), *self.arguments])
        return [items]


class QuizKey(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the questions stand on other pages
        return [quiz_key(group=self.arguments[0], where=self.get_location())]


def quizzes(env: BuildEnvironment) -> Iterator[quiz]:
    """Yield the quizzes of all pages, in the order of the book."""
    order = {name: at for at, name in enumerate(env.collect_relations())}
    names = [name for name in env.found_docs if "s6-quiz" in env.metadata.get(name, {})]
    for name in sorted(names, key=lambda name: (order.get(name, len(order)), name)):
        yield from env.get_doctree(name).findall(quiz)


def xhtml(node: nodes.Node) -> str:
    """Return what a node says as XHTML that every course system takes."""
    if isinstance(node, nodes.Text):
        return escape(node.astext(), quote=False)
    if isinstance(node, nodes.math | nodes.math_block):
        return rf"\({escape(node.astext(), quote=False)}\)"
    inside = "".join(map(xhtml, node.children))
    tag = TAGS.get(type(node))
    return f"<{tag}>{inside}</{tag}>" if tag else inside


def question(node: quiz) -> Question:
    """Return a quiz as a question for course systems."""
    asked = next(iter(node.findall(quiz_question)))
    parts = (quiz_question, quiz_answer, quiz_feedback)
    setting = [child for child in node.children if not isinstance(child, parts)]
    replies = {feedback["number"]: "".join(map(xhtml, feedback.children)) for feedback in node.findall(quiz_feedback)}
    return Question(
        name=node["ident"],
        title="".join(child.astext() for child in asked.children)[:120],
        text=f"<p>{xhtml(asked)}</p>{''.join(map(xhtml, setting))}",
        answers=tuple(
            Answer(text=xhtml(answer), reply=replies[answer["number"]], right=answer["right"])
            for answer in node.findall(quiz_answer)
        ),
    )


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the files of every set, and of all of them together."""
    if exception or app.builder.format != "html":
        return
    sets: dict[str, list[Question]] = {}
    for node in quizzes(app.env):
        sets.setdefault(node["group"], []).append(question(node))
    folder = Path(app.outdir, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    for name, questions in sets.items():
        (folder / f"{name}.moodle.xml").write_text(moodle({name: questions}), encoding="utf-8")
        (folder / f"{name}.qti.zip").write_bytes(package(name, questions))
    everything = [asked for questions in sets.values() for asked in questions]
    (folder / "everything.moodle.xml").write_text(moodle(sets), encoding="utf-8")
    (folder / "everything.qti.zip").write_bytes(package("everything", everything))


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of links to sets that no quiz belongs to."""
    known = {node["group"] for node in quizzes(env)} | {"everything"}
    for name, metadata in env.metadata.items():
        for group in str(metadata.get("s6-quiz-files", "")).split():
            if group not in known:
                there = ", ".join(sorted(known))
                logger.warning("quiz-files: no set %r, the book has %s", group, there, location=name, type="s6")


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the questions with their right answers where a `quiz-key` stands."""
    for key in list(doctree.findall(quiz_key)):
        items = nodes.enumerated_list(enumtype="arabic", prefix="", suffix=".")
        for node in quizzes(app.env):
            if node["group"] == key["group"]:
                items += _answered(node)
        if not items.children:
            logger.warning("quiz-key: no quiz belongs to the set %r", key["group"], location=key["where"], type="s6")
        key.replace_self(items)


def _answered(node: quiz) -> nodes.list_item:
    answers = list(node.findall(quiz_answer))
    at = next(at for at, answer in enumerate(answers) if answer["right"])
    asked = next(iter(node.findall(quiz_question)))
    reply = list(node.findall(quiz_feedback))[at]
    letter = nodes.strong("", f"{'abcdefgh'[at]}) ")
    right = nodes.paragraph("", "", letter, *(child.deepcopy() for child in answers[at].children))
    question = nodes.paragraph("", "", *(child.deepcopy() for child in asked.children))
    return nodes.list_item("", question, right, *(child.deepcopy() for child in reply.children))


def setup(app: Sphinx) -> None:
    app.add_directive("quiz-files", QuizFiles)
    app.add_directive("quiz-key", QuizKey)
    app.add_node(quiz_key)
    app.connect("env-check-consistency", check)
    app.connect("doctree-resolved", fill)
    app.connect("build-finished", write)
