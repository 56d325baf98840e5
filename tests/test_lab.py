"""One variant's runs: what is checked before training, what is kept after it, and what is not done twice."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load

from s6core import checkpoint, data, devices, lab, plan, report, results, stats, watch
from s6core.config import ConfigError, NetConfig, TrainConfig
from s6core.data import Data, Images
from s6core.net import build
from s6core.train import logits
from s6core.watch import Watch

TINY: dict[str, Any] = {
    "channels": [2, 2],
    "padding": 0,
    "pool_after": [1],
    "epochs": 2,
    "batch_size": 16,
    "device": "cpu",
}


def images(count: int, *, seed: int) -> Images:
    noise = torch.Generator().manual_seed(seed)
    pixels = torch.randint(256, (count, 28, 28), generator=noise).byte()
    return Images(images=pixels, labels=torch.randint(10, (count,), generator=noise).byte())


@pytest.fixture(autouse=True)
def loads(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Give invented images for real ones, and note what was asked for."""
    asked: list[dict[str, Any]] = []

    def invented(dataset: str, **options: Any) -> Data:
        asked.append({"dataset": dataset, **options})
        validation = images(12, seed=3) if options["validate"] else None
        return Data(
            name=dataset, train=images(40, seed=1), validation=validation, test=images(30, seed=2), sha256="abc"
        )

    threads = torch.get_num_threads()
    monkeypatch.setattr(data, "load", invented)
    yield asked
    torch.set_num_threads(threads)


def planned(root: Path, **changes: Any) -> plan.Plan:
    return lab.plan({**TINY, "study": "trial", "results": str(root), **changes})


def run(root: Path, **changes: Any) -> list[results.Record]:
    whole = planned(root, **changes)
    list(lab.run(whole))
    return whole.records()


def test_no_parameters_plan_the_reference_net_under_the_study_recipe():
    whole = lab.plan({})
    assert (whole.net, whole.train, whole.seeds) == (NetConfig(), TrainConfig(), (0,))
    assert (whole.study, whole.variant, whole.device) == ("papermill", "reference", "auto")
    assert whole.folder == results.REPOSITORY / "results" / "yours" / "papermill"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"norm": "none", "head": "fc", "dropout": 0.1}, "norm-none_dropout-0.1_head-fc"),
        ({"channels": [4, 8, 8, 8], "epochs": 2}, "channels-4-8-8-8_epochs-2"),
        ({"variant": "mine"}, "mine"),
    ],
)
def test_a_variant_is_named_by_what_differs(given: dict[str, Any], name: str):
    assert lab.plan(given).variant == name


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"nrom": "none"}, "unknown parameter 'nrom': did you mean norm"),
        ({"seed": 3}, "unknown parameter 'seed': did you mean seeds"),
        ({"norm": "foo"}, "norm='foo': allowed is batch, group, layer, instance, none"),
        ({"norm": {"a": 1}}, "norm={'a': 1}: allowed is batch, group, layer, instance, none"),
        ({"dropout": 2}, "dropout=2.0: allowed is a number from 0 to below 1"),
        ({"epochs": "many"}, "epochs='many': allowed is an integer"),
        ({"train_images": 70_000}, "train_images=70000: allowed is 0 for all, or up to 60,000"),
        (
            {"dataset": "cifar"},
            "dataset='cifar': allowed is mnist, fashion-mnist, kmnist, qmnist, emnist-digits, cifar-10, or folder:PATH",
        ),
        ({"device": "gpu"}, "device='gpu': allowed is one of auto, cpu, cuda, mps"),
        ({"pool_after": [1, 2, 3, 4]}, "layer conv4: a window of 3 does not fit into maps of height 2"),
        ({"image": [3, 32, 32]}, "image=(3, 32, 32): allowed is (1, 28, 28), as the images of mnist have it"),
        ({"classes": 5}, "classes=5: allowed is 10, as the images of mnist have it"),
        ({"study": "../published"}, "study='../published': allowed are letters, digits and _ . + -"),
        ({"variant": "a/b"}, "variant='a/b': allowed are letters, digits and _ . + -"),
        ({"variant": ".hidden"}, "variant='.hidden': allowed are letters"),
        (
            {
                "kernel": [7, 7, 6],
                "channels": [2, 2, 2],
                "pool_after": [1, 2],
                "padding": 1,
                "train_images": 33,
                "batch_size": 32,
            },
            "batch_size=32: the last batch has one image, too few for layer norm3 with its maps of 1 × 1",
        ),
    ],
)
def test_a_mistyped_parameter_is_refused_before_any_data_is_read(given: dict[str, Any], message: str, loads: list):
    with pytest.raises(ConfigError, match="^" + re.escape(message)):
        lab.plan(given)
    assert not loads


