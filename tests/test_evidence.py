"""Where heads find their evidence, and what dropout does to the norms: the measurements, and what is stored of them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from experiments.measure import evidence, variance
from s6core.config import NetConfig, TrainConfig
from s6core.data import Images
from s6core.net import build
from s6core.results import EPOCH_COLUMNS
from s6core.train import logits

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "book"))

from figures.dropout import overfitting  # noqa: E402
from figures.head import head_parameters  # noqa: E402

from experiments.answers.sources import Sources  # noqa: E402

RESULTS = ROOT / "results"
STORED = RESULTS / "evidence"


@pytest.fixture
def part() -> Images:
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (6, 28, 28), generator=draw, dtype=torch.uint8)
    return Images(images=images, labels=torch.arange(6, dtype=torch.uint8))


@pytest.mark.parametrize("head", ["gap", "max", "gap-fc", "fc"])
def test_what_the_places_add_and_the_bias_are_the_logits(head: str, part: Images):
    net, train = build(NetConfig(head=head), seed=1), TrainConfig()  # type: ignore[arg-type]
    found, bias = evidence.evidence(net, head, evidence.trunk(net, part, train))
    assert found.shape == (6, 10, 12, 12)
    torch.testing.assert_close(found.sum((2, 3)) + bias, logits(net, part, train), rtol=1e-4, atol=1e-4)


def test_under_max_one_place_of_each_map_adds_anything(part: Images):
    net = build(NetConfig(head="max"), seed=1)
    found, _ = evidence.evidence(net, "max", evidence.trunk(net, part, TrainConfig()))
    assert ((found != 0).sum((2, 3)) <= 1).all()


@pytest.mark.parametrize(
    ("down", "right", "moved"),
    [(0, 0, [[1, 2], [3, 4]]), (1, 0, [[0, 0], [1, 2]]), (-1, 0, [[3, 4], [0, 0]]), (0, 1, [[0, 1], [0, 3]]),
     (0, -1, [[2, 0], [4, 0]]), (1, -1, [[0, 0], [2, 0]])],
)  # fmt: skip
def test_digits_are_moved_the_way_that_is_said(down: int, right: int, moved: list[list[int]]):
    images = torch.tensor([[[1, 2], [3, 4]]], dtype=torch.uint8)
    assert evidence.shifted(images, down, right).tolist() == [moved]


@pytest.mark.parametrize(
    ("apart", "places", "against"),
    [([[1, 0], [0, 0]], 1, 0), ([[1, 1], [1, 1]], 4, 0), ([[2, 2], [-1, 0]], 25 / 9, 25), ([[3, 1], [0, 0]], 1.6, 0)],
)
def test_an_answer_s_places_are_counted_by_their_strength(apart: list[list[float]], places: float, against: float):
    found = torch.zeros(1, 3, 2, 2)
    found[0, 1] = torch.tensor(apart)
    # the second choice is class 0 with nothing anywhere, the third is far behind
    answer = evidence.spread(found, torch.tensor([0.0, 0.0, -99.0]), torch.tensor([1]))
    assert answer["places"] == pytest.approx(places, abs=0.05) and answer["against"] == pytest.approx(against)
    assert answer["accuracy"] == 100


def test_gap_does_not_notice_shuffled_places_and_fc_does():
    net = build(NetConfig(head="fc"), seed=1)
    maps = torch.randn(50, 10, 12, 12, generator=torch.Generator().manual_seed(0))
    for head, notices in (("gap", False), ("fc", True)):
        found, bias = evidence.evidence(net, head, maps)
        own = (found.sum((2, 3)) + bias).argmax(1)
        same = evidence.shuffled(net, head, maps, own)["shuffled"] == 100
        assert same is not notices


def test_new_statistics_are_those_of_the_images_without_dropout(part: Images):
    net, train = build(NetConfig(dropout=0.5), seed=1), TrainConfig(batch_size=6)
    net.train()
    with torch.no_grad():
        for _ in range(30):
            net(torch.randn(6, 1, 28, 28))  # statistics of something else, with the dropout at work
    weights = [p.clone() for p in net.parameters()]
    before = variance.variances(net, part, train).set_index("layer")
    variance.recalibrate(net, part, train)
    after = variance.variances(net, part, train).set_index("layer")
    assert (after["ratio"] - 1).abs().max() < 0.01 < (before["ratio"] - 1).abs().max()
    assert list(after.index[after["after_dropout"]]) == ["norm2", "norm3", "norm4", "norm-logits"]
    assert all(torch.equal(a, b) for a, b in zip(weights, net.parameters(), strict=True)) and not net.training


def test_the_ratio_is_the_variance_met_over_the_variance_learnt(part: Images):
    net, train = build(NetConfig(), seed=1), TrainConfig(batch_size=6)
    variance.recalibrate(net, part, train)
    net.get_buffer("norm-logits.running_var").mul_(4)
    assert variance.variances(net, part, train).set_index("layer")["ratio"]["norm-logits"] == pytest.approx(0.25, 0.01)


def test_a_mean_that_moved_is_told_in_learnt_deviations(part: Images):
    net, train = build(NetConfig(), seed=1), TrainConfig(batch_size=6)
    variance.recalibrate(net, part, train)
    assert variance.variances(net, part, train)["moved"].max() < 0.02
    net.get_buffer("norm2.running_mean").sub_(3 * net.get_buffer("norm2.running_var").sqrt())
    assert variance.variances(net, part, train).set_index("layer")["moved"]["norm2"] == pytest.approx(3, abs=0.02)


def test_neighbours_that_say_the_same_correlate():
    steps = torch.arange(12.0).double()
    slope = steps.view(1, 1, 12).expand(1, 12, 12)
    board = ((steps.view(12, 1) + steps) % 2).view(1, 12, 12)
    assert evidence.neighbours(slope + slope.transpose(1, 2)) == pytest.approx(1, abs=0.01)
    assert evidence.neighbours(board) == pytest.approx(-1, abs=0.01)
    noise = torch.rand(50, 12, 12, generator=torch.Generator().manual_seed(0)).double()
    assert abs(evidence.neighbours(noise)) < 0.05


@pytest.mark.parametrize("name", ["heads.csv", "recalibrated.csv"])
def test_the_stored_accuracies_are_those_of_the_runs(name: str):
    runs = pd.read_csv(RESULTS / "ablations" / "runs.csv").query("seed == 0").set_index("variant")
    for line in pd.read_csv(STORED / name).itertuples():
        # two digits may lie on the fence, and fall the other way with another batch size
        assert line.accuracy == pytest.approx(runs.loc[line.variant, "test_accuracy"], abs=0.025)


def test_the_stored_evidence_gives_the_stored_answers():
    arrays, lines = np.load(STORED / "digits.npz"), pd.read_csv(STORED / "examples.csv")
    for head in ("reference", "fc"):
        scores = arrays[head].astype(float).sum((2, 3)) + arrays[f"{head}-bias"]
        assert list(scores.argmax(1)) == list(lines[head])
    assert pd.read_csv(STORED / "agreement.csv")["images"].sum() == 10_000


def test_the_heads_are_counted_as_the_nets_are_built():
    table = head_parameters(Sources(RESULTS)).set_index("head")
    assert table.loc["gap", "of the whole net"] == 15_662
    for head, row in table.iterrows():
        net = build(NetConfig(head=str(head)))  # type: ignore[arg-type]
        assert row["of the whole net"] == sum(p.numel() for p in net.parameters())
    assert "(1,440 + 1) · 10 = 14,410" in table.loc["fc", "counted by hand"]


def test_over_fitting_is_read_off_the_epochs(tmp_path: Path):
    test, train = [[0.5, 0.3, 0.4, 0.6], [0.5, 0.5, 0.4, 0.4]], [[0.6, 0.2, 0.2, 0.1], [0.4, 0.5, 0.3, 0.1]]
    rows = [
        dict.fromkeys(EPOCH_COLUMNS, 1.0) | {"study": "reference", "variant": "reference", "seed": seed, "epoch": epoch}
        | {"test_loss": test[seed][epoch - 1], "train_loss": train[seed][epoch - 1]}
        for seed in (0, 1) for epoch in (1, 2, 3, 4)
    ]  # fmt: skip
    (tmp_path / "reference").mkdir()
    pd.DataFrame(rows, columns=EPOCH_COLUMNS).to_csv(tmp_path / "reference" / "epochs.csv", index=False)
    found = overfitting(Sources(tmp_path)).loc["reference"]
    assert (found["lowest"], found["last"]) == (2, 4)  # means 0.5, 0.4, 0.4, 0.5: the first of two equals
    assert found["parted"] == 3  # in the second epoch one seed's test loss is not above its training loss
    assert found["rise"] == pytest.approx(0.1) and found["ratio"] == pytest.approx(5)
