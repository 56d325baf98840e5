"""What runs leave on disk: whole or not at all, read back as it was, refused by name where it cannot be trusted."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s6core import results
from s6core.config import NetConfig, TrainConfig
from s6core.layers import layers, parameters
from s6core.results import EPOCH_COLUMNS, FIGURES, RUN_COLUMNS, Record, ResultsError, origin, tables
from s6core.results import record as record_file

PUBLISHED = results.REPOSITORY / "results"
STUDIES = sorted(path.parent for path in PUBLISHED.glob("*/runs.csv"))


@cache
def published_images(dataset: str) -> Any:
    from s6core import data

    return data.load(dataset).test


def row(epoch: int, accuracy: float = 98.0) -> dict[str, Any]:
    figures = {name: accuracy if name.endswith("accuracy") else 0.05 for name in FIGURES}
    validation = {"validation_loss": math.nan, "validation_accuracy": math.nan}
    return {"epoch": epoch, "lr": 0.1, **figures, **validation, "seconds": 1.5}


def record(variant: str = "reference", seed: int = 0, **changes: Any) -> Record:
    whole = Record(
        study="trial",
        variant=variant,
        seed=seed,
        status="finished",
        net=NetConfig(norm="none"),
        train=TrainConfig(epochs=2),
        parameters=15_466,
        epochs=[row(1), row(2, 98.5)],
        predictions="7210",
        provenance={"device": "invented", "commit": "0" * 40, "clean": True, "finished_at": "2026-01-01T00:00:00Z"},
    )
    return replace(whole, **changes)


def diverged(**changes: Any) -> Record:
    lost = dict.fromkeys(FIGURES, math.nan)
    return record(status="diverged", epochs=[row(1), row(2) | lost], predictions="", **changes)


def same(a: Record, b: Record) -> bool:
    return repr(a) == repr(b)  # NaN is not equal to itself, but prints alike


@pytest.mark.parametrize("kept", [record(), record("no-bn", 12), diverged()], ids=["finished", "other", "diverged"])
def test_a_record_comes_back_as_it_was(tmp_path: Path, kept: Record):
    assert same(results.load(results.save(tmp_path, kept)), kept)


def test_a_record_is_plain_json_without_nan(tmp_path: Path):
    text = results.save(tmp_path, diverged()).read_text()
    content = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert content["status"] == "diverged"
    assert content["final"]["test_accuracy"] is None
    assert content["net"]["channels"] == [8, 16, 32, 32]


def test_weights_stand_beside_the_record_and_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written: list[str] = []
    monkeypatch.setattr(record_file, "write", lambda path, content: written.append(path.name))
    results.save(tmp_path, record(), b"weights")
    assert written == ["seed-0.safetensors", "seed-0.json"]  # the record says that the run is done


def test_weights_of_an_earlier_run_do_not_stay_beside_a_record_without(tmp_path: Path):
    results.save(tmp_path, record(), b"weights")
    results.save(tmp_path, record(seed=1), b"others")
    results.save(tmp_path, diverged())
    assert [path.name for path in tmp_path.rglob("*.safetensors")] == ["seed-1.safetensors"]


@pytest.mark.parametrize("fault", ["fsync", "replace", "chmod"])
def test_a_crash_while_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
):
    path = tmp_path / "table.csv"
    results.write(path, b"old")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, fault, crash)
    with pytest.raises(KeyboardInterrupt):
        results.write(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/seed-0\.json'"):
        results.save(tmp_path, record())
    assert not list(tmp_path.rglob("seed-0*"))


def test_a_file_that_is_written_can_be_read_by_others(tmp_path: Path):
    results.write(tmp_path / "a", b"")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_record_cut_anywhere_is_refused_by_name(tmp_path: Path):
    path = results.save(tmp_path, record())
    whole = path.read_bytes()
    for length in [0, 1, *range(20, len(whole) - 2, 97)]:
        path.write_bytes(whole[:length])
        with pytest.raises(ResultsError, match=re.escape(f"{path}: not a run's record")):
            results.load(path)


def altered(change: Callable[[dict[str, Any]], Any]) -> Callable[[str], str]:
    def alter(text: str) -> str:
        content = json.loads(text)
        change(content)
        return json.dumps(content)

    return alter


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda text: "[]", "TypeError"),
        (lambda text: text.replace('"norm": "none"', '"nrom": "none"'), "unknown field 'nrom': did you mean norm"),
        (lambda text: text.replace('"norm": "none"', '"norm": "some"'), "norm='some': allowed is batch"),
        (altered(lambda c: c.pop("predictions")), "KeyError: 'predictions'"),
        (altered(lambda c: c.update(predictions="")), "0 predictions"),
        (altered(lambda c: c.update(status="done")), "status 'done': allowed is one of finished, diverged"),
        (altered(lambda c: c.update(seed=1)), "it is of reference, seed 1"),
        (altered(lambda c: c.update(variant="fc")), "it is of fc, seed 0"),
        (altered(lambda c: c["epochs"].pop()), "1 of 2 epochs"),
        (altered(lambda c: c["epochs"].clear()), "0 of 2 epochs"),
        (altered(lambda c: c["epochs"].pop(0)), "epoch 1 is missing or not whole"),
        (altered(lambda c: c["epochs"][1].pop("lr")), "epoch 2 is missing or not whole"),
        (altered(lambda c: c["epochs"][1].update(best=99)), "epoch 2 is missing or not whole"),
        (altered(lambda c: c.update(epochs=[1, 2])), "AttributeError"),
    ],
)
def test_an_altered_record_is_refused_by_name(tmp_path: Path, alter: Callable[[str], str], message: str):
    path = results.save(tmp_path, record())
    path.write_text(alter(path.read_text()))
    with pytest.raises(ResultsError, match=re.escape(f"{path}: ") + ".*" + re.escape(message)):
        results.load(path)


def test_a_copied_record_is_not_another_run(tmp_path: Path):
    path = results.save(tmp_path, record())
    path.with_name("seed-1.json").write_bytes(path.read_bytes())
    with pytest.raises(ResultsError, match="seed-1.json: .* it is of reference, seed 0"):
        results.load_all(tmp_path)


def test_the_digest_knows_what_a_repetition_must_reproduce(tmp_path: Path):
    def digest(kept: Record) -> str:
        return results.digest(results.save(tmp_path, kept).read_bytes())

    slower = [one | {"seconds": 99.0} for one in record().epochs]
    assert digest(record()) == digest(record(epochs=slower, provenance={"device": "another"}))
    assert digest(record()) != digest(record(epochs=[row(1), row(2, 98.51)]))
    assert digest(record()) != digest(record(predictions="7211"))


def collected(folder: Path) -> Path:
    for kept in (record("fc", 1), record("fc", 0), diverged(variant="lr-9", seed=2), record("none"), record("nan")):
        results.save(folder, kept)
    results.collect(folder)
    return folder


def test_collected_tables_say_what_the_records_say(tmp_path: Path):
    runs = results.load_runs(collected(tmp_path))
    epochs = results.load_epochs(tmp_path)
    assert list(runs) == RUN_COLUMNS and list(epochs) == EPOCH_COLUMNS
    assert list(zip(runs["variant"], runs["seed"], strict=True)) == [
        ("fc", 0), ("fc", 1), ("lr-9", 2), ("nan", 0), ("none", 0),
    ]  # fmt: skip
    assert runs["status"].tolist() == ["finished", "finished", "diverged", "finished", "finished"]
    assert runs.loc[0, "test_accuracy"] == 98.5, "the last epoch counts"
    assert runs.loc[0, "seconds"] == 3.0
    assert math.isnan(runs.loc[2, "test_accuracy"]), "a run that diverged keeps its row"
    assert len(epochs) == 10 and runs["epochs"].tolist() == [2] * 5


def test_collecting_twice_changes_no_byte(tmp_path: Path):
    before = {p.name: p.read_bytes() for p in collected(tmp_path).glob("*.csv")}
    results.collect(tmp_path)
    assert before == {p.name: p.read_bytes() for p in tmp_path.glob("*.csv")}


def test_only_whole_records_are_collected(tmp_path: Path):
    results.save(tmp_path, record())
    results.mark(tmp_path, "reference", 1, epochs=2, started_at=results.now(), rows=[])
    (tmp_path / "reference" / "seed-2.failed.json").write_text("{}")
    assert [kept.seed for kept in results.load_all(tmp_path)] == [0]


def test_a_study_without_runs_has_empty_tables(tmp_path: Path):
    results.collect(tmp_path)
    assert len(results.load_runs(tmp_path)) == len(results.load_epochs(tmp_path)) == 0


def test_a_damaged_record_is_named_and_the_others_make_the_tables(tmp_path: Path):
    path = collected(tmp_path) / "fc" / "seed-1.json"
    path.write_bytes(path.read_bytes()[:500])
    (reason,) = results.collect(tmp_path)
    assert reason.startswith(f"{path}: not a run's record") and "left out of the tables" in reason
    assert len(results.load_runs(tmp_path)) == 4 and len(results.load_epochs(tmp_path)) == 8


def test_a_variant_trained_in_two_ways_is_named_and_left_out(tmp_path: Path):
    assert results.collect(collected(tmp_path)) == []
    results.save(tmp_path, record("fc", 2, net=NetConfig(norm="none", head="fc")))
    results.save(tmp_path, record("fc", 0, train=TrainConfig(epochs=1), epochs=[row(1)]))
    (reason,) = results.collect(tmp_path)
    where = tmp_path / "fc"
    assert reason.startswith(
        f"{where}: its seeds differ in head: 'gap' (seed 0, 1), 'fc' (seed 2); epochs: 1 (seed 0), 2 (seed 1, 2); "
    )
    assert "remove the odd ones' files" in reason
    assert set(results.load_runs(tmp_path)["variant"]) == {"lr-9", "none", "nan"}
    assert set(results.load_epochs(tmp_path)["variant"]) == {"lr-9", "none", "nan"}


def test_a_checkpoint_is_no_record_and_vanishes_with_it(tmp_path: Path):
    kept = [results.checkpoint_path(tmp_path, "reference", seed) for seed in (0, 1)]
    for path in kept:
        results.write(path, b"weights and more")
    assert results.load_all(tmp_path) == [] and results.record_paths(tmp_path) == []
    results.save(tmp_path, diverged())
    assert [path.exists() for path in kept] == [False, True]


def test_two_who_collect_at_once_lose_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One has read the records and not yet written the tables when the other's record comes and it collects too."""
    results.save(tmp_path, record())
    real, others = results.runs_table, []

    def slowly(records: list[Record]) -> Any:
        if not others:
            results.save(tmp_path, record(seed=1))
            others.append(threading.Thread(target=results.collect, args=[tmp_path]))
            others[0].start()
            others[0].join(0.2)  # it waits for its turn
        return real(records)

    monkeypatch.setattr(tables, "runs_table", slowly)
    results.collect(tmp_path)
    others[0].join()
    assert results.load_runs(tmp_path)["seed"].tolist() == [0, 1]


