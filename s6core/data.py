"""Images as tensors on the training device: loading, splitting, normalising, augmenting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from s6core import sources
from s6core.config import ConfigError

VALIDATION = 5_000
SPLIT_SEED = 55_000_5_000
"""Seed of the one fixed permutation of the training set; its last 5,000 images validate, its first n are the subsets."""

MEAN_STD = {
    "mnist": (0.1306604762738429, 0.3081078038564622),
    "fashion-mnist": (0.2860405969887955, 0.3530242445149226),
}
"""Mean and standard deviation of all pixels of the training set, on the scale from 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """Images (N, H, W) and labels (N,), both as bytes: a float copy of MNIST would take 190 MB."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device | str) -> Images:
        return Images(images=self.images.to(device), labels=self.labels.to(device))

    def take(self, index: torch.Tensor | slice) -> Images:
        return Images(images=self.images[index], labels=self.labels[index])


@dataclass(frozen=True, kw_only=True)
class Data:
    """A data set on one device. `validation` is None where all images train; `sha256` covers the four files."""

    name: str
    train: Images
    validation: Images | None
    test: Images
    sha256: str


def load(
    dataset: str = "mnist",
    *,
    device: torch.device | str = "cpu",
    validate: bool = False,
    train_images: int = 0,
    folder: Path | None = None,
) -> Data:
    """Load a data set, fetching what is missing.

    With `validate` the training set is split into 55,000 and 5,000 images, always the same. `train_images` keeps the
    first n of a fixed shuffle, so that a smaller subset is part of every larger one. Raises `ConfigError` for more
    images than there are, and `sources.SourceError` where the files cannot be had.
    """
    files = sources.fetch(dataset, folder=folder)
    train, test = (
        Images(images=_idx(files[f"{part}-images-idx3-ubyte"]), labels=_idx(files[f"{part}-labels-idx1-ubyte"]))
        for part in ("train", "t10k")
    )
    order = torch.from_numpy(np.random.default_rng(SPLIT_SEED).permutation(len(train)))
    kept = len(train) - VALIDATION if validate else len(train)
    if not 0 <= train_images <= kept:
        raise ConfigError(f"train_images={train_images}: allowed is 0 for all, or up to {kept:,} images")
    if validate or train_images:
        validation = train.take(order[kept:]) if validate else None
        train = train.take(order[: train_images or kept])
    else:
        validation = None
    return Data(
        name=dataset,
        train=train.to(device),
        validation=validation.to(device) if validation else None,
        test=test.to(device),
        sha256=sources.digest(dataset),
    )


def normalise(images: torch.Tensor, how: str, dataset: str) -> torch.Tensor:
    """Turn bytes (B, H, W) into floats (B, 1, H, W): by the training set's mean and deviation, each image's, or none."""
    floats = images.unsqueeze(1).float().div_(255)
    if how == "dataset":
        mean, deviation = MEAN_STD[dataset]
        return floats.sub_(mean).div_(deviation)
    if how == "image":
        deviation, mean = torch.std_mean(floats, dim=(1, 2, 3), keepdim=True)
        return floats.sub_(mean).div_(deviation.clamp_min(1e-6))
    return floats


def augment(batch: torch.Tensor, kind: str, noise: torch.Generator) -> torch.Tensor:
    """Vary each image (B, 1, H, W) at random, on its device; every draw comes from `noise`.

    `rotate` turns by up to 7°, `shift` moves by up to one pixel, `affine` does both and scales by up to 5%, `erase`
    paints a square of a quarter of the side in the background's colour. What comes in from outside is background:
    each image's least value.
    """
    if kind == "none":
        return batch
    count, _, height, width = batch.shape
    floor = batch.amin(dim=(1, 2, 3), keepdim=True)
    if kind == "erase":
        side = max(height // 4, 1)
        corner = torch.rand(count, 2, generator=noise, device=batch.device)
        top = (corner[:, 0] * (height - side + 1)).floor().view(-1, 1, 1, 1)
        left = (corner[:, 1] * (width - side + 1)).floor().view(-1, 1, 1, 1)
        rows = torch.arange(height, device=batch.device).view(1, 1, -1, 1)
        columns = torch.arange(width, device=batch.device).view(1, 1, 1, -1)
        inside = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
        return torch.where(inside, floor, batch)
    turn, grow, down, right = torch.rand(4, count, generator=noise, device=batch.device) * 2 - 1
    angle = math.radians(7) * turn * (kind in ("rotate", "affine"))
    scale = 1 + 0.05 * grow * (kind == "affine")
    pixels = float(kind in ("shift", "affine"))
    sine, cosine = angle.sin() / scale, angle.cos() / scale
    matrix = torch.stack(
        [
            torch.stack([cosine, -sine * height / width, 2 * pixels * right / width], dim=1),
            torch.stack([sine * width / height, cosine, 2 * pixels * down / height], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(matrix, list(batch.shape), align_corners=False)
    return F.grid_sample(batch - floor, grid, align_corners=False) + floor  # grid_sample fills with zero


def _idx(path: Path) -> torch.Tensor:
    """Read a verified IDX file of bytes (Y. LeCun's format: magic, one size per axis, data)."""
    content = path.read_bytes()
    axes = content[3]
    shape = tuple(np.frombuffer(content, ">i4", axes, 4))
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape).copy())
