"""What the units of torchvision's nets see: receptive fields layer by layer, without a weight or an image."""

from __future__ import annotations

from collections.abc import Callable

import click
import numpy as np
import pandas as pd

from experiments.measure import stored
from experiments.models import load
from s6core.receptive import Field, receptive_field

NETS = {
    "alexnet": ("AlexNet", 2012), "vgg16": ("VGG-16", 2014), "googlenet": ("GoogLeNet", 2014),
    "resnet18": ("ResNet-18", 2015), "resnet50": ("ResNet-50", 2015), "resnet152": ("ResNet-152", 2015),
    "inception_v3": ("Inception-v3", 2015), "squeezenet1_0": ("SqueezeNet", 2016),
    "densenet121": ("DenseNet-121", 2016), "mobilenet_v2": ("MobileNet-v2", 2018),
    "mobilenet_v3_large": ("MobileNet-v3", 2019), "efficientnet_b0": ("EfficientNet-B0", 2019),
    "convnext_tiny": ("ConvNeXt-T", 2022),
}  # fmt: skip
"""Nets of torchvision, with the year of their paper."""


@click.command("nets")
def command() -> None:
    """Write receptive/growth.csv and nets.csv: the fields of every convolution, and those that the head gets."""
    growth = pd.concat([of_net(name) for name in NETS], ignore_index=True)
    last = growth.groupby("net", sort=False).tail(1)
    stored.table("receptive/growth.csv", growth[["net", "title", "number", "layer", "size", "stride", "padding"]])
    stored.table("receptive/nets.csv", last.rename(columns={"number": "convolutions"}))


def of_net(name: str) -> pd.DataFrame:
    """Return a row per convolution of one of torchvision's nets, as far as its units have neighbours."""
    field = receptive_field(*load(f"torchvision:{name}"))
    convolutions = [r for r in field if r.op == "Conv2d" and max(r.units) > 1]
    spatial: Callable[[Field], bool] = lambda r: max(r.units) > 1 and "Adaptive" not in r.op  # noqa: E731
    last = [r for r in field if spatial(r)][-1]  # what the head averages or flattens
    rows = [{"number": n, "layer": r.name, **_numbers(r)} for n, r in enumerate(convolutions, 1)]
    side = field.input_size[0]
    whole = [last.unit(*place).clipped.size == field.input_size for place in np.ndindex(*last.units)]
    rows.append({
        "number": len(convolutions), "layer": last.name, **_numbers(last), "input": side, "units": last.units[0],
        "share": round(100 * last.size[0] / side), "whole": sum(whole), "total": len(whole),
        "global_layers": len(last.global_by),
    })  # fmt: skip
    title, year = NETS[name]
    frame = pd.DataFrame(rows)
    frame.insert(0, "net", name)
    frame.insert(1, "title", title)
    frame["year"] = year
    return frame


def _numbers(record: Field) -> dict[str, int]:
    return {"size": int(record.size[0]), "stride": int(record.stride[0]), "padding": int(record.padding[0])}
