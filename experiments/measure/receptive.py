"""What the units of the trained reference net see and say, for the chapter on receptive fields."""

from __future__ import annotations

from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from torch import nn

from experiments.measure import stored
from experiments.measure.stored import Stored, percent
from s6core import data
from s6core.config import NetConfig
from s6core.net import build
from s6core.receptive import effective_receptive_field, receptive_field
from s6core.step import batch
from s6core.train import logits

VOTES = "norm-logits"  # the ten maps as the average sees them
PROBED = ("conv1", "conv2", "conv3", "pool3", "conv4", "gap")
PROBES = 100  # images behind an effective field
STARTS = 10  # untrained nets
NEIGHBOURS, ASKED = 10_000, 2_000  # training images that the nearest-neighbour classifier knows, and test images
SIDES = tuple(range(4, 29, 4))
PAIRED = 4_000  # test images among which pairs are sought
INK = 20  # bright pixels that a box must hold, for an empty one is no digit


@click.command("receptive")
def command() -> None:
    """Write receptive/: what each cell of the reference net says alone, crops, pairs and effective fields."""
    torch.set_num_threads(1)
    reference = stored.load("reference")
    images = data.load()
    maps = logits(stored.upto(reference.net, VOTES), images.test, reference.train)  # (N, 10, 12, 12)
    arrays = effective(reference, images)
    cells(maps, images.test.labels)
    windows(maps, images)
    arrays |= examples(maps, images) | pairs(maps, images)
    stored.arrays("receptive/digits.npz", arrays)
    stored.origin("receptive/provenance.json", ["reference"], images)


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
    stored.table("receptive/cells.csv", frame)
    best = frame.loc[frame["accuracy"].idxmax()]
    pooled = maps.mean((2, 3)).argmax(1) == labels
    most = torch.stack([(own == c).sum((1, 2)) for c in range(10)], 1).argmax(1)
    share = right.double().mean((1, 2))
    stored.table("receptive/votes.csv", pd.DataFrame([{
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
    stored.table("receptive/windows.csv", frame)


def examples(maps: torch.Tensor, images: data.Data) -> dict[str, Any]:
    """Choose the first test image of each class that the net reads rightly, and the first four that it misreads."""
    labels, read = images.test.labels, maps.mean((2, 3)).argmax(1)
    chosen = [int(((labels == c) & (read == c)).nonzero()[0]) for c in range(10)]
    wrong = [int(n) for n in (labels != read).nonzero()[:4]]
    stored.table("receptive/examples.csv", pd.DataFrame([
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
    stored.table("receptive/pairs.csv", frame)
    # of the closest ones, those that show a class for the first time
    shown: list[int] = []
    for number, line in frame.iterrows():
        seen = {int(frame.loc[k, c]) for k in shown for c in ("one", "other")}
        if not {int(line["one"]), int(line["other"])} & seen:
            shown.append(int(number))  # type: ignore[arg-type]
    both = frame.loc[shown[:4], ["first", "second"]].to_numpy()
    return {"shown": np.array(shown[:4]), "pairs": images.test.images[torch.tensor(both.tolist())].numpy()}


def effective(found: Stored, images: data.Data) -> dict[str, Any]:
    """Write the effective field of a middle unit of each layer, before and after training."""
    probes = batch(images.test.images[:PROBES], found.train)
    rows, arrays = [], {}
    states: list[tuple[str, int, nn.Module]] = [("trained", 0, found.net)]
    states += [("untrained", seed, build(NetConfig(), seed=seed)) for seed in range(STARTS)]
    for state, seed, module in states:
        for layer in PROBED if seed == 0 else ("conv4",):
            field = effective_receptive_field(module, probes, layer)
            height, width = field.box.size
            rows.append({
                "state": state, "seed": seed, "layer": layer, "pixels": height * width, "area": round(field.area, 1),
                "radius": round(field.radius, 2), "share": round(100 * field.fill, 1),
                "inside": round(100 * field.inside, 2), "row": field.unit[0], "column": field.unit[1],
                "top": field.box.top, "left": field.box.left, "side": height, "images": field.images,
            })  # fmt: skip
            if seed == 0:
                arrays[f"{state}-{layer}"] = field.gradient.astype(np.float32)
    frame = pd.DataFrame(rows)
    stored.table("receptive/effective.csv", frame)
    starts = frame[(frame["state"] == "untrained") & (frame["layer"] == "conv4")]["area"]
    stored.table(
        "receptive/starts.csv", pd.DataFrame([{"starts": len(starts), "least": starts.min(), "most": starts.max()}])
    )
    return arrays