@pytest.mark.parametrize(
    ("seeds", "read"), [(3, (0, 1, 2)), ([0, 4], (0, 4)), ((7,), (7,)), ("2", (0, 1)), ("0,4", (0, 4)), ("[3]", (3,))]
)
def test_seeds_are_a_number_of_them_or_a_list(seeds: Any, read: tuple[int, ...]):
    assert lab.plan({"seeds": seeds}).seeds == read


@pytest.mark.parametrize("seeds", [0, -1, [], [0, 0], [-1], [0.5], 2.5, True, "x", "", None, {"a": 1}])
def test_other_seeds_are_refused(seeds: Any):
    with pytest.raises(
        ConfigError, match="^seeds=.*: allowed is a number of seeds from 1, or a list of different ones"
    ):
        lab.plan({"seeds": seeds})


def test_a_notebook_s_own_names_are_no_parameters():
    around = {"_": 1, "_i1": "x", "In": ["a"], "Out": {}, "lab": lab, "records": [object()], "__name__": "__main__"}
    assert lab.plan({**around, "norm": "none"}) == lab.plan({"norm": "none"})


def test_a_run_keeps_its_record(tmp_path: Path):
    (record,) = run(tmp_path, variant="small", norm="none")
    assert (record.study, record.variant, record.seed, record.status) == ("trial", "small", 0, "finished")
    assert record.net == NetConfig(channels=(2, 2), padding=0, pool_after=(1,), norm="none")
    assert record.parameters == sum(w.numel() for w in build(record.net).parameters())
    assert [row["epoch"] for row in record.epochs] == [1, 2]
    assert re.fullmatch(r"\d{30}", record.predictions)
    assert record.provenance["data"] == "abc" and record.provenance["device"]
    assert record.provenance["started_at"] <= record.provenance["finished_at"]
    assert not list(tmp_path.rglob("*.progress"))


def test_predictions_make_the_final_accuracy_and_weights_the_predictions(tmp_path: Path):
    record, _ = run(tmp_path, seeds=2)
    test = images(30, seed=2)
    right = sum(int(digit) == label for digit, label in zip(record.predictions, test.labels.tolist(), strict=True))
    assert record.final["test_accuracy"] == pytest.approx(100 * right / 30, abs=1e-3)
    folder = tmp_path / "trial" / record.variant
    net = build(record.net, seed=99)
    net.load_state_dict(load((folder / "seed-0.safetensors").read_bytes()))
    assert "".join(map(str, logits(net, test, record.train).argmax(1).tolist())) == record.predictions
    assert not (folder / "seed-1.safetensors").exists()


def test_one_run_alone_is_the_run_among_others(tmp_path: Path):
    among = run(tmp_path / "a", seeds=2, dropout=0.2)[1]
    (alone,) = run(tmp_path / "b", seeds=[1], dropout=0.2)
    assert alone.predictions == among.predictions
    assert [r | {"seconds": 0} for r in map(plain, alone.epochs)] == [
        r | {"seconds": 0} for r in map(plain, among.epochs)
    ]


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value == value}


def test_the_data_are_asked_for_as_the_config_says(tmp_path: Path, loads: list):
    (record,) = run(tmp_path, validate=True, train_images=40, dataset="fashion-mnist")
    (asked,) = loads
    assert asked["dataset"] == "fashion-mnist" and asked["validate"] is True and asked["train_images"] == 40
    assert not math.isnan(record.final["validation_accuracy"])


def test_a_stored_run_is_not_trained_again(tmp_path: Path, loads: list):
    run(tmp_path)
    (path,) = tmp_path.rglob("seed-0.json")
    before = path.stat().st_mtime_ns
    assert list(lab.run(planned(tmp_path))) == []
    assert len(loads) == 1 and path.stat().st_mtime_ns == before


