"""What can go wrong, each named for what it is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s6core.receptive.record import ReceptiveField


class ReceptiveFieldError(ValueError):
    """A net, an input size or a name for which there is no receptive field; the message says which and why.

    `so_far` holds the records of everything before an operation without an answer, where a net was followed so far.
    """

    so_far: ReceptiveField | None = None


class MisalignedError(ReceptiveFieldError):
    """Branches that meet while looking at different places of the image."""


class UnknownOperationError(ReceptiveFieldError):
    """An operation without a rule: naming it beats guessing."""


class UnknownLayerError(ReceptiveFieldError, KeyError):
    """A name that no layer has."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        offer = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(known[:8])}"
        super().__init__(f"unknown layer {name!r}: {offer}" + (", …" if not near and len(known) > 8 else ""))

    __str__ = ValueError.__str__  # a KeyError would print the repr of its message
