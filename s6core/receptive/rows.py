"""The receptive field of the project's own rows of data: no tensor, no torch."""

from __future__ import annotations

from collections.abc import Sequence

from s6core.layers import Layer
from s6core.operations import OPERATIONS
from s6core.receptive.errors import UnknownOperationError
from s6core.receptive.geometry import Axis
from s6core.receptive.reads import window
from s6core.receptive.record import Field


def fields(rows: Sequence[Layer]) -> list[Field]:
    """Return the receptive field of every row, in order.

    Raises `UnknownOperationError` for a row whose operation has no rule.
    """
    if not rows:
        return []
    axes = tuple(map(Axis.image, rows[0].input[1:]))
    marks: tuple[str, ...] = ()
    records = []
    for row in rows:
        if row.op not in OPERATIONS:
            raise UnknownOperationError(f"layer {row.name}: no rule for the operation {row.op!r}")
        before, reach = tuple(axis.shortest.size for axis in axes), OPERATIONS[row.op].reach
        if reach == "window":
            geometry = zip(row.kernel, row.stride, row.padding, row.dilation, strict=True)
            v, h = (window(*numbers) for numbers in geometry)
            axes = (axes[0].read(v, row.output[1]), axes[1].read(h, row.output[2]))
        elif reach == "whole":
            axes = (axes[0].collapse(), axes[1].collapse())
        elif reach == "statistics":  # pointwise in geometry, global in truth
            marks = (*marks, row.name)
        records.append(Field(name=row.name, op=row.op, output=row.output, axes=axes, global_by=marks, before=before))
    return records
