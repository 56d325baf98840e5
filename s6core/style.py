"""How figures look: one palette for light and dark pages that colour-blind readers can tell apart.

`style("light", "narrow")` is a context manager, so that nothing is set globally; `colour(variant)` is the same for a
variant in every figure of the book.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
from cycler import cycler

Theme = Literal["light", "dark"]
Width = Literal["wide", "narrow"]

INCHES = {"wide": 6.6, "narrow": 3.7}
"""How wide a figure is: the column of a laptop, and that of a phone, where 3.7 inches are 355 CSS pixels."""

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B8A900")
"""Blue, orange, bluish green, vermillion, reddish purple, sky blue, and yellow darkened to show on white.

Okabe and Ito, "Color Universal Design" (2008). Black, their eighth, is the ink here.
"""

NAMED = {
    "reference": 0, "no-bn": 3, "fc": 2, "dropout-0.10": 1, "dropout-0.25": 4, "gap-fc": 5, "max": 6,
    "group": 5, "layer": 6, "instance": 1, "dropout-0.05": 6, "dropout-0.50": 3, "none": 3,
    "no-bn+lr-0.03": 1, "no-bn+linear-logits": 2, "linear-logits": 4,
}  # fmt: skip
"""The palette's number of the variants that appear most; any other name has a fixed one of its own."""

INK = {"light": "#1f2933", "dark": "#e4e7eb"}
SOFT = {"light": "#616e7c", "dark": "#9aa5b1"}
GRID = {"light": "#e3e7eb", "dark": "#2c343d"}
PAPER = {"light": "#ffffff", "dark": "#14181e"}  # the page's own background, see book/_static/style.css
ACCENT = {"light": "#5e4fa2", "dark": "#b3a5ea"}  # to point at what is no variant: blue is the reference's alone
WARM = {"light": "#d45e01", "dark": "#e69f01"}  # its opposite; a shade beside the palette's, so that it can be told

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def colour(variant: str) -> str:
    """Return the colour of a variant: the same in every figure, light or dark."""
    return OKABE_ITO[_number(variant)]


def marker(variant: str) -> str:
    """Return the marker of a variant, so that no figure depends on colour alone."""
    return _MARKERS[_number(variant)]


def colours(variants: Iterable[str]) -> dict[str, str]:
    """Return a colour for each variant, without repeats as long as the palette lasts.

    A variant keeps its own colour unless another of the same figure has it: one that is in `NAMED`, or an earlier one.
    """
    variants = list(variants)
    chosen: dict[str, str] = {}
    for variant in sorted(variants, key=lambda name: name not in NAMED):
        free = [c for c in (*OKABE_ITO[1:], OKABE_ITO[0]) if c not in chosen.values()] or list(
            OKABE_ITO[1:]
        )  # blue last
        own = colour(variant)
        chosen[variant] = own if own in free else free[0]
    return {variant: chosen[variant] for variant in variants}


@contextmanager
def style(theme: Theme = "light", width: Width = "wide") -> Iterator[None]:
    """Draw everything inside the `with` in one theme, for one width of screen (see `s6core.plots.ink.axes`).

    The figures have no background: the page's shows through.
    """
    for name, value, allowed in (("theme", theme, INK), ("width", width, INCHES)):
        if value not in allowed:
            raise ValueError(f"{name}={value!r}: allowed is {' or '.join(allowed)}")
    with mpl.rc_context(_settings(theme, width)):  # type: ignore[arg-type]
        yield


def darken(svg: str) -> str:
    """Return a light SVG in the colours of the dark theme, sparing a second drawing.

    It is what the dark theme would draw as long as all that differs are the theme's colours, and none is in pixels.
    """
    pairs = {own["light"]: own["dark"] for own in (INK, SOFT, GRID, PAPER, ACCENT, WARM)}
    return re.sub("|".join(pairs), lambda found: pairs[found[0]], svg)


def _settings(theme: Theme, width: Width) -> dict[str, Any]:
    ink, soft, grid = INK[theme], SOFT[theme], GRID[theme]
    smaller = width == "narrow"
    return {
        "figure.figsize": (INCHES[width], 3.9),
        "figure.facecolor": "none",
        "figure.constrained_layout.use": True,
        "savefig.facecolor": "none",
        "axes.facecolor": "none",
        "axes.edgecolor": soft,
        "axes.labelcolor": ink,
        "axes.titlecolor": ink,
        "axes.titlesize": 12 - smaller,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelsize": 11 - smaller,
        "axes.labelpad": 6,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=OKABE_ITO),
        "grid.color": grid,
        "grid.linewidth": 0.8,
        "xtick.color": soft,
        "ytick.color": soft,
        "xtick.labelcolor": ink,
        "ytick.labelcolor": ink,
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
        "text.color": ink,
        "lines.linewidth": 2.0,
        "lines.markersize": 6,
        "legend.frameon": False,
        "legend.fontsize": 10,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same picture on every machine
        "font.size": 10.5,
        "svg.fonttype": "path",
        "svg.hashsalt": "s6",  # the same figure is the same file
        "image.cmap": "gray",
    }


def _number(variant: str) -> int:
    if variant in NAMED:
        return NAMED[variant]
    return 1 + zlib.crc32(variant.encode()) % (len(OKABE_ITO) - 1)  # never the reference's blue and round mark