def test_only_the_missing_seeds_are_trained(tmp_path: Path):
    run(tmp_path, seeds=[1])
    whole = planned(tmp_path, seeds=3)
    assert whole.missing() == [0, 2]
    assert [seed for seed, _ in lab.run(whole)] == [0, 0, 2, 2]
    assert whole.missing() == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"norm": "none"}, "stored with another net: norm 'batch' (asked for 'none')"),
        ({"lr": 0.05, "epochs": 3}, "stored with another train: epochs 2 (asked for 3), lr 0.1 (asked for 0.05)"),
    ],
)
def test_a_stored_run_of_another_config_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], message: str):
    run(tmp_path, variant="mine")
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path}/trial/mine/seed-0.json: {message}")):
        list(lab.run(planned(tmp_path, variant="mine", **changes)))


def test_a_run_interrupted_in_its_first_epoch_leaves_no_record_and_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    whole = planned(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Watch, "step", die)
        next(lab.run(whole))
    assert [path.name for path in tmp_path.rglob("seed-*")] == ["seed-0.progress"]
    assert whole.missing() == [0]
    assert [row.epoch for _, row in lab.run(whole)] == [1, 2]


RECIPES: list[dict[str, Any]] = [
    {},
    {"schedule": "cosine", "optimiser": "adam", "lr": 0.01},
    {"schedule": "step", "step_epoch": 1, "dropout": 0.2, "dropout_from": 3},
    {"schedule": "constant", "optimiser": "nesterov", "augment": "affine", "repeats": 2},
    {"optimiser": "adamw", "norm": "group", "weight_decay": 0.01, "label_smoothing": 0.1},
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_run_killed_after_every_epoch_ends_as_an_undisturbed_one_to_the_bit(tmp_path: Path, recipe: dict[str, Any]):
    (undisturbed,) = run(tmp_path / "a", variant="mine", epochs=4, **recipe)
    whole = planned(tmp_path / "b", variant="mine", epochs=4, **recipe)
    for epoch in (1, 2, 3):
        rows = lab.run(whole)
        assert next(rows)[1].epoch == epoch
        rows.close()
    assert [row.epoch for _, row in lab.run(whole)] == [4]
    assert [path.name for path in sorted(whole.folder.rglob("seed-*"))] == ["seed-0.json", "seed-0.safetensors"]
    for name in ("seed-0.json", "seed-0.safetensors"):
        ours, theirs = ((root / "trial" / "mine" / name).read_bytes() for root in (tmp_path / "b", tmp_path / "a"))
        assert ours == theirs if name.endswith("safetensors") else results.digest(ours) == results.digest(theirs)
    (record,) = whole.records()
    assert [time["epoch"] for time in record.provenance["resumed"]] == [2, 3, 4]
    assert "resumed" not in undisturbed.provenance


@pytest.mark.parametrize("spoil", ["damage", "cut", "config", "code", "torch"])
def test_a_checkpoint_that_does_not_fit_is_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, spoil: str
):
    rows = lab.run(planned(tmp_path, variant="mine", epochs=3))
    next(rows), next(rows)
    rows.close()
    path = results.checkpoint_path(tmp_path / "trial", "mine", 0)
    kept = path.read_bytes()
    if spoil in ("damage", "cut"):
        path.write_bytes(kept[:-50] if spoil == "cut" else b"PK" + bytes(reversed(kept)))
    if spoil == "code":
        monkeypatch.setattr(checkpoint, "CODE", "other")
    if spoil == "torch":
        monkeypatch.setattr(torch, "__version__", "0.1")
    changes = {"lr": 0.05} if spoil == "config" else {}
    again = lab.run(planned(tmp_path, variant="mine", epochs=3, **changes))
    assert next(again)[1].epoch == 1
    again.close()
    assert ("is damaged, the run starts anew" in caplog.text) is (spoil in ("damage", "cut"))


def test_another_machine_s_epochs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    here = devices.machine()
    monkeypatch.setattr(devices, "machine", lambda: here | {"processor": "another"})
    rows = lab.run(planned(tmp_path, variant="mine"))
    next(rows)
    rows.close()
    monkeypatch.setattr(devices, "machine", lambda: here)
    (record,) = run(tmp_path, variant="mine")
    assert record.provenance["machine"] == here
    assert [time["after"]["processor"] for time in record.provenance["resumed"]] == ["another"]


def test_whoever_looks_on_gets_a_line_per_epoch_with_the_time_left(tmp_path: Path):
    lines: list[str] = []
    list(lab.run(planned(tmp_path, seeds=2), say=lines.append))
    assert [line.split(":")[0] for line in lines] == [
        f"seed {seed}, epoch {epoch} of 2" for seed in (0, 1) for epoch in (1, 2)
    ]
    assert [bool(re.search(r", about \d+ s left$", line)) for line in lines] == [True, True, True, False]


