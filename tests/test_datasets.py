"""The rows of data sets: read through torchvision or from a folder, with shapes and scale of their own, and trained."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from s6core import data, datasets, folder, lab, sources
from s6core.config import ConfigError, NetConfig
from s6core.datasets import DATASETS, Dataset
from s6core.idx import DataError
from s6core.layers import layers
from s6core.net import build
from s6core.train import fit

TRAIN, TEST = 48, 24
TINY: dict[str, Any] = {"channels": [4, 4], "pool_after": [1], "epochs": 1, "batch_size": 16, "device": "cpu"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, rows that promise few images, and no way to download any."""
    for name, row in DATASETS.items():
        if not row.files:
            monkeypatch.setitem(DATASETS, name, replace(row, train=TRAIN, test=TEST))
    monkeypatch.setenv("S6_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(data, "_SCALES", {})
    return tmp_path / "data"


def idx_file(path: Path, array: np.ndarray) -> None:
    """Write an array in the format of MNIST's files: 8 is the type of bytes, 12 of big-endian integers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = 8 if array.dtype == np.uint8 else 12
    header = bytes([0, 0, kind, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(header + array.astype(array.dtype if kind == 8 else ">i4").tobytes())


def invented(count: int, *, seed: int, shape: tuple[int, ...] = (28, 28)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, *shape), np.uint8), (np.arange(count) % 10).astype(np.uint8)


def put(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Write invented files of a data set where torchvision has its own; return what should come of them."""
    shape = (32, 32, 3) if name == "cifar-10" else (28, 28)
    parts = [invented(TRAIN, seed=1, shape=shape), invented(TEST, seed=2, shape=shape)]
    wanted: list[np.ndarray] = []
    for (images, labels), kmnist, word in zip(parts, ("train", "t10k"), ("train", "test"), strict=True):
        if name == "kmnist":
            idx_file(root / "KMNIST/raw" / f"{kmnist}-images-idx3-ubyte", images)
            idx_file(root / "KMNIST/raw" / f"{kmnist}-labels-idx1-ubyte", labels)
        elif name == "qmnist":
            full = np.zeros((len(labels), 8), np.int32)  # the class, then writer, place, …
            full[:, 0], full[:, 2] = labels, 4_000_000
            idx_file(root / "QMNIST/raw" / f"qmnist-{word}-images-idx3-ubyte", images)
            idx_file(root / "QMNIST/raw" / f"qmnist-{word}-labels-idx2-int", full)
        elif name == "emnist-digits":
            idx_file(root / "EMNIST/raw" / f"emnist-digits-{word}-images-idx3-ubyte", images.swapaxes(1, 2))
            idx_file(root / "EMNIST/raw" / f"emnist-digits-{word}-labels-idx1-ubyte", labels)
        elif name == "cifar-10":
            cifar(root / "cifar-10-batches-py", word, images, labels, monkeypatch)
        wanted += [np.moveaxis(images, -1, 1) if name == "cifar-10" else images, labels]
    return wanted


def cifar(place: Path, word: str, images: np.ndarray, labels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import CIFAR10

    place.mkdir(parents=True, exist_ok=True)
    names = [f"data_batch_{n}" for n in range(1, 6)] if word == "train" else ["test_batch"]
    flat = np.moveaxis(images, -1, 1).reshape(len(images), -1)  # in its files red, green and blue lie one after another
    for batch, rows, classes in zip(
        names, np.array_split(flat, len(names)), np.array_split(labels, len(names)), strict=True
    ):
        (place / batch).write_bytes(pickle.dumps({"data": rows, "labels": classes.tolist()}))
    (place / "batches.meta").write_bytes(pickle.dumps({"label_names": [str(n) for n in range(10)]}))
    monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)  # the real files' MD5
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)


THROUGH = ["kmnist", "qmnist", "emnist-digits", "cifar-10"]


@pytest.mark.parametrize("name", THROUGH)
def test_torchvision_s_files_are_found_and_read(name: str, root: Path, monkeypatch: pytest.MonkeyPatch):
    wanted = put(name, root, monkeypatch)
    found = sources.read(name)
    for ours, theirs in zip([*found.train, *found.test], wanted, strict=True):
        assert ours.dtype == np.uint8 and np.array_equal(ours, theirs)
    assert len(found.sha256) == 64 and found.sha256 == sources.read(name).sha256
    assert {path.is_file() for path in sources.fetch(name).values()} == {True}