def edit(path: Path, line: int, column: str | None, text: str | None) -> None:
    """Change one cell of a table; without a column the whole line, without text drop it."""
    lines = [one.split(",") for one in path.read_text().splitlines()]
    if column:
        lines[line - 1][lines[0].index(column)] = text or ""
    elif text is None:
        del lines[line - 1]
    else:
        lines[line - 1] = text.split(",")
    path.write_text("\n".join(map(",".join, lines)) + "\n")


@pytest.mark.parametrize(
    ("line", "column", "text", "message"),
    [
        (1, "test_loss", "test_los", "unknown column test_los"),
        (3, "variant", "", "line 3 lacks one of study, variant, seed"),
        (3, "seed", "", "line 3 lacks one of study, variant, seed"),
        (3, "seed", "0", "variant fc, seed 0 stands there twice"),
        (2, "status", "done", "line 2: status 'done': allowed is one of finished, diverged"),
        (3, "test_accuracy", "99.4%", "line 3: test_accuracy '99.4%': allowed is a number"),
        (3, "test_accuracy", "", "line 3: a finished run lacks a figure"),
        (2, "parameters", "", "line 2: a finished run lacks a figure"),
    ],
)
def test_a_table_of_runs_that_is_not_tidy_is_refused_by_name(
    tmp_path: Path, line: int, column: str, text: str, message: str
):
    path = collected(tmp_path) / "runs.csv"
    edit(path, line, column, text)
    with pytest.raises(ResultsError, match="^" + re.escape(f"{path}: {message}")):
        results.load_runs(tmp_path)


