"""Sentences and parts that branch, for the few pages that have to; a claim is written with `holds`.

{choose}`reference/reference/test_accuracy >= 99.40 ? reached : missed`

```{when} exists:results/yours                   a directive: its body appears only if the condition holds
```
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from experiments.answers.conditions import NotDefinedError, evaluate, fill
from experiments.answers.sources import Sources
from experiments.answers.values import Value

from .values import AnswerRole, close, logger, open_sources


class ChooseRole(AnswerRole):
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


def setup(app: Sphinx) -> None:
    app.add_role("choose", ChooseRole())
    app.add_directive("when", When)
