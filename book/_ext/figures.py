"""Figures that are drawn from the results while the book is built: for light and dark pages, a wide screen and a phone.

    ```{study-figure} curves study=ablations variants=reference,no-bn first=2
    :name: fig-no-bn-curves
    :alt: Two rising curves; the reference ends at {ablations/reference/test_accuracy}%.

    The caption, with {value}`…` roles in it.
    ```

The name is that of a function marked `@figure` (see `registry.py`) in a module of book/figures/; what follows are its
keyword arguments. A function takes the `Sources` and returns a matplotlib figure or axes. It makes its axes with
`s6core.plots.ink`, and is then drawn for a phone as well: a picture that would be too wide there, or have text of less
than eleven pixels, fails the strict build. The browser loads the one of the four pictures that it shows.
"""

from __future__ import annotations

import inspect
import io
import os
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from experiments.answers.conditions import fill
from experiments.answers.registry import FIGURES, load
from experiments.answers.sources import Sources
from s6core import style
from s6core.config import unknown
from s6core.plots import phone

from .pictures import pictures
from .values import close, depend, open_sources

logger = logging.getLogger(__name__)

HEAVY = 300_000  # bytes: a larger SVG is stored as PNG
DOTS = 200  # to the inch, of a PNG


class Computed(SphinxDirective):
    """A directive whose content a registered function computes."""

    has_content = True
    required_arguments = 1
    optional_arguments = 1000
    kind = ""
    functions: dict[str, Callable[..., Any]] = {}

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        try:
            name, *words = self.arguments
            if name not in self.functions:
                raise KeyError(unknown(self.kind, name, self.functions))
            function = self.functions[name]
            depend(self.env, [inspect.getfile(function)])
            node = self.compute(function, _keywords(words), sources)
            self.add_name(node)
            self.set_source_info(node)
            return [node]
        except (KeyError, ValueError, TypeError) as error:
            message = error.args[0] if error.args else error
            logger.warning("%s: %s", " ".join(self.arguments), message, location=self.get_location(), type="s6")
            return []
        finally:
            close(self.env, sources)

    def compute(self, function: Callable[..., Any], keywords: dict[str, Any], sources: Sources) -> nodes.Element:
        raise NotImplementedError

    def caption(self, kind: type[nodes.Element]) -> nodes.Element | None:
        """Return the body's first paragraph as a caption."""
        body = self.parse_content_to_nodes()
        if not body:
            return None
        if len(body) > 1 or not isinstance(body[0], nodes.paragraph):
            raise ValueError("a caption is one paragraph")
        return kind("", "", *body[0].children)


class StudyFigure(Computed):
    kind, functions = "figure", FIGURES
    option_spec = {
        "name": directives.unchanged,
        "alt": directives.unchanged_required,
        "width": directives.length_or_percentage_or_unitless,
        "class": directives.class_option,
        "png": directives.flag,
    }

    def compute(self, function: Callable[..., Any], keywords: dict[str, Any], sources: Sources) -> nodes.Element:
        if not self.options.get("alt"):
            raise ValueError("an :alt: text is required: say what the picture shows to whoever cannot see it")
        alt = fill(" ".join(self.options["alt"].split()), sources)
        stem = self.options.get("name") or f"{self.arguments[0]}-{zlib.crc32(' '.join(self.arguments).encode()):08x}"
        node = nodes.figure("", classes=["study-figure", *self.options.get("class", [])])
        group = pictures("", alt=alt, width=self.options.get("width"))
        for width in get_args(style.Width):
            drawn = ("", "")
            for theme in get_args(style.Theme):
                if theme == "dark" and drawn[1] == "svg" and "<image" not in drawn[0]:
                    drawn = (style.darken(drawn[0]), "svg")
                else:
                    drawn = self.draw(lambda: function(sources, **keywords), theme, width)
                size = _size(drawn)
                path = self.store(drawn, f"{stem}-{theme}{'' if width == 'wide' else '-narrow'}")
                group += nodes.image(uri=path, candidates={"*": path}, theme=theme, screen=width, size=size)
        node += group
        if caption := self.caption(nodes.caption):
            node += caption
        return node

    def draw(self, draw_it: Callable[[], Any], theme: style.Theme, width: style.Width) -> tuple[Any, str]:
        """Return an SVG's text and "svg", or a PNG's bytes and "png"."""
        import matplotlib

        matplotlib.use("agg")
        from matplotlib import pyplot

        with style.style(theme, width):
            drawn = draw_it()
            picture = getattr(drawn, "figure", drawn)
            if width == "narrow":
                phone.fit(picture)
            found = _render(picture, "png" in self.options, 0.1 if width == "wide" else 0.03)
            wrong = phone.complaint(picture, _size(found)[0]) if width == "narrow" else ""
            pyplot.close(picture)
        if wrong and theme == "light":
            logger.warning("%s: on a phone %s", self.arguments[0], wrong, location=self.get_location(), type="s6")
        return found

    def store(self, drawn: tuple[Any, str], stem: str) -> str:
        """Write an image and return its path as the page names it."""
        content, suffix = drawn
        content = content.encode() if suffix == "svg" else content
        path = Path(self.env.app.outdir).parent / "figures" / f"{stem}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != content:  # an untouched file keeps its pages up to date
            path.write_bytes(content)
        page = Path(self.env.doc2path(self.env.docname)).parent
        return Path(os.path.relpath(path, page)).as_posix()


def _render(picture: Any, png: bool, margin: float) -> tuple[Any, str]:
    tight = {"bbox_inches": "tight", "pad_inches": margin}
    if not png:
        text = io.StringIO()
        picture.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, **tight)
        if len(text.getvalue()) <= HEAVY:
            return text.getvalue(), "svg"
    buffer = io.BytesIO()
    picture.savefig(buffer, format="png", dpi=DOTS, metadata={"Software": None}, **tight)
    return buffer.getvalue(), "png"


def _size(drawn: tuple[Any, str]) -> tuple[int, int]:
    """Return width and height in CSS pixels."""
    content, suffix = drawn
    if suffix == "svg":  # in points
        width, height = (float(found) * 4 / 3 for found in re.findall(r' (?:width|height)="([\d.]+)pt"', content)[:2])
        return round(width), round(height)
    width, height = struct.unpack(">II", content[16:24])
    return round(width * 96 / DOTS), round(height * 96 / DOTS)


def _keywords(words: list[str]) -> dict[str, Any]:
    """Read `study=ablations variants=a,b first=2`."""
    keywords: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r}: write name=value")
        parts = [_literal(part) for part in text.split(",")]
        keywords[name.replace("-", "_")] = parts if "," in text or name in ("variants", "columns") else parts[0]
    return keywords


def _literal(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def setup(app: Sphinx) -> None:
    app.add_directive("study-figure", StudyFigure)
    app.connect("builder-inited", lambda app: load(Path(app.srcdir) / "book"))
