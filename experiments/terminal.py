"""How wide the terminal is, and sentences broken to it."""

from __future__ import annotations

import shutil
import textwrap

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
