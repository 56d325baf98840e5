"""What the units of the trained reference net see and say, measured once for the chapter on receptive fields.

python -m experiments.receptive [--only nets]

The book reads the tables that this writes into results/receptive/; it never runs a net itself, so that a build stays
fast and needs no images. A test compares the hash of the weights, so that new weights ask for a new call.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from safetensors.torch import load as load_weights
from torch import nn

from experiments.cli.rf import field_of
from s6core import data, idx, results
from s6core.config import NetConfig
from s6core.net import build
from s6core.receptive import Field, effective_receptive_field, receptive_field

FOLDER = Path("results")
VOTES = "norm-logits"  # the ten maps as the average sees them
PROBED = ("conv1", "conv2", "conv3", "pool3", "conv4", "gap")
PROBES = 100  # images behind an effective field
STARTS = 10  # untrained nets
NEIGHBOURS, ASKED = 10_000, 2_000  # training images that the nearest-neighbour classifier knows, and test images
SIDES = tuple(range(4, 29, 4))
PAIRED = 4_000  # test images among which pairs are sought
INK = 20  # bright pixels that a box must hold, for an empty one is no digit

NETS = {
    "alexnet": ("AlexNet", 2012), "vgg16": ("VGG-16", 2014), "googlenet": ("GoogLeNet", 2014),
    "resnet18": ("ResNet-18", 2015), "resnet50": ("ResNet-50", 2015), "resnet152": ("ResNet-152", 2015),
    "inception_v3": ("Inception-v3", 2015), "squeezenet1_0": ("SqueezeNet", 2016),
    "densenet121": ("DenseNet-121", 2016), "mobilenet_v2": ("MobileNet-v2", 2018),
    "mobilenet_v3_large": ("MobileNet-v3", 2019), "efficientnet_b0": ("EfficientNet-B0", 2019),
    "convnext_tiny": ("ConvNeXt-T", 2022),
}  # fmt: skip
"""Nets of torchvision, with the year of their paper."""


@click.command()
@click.option("--weights", default="ablations/reference", show_default=True, help="STUDY/VARIANT whose seed 0 is read.")
@click.option("--only", type=click.Choice(["digits", "nets"]), help="Write only a part.")
def main(weights: str, only: str | None) -> None:
    """Write results/receptive/."""
    torch.set_num_threads(1)
    if only != "nets":
        measure(weights)
    if only != "digits":
        growth = pd.concat([of_net(name) for name in NETS], ignore_index=True)
        last = growth.groupby("net", sort=False).tail(1)
        store("growth.csv", growth[["net", "title", "number", "layer", "size", "stride", "padding"]])
        store("nets.csv", last.rename(columns={"number": "convolutions"}))


def measure(weights: str) -> None:
    """Write what needs the trained net and real digits."""
    path = results.weights_path(FOLDER / weights.split("/")[0], weights.split("/")[1])
    content = path.read_bytes()
    images = data.load()
    net = build(NetConfig())
    net.load_state_dict(load_weights(content))
    net.eval()
    maps, labels = votes(net, images.test.images), images.test.labels
    arrays = effective(net, images)
    cells(maps, labels)
    windows(maps, images)
    arrays |= examples(maps, images) | pairs(maps, images)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: np.asarray(array) for name, array in arrays.items()})
    results.write(FOLDER / "receptive" / "digits.npz", buffer.getvalue())
    made = {
        "weights": path.relative_to(FOLDER).as_posix(),
        "weights_sha256": hashlib.sha256(content).hexdigest(),
        "data_sha256": idx.digest("mnist"),
        **results.provenance(),
    }
    results.write(FOLDER / "receptive" / "provenance.json", (json.dumps(made, indent=1) + "\n").encode())


@torch.no_grad()
def votes(net: nn.Sequential, images: torch.Tensor) -> torch.Tensor:
    """Return the ten maps (N, 10, 12, 12) that the average turns into logits."""
    trunk = net[: [name for name, _ in net.named_children()].index(VOTES) + 1]
    return torch.cat([trunk(normalised(batch)) for batch in images.split(250)])


def normalised(images: torch.Tensor) -> torch.Tensor:
    return data.normalise(images, "dataset", "mnist")


def percent(right: torch.Tensor) -> float:
    return round(100 * float(right.double().mean()), 2)


def cells(maps: torch.Tensor, labels: torch.Tensor) -> None:
    """Write how often each cell alone names the digit, and how often they do together."""
    field = receptive_field(NetConfig())[VOTES]
    own = maps.argmax(1)  # (N, 12, 12)
    right = own == labels[:, None, None]
    rows = []
    for i, j in np.ndindex(*field.units):
        box = field.unit(i, j).clipped
        rows.append({
            "row": i, "column": j, "top": box.top, "left": box.left, "height": box.size[0], "width": box.size[1],
            "accuracy": percent(right[:, i, j]),
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    store("cells.csv", frame)
    best = frame.loc[frame["accuracy"].idxmax()]
    pooled = maps.mean((2, 3)).argmax(1) == labels
    most = torch.stack([(own == c).sum((1, 2)) for c in range(10)], 1).argmax(1)
    share = right.double().mean((1, 2))
    store("votes.csv", pd.DataFrame([{
        "images": len(labels), "cells": len(frame), "pooled_accuracy": percent(pooled),
        "plurality_accuracy": percent(most == labels), "mean_cell_accuracy": round(frame["accuracy"].mean(), 2),
        "best_cell_accuracy": best["accuracy"], "best_row": int(best["row"]), "best_column": int(best["column"]),
        "worst_cell_accuracy": frame["accuracy"].min(),
        "corner_accuracy": frame.query("row == 0 and column == 0")["accuracy"].iloc[0],
        "most_frequent_accuracy": percent(labels == labels.mode().values),
        "cells_right_share": round(100 * float(share[pooled].mean()), 1),
        "minority": int((share[pooled] < 0.5).sum()), "pooled_right": int(pooled.sum()),
    }]))  # fmt: skip


def windows(maps: torch.Tensor, images: data.Data) -> None:
    """Write accuracy against the pixels seen: the net's own central cells, and nearest neighbours in a central crop."""
    labels = images.test.labels
    field = receptive_field(NetConfig())[VOTES]
    rows = []
    for count in range(2, maps.shape[-1] + 1, 2):  # an even number of cells has a middle: the image's
        first = (maps.shape[-1] - count) // 2
        last = first + count
        top = field.unit(first, first).clipped.top
        side = field.unit(last - 1, last - 1).clipped.bottom - top
        middle = maps[:, :, first:last, first:last].mean((2, 3)).argmax(1)
        right = percent(middle == labels)
        rows.append({"who": "net", "cells": count**2, "side": side, "images": len(labels), "accuracy": right})
    known, other = images.train.take(slice(0, NEIGHBOURS)), images.test.take(slice(0, ASKED))
    for side in SIDES:
        a = (28 - side) // 2
        train, test = (x.images[:, a : a + side, a : a + side].flatten(1).float() / 255 for x in (known, other))
        nearest = torch.cat([
            ((train**2).sum(1) - 2 * batch @ train.T).argmin(1) for batch in test.split(500)
        ])  # fmt: skip
        right = percent(known.labels[nearest] == other.labels)
        rows.append({"who": "nearest neighbour", "cells": None, "side": side, "images": ASKED, "accuracy": right})
    frame = pd.DataFrame(rows).astype({"cells": "Int64"})
    store("windows.csv", frame)


