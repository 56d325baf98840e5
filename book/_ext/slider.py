"""A sentence whose numbers follow a slider: the rows of a frame, one for each place of it.

    ```{frame-slider} slide n
    :label: Seeds per arm
    :start: 5

    With {n} seeds, the best of them flatters by {best} points.
    ```

Every row's sentence is written while the book is built, from the frame's columns as keys would write them (see
`frames.py`); the script only shows one and hides the rest, so that it works offline, and without it the start is read.
"""

from __future__ import annotations

import re
from html import escape

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from experiments.answers import frames
from experiments.answers.keys import look_up
from experiments.answers.sources import Sources
from experiments.answers.values import write

from .values import close, open_sources

logger = logging.getLogger(__name__)

SCRIPT = """
{const form = document.currentScript.previousElementSibling, slider = form.querySelector("input");
slider.addEventListener("input", () => {
  form.querySelectorAll("p").forEach((p, i) => { p.hidden = i !== +slider.value; });
  const shown = form.querySelector("p:not([hidden])").dataset.at;
  form.querySelector("output").textContent = shown; slider.setAttribute("aria-valuetext", shown);
});
form.addEventListener("submit", (event) => event.preventDefault()); slider.dispatchEvent(new Event("input"));}
"""


class FrameSlider(SphinxDirective):
    has_content = True
    required_arguments = 2  # the frame, and the column that the slider shows
    option_spec = {"label": directives.unchanged_required, "start": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        try:
            template = " ".join(" ".join(self.content).split())
            ident = f"slider-{self.env.new_serialno('slider') + 1}"
            html = markup(*self.arguments, template, sources, ident=ident, **self.options)
            return [nodes.raw("", html, format="html")]
        except (KeyError, ValueError) as error:
            logger.warning("frame-slider: %s", error.args[0], location=self.get_location(), type="s6")
            return []
        finally:
            close(self.env, sources)


def markup(
    frame: str, column: str, template: str, sources: Sources, *, ident: str, label: str = "", start: str = ""
) -> str:
    """Return the slider as HTML. Raises `KeyError` for a frame, column or start that is unknown."""
    rows = [str(row) for row in frames.named(frame, sources).index]
    first = start or rows[0]
    look_up(f"frame[{frame}]/{first}/{column}", sources)  # raises, with the nearest names

    def written(row: str, text: str) -> str:
        key, _, format = text.partition("|")
        return write(look_up(f"frame[{frame}]/{row}/{key.strip()}", sources), format.strip())

    sentences = []
    for row in rows:
        sentence = re.sub(r"\{([^{}]+)\}", lambda match, row=row: f"<b>{escape(written(row, match[1]))}</b>", template)
        hidden = "" if row == first else " hidden"
        sentences.append(f'<p data-at="{escape(written(row, column))}"{hidden}>{sentence}</p>')
    return (
        f'<form class="frame-slider"><label for="{ident}">{escape(label or column)}: '
        f"<output>{escape(written(first, column))}</output></label>"
        f'<input type="range" id="{ident}" min="0" max="{len(rows) - 1}" value="{rows.index(first)}">'
        f'<div aria-live="polite">{"".join(sentences)}</div></form><script>{SCRIPT}</script>'
    )


def setup(app: Sphinx) -> None:
    app.add_directive("frame-slider", FrameSlider)