@pytest.mark.parametrize("name", THROUGH)
def test_a_net_for_each_data_set_trains_an_epoch(
    name: str, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    put(name, root, monkeypatch)
    plan = lab.plan({**TINY, "dataset": name, "augment": "affine", "results": str(tmp_path / "kept")})
    assert (plan.net.image, plan.net.classes) == (DATASETS[name].image, DATASETS[name].classes)
    assert plan.variant == f"channels-4-4_pool_after-1_dataset-{name}_augment-affine_epochs-1_batch_size-16"
    list(lab.run(plan))
    (record,) = plan.records()
    assert record.status == "finished" and len(record.predictions) == TEST
    assert record.net.image == DATASETS[name].image and record.provenance["data"] == sources.read(name).sha256


def test_a_data_set_is_one_row(root: Path, monkeypatch: pytest.MonkeyPatch):
    put("kmnist", root, monkeypatch)
    monkeypatch.setitem(DATASETS, "mine", Dataset(torchvision="KMNIST", train=TRAIN, test=TEST))
    assert lab.plan({"dataset": "mine"}).images == TRAIN
    assert len(data.load("mine", validate=True).train) == TRAIN - TRAIN // 12


@pytest.mark.parametrize(("name", "kept", "held"), [("mnist", 55_000, 5_000), ("cifar-10", 45_834, 4_166)])
def test_a_twelfth_is_held_back_and_5_000_at_most(name: str, kept: int, held: int):
    row = DATASETS[name]
    assert (row.images(validate=True), row.validation) == (kept, held)
    assert row.images(validate=False) == kept + held


def test_files_of_another_shape_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch):
    put("kmnist", root, monkeypatch)
    idx_file(root / "KMNIST/raw/t10k-images-idx3-ubyte", np.zeros((TEST, 20, 20), np.uint8))
    monkeypatch.setattr("torchvision.datasets.KMNIST.mirrors", [])
    with pytest.raises(DataError, match=r"kmnist: .* images \(24, 20, 20\) .*, not \(24, 28, 28\)"):
        sources.read("kmnist")


def test_what_cannot_be_fetched_says_where_to_put_it(root: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any):
    monkeypatch.setattr("torchvision.datasets.KMNIST.mirrors", [(tmp := root.parent / "none").as_uri() + "/"])
    assert not tmp.exists()
    with pytest.raises(
        DataError, match=f"kmnist: it could not be had: .*KMNIST lays it out below {re.escape(str(root))}"
    ):
        data.load("kmnist")
    assert "Dataset not found" in caplog.text and "download=True" not in caplog.text  # an option that s6 has not


# scale


def test_mean_and_deviation_come_from_the_data_channel_by_channel(root: Path, monkeypatch: pytest.MonkeyPatch):
    images = put("cifar-10", root, monkeypatch)[0]
    mean, deviation = data.scale("cifar-10")
    assert mean == pytest.approx(images.mean((0, 2, 3)) / 255) and deviation == pytest.approx(
        images.std((0, 2, 3)) / 255
    )
    floats = data.normalise(data.load("cifar-10").train.images, "dataset", "cifar-10").double()
    assert torch.allclose(floats.mean((0, 2, 3)), torch.zeros(3).double(), atol=1e-5)
    assert torch.allclose(floats.var((0, 2, 3), unbiased=False), torch.ones(3).double(), atol=1e-5)


def test_a_channel_of_one_value_stays_finite():
    assert data.measured(np.full((3, 4, 4), 255, np.uint8)) == ((1.0,), (1e-6,))


# colour


@pytest.mark.parametrize("kind", ["affine", "shift", "rotate", "erase"])
def test_what_comes_into_a_colour_image_is_its_own(kind: str):
    """No black corners: an image of one colour stays as it is, and no pixel leaves the range of its channel."""
    noise = torch.Generator().manual_seed(0)
    plain = torch.tensor([0.9, -0.2, 0.4]).view(1, 3, 1, 1).expand(50, 3, 32, 32)
    assert torch.allclose(data.augment(plain, kind, noise), plain, atol=1e-5)
    batch = torch.rand(50, 3, 32, 32, generator=noise) + torch.tensor([0.0, 5.0, -5.0]).view(1, 3, 1, 1)
    after = data.augment(batch, kind, noise)
    assert not torch.equal(after, batch)
    for channel in range(3):
        low, high = batch[:, channel].amin(), batch[:, channel].amax()
        assert (low - 1e-5 <= after[:, channel]).all() and (after[:, channel] <= high + 1e-5).all()