def examples(maps: torch.Tensor, images: data.Data) -> dict[str, Any]:
    """Choose the first test image of each class that the net reads rightly, and the first four that it misreads."""
    labels, read = images.test.labels, maps.mean((2, 3)).argmax(1)
    chosen = [int(((labels == c) & (read == c)).nonzero()[0]) for c in range(10)]
    wrong = [int(n) for n in (labels != read).nonzero()[:4]]
    store("examples.csv", pd.DataFrame([
        {"index": n, "label": int(labels[n]), "read": int(read[n]),
         "cells_right": int((maps[n].argmax(0) == labels[n]).sum())}
        for n in chosen + wrong
    ]))  # fmt: skip
    index = torch.tensor(chosen + wrong)
    return {"examples": images.test.images[index].numpy(), "maps": maps[index].half().numpy()}


def pairs(maps: torch.Tensor, images: data.Data) -> dict[str, Any]:
    """Find digits of different classes, both read rightly, that one box of the middle shows almost alike."""
    labels, read = images.test.labels[:PAIRED], maps[:PAIRED].mean((2, 3)).argmax(1)
    digits = images.test.images[:PAIRED].float() / 255
    field = receptive_field(NetConfig())[VOTES]
    best: dict[tuple[int, int], dict[str, Any]] = {}
    for i, j in np.ndindex(4, 4):
        row, column = i + 4, j + 4
        crops = digits[(slice(None), *field.unit(row, column).clipped.slices)].flatten(1)
        index = ((labels == read) & ((crops > 0.5).sum(1) >= INK)).nonzero()[:, 0]
        own = crops[index]
        energy = (own**2).sum(1)
        apart = (energy[:, None] + energy - 2 * own @ own.T).clamp_min(0) / (energy[:, None] + energy)
        for a in range(10):
            for b in range(a + 1, 10):
                these, those = (labels[index] == a).nonzero()[:, 0], (labels[index] == b).nonzero()[:, 0]
                if not len(these) or not len(those):
                    continue
                part = apart[these][:, those]
                x, y = divmod(int(part.argmin()), len(those))
                found = {"row": row, "column": column, "difference": round(100 * float(part[x, y]), 1)}
                found |= {"first": int(index[these[x]]), "second": int(index[those[y]]), "one": a, "other": b}
                if (a, b) not in best or found["difference"] < best[a, b]["difference"]:
                    best[a, b] = found
    for found in best.values():
        for name in ("first", "second"):
            place = (found[name], slice(None), found["row"], found["column"])
            found[f"{name}_cell"] = int(maps[place].argmax())
    frame = pd.DataFrame(best.values()).sort_values("difference").reset_index(drop=True)
    frame.insert(0, "rank", range(1, len(frame) + 1))
    store("pairs.csv", frame)
    # of the closest ones, those that show a class for the first time
    shown: list[int] = []
    for number, line in frame.iterrows():
        seen = {int(frame.loc[k, c]) for k in shown for c in ("one", "other")}
        if not {int(line["one"]), int(line["other"])} & seen:
            shown.append(int(number))  # type: ignore[arg-type]
    both = frame.loc[shown[:4], ["first", "second"]].to_numpy()
    return {"shown": np.array(shown[:4]), "pairs": images.test.images[torch.tensor(both.tolist())].numpy()}


