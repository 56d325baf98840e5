"""The reader's own studies, each with the figures and tables of a published question.

    ```{own-studies}
    ```

A section for each study of `results/yours` that was run from a YAML file, and a table for any other runs that lie
there, such as papermill's. Where there are none, it says how to have some.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from experiments.answers.questions import OWN_STUDIES, open_own

from .values import close, open_sources

NONE = "There are no other runs of yours yet. {doc}`rerun` shows how to make a study of your own in ten lines."
OTHER = """
```{{study-table}} own-runs study={study}
:name: tab-{name}

What lies in `results/{study}`: test accuracy after the last epoch, the mean over the runs that learned.
```
"""
SMOKE = "yours/smoke"  # what `make book` trains, shown above


class OwnStudies(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # a study that was run since is no file that the page could have depended on
        sources = open_sources(self.env)
        try:
            planned, wrong = open_own(sources.folder)
            sections = [self.section(study, topics) for study, topics in planned.items()]
            others = [name for name in sources.studies() if name.startswith("yours/") and name not in {*planned, SMOKE}]
            sections += [self.titled(name, OTHER.format(study=name, name=name.replace("/", "-"))) for name in others]
            sections += [self.titled(study, f"Its file is wrong: {why}") for study, why in wrong.items()]
            return sections or self.parse_text_to_nodes(NONE)
        finally:
            close(self.env, sources)

    def section(self, study: str, topics: list[str]) -> nodes.section:
        """Return a study: its question, then what `topic` shows; for several families, one after the other."""
        parts = []
        for topic in topics:
            family = topic.removeprefix(study).strip("/")
            parts.append((f"**{family}.**\n\n" if family else "") + f"```{{topic}} {topic}\n```\n")
        return self.titled(f"{study.removeprefix('yours/')}: {OWN_STUDIES[study].question}", "\n".join(parts), study)

    def titled(self, title: str, text: str, name: str = "") -> nodes.section:
        found = nodes.section(ids=[nodes.make_id(name or title)], names=[])
        found += nodes.title("", title)
        found += self.parse_text_to_nodes(text)
        return found


def setup(app: Sphinx) -> None:
    app.add_directive("own-studies", OwnStudies)