def test_a_net_with_three_channels_learns(root: Path, monkeypatch: pytest.MonkeyPatch):
    """Two classes that differ in colour alone, equal in their sum over the channels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300).astype(np.uint8)
    images = rng.integers(0, 60, (300, 3, 12, 12)).astype(np.uint8)
    images[np.arange(300), np.where(labels, 0, 2)] += 150
    part = data.Images(images=torch.from_numpy(images), labels=torch.from_numpy(labels))
    monkeypatch.setitem(data._SCALES, "cifar-10", data.measured(images))
    colours = data.Data(name="cifar-10", train=part, validation=None, test=part, sha256="")
    config = NetConfig(image=(3, 12, 12), classes=2, channels=(4,), pool_after=())
    train = lab.plan({"dataset": "cifar-10", "epochs": 6, "batch_size": 16}).train
    torch.set_num_threads(1)
    *_, last = fit(build(config, seed=0), colours, train, seed=0)
    assert last.test_accuracy > 95
    assert layers(config)[0].input == (3, 12, 12)


# folders


def pictures(place: Path, *, classes: int = 3, each: int = 8, size: tuple[int, int] = (20, 16), mode: str = "RGB"):
    rng = np.random.default_rng(classes)
    for label in range(classes):
        (place / f"class-{label:02d}").mkdir(parents=True)
        for number in range(each):
            shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
            image = Image.fromarray(rng.integers(0, 256, shape, np.uint8))
            image.save(place / f"class-{label:02d}" / f"{number}.png")
    return f"folder:{place}"


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def test_a_folder_tells_its_own_shape_and_is_split_the_same_way_every_time(tmp_path: Path):
    dataset = pictures(tmp_path / "pets")
    row = sources.describe(dataset)
    assert (row.image, row.classes, row.train, row.test) == ((3, 16, 20), 3, 20, 4)
    found = sources.read(dataset)
    assert found.train[0].shape == (20, 3, 16, 20) and found.test[0].shape == (4, 3, 16, 20)
    whole = {
        (image.tobytes(), int(label)) for part in (found.train, found.test) for image, label in zip(*part, strict=True)
    }
    stored = {(np.moveaxis(pixels(path), -1, 0).tobytes(), label) for path, label in folder.listing(dataset)[0]}
    assert whole == stored and len(stored) == 24
    assert sources.read(dataset).sha256 == found.sha256
    assert np.array_equal(sources.read(dataset).test[0], found.test[0])


def test_a_grey_folder_has_one_channel(tmp_path: Path):
    dataset = pictures(tmp_path / "grey", mode="L")
    assert sources.describe(dataset).image == (1, 16, 20)
    assert sources.read(dataset).train[0].shape == (20, 16, 20)


def test_a_folder_trains_with_more_classes_than_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from s6core import report

    monkeypatch.setenv("HOME", str(tmp_path))
    pictures(tmp_path / "my pets", classes=13, each=6)
    plan = lab.plan({**TINY, "dataset": "folder:~/my pets", "results": str(tmp_path / "kept"), "validate": True})
    assert plan.train.dataset == f"folder:{tmp_path}/my pets"
    assert plan.net.classes == 13 and plan.images == 65 - 5
    assert "dataset-my-pets" in plan.variant
    list(lab.run(plan))
    (record,) = plan.records()
    assert re.fullmatch("[0-9a-c]{13}", record.predictions)
    worst = report.mistakes([record], data.load(plan.train.dataset).test.labels.tolist())
    assert set(worst["predicted"]) <= {str(label) for label in range(13)} and len(worst)


def test_a_folder_that_is_none_is_refused_before_anything_runs(tmp_path: Path):
    pictures(tmp_path / "one", classes=1)
    pictures(tmp_path / "few", classes=2, each=5)
    pictures(tmp_path / "empty", classes=2)
    for path in (tmp_path / "empty/class-01").iterdir():
        path.unlink()
    pictures(tmp_path / "good")
    for name, given, message in (
        ("none", {}, f"there is no folder {tmp_path}/none"),
        ("one", {}, "has 1 subfolders; allowed is 2 to 36 classes"),
        ("few", {}, "has 10 images; allowed is 12 or more"),
        ("empty", {}, "class-01 has no images; allowed are .bmp .gif"),
        ("good", {"train_images": 21}, "train_images=21: allowed is 0 for all, or up to 20 images"),
        ("good", {"image": [1, 28, 28]}, r"image=(1, 28, 28): allowed is (3, 16, 20), as the images of folder:"),
    ):
        with pytest.raises(ConfigError, match=re.escape(message)):
            lab.plan({"dataset": f"folder:{tmp_path / name}", **given})
    with pytest.raises(ConfigError, match="dataset='folder:': allowed is mnist, .*, or folder:PATH"):
        lab.plan({"dataset": "folder:"})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b"no picture"), "cannot identify image file"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "truncated"),
        (lambda path: Image.new("RGB", (9, 9)).save(path), "it is 9 × 9 pixels, the first image 20 × 16"),
        (lambda path: Image.fromarray(np.zeros((16, 20), np.uint16)).save(path), "wider than a byte"),
    ],
)
def test_a_spoilt_image_is_named(tmp_path: Path, spoil: Any, message: str):
    dataset = pictures(tmp_path / "pets")
    path = tmp_path / "pets/class-01/3.png"
    spoil(path)
    with pytest.raises(DataError, match=f"{re.escape(str(path))}.*{message}"):
        sources.read(dataset)


def test_rows_alone_need_nothing_else():
    assert datasets.ALLOWED.startswith("mnist, fashion-mnist, ") and datasets.ALLOWED.endswith("or folder:PATH")
    assert all(row.torchvision and row.scale is None or row.files for row in DATASETS.values())