def effective(net: nn.Sequential, images: data.Data) -> dict[str, Any]:
    """Write the effective field of a middle unit of each layer, before and after training."""
    probes = normalised(images.test.images[:PROBES])
    rows, arrays = [], {}
    states: list[tuple[str, int, nn.Module]] = [("trained", 0, net)]
    states += [("untrained", seed, build(NetConfig(), seed=seed)) for seed in range(STARTS)]
    for state, seed, module in states:
        for layer in PROBED if seed == 0 else ("conv4",):
            found = effective_receptive_field(module, probes, layer)
            height, width = found.box.size
            rows.append({
                "state": state, "seed": seed, "layer": layer, "pixels": height * width, "area": round(found.area, 1),
                "radius": round(found.radius, 2), "share": round(100 * found.fill, 1),
                "inside": round(100 * found.inside, 2), "row": found.unit[0], "column": found.unit[1],
                "top": found.box.top, "left": found.box.left, "side": height, "images": found.images,
            })  # fmt: skip
            if seed == 0:
                arrays[f"{state}-{layer}"] = found.gradient.astype(np.float32)
    frame = pd.DataFrame(rows)
    store("effective.csv", frame)
    starts = frame[(frame["state"] == "untrained") & (frame["layer"] == "conv4")]["area"]
    store("starts.csv", pd.DataFrame([{"starts": len(starts), "least": starts.min(), "most": starts.max()}]))
    return arrays


def of_net(name: str) -> pd.DataFrame:
    """Return a row per convolution of one of torchvision's nets, as far as its units have neighbours."""
    field = field_of(f"torchvision:{name}", None)
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


def store(name: str, frame: pd.DataFrame) -> None:
    """Write a table; a column of whole numbers stays one where some rows lack it."""
    whole = [c for c in frame.select_dtypes("float") if frame[c].isna().any() or (frame[c] % 1 == 0).all()]
    whole = [c for c in whole if (frame[c].dropna() % 1 == 0).all()]
    results.write(FOLDER / "receptive" / name, frame.astype(dict.fromkeys(whole, "Int64")).to_csv(index=False).encode())


if __name__ == "__main__":
    main()
