"""The command `s6 rf`: the receptive field of every layer of a net, as a table or as JSON."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from s6core.config import ConfigError, NetConfig, parse, unknown
from s6core.receptive import Field, ReceptiveField, ReceptiveFieldError, receptive_field

if TYPE_CHECKING:
    from torch import nn


@click.command("rf")
@click.argument("model", metavar="MODEL")
@click.option("--input", "size", metavar="N", help="Image size: N, or HEIGHTxWIDTH.  [28; torchvision's nets: 224]")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of a table.")
def rf(model: str, size: str | None, as_json: bool) -> None:
    """Print what the units of each layer of MODEL see of the image.

    MODEL is s6 (the reference net), s6:FIELD=VALUE,... or torchvision:NAME. The centre of unit i lies at
    -padding + i * stride + (size - 1) / 2; a pair is vertical x horizontal.

    \b
    Examples: s6 rf s6:pool_after=2,norm=none
              s6 rf torchvision:resnet50 --input 224 --json
    """
    try:
        field = field_of(model, size)
    except (ConfigError, ReceptiveFieldError) as error:
        click.echo(f"s6: {error}", err=True)
        sys.exit(2)
    if as_json:
        click.echo(json.dumps([row(record) for record in field]))
    else:
        click.echo("\n".join(table(field)))


def field_of(model: str, size: str | None) -> ReceptiveField:
    """Return the receptive field of a model named as on the command line."""
    pixels = _pixels(size)
    family, _, rest = model.partition(":")
    if family == "s6":
        return receptive_field(parse(NetConfig, re.split(r",(?=\s*\w+=)", rest) if rest else []), pixels)
    if family == "torchvision" and rest:
        return receptive_field(_torchvision(rest), pixels or (299 if rest == "inception_v3" else 224))
    raise ReceptiveFieldError(f"model {model!r}: allowed is s6, s6:field=value,… or torchvision:NAME")


def row(record: Field) -> dict[str, Any]:
    """Return a record as JSON holds it; a stride or padding after an upsampling may be no whole number."""
    numbers = {name: [_json(n) for n in getattr(record, name)] for name in ("size", "stride", "padding")}
    return {"layer": record.name, **numbers, "output": list(record.output)}


def table(field: ReceptiveField) -> list[str]:
    """Return the lines of the table that the terminal shows."""
    width = max(5, *(len(record.name) for record in field))
    height, length = field.input_size
    lines = [
        f"{len(field)} layers on an image of {height} × {length}",
        f"{'layer':<{width}}  {'size':>11}  {'stride':>9}  {'padding':>11}  output",
    ]
    for record in field:
        size, stride, padding = map(_text, (record.size, record.stride, record.padding))
        shape = " × ".join(map(str, record.output))
        mark = " *" if record.is_global else ""
        lines.append(f"{record.name:<{width}}  {size:>11}  {stride:>9}  {padding:>11}  {shape}{mark}")
    if marks := field[-1].global_by:
        more = f" and {len(marks) - 3} more" if len(marks) > 3 else ""
        lines.append(
            f"* depends on the whole image through {', '.join(marks[:3])}{more}; the field is the geometric one"
        )
    return lines


def _torchvision(name: str) -> nn.Module:
    import torch
    from torch.overrides import TorchFunctionMode
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise ReceptiveFieldError(unknown("torchvision net", name, known))
    factories = {torch.empty, torch.ones, torch.zeros}

    class WithoutWeights(TorchFunctionMode):
        """Weights without memory; the small tensors that a net computes its own shape with stay real."""

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if func in factories and kwargs.get("device") is None:
                kwargs["device"] = "meta"
            return func(*args, **kwargs)

    extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with WithoutWeights():
        net: nn.Module = models.get_model(name, weights=None, **extra)
    return net.to("meta")  # its constant buffers too


def _pixels(size: str | None) -> tuple[int, int] | None:
    if size is None:
        return None
    numbers = re.fullmatch(r"(\d+)(?:[x×](\d+))?", size)
    if not numbers:
        raise ReceptiveFieldError(f"--input {size}: allowed is a number of pixels, or HEIGHTxWIDTH")
    return int(numbers[1]), int(numbers[2] or numbers[1])


def _json(number: Any) -> int | float:
    return number if isinstance(number, int) else float(number)


def _text(pair: tuple[Any, Any]) -> str:
    v, h = (f"{_json(n):g}" for n in pair)
    return v if v == h else f"{v}x{h}"


if __name__ == "__main__":
    rf()
