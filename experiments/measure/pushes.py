"""How both heads read test digits that are turned or scaled: for <push-digit> in the book."""

from __future__ import annotations

import math

import click
import pandas as pd
import torch
import torch.nn.functional as F

from experiments.measure import stored
from experiments.measure.evidence import EVERY
from s6core import data
from s6core.train import logits

HEADS = ("reference", "fc")
TURNS = range(-60, 61, 5)  # degrees, clockwise
SCALES = range(50, 151, 10)  # per cent


@click.command("pushes")
def command() -> None:
    """Write live/pushes.csv: accuracy on turned and scaled digits, the same ones that `evidence` moves."""
    torch.set_num_threads(1)
    heads = {head: stored.load(head) for head in HEADS}
    images = data.load()
    part = images.test.take(slice(None, None, EVERY))
    pushes = [("turned", by, by, 1.0) for by in TURNS] + [("scaled", by, 0, by / 100) for by in SCALES]
    rows = []
    for head, found in heads.items():
        for way, by, turn, scale in pushes:
            moved = data.Images(images=pushed(part.images, turn=turn, scale=scale), labels=part.labels)
            accuracy = stored.percent(logits(found.net, moved, found.train).argmax(1) == part.labels)
            rows.append({"variant": head, "way": way, "by": by, "images": len(part), "accuracy": accuracy})
    stored.table("live/pushes.csv", pd.DataFrame(rows))
    stored.origin("live/pushes.json", HEADS, images)


def pushed(images: torch.Tensor, *, turn: float = 0, scale: float = 1) -> torch.Tensor:
    """Return images of bytes (N, H, W), square, turned clockwise by degrees and scaled about their middle, bilinearly.

    Nearby pixels outside are background, 0. The book's ink.js does the same in a page; a test compares the two.
    """
    sine, cosine = math.sin(math.radians(turn)) / scale, math.cos(math.radians(turn)) / scale
    theta = torch.tensor([[cosine, sine, 0], [-sine, cosine, 0]]).expand(len(images), 2, 3)
    floats = images.unsqueeze(1).float()
    grid = F.affine_grid(theta, list(floats.shape), align_corners=False)
    return F.grid_sample(floats, grid, align_corners=False).round().byte().squeeze(1)
