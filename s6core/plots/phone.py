"""What makes a picture fit a phone, and the check that it does."""

from __future__ import annotations

import textwrap

from matplotlib.figure import Figure
from matplotlib.text import Text

SCREEN = 358  # CSS pixels that a phone of 390 leaves to a figure
LEAST = 11.0  # CSS pixels, the smallest text
LETTER = 0.55  # how wide a letter is, of its size


def fit(picture: Figure) -> None:
    """Break the titles and the names of axes that would stick out of the picture, or into a neighbour."""
    named = [(ax, text) for ax in picture.axes for text in (ax.xaxis.label, ax.yaxis.label, ax.title, _title(ax))]
    if all(len(line) < 16 for _, text in named for line in text.get_text().split("\n")):
        return
    picture.draw_without_rendering()
    width, height = picture.bbox.size
    for ax, text in named:
        box, grid = ax.get_window_extent(), ax.get_subplotspec()
        rows, columns = grid.get_gridspec().get_geometry() if grid else (1, 1)
        middle = (box.x0 + box.x1) / 2
        across = 2 * min(middle, width - middle) if columns == 1 else width / columns
        room = height / rows if text is ax.yaxis.label else width - box.x0 if text is _title(ax) else across
        letters = max(8, int(room * 72 / picture.dpi / (LETTER * _points(text))))
        lines = (textwrap.wrap(line, letters, break_on_hyphens=False) or [""] for line in text.get_text().split("\n"))
        text.set_text("\n".join(line for group in lines for line in group))


def _points(text: Text) -> float:
    return float(text.get_fontsize())


def _title(ax: object) -> Text:
    return ax._left_title  # type: ignore[attr-defined, no-any-return]  # matplotlib has no public name for it


def complaint(picture: Figure, pixels: float) -> str:
    """Return what is wrong with a drawing that is `pixels` wide: it is too wide, or has text too small for a phone."""
    if pixels > SCREEN + 4:
        return f"it is {pixels:.0f} pixels wide, a phone has {SCREEN}: make its axes with s6core.plots.ink"
    texts = [text for text in picture.findobj(Text) if text.get_visible() and text.get_text().strip()]
    small = min(texts, key=_points, default=None)
    if small and (size := _points(small) * 4 / 3) < LEAST:
        return f"{small.get_text()!r} would be {size:.1f} pixels high, and {LEAST:.0f} is the least"
    return ""
