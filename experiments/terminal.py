"""How wide the terminal is, and sentences and tables fitted to it."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Collection, Sequence

NARROWEST = 50


def width() -> int:
    """Return how many columns there are to write in."""
    return max(NARROWEST, shutil.get_terminal_size().columns)


def paragraph(text: str, *, indent: str = "", hanging: str | None = None) -> str:
    """Break a sentence to the width of the terminal, further lines behind `hanging`; a path stays whole."""
    return textwrap.fill(
        text, width(), initial_indent=indent, subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False, break_long_words=False,
    )  # fmt: skip


def columns(rows: Sequence[Sequence[str]], *, left: Collection[int], spare: int) -> list[str]:
    """Return rows of cells in columns, those named in `left` aligned there.

    Where the terminal is too narrow, the column `spare` is left out, and then the others stand closer.
    """
    lines: list[str] = []
    for kept, gap in ((None, "  "), (spare, "  "), (spare, " ")):
        chosen = [n for n in range(len(rows[0])) if n != kept]
        sizes = {n: max(len(row[n]) for row in rows) for n in chosen}
        aligned = ((row[n].ljust(sizes[n]) if n in left else row[n].rjust(sizes[n]) for n in chosen) for row in rows)
        lines = [gap.join(cells).rstrip() for cells in aligned]
        if max(map(len, lines)) <= width():
            break
    return lines
