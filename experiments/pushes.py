"""How both heads read test digits that are turned or scaled: measured once, for <push-digit> in the book.

python -m experiments.pushes

Writes results/live/pushes.csv. Moved digits are in results/evidence/shifts.csv; the images here are the same ones.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import click
import pandas as pd
import torch
import torch.nn.functional as F

from experiments.evidence import EVERY, STUDY, trained
from s6core import data, results
from s6core.train import logits

FOLDER = Path("results")
HEADS = ("reference", "fc")
TURNS = range(-60, 61, 5)  # degrees, clockwise
SCALES = range(50, 151, 10)  # per cent


@click.command()
def main() -> None:
    """Write results/live/."""
    torch.set_num_threads(1)
    images = data.load()
    part = images.test.take(slice(None, None, EVERY))
    pushes = [("turned", by, by, 1.0) for by in TURNS] + [("scaled", by, 0, by / 100) for by in SCALES]
    rows = []
    for head in HEADS:
        net, _, train = trained(head)
        for way, by, turn, scale in pushes:
            moved = data.Images(images=pushed(part.images, turn=turn, scale=scale), labels=part.labels)
            right = (logits(net, moved, train).argmax(1) == part.labels).double().mean()
            accuracy = round(100 * float(right), 2)
            rows.append({"variant": head, "way": way, "by": by, "images": len(part), "accuracy": accuracy})
    table = pd.DataFrame(rows)
    results.write(FOLDER / "live" / "pushes.csv", table.to_csv(index=False, lineterminator="\n").encode())
    paths = [results.weights_path(FOLDER / STUDY, head) for head in HEADS]
    weights = {path.relative_to(FOLDER).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    origin = {"weights": weights, "data_sha256": images.sha256, **results.provenance()}
    content = json.dumps(origin, indent=1) + "\n"
    results.write(FOLDER / "live" / "pushes.json", content.encode())


def pushed(images: torch.Tensor, *, turn: float = 0, scale: float = 1) -> torch.Tensor:
    """Return images of bytes (N, H, W), square, turned clockwise by degrees and scaled about their middle, bilinearly.

    Nearby pixels outside are background, 0. The book's ink.js does the same in a page; a test compares the two.
    """
    sine, cosine = math.sin(math.radians(turn)) / scale, math.cos(math.radians(turn)) / scale
    theta = torch.tensor([[cosine, sine, 0], [-sine, cosine, 0]]).expand(len(images), 2, 3)
    floats = images.unsqueeze(1).float()
    grid = F.affine_grid(theta, list(floats.shape), align_corners=False)
    return F.grid_sample(floats, grid, align_corners=False).round().byte().squeeze(1)


if __name__ == "__main__":
    main()
