"""What to say where an operation cannot take what it is given: the channels, the dimensions, or the size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def does_not_fit(
    op: str, where: str, shapes: Sequence[tuple[int, ...]], args: Sequence[Any], size: tuple[int, ...],
    error: Exception,
) -> str:  # fmt: skip
    """Return one line that names the operation, what it was given, and why it cannot take that."""
    given = " and ".join(sizes(shape[1:]) for shape in shapes[:2]) or "a single number"
    return f"at {where!r}: {op} cannot take maps of {given}; {_why(op, shapes, args, size)} ({first_line(error)})"


def _why(op: str, shapes: Sequence[tuple[int, ...]], args: Sequence[Any], size: tuple[int, ...]) -> str:
    weight: Any = args[1] if len(args) > 1 else None
    if op.startswith("conv") and "transpose" not in op and hasattr(weight, "shape") and shapes:
        axes, channels = len(weight.shape) - 2, weight.shape[1] * (args[6] if len(args) > 6 else 1)
        if len(shapes[0]) - 2 != axes:
            return f"it slides along {_axes(axes)}, the images have {_axes(len(size))}: input_size={size}"
        if shapes[0][1] != channels:
            return f"it expects {_channels(channels)} and gets {_channels(shapes[0][1])}"
    return f"the input size {sizes(size)} is too small for this net or does not suit it"


def sizes(numbers: Sequence[int]) -> str:
    return "×".join(map(str, numbers))


def _axes(count: int) -> str:
    return "one axis" if count == 1 else f"{count} axes"


def _channels(count: int) -> str:
    return "1 channel" if count == 1 else f"{count} channels"


def first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
