"""The field grows as one scrolls: the box on a digit, the cone in the side view and the recurrence, a layer at a time.

    ```{grow-field} logits
    :digit: 8
    ```

The steps are the layers of the reference net up to the named one that read more than one place. Their numbers are those
of the engine; the list of them stands there as text, and the script draws beside it. Where no motion is wanted, and on
paper, each step has a still picture instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from experiments.answers.registry import known_as
from s6core import receptive
from s6core.config import NetConfig
from s6core.layers import layers
from s6core.operations import OPERATIONS

from .live import LiveNode, a_digit, logger

PIXEL = 14  # the chosen units lie over it, the middle of 28


@dataclass(frozen=True)
class Step:
    """A layer along one axis, in pixels: its kernel, and where its units and their fields lie."""

    name: str
    words: str
    kernel: int
    size: int  # of the field
    step: int  # between the fields of neighbours
    padding: int  # how far the field of unit 0 begins before the image
    units: int

    @property
    def unit(self) -> int:
        """The unit whose field has its middle nearest to that of `PIXEL`."""
        nearest = round((PIXEL + 0.5 - self.size / 2 + self.padding) / self.step)
        return min(max(nearest, 0), self.units - 1)

    @property
    def low(self) -> int:
        return self.unit * self.step - self.padding


def steps(last: str) -> list[Step]:
    """Return the layers of the reference net that make the field larger, up to `last`. Raises `KeyError`."""
    rows = layers(NetConfig())
    fields = {field.name: field for field in receptive.fields(rows)}
    known_as("layer", last, fields)
    found = []
    for row in rows[: list(fields).index(last) + 1]:
        field = fields[row.name]
        if row.kernel[0] > 1:
            numbers = (row.kernel[0], field.size[0], field.stride[0], field.padding[0], field.units[0])
            found.append(Step(row.name, OPERATIONS[row.op].word, *map(int, numbers)))
    return found


def listed(found: list[Step]) -> str:
    """Return the steps as a list of what each layer is and what it makes of the field below it."""
    return f"<ol>{''.join(map(_item, found, [None, *found]))}</ol>"


def _item(step: Step, before: Step | None) -> str:
    size, jump = (before.size, before.step) if before else (1, 1)
    data = {name: getattr(step, name) for name in ("name", "size", "low", "step", "padding", "units")}
    attributes = "".join(f' data-{name}="{escape(str(value))}"' for name, value in data.items())
    below = f"neighbours below it are {jump} pixel{'s' if jump > 1 else ''} apart"
    return (
        f"<li{attributes}><p><strong>{step.name}</strong>, {step.words} of {step.kernel} × {step.kernel}: {below}.</p>"
        f'<p class="gf-sum">{size} + ({step.kernel} − 1) · {jump} = <b>{step.size}</b></p></li>'
    )


class Grow(SphinxDirective):
    required_arguments = 1
    option_spec = {"digit": a_digit}

    def run(self) -> list[nodes.Node]:
        try:
            found = steps(self.arguments[0])
        except KeyError as error:
            logger.warning("grow-field: %s", error.args[0], location=self.get_location(), type="s6")
            return []
        attributes: dict[str, Any] = {"digit": "8", **self.options}
        node = LiveNode("", component="grow-field", attributes=attributes)
        node += nodes.raw("", listed(found), format="html")
        return [node]


def setup(app: Sphinx) -> None:
    app.add_directive("grow-field", Grow)
