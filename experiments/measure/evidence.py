"""Where each head finds its evidence, and whether it minds where the digit stands."""

from __future__ import annotations

from math import prod
from typing import Any

import click
import pandas as pd
import torch
from torch import nn

from experiments.measure import stored
from experiments.measure.stored import Stored, percent
from s6core import data
from s6core.config import TrainConfig
from s6core.net import build
from s6core.train import logits

HEADS = ("reference", "fc", "gap-fc", "max")
MAPS = "norm-logits"  # the ten maps as the head gets them
SHIFTS = range(7)
DIRECTIONS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
EVERY = 5  # test images from one that is moved to the next: the first half of them is easier than the second
EACH = 2  # examples that one head reads rightly and the other does not


@click.command("evidence")
def command() -> None:
    """Write evidence/: on how many places each head's answers rest, and how it reads digits that are moved."""
    torch.set_num_threads(1)
    heads = {head: stored.load(head) for head in stored.stored(HEADS)}
    images = data.load()
    places(heads, images.test)
    some = images.test.take(slice(None, None, EVERY))
    stored.table("evidence/shifts.csv", pd.concat([shifts(found, some) for found in heads.values()]))
    stored.origin("evidence/heads.json", heads, images)


def places(heads: dict[str, Stored], part: data.Images) -> None:
    """Write what each place of the maps adds to the answers, head by head."""
    rows, parts = [], {}
    for head, found in heads.items():
        kind, maps = found.record.net.head, trunk(found.net, part, found.train)
        places, bias = parts[head] = evidence(found.net, kind, maps)
        mixed = shuffled(found.net, kind, maps, part.labels)
        rows.append({"variant": head, **spread(places, bias, part.labels), **mixed})
        if kind == "fc":
            stored.table("evidence/weights.csv", weights(found, maps.shape[1:]))
    stored.table("evidence/heads.csv", pd.DataFrame(rows))
    examples(parts["reference"], parts["fc"], part)


def trunk(net: nn.Sequential, part: data.Images, train: TrainConfig) -> torch.Tensor:
    """Return the maps (N, classes, height, width) that reach the head."""
    return logits(stored.upto(net, MAPS), part, train)


