"""The few icons that the site uses, in place of the theme's 2,000.

The theme loads 1.5 MB of script that swaps each icon for a drawing, beside a style sheet and a font that draw the same
icons without it. Here the script goes, and the font keeps the glyphs that some page or style names; it is written into
the style sheet, so that no icon comes late.
"""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

from fontTools import subset
from sphinx.application import Sphinx

SHEET = "_static/styles/pydata-sphinx-theme.css"
FACES = {
    "fa-solid-900": ("fas", "fa-solid"),
    "fa-regular-400": ("far", "fa-regular"),
    "fa-brands-400": ("fab", "fa-brands"),
}
CLASSES = re.compile(r'class="([^"]*\bfa-[^"]*)"')
GLYPH = re.compile(r'((?:\.fa-[\w-]+:{1,2}before,?)+)\{content:"\\([0-9a-f]+)"\}')
FACE = re.compile(r"(@font-face\{[^}]*?)src:url\(\.\./vendor/fontawesome/webfonts/([\w-]+)\.woff2\)[^}]*\}")


def used(site: Path) -> set[str]:
    """Return the classes of all icons on the site's pages, `fa-bars` and `fa-solid` among them."""
    pages = (path.read_text(encoding="utf-8") for path in site.rglob("*.html"))
    return {name for page in pages for found in CLASSES.findall(page) for name in found.split()}


def trim(sheet: str, names: set[str], fonts: Path) -> str:
    """Return the theme's style sheet with the rules and the glyphs of these icons, and of those that styles draw."""
    drawn = {ord(sign) for sign in re.findall(r'--pst-icon-[\w-]+:"(.)"', sheet)}

    def rule(match: re.Match[str]) -> str:
        if names.isdisjoint(re.findall(r"fa-[\w-]+", match[1])):
            return ""
        drawn.add(int(match[2], 16))
        return match[0]

    def face(match: re.Match[str]) -> str:
        if names.isdisjoint(FACES[match[2]]) and match[2] != "fa-solid-900":  # the styles' own are solid
            return ""
        return f"{match[1]}src:url(data:font/woff;base64,{glyphs(fonts / f'{match[2]}.ttf', drawn)})}}"

    return FACE.sub(face, GLYPH.sub(rule, sheet))


def glyphs(font: Path, points: set[int]) -> str:
    """Return a font of these code points alone, as base64."""
    options = subset.Options(flavor="woff", notdef_outline=True)
    with subset.load_font(font, options) as whole:
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=points)
        subsetter.subset(whole)
        buffer = io.BytesIO()
        subset.save_font(whole, buffer, options)
    return base64.b64encode(buffer.getvalue()).decode()


def draw_few(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    sheet = site / SHEET
    fonts = site / "_static/vendor/fontawesome/webfonts"
    sheet.write_text(trim(sheet.read_text(encoding="utf-8"), used(site), fonts), encoding="utf-8")


def setup(app: Sphinx) -> None:
    app.connect("build-finished", draw_few)
