"""What each unit of a net sees of its input: in theory for every layer, and in effect after training.

Importing this package imports no torch; a function that needs it imports it when called.
"""

from __future__ import annotations

from s6core.receptive.errors import MisalignedError, ReceptiveFieldError, UnknownLayerError, UnknownOperationError
from s6core.receptive.record import Box, Field, ReceptiveField, UnitField
from s6core.receptive.rows import fields

__all__ = [
    "Box", "Field", "MisalignedError", "ReceptiveField", "ReceptiveFieldError", "UnitField", "UnknownLayerError",
    "UnknownOperationError", "fields",
]  # fmt: skip