@torch.no_grad()
def evidence(net: nn.Sequential, head: str, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Split the logits into what each place adds, shape of `maps`, and what no place does, (classes,): their sum.

    A place adds its share of the average (gap), its channels times their weights (fc, gap-fc), or, where it is the
    highest of its map, all of it (max).
    """
    classes, *size = maps.shape[1:]
    none = torch.zeros(classes)
    if head == "gap":
        return maps / prod(size), none
    if head == "max":
        flat = maps.flatten(2)
        peak = flat.argmax(2, keepdim=True)
        return torch.zeros_like(flat).scatter(2, peak, flat.gather(2, peak)).view_as(maps), none
    layer = net.get_submodule("fc")
    weight, bias = layer.get_parameter("weight"), layer.get_parameter("bias")
    if head == "fc":
        return torch.einsum("ckhw,nkhw->nchw", weight.view(-1, classes, *size), maps), bias
    return torch.einsum("ck,nkhw->nchw", weight, maps) / prod(size), bias


def spread(found: torch.Tensor, bias: torch.Tensor, labels: torch.Tensor) -> dict[str, Any]:
    """Say on how many places the answers rest.

    What tells the first choice from the second is a sum over places. `places` is the number of equally strong ones that
    it amounts to, (Σ|e|)² / Σe², `against` the share of places (%) that would have it the other way, and `neighbours`
    the correlation of each place with the one beside or below it; means over the images.
    """
    scores = found.sum((2, 3)) + bias
    first, second = scores.topk(2).indices.T
    every = torch.arange(len(found))
    maps = (found[every, first] - found[every, second]).double()
    apart = maps.flatten(1)
    places = apart.abs().sum(1) ** 2 / (apart**2).sum(1)
    return {
        "images": len(labels), "accuracy": percent(first == labels), "places": round(float(places.mean()), 1),
        "against": round(100 * float((apart < 0).double().mean()), 1), "neighbours": round(neighbours(maps), 2),
    }  # fmt: skip


def neighbours(maps: torch.Tensor) -> float:
    """Return the correlation of the values of maps (N, H, W) that lie side by side, a mean over the maps."""
    beside = torch.cat([maps[:, :, :-1].flatten(1), maps[:, :-1].flatten(1)], dim=1)
    next_to = torch.cat([maps[:, :, 1:].flatten(1), maps[:, 1:].flatten(1)], dim=1)
    one, other = (x - x.mean(1, keepdim=True) for x in (beside, next_to))
    return float(torch.cosine_similarity(one, other).nanmean())


def shuffled(net: nn.Sequential, head: str, maps: torch.Tensor, labels: torch.Tensor) -> dict[str, Any]:
    """Say how accurate the head is when the places of its maps are shuffled, alike in all images."""
    order = torch.randperm(maps[0, 0].numel(), generator=torch.Generator().manual_seed(0))
    found, bias = evidence(net, head, maps.flatten(2)[:, :, order].view_as(maps))
    return {"shuffled": percent((found.sum((2, 3)) + bias).argmax(1) == labels)}


def shifts(found: Stored, part: data.Images) -> pd.DataFrame:
    """Return the accuracy on digits moved by whole pixels, and the share of ink (%) that left the image with that."""
    rows: list[dict[str, Any]] = []
    ink = part.images.double().sum()
    for direction, (down, right) in DIRECTIONS.items():
        for pixels in SHIFTS:
            if pixels == 0 and rows:
                rows.append({**rows[0], "direction": direction})  # no way to go has no direction
                continue
            moved = data.Images(images=shifted(part.images, pixels * down, pixels * right), labels=part.labels)
            lost = 100 * float(1 - moved.images.double().sum() / ink)
            rows.append({
                "variant": found.record.variant, "direction": direction, "pixels": pixels, "images": len(part),
                "accuracy": percent(logits(found.net, moved, found.train).argmax(1) == part.labels),
                "ink_lost": round(lost, 2),
            })  # fmt: skip
    return pd.DataFrame(rows)


def shifted(images: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """Return images (N, H, W) moved by whole pixels; what comes in from outside is background, 0."""
    moved = torch.zeros_like(images)
    (to_rows, from_rows), (to_columns, from_columns) = (
        (slice(max(by, 0), side + min(by, 0)), slice(max(-by, 0), side + min(-by, 0)))
        for by, side in zip((down, right), images.shape[1:], strict=True)
    )
    moved[:, to_rows, to_columns] = images[:, from_rows, from_columns]
    return moved


def weights(found: Stored, shape: torch.Size) -> pd.DataFrame:
    """Return the mean size of each class's fully connected weights at each place, over the maps; and at the start."""
    frames = []
    for net in (found.net, build(found.record.net, seed=0)):
        size = net.get_parameter("fc.weight").detach().view(-1, *shape).abs().mean(1)
        index = pd.MultiIndex.from_product(map(range, size.shape), names=["class", "row", "column"])
        frames.append(pd.Series(size.flatten().numpy(), index))
    return pd.DataFrame(dict(zip(("size", "initial"), frames, strict=True))).round(5).reset_index()


def examples(
    one: tuple[torch.Tensor, torch.Tensor], other: tuple[torch.Tensor, torch.Tensor], part: data.Images
) -> None:
    """Store the first 4 that both read rightly, the first digits that only one does, and how often each happens."""
    reads = [(found.sum((2, 3)) + bias).argmax(1) for found, bias in (one, other)]
    right = [read == part.labels for read in reads]
    cases = {
        "both": right[0] & right[1], "only reference": right[0] & ~right[1], "only fc": right[1] & ~right[0],
        "neither": ~right[0] & ~right[1],
    }  # fmt: skip
    counted = [{"right": name, "images": int(case.sum())} for name, case in cases.items()]
    stored.table("evidence/agreement.csv", pd.DataFrame(counted))
    chosen = [("both", int((cases["both"] & (part.labels == 4)).nonzero()[0]))]
    chosen += [(name, int(n)) for name in ("only reference", "only fc") for n in cases[name].nonzero()[:EACH]]
    index = torch.tensor([n for _, n in chosen])
    stored.table("evidence/examples.csv", pd.DataFrame([
        {"right": name, "index": n, "label": int(part.labels[n]), "reference": int(reads[0][n]), "fc": int(reads[1][n])}
        for name, n in chosen
    ]))  # fmt: skip
    arrays = {"digits": part.images[index], "reference": one[0][index].half(), "fc": other[0][index].half()}
    arrays |= {"reference-bias": one[1], "fc-bias": other[1]}
    arrays["means"] = torch.stack([part.images[part.labels == c].float().mean(0).byte() for c in range(10)])
    stored.arrays("evidence/digits.npz", {name: array.detach() for name, array in arrays.items()})
