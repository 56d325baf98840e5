"""A folder of images as a data set, `folder:PATH`: a subfolder per class, split by a fixed seed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from s6core.config import ConfigError
from s6core.datasets import FOLDER, Dataset
from s6core.idx import DataError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
LEAST, MOST = 12, 36
"""Images that there must be for every part to have one, and classes that a record has a sign for."""

SPLIT_SEED = 12
"""Seed of the permutation of all images whose first sixth is for testing."""


def absolute(dataset: str) -> str:
    """Return `folder:PATH` with `~` expanded and from the root on, so that it means the same in every process."""
    return FOLDER + os.path.abspath(os.path.expanduser(dataset.removeprefix(FOLDER)))


def describe(dataset: str) -> Dataset:
    """Return the row of `folder:PATH`: the first image tells channels and size. Needs no torch.

    Raises `ConfigError` where there are no classes or too few images, `DataError` for a first image that is none.
    """
    samples, classes = listing(dataset)
    mode, (width, height) = _kind(samples[0][0])
    test = len(samples) // 6
    return Dataset(image=(len(mode), height, width), classes=len(classes), train=len(samples) - test, test=test)


def read(dataset: str) -> list[np.ndarray]:
    """Return training images and labels, test images and labels, as bytes: (N, H, W), or (N, 3, H, W) in colour.

    All images take the first one's number of channels. Raises `DataError`, naming the file, for one of another size.
    """
    samples, _ = listing(dataset)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(samples))
    (mode, size), test = _kind(samples[0][0]), len(samples) // 6
    found: list[np.ndarray] = []
    for part in (order[test:], order[:test]):
        chosen = [samples[index] for index in part]
        found += [np.stack(list(_pixels([path for path, _ in chosen], mode, size)))]
        found += [np.array([label for _, label in chosen], np.uint8)]
    return found


def listing(dataset: str) -> tuple[list[tuple[Path, int]], list[str]]:
    """Return every image with its label, and the classes' names: the subfolders in the order of the alphabet."""
    root = Path(dataset.removeprefix(FOLDER)).expanduser()
    if not root.is_dir():
        raise ConfigError(f"dataset={dataset!r}: there is no folder {root}")
    folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    if not 2 <= len(folders) <= MOST:
        raise ConfigError(f"dataset={dataset!r}: {root} has {len(folders)} subfolders; allowed is 2 to {MOST} classes")
    samples = []
    for label, folder in enumerate(folders):
        images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not images:
            raise ConfigError(f"dataset={dataset!r}: {folder} has no images; allowed are {' '.join(SUFFIXES)}")
        samples += [(path, label) for path in images]
    if len(samples) < LEAST:
        raise ConfigError(f"dataset={dataset!r}: {root} has {len(samples)} images; allowed is {LEAST} or more")
    return samples, [folder.name for folder in folders]


def _kind(path: Path) -> tuple[str, tuple[int, int]]:
    """Return whether an image is grey ("L") or in colour ("RGB"), and its width and height."""
    with _open(path) as image:
        return "L" if image.mode in ("1", "L", "LA") else "RGB", image.size


def _open(path: Path) -> Image.Image:
    try:
        image = Image.open(path)
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"{path}: {error}") from error
    if image.mode[0] in "IF":
        image.close()
        raise DataError(f"{path}: its pixels are wider than a byte (mode {image.mode}); store it with 8 bits")
    return image


def _pixels(paths: Iterable[Path], mode: str, size: tuple[int, int]) -> Iterable[np.ndarray]:
    for path in paths:
        with _open(path) as image:
            if image.size != size:
                raise DataError(
                    f"{path}: it is {image.size[0]} × {image.size[1]} pixels, the first image {size[0]} × {size[1]}; "
                    f"scale all images to one size first"
                )
            try:
                pixels = np.asarray(image.convert(mode), np.uint8)
            except OSError as error:  # cut off
                raise DataError(f"{path}: {error}") from error
        yield pixels if mode == "L" else np.moveaxis(pixels, -1, 0)
