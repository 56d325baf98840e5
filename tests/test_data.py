"""The real images as tensors: the split, the subsets, the normalisation and the augmentation."""

from __future__ import annotations

import hashlib
import math

import pytest
import torch

from s6core import data, idx
from s6core.config import ConfigError
from s6core.data import augment, normalise
from s6core.datasets import DATASETS

MOVING = ("affine", "shift", "rotate")


@pytest.fixture(scope="module")
def mnist() -> data.Data:
    return data.load("mnist")


@pytest.fixture(scope="module")
def split() -> data.Data:
    return data.load("mnist", validate=True)


def noise(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fingerprint(images: torch.Tensor) -> str:
    return hashlib.sha256(images.numpy().tobytes()).hexdigest()[:16]


def rows(images: data.Images) -> set[tuple[bytes, int]]:
    flat = images.images.flatten(1).numpy()
    return {(image.tobytes(), int(label)) for image, label in zip(flat, images.labels, strict=True)}


def dots(*places: tuple[float, float], size: tuple[int, int] = (28, 28), count: int = 400) -> torch.Tensor:
    """Images (count, 1, H, W) of soft dots at (down, right) from the centre, on a background of -0.4."""
    height, width = size
    down = torch.arange(height).view(-1, 1) - (height - 1) / 2
    right = torch.arange(width).view(1, -1) - (width - 1) / 2
    image = sum(torch.exp(-((down - y) ** 2 + (right - x) ** 2) / 4.5) for y, x in places)
    assert isinstance(image, torch.Tensor)
    return (image - 0.4).expand(count, 1, height, width)


def centres(batch: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Return the centre of mass (count, 2), as (down, right) from the middle, of the pixels in a mask (H, W)."""
    mass = (batch.squeeze(1).double() + 0.4) * where
    height, width = batch.shape[2:]
    down = torch.arange(height).view(-1, 1) - (height - 1) / 2
    right = torch.arange(width).view(1, -1) - (width - 1) / 2
    total = mass.sum((1, 2))
    return torch.stack([(mass * down).sum((1, 2)) / total, (mass * right).sum((1, 2)) / total], dim=1)


# loading


def test_mnist_has_its_published_shapes_and_counts(mnist: data.Data) -> None:
    # counts per digit: LeCun, Cortes & Burges, as in any published table of the set
    assert mnist.train.images.shape == (60_000, 28, 28)
    assert mnist.test.images.shape == (10_000, 28, 28)
    assert len(mnist.train) == 60_000 and len(mnist.test) == 10_000 and mnist.validation is None
    assert mnist.train.images.dtype == torch.uint8
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert torch.bincount(mnist.train.labels.long()).tolist() == train
    assert torch.bincount(mnist.test.labels.long()).tolist() == test


def test_images_keep_the_order_of_the_files(mnist: data.Data) -> None:
    assert mnist.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_data_carries_one_hash_of_its_files(mnist: data.Data, split: data.Data) -> None:
    assert mnist.name == "mnist"
    assert mnist.sha256 == split.sha256 == idx.digest("mnist") != idx.digest("fashion-mnist")
    assert len(mnist.sha256) == 64


def test_split_is_disjoint_and_covers_the_training_set(mnist: data.Data, split: data.Data) -> None:
    assert split.validation is not None
    assert (len(split.train), len(split.validation)) == (55_000, 5_000)
    train, validation = rows(split.train), rows(split.validation)
    assert not train & validation
    assert train | validation == rows(mnist.train)
    assert torch.equal(split.test.images, mnist.test.images)


def test_split_is_the_one_that_every_published_choice_was_made_on(split: data.Data) -> None:
    # numpy may change a Generator's stream between versions (NEP 19): then the split must be stored instead
    assert split.validation is not None
    assert fingerprint(split.validation.images) == "083bad41a276a3db"
    assert split.train.labels[:10].tolist() == [6, 0, 6, 0, 4, 3, 8, 5, 8, 4]


def test_each_digit_has_its_share_of_the_validation_images(mnist: data.Data, split: data.Data) -> None:
    assert split.validation is not None
    share = torch.bincount(split.validation.labels.long()) / 5_000
    whole = torch.bincount(mnist.train.labels.long()) / 60_000
    assert (share - whole).abs().max() < 0.01


@pytest.mark.parametrize("validate", [False, True])
def test_subsets_are_nested(split: data.Data, validate: bool) -> None:
    small, large = (data.load("mnist", validate=validate, train_images=n) for n in (550, 5_500))
    assert (len(small.train), len(large.train)) == (550, 5_500)
    assert torch.equal(small.train.images, large.train.images[:550])
    assert torch.equal(large.train.images, split.train.images[:5_500])  # with or without validation


def test_all_but_the_last_image_is_a_subset_too() -> None:
    assert len(data.load("mnist", train_images=60_000).train) == 60_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"train_images": 60_001}, "train_images=60001: allowed is 0 for all, or from 1 to 60000"),
        ({"train_images": 55_001, "validate": True}, "train_images=55001: allowed is 0 for all, or from 1 to 55000"),
        ({"train_images": -1}, "train_images=-1: allowed is 0 for all"),
        ({"dataset": "emnist"}, "dataset='emnist': allowed is mnist, fashion-mnist, "),
    ],
)
def test_load_names_what_is_not_allowed(arguments: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        data.load(**arguments)


def test_images_are_taken_by_index_and_moved(mnist: data.Data) -> None:
    few = mnist.test.take(torch.tensor([3, 0]))
    assert few.labels.tolist() == [0, 7] and torch.equal(few.images[1], mnist.test.images[0])
    assert len(mnist.test.take(slice(2, 7))) == 5
    assert few.to("meta").images.device.type == few.to("meta").labels.device.type == "meta"


# normalisation


@pytest.mark.parametrize(("dataset", "published"), [("mnist", (0.1307, 0.3081)), ("fashion-mnist", (0.2860, 0.3530))])
def test_mean_and_deviation_are_the_training_set_s(dataset: str, published: tuple[float, float]) -> None:
    # the four-digit values are those that the field's examples use
    try:
        images = data.load(dataset).train.images.numpy()
    except idx.DataError:
        if dataset == "mnist":
            raise
        pytest.skip("Fashion-MNIST cannot be had here")
    assert data.scale(dataset) == DATASETS[dataset].scale  # written down, so that no rounding moves a stored run
    for part, measured, four_digits in zip(data.scale(dataset), data.measured(images), published, strict=True):
        assert part == pytest.approx(measured, abs=1e-12) and part == pytest.approx((four_digits,), abs=5e-5)


def test_none_scales_bytes_to_one() -> None:
    images = torch.tensor([[[0, 51], [102, 255]]], dtype=torch.uint8)
    floats = normalise(images, "none", "mnist")
    assert floats.shape == (1, 1, 2, 2) and floats.dtype == torch.float32
    assert floats.flatten().tolist() == pytest.approx([0, 0.2, 0.4, 1])
    assert images.flatten().tolist() == [0, 51, 102, 255]


def test_dataset_gives_the_training_set_mean_zero_and_deviation_one(mnist: data.Data) -> None:
    parts = [normalise(part, "dataset", "mnist").double() for part in mnist.train.images.split(10_000)]
    mean = torch.stack([part.mean() for part in parts]).mean()
    square = torch.stack([part.square().mean() for part in parts]).mean()
    assert mean.item() == pytest.approx(0, abs=1e-6)
    assert square.item() == pytest.approx(1, abs=1e-6)


def test_image_gives_each_image_mean_zero_and_deviation_one(mnist: data.Data) -> None:
    floats = normalise(mnist.test.images[:100], "image", "mnist")
    assert torch.allclose(floats.mean((1, 2, 3)), torch.zeros(100), atol=1e-5)
    assert torch.allclose(floats.std((1, 2, 3)), torch.ones(100), atol=1e-5)


def test_an_image_of_one_colour_stays_finite() -> None:
    assert torch.equal(
        normalise(torch.full((2, 4, 4), 9, dtype=torch.uint8), "image", "mnist"), torch.zeros(2, 1, 4, 4)
    )


def test_normalise_names_what_is_not_allowed() -> None:
    images = torch.zeros(1, 2, 2, dtype=torch.uint8)
    with pytest.raises(ConfigError, match="normalise='batch': allowed is one of dataset, none, image"):
        normalise(images, "batch", "mnist")
    with pytest.raises(ConfigError, match="dataset='cifar': allowed is mnist, fashion-mnist, "):
        normalise(images, "dataset", "cifar")


# augmentation


def test_none_changes_nothing_and_draws_nothing(mnist: data.Data) -> None:
    batch = normalise(mnist.test.images[:8], "dataset", "mnist")
    source = noise()
    before = source.get_state()
    assert augment(batch, "none", source) is batch
    assert torch.equal(source.get_state(), before)


@pytest.mark.parametrize("kind", [*MOVING, "erase"])
def test_augmentation_repeats_with_its_seed_alone(mnist: data.Data, kind: str) -> None:
    batch = normalise(mnist.test.images[:64], "dataset", "mnist")
    kept, everyone = batch.clone(), torch.get_rng_state()
    first, same, other = (augment(batch, kind, noise(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, same) and not torch.equal(first, other)
    assert torch.equal(batch, kept) and first.shape == batch.shape and first.dtype == batch.dtype
    assert torch.equal(torch.get_rng_state(), everyone)  # no draw from the global generator
    assert not torch.equal(first[0], batch[0]) or kind == "erase"  # a square may fall on background


@pytest.mark.parametrize("kind", [*MOVING, "erase"])
@pytest.mark.parametrize("how", data.NORMALISATIONS)
def test_what_comes_in_is_background(kind: str, how: str) -> None:
    ink = torch.zeros(300, 28, 28, dtype=torch.uint8)
    ink[:, :, 5:23] = 200  # ink up to the upper and lower edges: what moves must be filled in
    batch = normalise(ink, how, "mnist")
    least, most = batch.amin().item(), batch.amax().item()
    after = augment(batch, kind, noise())
    assert after.amin().item() == pytest.approx(least, abs=1e-5) and after.amax().item() <= most + 1e-5
    if kind == "erase":
        return
    edge = after[:, 0, 0, 8:20]
    assert edge.amin().item() < least + 0.6 * (most - least)  # ink moved away from the edge
    assert (after[:, 0, :, 0] - least).abs().max() < 1e-5  # and the background stayed what it was


def test_shift_moves_up_to_one_pixel_each_way() -> None:
    moved = centres(augment(dots((0, 0)), "shift", noise()), torch.ones(28, 28))
    assert moved.abs().max() <= 1.001
    assert moved.amin(0).tolist() == pytest.approx([-1, -1], abs=0.05)
    assert moved.amax(0).tolist() == pytest.approx([1, 1], abs=0.05)
    assert moved.mean(0).abs().max() < 0.1 and torch.corrcoef(moved.T)[0, 1].abs() < 0.2


@pytest.mark.parametrize("size", [(28, 28), (24, 40)])
def test_rotate_turns_by_up_to_seven_degrees(size: tuple[int, int]) -> None:
    turned = augment(dots((0, 8), size=size), "rotate", noise())
    down, right = centres(turned, torch.ones(size)).T
    angle = torch.rad2deg(torch.atan2(down, right))
    assert angle.abs().max() <= 7.05 and angle.min() < -6.8 and angle.max() > 6.8
    assert torch.allclose(torch.hypot(down, right), torch.tensor(8.0).double(), atol=0.05)  # about the centre


def test_affine_also_scales_by_up_to_five_percent() -> None:
    right_half = (torch.arange(28) >= 14).expand(28, 28)
    batch = augment(dots((0, -7), (0, 7)), "affine", noise())
    left, right = centres(batch, ~right_half), centres(batch, right_half)
    scale = (right - left).norm(dim=1) / 14
    angle = torch.rad2deg(torch.atan2(right[:, 0] - left[:, 0], right[:, 1] - left[:, 1]))
    middle = (right + left) / 2
    assert 0.945 < scale.min() < 0.955 and 1.045 < scale.max() < 1.055
    assert 6.7 < angle.abs().max() < 7.2  # the halves cut a little off the dots
    assert 0.9 < middle.abs().max() < 1.05 * (math.cos(math.radians(7)) + math.sin(math.radians(7)))


def test_erase_paints_one_square_of_a_quarter_of_the_side() -> None:
    batch = torch.rand(500, 1, 28, 28, generator=noise(9))
    after = augment(batch, "erase", noise())
    erased = (after == batch.amin((1, 2, 3), keepdim=True)).squeeze(1)
    for image in erased[:50]:
        assert image.sum() in (49, 50)  # 7×7, and the least pixel itself where it lies outside
        square = image[image.sum(1) >= 7][:, image.sum(0) >= 7]
        assert square.shape == (7, 7) and square.all()
    assert torch.equal(after[~erased.unsqueeze(1)], batch[~erased.unsqueeze(1)])
    painted = (after != batch).squeeze(1).any(0)  # over all images: anywhere, up to each edge
    assert painted.any(0).all() and painted.any(1).all()


def test_augment_names_what_is_not_allowed() -> None:
    with pytest.raises(ConfigError, match="augment='flip': allowed is one of none, affine, shift, rotate, erase"):
        augment(torch.zeros(1, 1, 4, 4), "flip", noise())


def test_every_image_has_a_pixel_of_the_background(mnist: data.Data) -> None:
    assert mnist.train.images.amin((1, 2)).max() == 0  # augment takes each image's least value for it
    assert mnist.test.images.amin((1, 2)).max() == 0
