"""A gallery of test digits, each with its label and what the stored nets read.

    ```{digits} missed
    :count: 24
    ```
    ```{digits} contradicted
    ```

`missed` are the digits that most runs miss, the most missed first; `contradicted` those whose label people contradict
(`book/figures/mistakes.py`). Each is an entry of a list: the picture in the page's ink, and words.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from typing import Any

import matplotlib.image
import numpy as np
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .values import close, depend, logger, open_sources

CLASSES = ["digit", "no-scaled-link", "dark-light"]  # no link to the picture; the theme leaves its colours alone
FEW = 3  # runs: so few that read a digit rightly are named by their variants


def picture(pixels: Any) -> str:
    """Return a digit (28, 28) as black ink of some opacity, in the address of an image."""
    ink = np.zeros((*pixels.shape, 4), np.uint8)
    ink[..., 3] = pixels
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, ink, format="png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def counted(count: int) -> str:
    return f"\u00a0({count})"  # never alone on a line


def told(found: Any, digit: int) -> str:
    """Return what the nets read, in words."""
    runs, missed, label = len(found.read), int(found.missed[digit]), found.truth[digit]
    read = ", ".join(f"**{sign}**{counted(count)}" for sign, count in found.of(digit).items() if sign != label)
    right = found.right(digit)
    names = ", ".join(f"`{name}`{counted(n) if n > 1 else ''}" for name, n in Counter(right).items())
    by = f" Right: {names}." if 0 < len(right) <= FEW else ""
    return f"Missed by {missed} of {runs} runs, read as {read}.{by}"


def reviewed(review: Any, label: str) -> str:
    """Return how the five people voted, in words."""
    sides = [(review.label, label), (review.guess, str(review.guessed)), (review.neither, "neither")]
    return "Five people: " + ", ".join(f"**{words}**{counted(votes)}" for votes, words in sides if votes) + "."


class Digits(SphinxDirective):
    required_arguments = 1
    option_spec = {"count": directives.positive_int}

    def run(self) -> list[nodes.Node]:
        from figures import mistakes  # known once the extension of the figures has loaded

        sources = open_sources(self.env)
        try:
            which = directives.choice(self.arguments[0], ("missed", "contradicted"))
            found = mistakes.votes(sources)
            count = self.options.get("count", 24)
            chosen = mistakes.most_missed(found, count) if which == "missed" else mistakes.CONTRADICTED
            items = nodes.bullet_list("", classes=["digits"])
            for digit, pixels in zip(chosen, mistakes.images(chosen), strict=True):
                items += self.item(found, digit, pixels, mistakes.REVIEWS.get(digit))
            depend(self.env, [mistakes.IMAGES])
            return [items]
        except (KeyError, ValueError) as error:
            logger.warning("digits: %s", error.args[0], location=self.get_location(), type="s6")
            return []
        finally:
            close(self.env, sources)

    def item(self, found: Any, digit: int, pixels: Any, review: Any) -> nodes.list_item:
        label = str(found.truth[digit])
        image = nodes.image(uri=picture(pixels), alt=f"Test digit {digit}, labelled {label}", classes=CLASSES)
        image["width"], image["height"] = "84", "84"
        item = nodes.list_item("", image)
        text = f"Labelled **{label}**\n\n{told(found, digit)}"
        item += self.parse_text_to_nodes(text + (f"\n\n{reviewed(review, label)}" if review else ""))
        return item


def setup(app: Sphinx) -> None:
    app.add_directive("digits", Digits)
