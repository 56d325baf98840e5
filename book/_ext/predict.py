"""Predict, then see: before a figure the reader sets a guess; then the runs are drawn beside it, and the text appears.

    ```{predict} ablations/no-bn/test_accuracy
    :question: How many per cent of the test digits does the net read without batch norm?
    :low: 98
    :high: 100
    :step: 0.05

    What there is to say when it is known.
    ```

The argument is a key as in `keys.py`, of a variant's figure or of one cell of a table; the runs come from the results.
A key in the question, as `{ablations/epochs}`, becomes its value.
Without JavaScript the question, the value and the text stand there. Runs outside low and high fail a strict build.
"""

from __future__ import annotations

import json
import math
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from experiments.answers.conditions import fill
from experiments.answers.keys import look_up
from experiments.answers.sources import Sources
from experiments.answers.values import write
from s6core import style

from .live import LiveNode
from .values import close, open_sources

logger = logging.getLogger(__name__)
UNITS = {"percent": "%", "times": " times", "points": " points", "share": "%", "seconds": " s", "nats": " nats"}


def number(argument: str | None) -> str:
    """Return the text of a number, or raise `ValueError` for what is none."""
    text = directives.unchanged_required(argument)
    if not math.isfinite(float(text)):
        raise ValueError(f"{text}: allowed is a finite number")
    return text


def variant_of(key: str, sources: Sources) -> tuple[str, str, str] | None:
    """Return study, variant and column where a key is of every run of a variant, else None."""
    study, variant, column = ("", "", *key.rsplit("/", 2))[-3:]
    known = study in sources.studies() and column in sources.runs(study)
    return (study, variant, column) if known else None


def runs_of(key: str, sources: Sources) -> list[float]:
    """Return the figure of every finished run of a key's variant, or the one value that the key names."""
    value = look_up(key, sources)
    if value.number is None:
        raise ValueError(f"{key}: there is no number to guess")
    found = variant_of(key, sources)
    if found is None:
        return [value.number]
    study, variant, column = found
    runs = sources.runs(study)
    own = runs[(runs["variant"] == variant) & (runs["status"] == "finished")]
    return [float(figure) for figure in own.sort_values("seed")[column]]


class Predict(SphinxDirective):
    has_content = True
    required_arguments = 1
    option_spec = {"question": directives.unchanged_required, "low": number, "high": number, "step": number}

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        try:
            return [self.element(self.arguments[0], sources)]
        except (KeyError, ValueError) as error:
            logger.warning("predict: %s", error.args[0], location=self.get_location(), type="s6")
            return []
        finally:
            close(self.env, sources)

    def element(self, key: str, sources: Sources) -> nodes.Element:
        if missing := [name for name in self.option_spec if name not in self.options]:
            raise ValueError(f"{key}: it lacks :{missing[0]}:")
        runs, value = runs_of(key, sources), look_up(key, sources)
        low, high = float(self.options["low"]), float(self.options["high"])
        if outside := [run for run in runs if not low <= run <= high]:
            raise ValueError(f"{key}: {outside[0]:g} lies outside the number line from {low:g} to {high:g}")
        question = fill(self.options["question"], sources)
        given = {"question": question, "unit": UNITS.get(value.kind, ""), "runs": json.dumps(runs)}
        attributes: dict[str, Any] = self.options | given
        if found := variant_of(key, sources):
            attributes["tone"] = style.colour(found[1])
        node = LiveNode("", component="predict-first", attributes=attributes)
        node += nodes.paragraph("", "", nodes.strong("", question), nodes.Text(f" {write(value)}{attributes['unit']}"))
        self.state.nested_parse(self.content, self.content_offset, node)
        return node


def setup(app: Sphinx) -> None:
    app.add_directive("predict", Predict)