@pytest.mark.parametrize(
    ("line", "column", "text", "message"),
    [
        (1, "lr", "rate", "unknown column rate"),
        (2, None, None, "fc, seed 0: epoch 1 is missing"),
        (3, "epoch", "1", "variant fc, seed 0, epoch 1 stands there twice"),
        (3, "epoch", "3", "fc, seed 0: epoch 2 is missing"),
        (3, "lr", "fast", "line 3: lr 'fast': allowed is a number"),
    ],
)
def test_a_table_of_epochs_that_is_not_tidy_is_refused_by_name(
    tmp_path: Path, line: int, column: str | None, text: str | None, message: str
):
    path = collected(tmp_path) / "epochs.csv"
    edit(path, line, column, text)
    with pytest.raises(ResultsError, match="^" + re.escape(f"{path}: {message}")):
        results.load_epochs(tmp_path)


@pytest.mark.parametrize("content", [b"", b"study,variant\n1,2,3,4\n", b"\xff\xfe\x00"])
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, content: bytes):
    (tmp_path / "runs.csv").write_bytes(content)
    with pytest.raises(ResultsError, match=re.escape(str(tmp_path / "runs.csv"))):
        results.load_runs(tmp_path)


def test_a_missing_column_is_named(tmp_path: Path):
    path = collected(tmp_path) / "runs.csv"
    text = path.read_text().splitlines()
    path.write_text("\n".join(line.partition(",")[2] for line in text) + "\n")
    with pytest.raises(ResultsError, match="runs.csv: missing column study"):
        results.load_runs(tmp_path)


