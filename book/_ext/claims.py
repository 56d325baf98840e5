"""A claim that the data can contradict, the page that lists them all, and the log of every question.

    ```{holds} kernel/kernel-5/ratio > 1 and kernel/kernel-5/verdict != helps
    At equal parameters a larger kernel makes more errors.
    ```

The body always stands on the page. Where the published runs contradict the condition, the strict build fails and
names the page, the claim and the figures: then the sentence has to be rewritten, or the runs looked at. Where a run
that it needs is missing, the body is marked as open, and begins with "Expected". See
`experiments.answers.conditions` for what a condition may say; take the ends of an interval, `head/fc/ratio:high < 1`,
where the words claim more than a mean.

    ```{claims}             every claim of the book with its figures
    ```
    ```{log}                every question, when it was asked, its runs and verdicts, null results included
    ```
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from experiments.answers.claims import Judgement, blocks, judge, pages, plain
from experiments.answers.effects import day, in_words, known_before, provenance
from experiments.answers.sources import Sources
from experiments.answers.topics import changes
from experiments.topics import TOPICS
from s6core.config import text

from .values import close, depend, logger, open_sources, value

MARKS = {"holds": "✓", "contradicted": "✗", "open": "open"}
SAID = {"holds": "borne out", "contradicted": "contradicted", "open": "open"}


class Holds(SphinxDirective):
    has_content = True
    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        condition = " ".join(self.arguments[0].split())
        body = self.parse_content_to_nodes()
        try:
            found = judge(condition, sources)
        except (KeyError, ValueError) as error:
            logger.warning("holds: %s", error.args[0], location=self.get_location(), type="s6")
            return body
        finally:
            close(self.env, sources)
        if found.state == "contradicted":
            words = " ".join(plain("\n".join(self.content), sources).split())
            message = "the data contradict the claim %r: %s does not hold: %s"
            logger.warning(message, words, condition, found, location=self.get_location(), type="s6")
        last = body[-1] if body and isinstance(body[-1], nodes.paragraph) else nodes.paragraph()
        if last not in body:
            body.append(last)
        last += [nodes.Text(" "), _mark(condition, found)]
        claim = nodes.container("", *body, classes=["claim", found.state])
        if found.state == "open":  # without runs it is no statement yet
            next(claim.findall(nodes.paragraph)).insert(0, nodes.strong("", "Expected: "))
        return [claim]


def _mark(condition: str, found: Judgement) -> value:
    title = f"A claim that is {SAID[found.state]}: {condition}. {found}"
    return value("", MARKS[found.state], classes=["value", "tick", found.state], title=title)


class Generated(SphinxDirective):
    """A directive that writes what it shows as an author would, from all pages and all questions."""

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        book = Path(self.env.srcdir) / "book"
        try:
            shown = self.parse_text_to_nodes("\n".join(self.lines(sources, book)))
            return [nodes.container("", *shown, classes=[self.name])]
        except (KeyError, ValueError) as error:
            logger.warning("%s: %s", self.name, error.args[0], location=self.get_location(), type="s6")
            return []
        finally:
            depend(self.env, pages(book))
            close(self.env, sources)

    def lines(self, sources: Sources, book: Path) -> list[str]:
        raise NotImplementedError


class Claims(Generated):
    def lines(self, sources: Sources, book: Path) -> list[str]:
        lines, page, section = [], "", ""
        for claim in blocks(book, "holds"):
            if claim.page != page:
                page, section = claim.page, ""
                lines += ["", f"**{{doc}}`/book/{page}`**", ""]
            if claim.section != section:
                section = claim.section
                lines += ["", f"Under *{plain(section, sources)}*:", ""]
            found = judge(claim.argument, sources)
            figures = "; ".join(f"`{key}` {figure}" for key, figure in found.figures.items())
            lines += [f"- {plain(claim.body, sources)}", "", f"  *{SAID[found.state]}*: `{claim.argument}`", ""]
            lines += [f"  {figures}", ""]
        return lines or ["No page claims anything yet."]


class Log(Generated):
    def lines(self, sources: Sources, book: Path) -> list[str]:
        home = {block.argument: block.page for block in blocks(book, "topic")}
        lines: list[str] = []
        for name in sorted(TOPICS, key=lambda name: TOPICS[name].asked):
            topic = TOPICS[name]
            where = f" ({{doc}}`/book/{home[name]}`)" if name in home else ""
            lines += ["", f"**{day(topic.asked)}: {topic.question}**{where}", ""]
            changed = changes(name)
            for _, row in sources.effects(name).iterrows():
                diff = ", ".join(f"{field} {text(here)}" for field, (_, here) in changed[row["variant"]].items())
                known = ", known before" if known_before(name, row["variant"], sources) else ""
                lines.append(f"- `{row['variant']}` ({diff}): {in_words(row)}{known}")
            lines += ["", "{.provenance}", provenance(name, sources), ""]
        return lines


def setup(app: Sphinx) -> None:
    app.add_directive("holds", Holds)
    app.add_directive("claims", Claims)
    app.add_directive("log", Log)
