"""Pixels that a unit sees, as a box of the image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, init=False)
class Box:
    """Pixels top ≤ y < bottom and left ≤ x < right, as slices count: `image[box.slices]` is what the box holds.

    `Box(top, left, bottom, right)`; of a signal `Box(first, behind)`, of a volume three of each.
    """

    start: tuple[int, ...]
    stop: tuple[int, ...]

    def __init__(self, *ends: int) -> None:
        object.__setattr__(self, "start", ends[: len(ends) // 2])
        object.__setattr__(self, "stop", ends[len(ends) // 2 :])

    def __repr__(self) -> str:
        return f"Box{(*self.start, *self.stop)}"

    @property
    def top(self) -> int:
        return self.start[-2]

    @property
    def left(self) -> int:
        return self.start[-1]

    @property
    def bottom(self) -> int:
        return self.stop[-2]

    @property
    def right(self) -> int:
        return self.stop[-1]

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width in pixels; (0, 0) where the box is empty."""
        return tuple(max(0, b - a) for a, b in zip(self.start, self.stop, strict=True))

    @property
    def empty(self) -> bool:
        return 0 in self.size

    @property
    def slices(self) -> tuple[slice, ...]:
        """The box as an index of the last dimensions, for a box that was clipped to the image."""
        return tuple(map(slice, self.start, self.stop))


@dataclass(frozen=True)
class UnitField:
    """What one unit sees: `unclipped` by the formulas, `clipped` the pixels of the image that really reach it.

    The clipped box is the unclipped one cut at the image's edges, less the border pixels that some layer before left
    out: 28 pixels under a 3×3 window with stride 2 and no padding end at pixel 26. It is empty for a unit that sees
    nothing but padding.
    """

    unclipped: Box
    clipped: Box
