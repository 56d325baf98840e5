"""A page that is a lesson: its sections are the steps, one fills the screen at a time.

    ```{lesson-start}
    ```
    ## A keyhole
    ```{lesson-notes} 5
    For the teacher: what to say. The number: minutes.
    ```
    Which digit is it?
    ```{lesson-answer}
    A three.
    ```

Without JavaScript it is an ordinary page, whose answers and notes open one by one. `{lesson-plan} lesson-steps 90`
on another page lists the steps with their minutes.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from .pages import add_node

logger = logging.getLogger(__name__)

FOLDER = "lesson"
START = (
    '<div class="lesson-bar"><button type="button" class="lesson-begin">▶ Start the lesson</button>'
    "<p>Page Down, the right arrow or a presenter's button: the next step. A: the answer. N: the notes. "
    "W: the notes in a window of their own. Escape: the end.</p></div>"
)


class lesson_start(nodes.General, nodes.Element): ...  # noqa: N801


class lesson_part(nodes.General, nodes.Element):  # noqa: N801
    """An answer or notes, closed until somebody asks."""


class lesson_plan(nodes.General, nodes.Element): ...  # noqa: N801


class LessonStart(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        return [lesson_start()]


class LessonAnswer(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        node = lesson_part(kind="answer", words="Answer")
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


class LessonNotes(SphinxDirective):
    has_content = True
    required_arguments = 1  # minutes

    def run(self) -> list[nodes.Node]:
        minutes = directives.positive_int(self.arguments[0])
        words = f"For the teacher: {minutes} minute{'s' if minutes > 1 else ''}"
        node = lesson_part(kind="notes", words=words, minutes=minutes)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


class LessonPlan(SphinxDirective):
    required_arguments = 2  # the page of the lesson, and how many minutes there are

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the steps stand on another page
        page, _ = self.env.relfn2path(self.arguments[0])
        minutes = directives.positive_int(self.arguments[1])
        return [lesson_plan(page=page, minutes=minutes, where=self.get_location())]


def steps(doctree: nodes.document) -> list[tuple[str, str, int]]:
    """Return (anchor, title, minutes) of a lesson's steps: its sections that have notes."""
    found = []
    for section in doctree.findall(nodes.section):
        notes = [child for child in section.children if isinstance(child, lesson_part) and child["kind"] == "notes"]
        if notes:
            found.append((section["ids"][0], section.next_node(nodes.title).astext(), notes[0]["minutes"]))
    return found


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the table of steps where a `lesson-plan` stands, with the minutes that are left over."""
    for plan in list(doctree.findall(lesson_plan)):
        if plan["page"] not in app.env.found_docs:
            logger.warning("lesson-plan: no page %r", plan["page"], location=plan["where"], type="s6")
            plan.replace_self([])
            continue
        found = steps(app.env.get_doctree(plan["page"]))
        spare = plan["minutes"] - sum(minutes for _, _, minutes in found)
        if spare < 0:
            logger.warning("lesson-plan: %d minutes too many", -spare, location=plan["where"], type="s6")
        rows: list[list[nodes.Node]] = []
        at = 0
        for anchor, title, minutes in found:
            link = make_refnode(app.builder, docname, plan["page"], anchor, nodes.Text(title))
            rows.append([nodes.Text(str(at)), nodes.Text(str(minutes)), link])
            at += minutes
        rows.append([nodes.Text(str(at)), nodes.Text(str(spare)), nodes.Text("to spare, for questions")])
        plan.replace_self(_table(["from minute", "minutes", "step"], rows))


def _table(head: list[str], rows: list[list[nodes.Node]]) -> nodes.table:
    def row(cells: list[nodes.Node]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))

    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in head), cols=len(head))
    group += nodes.thead("", row([nodes.Text(word) for word in head]))
    group += nodes.tbody("", *(row(cells) for cells in rows))
    return nodes.table("", group)


def visit_start(self: Any, node: nodes.Element) -> None:
    self.body.append(START)


def visit_part(self: Any, node: nodes.Element) -> None:
    minutes = f' data-minutes="{node["minutes"]}"' if node["kind"] == "notes" else ""
    self.body.append(f'<details class="lesson-{node["kind"]}"{minutes}><summary>{escape(node["words"])}</summary>\n')


def depart_part(self: Any, node: nodes.Element) -> None:
    self.body.append("</details>\n")


def nothing(self: Any, node: nodes.Element) -> None: ...


def load(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Load the script where there is a lesson, and nowhere else."""
    if doctree is not None and next(doctree.findall(lesson_start), None) is not None:
        app.add_js_file(f"{FOLDER}/lesson.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    add_node(app, lesson_start, visit_start, nothing)
    add_node(app, lesson_part, visit_part, depart_part)
    app.add_node(lesson_plan)
    app.add_directive("lesson-start", LessonStart)
    app.add_directive("lesson-answer", LessonAnswer)
    app.add_directive("lesson-notes", LessonNotes)
    app.add_directive("lesson-plan", LessonPlan)
    app.add_css_file(f"{FOLDER}/lesson.css")
    app.connect("doctree-resolved", fill)
    app.connect("html-page-context", load)
