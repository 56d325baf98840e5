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
from s6core.datasets import Scale

SPLIT_SEED = 55_000_5_000
"""Seed of the one fixed permutation of the training set (not stratified: at 5,000 images a class's share is within a
point of the whole's). Its last images, 5,000 of MNIST's, are for validation, its first n are the subset of n."""

_SCALES: dict[str, Scale] = {}
"""What `scale` has found so far; `load` notes it anew, as a folder may have changed."""

NORMALISATIONS = ("dataset", "none", "image")
AUGMENTATIONS = ("none", "affine", "shift", "rotate", "erase")


@dataclass(frozen=True, kw_only=True)
class Images:
    """Images (N, H, W), in colour (N, C, H, W), and labels (N,), as bytes: MNIST as floats would take 190 MB."""

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
    """A data set on one device. `validation` is None where all images train; `sha256` covers all of it."""

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
    folder: Path | str | None = None,
) -> Data:
    """Load a data set, fetching what is missing.

    With `validate` the training set is split, MNIST's into 55,000 and 5,000 images, always the same. `train_images`
    keeps the first n of a fixed shuffle, so that a smaller subset is part of every larger one. Raises `ConfigError` for
    more images than there are, and `idx.DataError` where the files cannot be had.
    """
    row, found = sources.describe(dataset), sources.read(dataset, folder=folder)
    train, test = (
        Images(images=torch.from_numpy(images.copy()), labels=torch.from_numpy(labels.copy()))
        for images, labels in (found.train, found.test)
    )
    order = torch.from_numpy(np.random.default_rng(SPLIT_SEED).permutation(len(train)))
    kept = row.images(validate=validate)
    _SCALES[dataset] = row.scale or measured(found.train[0])
    if not 0 <= train_images <= kept:
        raise ConfigError(f"train_images={train_images}: allowed is 0 for all, or from 1 to {kept}")
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
        sha256=found.sha256,
    )


def scale(dataset: str) -> Scale:
    """Return mean and deviation per channel of a data set's training images: its row's, else measured, once."""
    if dataset not in _SCALES:
        _SCALES[dataset] = sources.describe(dataset).scale or measured(sources.read(dataset).train[0])
    return _SCALES[dataset]


def measured(images: np.ndarray) -> Scale:
    """Return mean and deviation per channel, on the scale from 0 to 1, of bytes (N, H, W) or (N, C, H, W)."""
    channels = images[:, None] if images.ndim == 3 else images
    values, means, deviations = np.arange(256) / 255, [], []
    for channel in range(channels.shape[1]):
        share = np.bincount(channels[:, channel].ravel(), minlength=256) / channels[:, channel].size  # whole: exact
        means.append(float(share @ values))
        deviations.append(max(float(share @ (values - means[-1]) ** 2) ** 0.5, 1e-6))  # of one colour throughout
    return tuple(means), tuple(deviations)


def normalise(images: torch.Tensor, how: str, dataset: str) -> torch.Tensor:
    """Turn bytes (B, H, W) or (B, C, H, W) into floats (B, C, H, W), on the bytes' device.

    `none` scales to 0…1; `dataset` then gives each channel of the training set mean 0 and deviation 1, `image` each
    image by itself (an image of one colour becomes 0). Raises `ConfigError` for another `how` or data set.
    """
    _require("normalise", how, NORMALISATIONS)
    floats = (images if images.dim() == 4 else images.unsqueeze(1)).float().div_(255)
    if how == "dataset":
        for channel, (mean, deviation) in enumerate(zip(*scale(dataset), strict=True)):
            floats[:, channel].sub_(mean).div_(deviation)  # numbers, not tensors: a CUDA graph can record them
    if how == "image":
        deviations, means = torch.std_mean(floats, dim=(1, 2, 3), keepdim=True)
        return floats.sub_(means).div_(deviations.clamp_min(1e-6))
    return floats


def augment(batch: torch.Tensor, kind: str, noise: torch.Generator) -> torch.Tensor:
    """Vary each image of a batch (B, C, H, W) at random, on its device; every draw comes from `noise`.

    `rotate` turns by up to 7°, `shift` moves by up to one pixel each way, `affine` does both and scales by up to 5%,
    all uniform, about the centre, in one bilinear interpolation. `erase` paints a square of a quarter of the height,
    anywhere inside, in the background's colour (after Zhong et al. 2017 and DeVries & Taylor 2017). What comes in from
    outside a grey image is background: its least value, for every image of MNIST has a pixel of 0. A colour image has
    no background: what comes in mirrors what lies at its edge, and a square is painted in its mean colour.
    """
    _require("augment", kind, AUGMENTATIONS)
    if kind == "none":
        return batch
    colour = batch.shape[1] > 1
    background = batch.mean(dim=(2, 3), keepdim=True) if colour else batch.amin(dim=(1, 2, 3), keepdim=True)
    if kind == "erase":
        return torch.where(_square(batch, noise), background, batch)
    height, width = batch.shape[2:]
    turn, grow, down, right = torch.rand(4, len(batch), generator=noise, device=batch.device) * 2 - 1
    angle = math.radians(7) * turn * (kind in ("rotate", "affine"))
    scale = 1 + 0.05 * grow * (kind == "affine")
    pixels = float(kind in ("shift", "affine"))
    sine, cosine = angle.sin() / scale, angle.cos() / scale
    # affine_grid measures from the centre in half sides, so a turn of an oblong image needs its proportions
    rows = (
        torch.stack([cosine, -sine * height / width, 2 * pixels * right / width], dim=1),
        torch.stack([sine * width / height, cosine, 2 * pixels * down / height], dim=1),
    )
    grid = F.affine_grid(torch.stack(rows, dim=1), list(batch.shape), align_corners=False)
    if colour:
        return F.grid_sample(batch, grid, padding_mode="reflection", align_corners=False)
    return F.grid_sample(batch - background, grid, align_corners=False) + background  # grid_sample fills with zero


def _square(batch: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
    """Return a mask (B, 1, H, W): one square per image, wholly inside."""
    height, width = batch.shape[2:]
    side = max(height // 4, 1)
    corner = torch.rand(len(batch), 2, generator=noise, device=batch.device)
    top = (corner[:, 0] * (height - side + 1)).floor().view(-1, 1, 1, 1)
    left = (corner[:, 1] * (width - side + 1)).floor().view(-1, 1, 1, 1)
    rows = torch.arange(height, device=batch.device).view(1, 1, -1, 1)
    columns = torch.arange(width, device=batch.device).view(1, 1, 1, -1)
    return (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)


def _require(field: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{field}={value!r}: allowed is one of {', '.join(allowed)}")
