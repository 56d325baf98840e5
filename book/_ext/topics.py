"""A question becomes a page: data and prose, nothing else.

    # How large must a kernel be?

    ```{answer} kernel
    Larger kernels do not pay here. At equal parameters 5 × 5 makes {effect}`kernel/kernel-5`. …
    ```

    (why it could matter; what to look at; what does not follow; try it)

    ```{topic} kernel
    ```

`answer` opens the page with a box: three sentences that a hurried reader can take away, in plain words, with an
`effect` or two in it; a page that belongs to no topic gives it no name. `topic` renders all that follows from the topic
in `experiments/topics.py`: what each variant changes, the figure (ratios of errors with every run; along the topic's
axis the errors themselves), the table, the curves, the statistics of the sceptic in a part that opens on a click, and
when it was asked and what was known by then. Nothing of it is typed in the page. What is not trained yet says so and
breaks nothing.

    ```{topic} kernel
    :figure: kernel-maps kernel=5        another main figure, of book/figures/
    :study: fashion                      the same topic in another study
    :only: table, sceptic                these parts alone: changes, figure, table, curves, sceptic, line
    ```

Everything can be referred to: {numref}`fig-kernel`, {numref}`tab-kernel`, {numref}`fig-kernel-curves`. See
`claims.py` for `holds`, with which a page claims something, `values.py` for numbers in a sentence, and `trying.py` for
the line that trains a variant.
"""

from __future__ import annotations

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from experiments.answers import effects
from experiments.answers.questions import QUESTIONS, study_of
from experiments.answers.sources import Sources
from experiments.answers.topics import check

from .values import close, logger, open_sources, value

PARTS = ("changes", "figure", "table", "curves", "sceptic", "line")
TEXTS = {
    "changes": """
```{{study-table}} topic-changes topic={topic}
:name: tab-{name}-changes

Each variant as data: what it changes in `{base}`.
```
""",
    "figure": """
```{{study-figure}} {figure}
:name: fig-{name}
:alt: {alt}

{caption}
```
""",
    "table": """
```{{study-table}} topic-effects topic={topic} study={study}
:name: tab-{name}

Test errors after the last epoch: geometric means over the runs, and how many times those of `{base}`. The 95% interval
is that of one comparison; the verdict is corrected for all that the question makes.
```
""",
    "curves": """
```{{study-figure}} topic-curves topic={topic} study={study}
:name: fig-{name}-curves
:alt: Test errors after each epoch, a line for each of {trained}.

Test errors after each epoch: the mean over the seeds, and the band from lowest to highest. Look at which lines cross:
an early lead need not last.
```
""",
    "sceptic": """
```{{raw}} html
<details class="sceptic"><summary>For the sceptic: tests, failures, points, training errors and loss</summary>
```

```{{study-table}} topic-tests topic={topic} study={study}
:class: wide reasons
:name: tab-{name}-tests

What the verdicts rest on ({{doc}}`/book/plan`). p: Welch's t test on log errors with moderated variances, alone and
after Holm's correction over all {members} declared variants; the exact rank-sum test must not contradict. Noticed:
the smallest ratio that so few runs would have shown.
```

```{{study-table}} topic-measures topic={topic} study={study}
:class: wide
:name: tab-{name}-measures

More about the same runs, means over the seeds. The loss mixes how often a net is wrong with how sure it is, so it
decides nothing. Cost is the training time of an image over that of the reference.
```

```{{raw}} html
</details>
```
""",
    "line": "\n{{.provenance}}\n{line}\n",
}
RATIOS = """Test errors as a multiple of `{base}`. A dot is a run, the larger mark the ratio of the means, the bar its
95% interval. In the shaded band a difference is too small to matter. Look first at which bars leave it; the colours
only tell the variants apart."""
SWEEP = """Test errors after the last epoch. A dot is a run, the larger mark their mean, the bar its 95% interval;
the round mark is `{base}`, and around it is the band of ±15% in which a difference is too small to matter. A tick
on the axis is a variant that is not trained yet."""