def test_a_long_epoch_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watch, "PAUSE", 0.0)
    lines: list[str] = []
    marks = []
    real = results.mark
    monkeypatch.setattr(results, "mark", lambda *a, **k: marks.append(k["part"]) or real(*a, **k))
    list(lab.run(planned(tmp_path, epochs=1), say=lines.append))
    assert lines[0].startswith("seed 0, epoch 1 of 1: step 1 of 3, about ") and lines[0].endswith(" left")
    assert [line.split(":")[1].split(",")[0] for line in lines[:2]] == [" step 1 of 3", " step 2 of 3"]
    assert len(lines) == 3 and "% of the test set" in lines[2]
    assert marks == [0.0, 1 / 3, 2 / 3, 0.0]


@pytest.mark.parametrize(("accuracy", "said"), [(9.8, True), (20.0, True), (20.1, False), (99.0, False)])
def test_a_run_that_ends_at_chance_did_not_learn(tmp_path: Path, accuracy: float, said: bool):
    lines: list[str] = []
    told = Watch(planned(tmp_path, epochs=1), [0], lines.append)
    rows: list[dict[str, Any]] = []
    told.start(0, rows)
    rows.append({"test_accuracy": accuracy})
    told.epoch(diverged=False)
    assert lines == [f"seed 0, epoch 1 of 1: {accuracy:.2f}% of the test set" + ": did not learn" * said]


@pytest.mark.parametrize(
    ("classes", "accuracy", "learned"), [(10, 0.4, False), (2, 50.0, True), (40, 5.1, True), (40, 5.0, False)]
)
def test_chance_is_a_matter_of_the_classes(tmp_path: Path, classes: int, accuracy: float, learned: bool):
    whole = planned(tmp_path)
    assert replace(whole, net=replace(whole.net, classes=classes)).learned(accuracy) is learned


def test_a_run_that_diverges_is_a_row_and_the_next_seed_goes_on(tmp_path: Path):
    records = run(tmp_path, variant="wild", seeds=2, lr=1e38, norm="none", schedule="constant")
    assert [record.status for record in records] == ["diverged", "diverged"]
    assert records[0].predictions == "" and not list(tmp_path.rglob("*.safetensors"))
    results.collect(tmp_path / "trial")
    runs = results.load_runs(tmp_path / "trial")
    assert runs["status"].tolist() == ["diverged", "diverged"] and runs["test_accuracy"].isna().all()
    assert len(results.load_epochs(tmp_path / "trial")) == sum(len(record.epochs) for record in records)
    assert planned(tmp_path, variant="wild", seeds=2, lr=1e38, norm="none", schedule="constant").missing() == []


def test_rows_are_rounded_to_what_they_carry(tmp_path: Path):
    (record,) = run(tmp_path)
    for row in record.epochs:
        assert all(value == round(value, 8) for value in plain(row).values())
        assert row["test_accuracy"] == round(row["test_accuracy"], 4)


def test_the_report_s_frames_speak_of_the_variant(tmp_path: Path):
    records = run(tmp_path, seeds=2, norm="none")
    changes = report.changes(records[0].net, records[0].train)
    assert changes.loc["norm"].tolist() == ["batch", "none"] and "head" not in changes.index
    table = report.layer_table(NetConfig())
    assert table["parameters"].sum() == 15_662 and table.loc["conv4", "receptive field"] == "12 × 12"
    spread = report.spread(report.runs_table(records))
    learned = [r.final["test_accuracy"] for r in records if not stats.ended_at_chance(r.final["test_accuracy"])]
    assert spread.loc["test_accuracy", ["n", "failed"]].tolist() == [len(learned), 2 - len(learned)]
    assert spread.loc["test_accuracy", "mean"] == pytest.approx(sum(learned) / len(learned))


def test_the_worst_mistakes_are_those_that_most_seeds_make():
    kept = [results.Record(
        study="t", variant="v", seed=seed, status="finished", net=NetConfig(), train=TrainConfig(epochs=1),
        parameters=1, epochs=[], predictions=predictions,
    ) for seed, predictions in enumerate(["0120", "0121", "0921"])]  # fmt: skip
    worst = report.mistakes(kept, [0, 1, 3, 0])
    assert worst["index"].tolist() == [2, 3, 1]
    assert worst["predicted"].tolist() == ["2", "1", "9"] and worst["wrong"].tolist() == [3, 2, 1]
    assert set(worst["seeds"]) == {3}