def test_a_missing_table_says_how_to_make_it(tmp_path: Path):
    with pytest.raises(ResultsError, match="runs.csv: no such table; `s6 run trial` makes it"):
        results.load_runs(tmp_path / "trial")


def test_provenance_says_where_a_run_comes_from():
    origin = results.provenance()
    assert set(origin) == {"commit", "clean", "versions", "started_at"}
    assert origin["versions"]["torch"] and origin["versions"]["python"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", origin["started_at"])


def test_provenance_without_git_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    assert results.provenance()["commit"] is results.provenance()["clean"] is None


def test_asking_git_takes_no_lock_from_a_commit_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where a file is newer than git's index, `git status` alone would lock the index to note that."""

    def git(*arguments: str) -> None:
        names = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(tmp_path), *names, *arguments], check=True, capture_output=True)

    source = tmp_path / "s6core" / "a.py"
    source.parent.mkdir()
    source.touch()
    git("init")
    git("add", ".")
    git("commit", "-m", "a")
    os.utime(source, (0, 0))
    index = (tmp_path / ".git" / "index").read_bytes()
    monkeypatch.setattr(origin, "REPOSITORY", tmp_path)
    assert results.provenance()["clean"] is True
    assert (tmp_path / ".git" / "index").read_bytes() == index


@pytest.mark.parametrize("folder", STUDIES, ids=[path.name for path in STUDIES])
def test_published_tables_are_the_published_records(folder: Path):
    runs, epochs, records = results.load_runs(folder), results.load_epochs(folder), results.load_all(folder)
    assert runs.to_csv(index=False) == results.runs_table(records).to_csv(index=False)
    assert epochs.to_csv(index=False) == results.epochs_table(records).to_csv(index=False)
    for kept in records:
        assert kept.study == folder.name
        assert kept.parameters == parameters(layers(kept.net))
        assert kept.provenance["data"] and kept.provenance["device"] and kept.provenance["versions"]["torch"]


@pytest.mark.parametrize("folder", STUDIES, ids=[path.name for path in STUDIES])
def test_published_accuracies_follow_from_the_published_predictions(folder: Path):
    records = [kept for kept in results.load_all(folder) if kept.status == "finished"]
    for kept in records:
        labels = published_images(kept.train.dataset).labels.numpy()
        predicted = np.array(list(kept.predictions), dtype=np.uint8)
        assert len(predicted) == len(labels) == 10_000
        assert 100 * (predicted == labels).mean() == pytest.approx(kept.final["test_accuracy"], abs=1e-3)


@pytest.mark.parametrize("folder", STUDIES, ids=[path.name for path in STUDIES])
def test_published_weights_make_the_published_predictions(folder: Path):
    """All test images with the reference net's weights, a sample with the others': another CPU may round otherwise."""
    import torch
    from safetensors.torch import load_file

    from s6core.net import build
    from s6core.train import logits

    records = [kept for kept in results.load_all(folder) if kept.status == "finished" and kept.seed == 0]
    for kept in records:
        net = build(kept.net)
        net.load_state_dict(load_file(results.weights_path(folder, kept.variant)))
        count = 10_000 if folder.name == "reference" else 250
        part = published_images(kept.train.dataset).take(slice(count))
        predicted = logits(net, part, kept.train).argmax(1)
        stored = torch.tensor([int(digit) for digit in kept.predictions[:count]])
        assert (predicted == stored).sum() >= count - max(1, count // 2000), kept.variant
        accuracy = 100 * (predicted == part.labels).double().mean().item()
        if count == 10_000:
            assert accuracy == pytest.approx(kept.final["test_accuracy"], abs=0.05)