class Topic(SphinxDirective):
    required_arguments = 1
    option_spec = {"figure": directives.unchanged, "study": directives.unchanged, "only": directives.unchanged,
                   "caption": directives.unchanged, "alt": directives.unchanged}  # fmt: skip

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        try:
            return self.parse_text_to_nodes(self.text(sources))
        except (KeyError, ValueError) as error:
            logger.warning("topic: %s", error.args[0], location=self.get_location(), type="s6")
            return []
        finally:
            close(self.env, sources)

    def text(self, sources: Sources) -> str:
        """Return the parts as the page's author would write them."""
        name, study = check(self.arguments[0]), self.options.get("study", study_of(self.arguments[0]))
        topic = QUESTIONS[name]
        chosen = [part.strip() for part in self.options.get("only", ",".join(PARTS)).split(",")]
        if odd := [part for part in chosen if part not in PARTS]:
            raise ValueError(f"only={odd[0]!r}: allowed is {', '.join(PARTS)}")
        trained = effects.trained(name, sources, study)
        if not set(trained) & set(topic.variants):  # the base alone answers nothing
            chosen = [part for part in chosen if part in ("changes", "line")]
        kind, caption = ("topic-sweep", SWEEP) if topic.axis else ("topic-ratios", RATIOS)
        given = {
            "topic": name, "name": label(name, study), "base": topic.base, "study": study,
            "figure": self.options.get("figure", f"{kind} topic={name} study={study}"),
            "caption": self.options.get("caption", caption.format(base=topic.base)),
            "alt": self.options.get("alt", described(name, sources, study)), "trained": ", ".join(trained),
            "members": len(topic.variants), "line": effects.provenance(name, sources, study),
        }  # fmt: skip
        return "\n".join(TEXTS[part].format(**given) for part in chosen)


def label(topic: str, study: str) -> str:
    """Return what stands in the names of a topic's figures and tables."""
    return (topic if study == study_of(topic) else f"{topic}-{study}").replace("/", "-")


def described(name: str, sources: Sources, study: str) -> str:
    """Return what a topic's figure shows, for whoever cannot see it."""
    table = sources.effects(name, study)
    told = [f"{row['variant']}: {effects.in_words(row)}" for _, row in table.iterrows()]
    return f"Test errors against {QUESTIONS[name].base}. {'; '.join(told)}."


class Answer(SphinxDirective):
    """The box that opens a page. While nothing of the topic is trained, it says so instead of the author's words; while
    some of it is not, the paragraphs that need it are left out, and it says that.

    A page of no topic, as one about luck or method, gives no argument.
    """

    has_content = True
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        try:
            name = check(self.arguments[0]) if self.arguments else ""
            node = nodes.container(classes=["answer"])
            if name:
                node += nodes.paragraph("", QUESTIONS[name].question, classes=["question"])
            written = self.parse_content_to_nodes()
            answer = [part for part in written if not _waits(part)]
            if name and not set(effects.trained(name, sources)) & set(QUESTIONS[name].variants):
                waits = "No run of this question is stored yet. Until there is one, the page says what is expected."
                answer = [nodes.paragraph("", waits)]
            elif len(answer) < len(written):
                rest = "The rest of this question" if answer else "The answer"
                answer.append(nodes.paragraph("", f"{rest} waits for runs that are not stored yet."))
            node += answer
            return [node]
        except KeyError as error:
            logger.warning("answer: %s", error.args[0], location=self.get_location(), type="s6")
            return []
        finally:
            close(self.env, sources)


def _waits(part: nodes.Node) -> bool:
    return any("missing" in one["classes"] for one in part.findall(value))


def setup(app: Sphinx) -> None:
    app.add_directive("topic", Topic)
    app.add_directive("answer", Answer)
