"""`s6 compare` and `s6 table` on published, own, foreign and mixed runs."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from stored_runs import store

from experiments.cli import s6
from s6core import style
from s6core.plan import plan

TINY = {"epochs": 2, "train_images": 600, "study": "mine"}


def call(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(s6, list(arguments))


def compared(*arguments: str) -> dict:
    answer = call("compare", *arguments, "--format", "json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A results folder with a study of four variants: the reference, a better and a collapsed net, another recipe."""
    root = tmp_path / "results"
    variants = {
        "reference": ({}, [98.0, 98.1, 98.2, 98.3]),
        "fc": ({"head": "fc"}, [99.0, 99.1, 99.2]),
        "lost": ({"norm": "none"}, [11.35, math.nan, 97.0]),
        "long": ({"epochs": 3}, [98.9, 98.8, 98.7]),
    }
    for name, (changed, accuracies) in variants.items():
        store(plan({**TINY, **changed, "variant": name, "results": str(root)}), accuracies)
    return root


def errors(accuracies: list[float]) -> float:
    """The geometric mean of errors, worked out here."""
    return math.exp(np.log(100 - np.array(accuracies)).mean())


def test_one_argument_means_the_reference_of_the_same_recipe(root: Path):
    row = compared("mine/fc", "--results", str(root))
    assert (row["a"], row["b"], row["n_a"], row["n_b"]) == ("mine/fc", "mine/reference", 3, 4)
    assert row["ratio"] == pytest.approx(errors([99.0, 99.1, 99.2]) / errors([98.0, 98.1, 98.2, 98.3]))
    assert row["points"] == pytest.approx(99.1 - 98.15) and row["diff"] == {"head": ["fc", "gap"]}
    assert row["verdict"] == "helps"


def test_json_has_these_keys_and_no_others(root: Path):
    keys = [
        "a", "b", "n_a", "n_b", "failed_a", "failed_b", "ratio", "low", "high", "points", "verdict", "notices", "diff",
    ]  # fmt: skip
    assert list(compared("mine/fc", "mine/lost", "--results", str(root))) == keys


def test_failures_are_counted_whether_they_diverged_or_ended_at_chance(root: Path):
    row = compared("mine/lost", "--results", str(root))
    assert (row["n_a"], row["failed_a"], row["failed_b"]) == (3, 2, 0)
    assert row["ratio"] == pytest.approx(errors([97.0]) / errors([98.0, 98.1, 98.2, 98.3]))
    assert "did not learn   2" in call("compare", "mine/lost", "--results", str(root)).stdout


def test_folders_tables_and_published_runs_mix(root: Path, tmp_path: Path):
    table = tmp_path / "runs.csv"
    table.write_text("seed,head,test_accuracy\n0,fc,0.990\n1,fc,0.991\n2,fc,0.992\n", encoding="utf-8")
    folder = str(root / "mine" / "fc")
    for a in (folder, f"{table}"):
        row = compared(a, str(root / "mine" / "reference"), "--fractions")
        assert row["ratio"] == pytest.approx(errors([99.0, 99.1, 99.2]) / errors([98.0, 98.1, 98.2, 98.3]))
        assert row["diff"]["head"] == ["fc", "gap"]
    mixed = call("compare", folder, "ablations/fc", "--format", "json")
    assert json.loads(mixed.stdout)["n_b"] >= 5
    assert "the training differs too (train_images 600 and 0, epochs 2 and 6)" in mixed.stderr
    assert f"device: {folder} ran on some, ablations/fc on " in mixed.stderr


def test_compare_and_table_give_a_published_variant_the_same_interval():
    rows = {row["variant"]: row for row in json.loads(call("table", "head", "--format", "json").stdout)}
    row = compared("ablations/max")
    assert [row[k] for k in ("ratio", "low", "high")] == pytest.approx(
        [rows["max"][k] for k in ("ratio", "low", "high")]
    )


def test_a_topic_s_name_stands_for_its_study():
    assert compared("head/fc")["b"] == "ablations/reference"


def test_the_published_table_needs_no_unit(tmp_path: Path):
    table = Path(__file__).parent.parent / "results" / "ablations" / "runs.csv"
    runs = pd.read_csv(table)
    row = compared(f"{table}:variant=fc", f"{table}:variant=reference")
    known = {v: runs[runs["variant"] == v]["test_accuracy"].tolist() for v in ("fc", "reference")}
    assert row["ratio"] == pytest.approx(errors(known["fc"]) / errors(known["reference"]))
    assert row["diff"] == {"head": ["fc", "gap"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine/fd"], "mine/fd: unknown variant 'fd': did you mean fc?"),
        (["mien/fc"], "mien/fc: unknown study 'mien': did you mean mine?"),
        (["mine"], "mine: a study; name one of its variants: fc, long, lost, reference"),
        (["mine/fc", "mine/fc"], "mine/fc and mine/fc are the same runs"),
        (["no.csv", "mine/fc"], "no.csv: no such file"),
        (["mine/fc", "--plot", "out.txt"], "plot='out.txt': allowed is a file that ends in ."),
        (["mine/reference"], "no other runs of the reference net with its data and epochs"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(root: Path, arguments: list[str], message: str):
    answer = call("compare", *arguments, "--results", str(root))
    assert answer.exit_code == 2 and answer.stdout == "" and message in answer.stderr
    assert answer.stderr.startswith("s6: ") and answer.stderr.count("\n") == 1


def test_other_data_are_refused_and_another_recipe_is_named(root: Path):
    store(plan({**TINY, "dataset": "fashion-mnist", "variant": "shoes", "results": str(root)}), [90.0, 90.1, 90.3])
    answer = call("compare", "mine/fc", "mine/shoes", "--results", str(root))
    assert answer.exit_code == 2 and "dataset: mine/fc has mnist, mine/shoes has fashion-mnist" in answer.stderr
    longer = call("compare", "mine/long", "mine/reference", "--results", str(root))
    assert longer.exit_code == 0 and "epochs differs: mine/long has 3, mine/reference has 2" in longer.stderr


def test_seeds_that_were_not_trained_alike_are_refused(root: Path):
    folder = store(plan({**TINY, "variant": "mixed", "results": str(root)}), [98.0, 98.1])
    (folder / "seed-1.json").write_text(
        (folder / "seed-1.json").read_text().replace('"lr": 0.1, "mom', '"lr": 0.2, "mom')
    )
    answer = call("compare", "mine/mixed", "mine/reference", "--results", str(root))
    assert answer.exit_code == 2 and "mine/mixed: lr: seed 0 has 0.1, seed 1 has 0.2" in answer.stderr


def test_every_format_says_the_same(root: Path):
    options = ("mine/fc", "--results", str(root), "--format")
    row = json.loads(call("compare", *options, "json").stdout)
    (line,) = csv.DictReader(io.StringIO(call("compare", *options, "csv").stdout))
    assert list(line) == list(row) and float(line["ratio"]) == row["ratio"] and line["diff"] == "head fc (b: gap)"
    for kind in ("table", "markdown", "latex"):
        text = call("compare", *options, kind).stdout
        assert f"{row['ratio']:.2f}" in text and f"{row['points']:.2f}" in text and row["verdict"] in text, kind


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_a_plot_is_drawn(root: Path, tmp_path: Path, suffix: str):
    path = tmp_path / f"out.{suffix}"
    assert call("compare", "mine/lost", "--results", str(root), "--plot", str(path)).exit_code == 0
    assert path.stat().st_size > 3_000


@pytest.mark.parametrize(("sides", "blue"), [(["ablations/fc"], True), (["ablations/fc", "ablations/max"], False)])
def test_in_a_plot_a_variant_has_its_colour_and_the_reference_alone_is_blue(
    tmp_path: Path, sides: list[str], blue: bool
):
    path = tmp_path / "out.svg"
    assert call("compare", *sides, "--plot", str(path)).exit_code == 0
    drawn = path.read_text().lower()
    assert style.colour("fc").lower() in drawn
    assert (style.colour("reference").lower() in drawn) is blue


@pytest.mark.parametrize(
    "command",
    [
        *([], ["studies"], ["compare", "mine/fc"], ["table", "ablations"], ["table", "head"]),
        *(["status", "ablations"], ["status", "mine"], ["net"], ["net", "--fields"], ["rf", "torchvision:resnet50"]),
        *(["claims"], ["data"], ["run", "smoke", "--dry-run", "--shard", "1/2"]),
    ],
)
def test_fifty_columns_are_enough(root: Path, command: list[str]):
    where = ["--results", str(root)] if "mine" in " ".join(command) or command[:1] == ["run"] else []
    answer = call(*command, *where, COLUMNS="50")
    longer = [line for line in answer.stdout.splitlines() if len(line) > 50]
    assert answer.exit_code == 0 and not [line for line in longer if " " in line.strip()], longer  # a path stays whole


def test_no_colour_where_nobody_sees_it_or_nobody_wants_it(root: Path, monkeypatch: pytest.MonkeyPatch):
    from experiments.cli import formats

    assert "\x1b" not in call("compare", "mine/fc", "--results", str(root)).stdout
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert formats.coloured("hurts") == "\x1b[31mhurts\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert formats.coloured("hurts") == "hurts"


def test_a_leaderboard_is_sorted_and_judged_within_its_topic():
    answer = call("table", "batchnorm", "--format", "json")
    rows = json.loads(answer.stdout)
    accuracies = [row["accuracy"] for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    known = {row["variant"]: row for row in rows}
    assert known["reference"]["verdict"] == "" and known["no-bn"]["verdict"] == "hurts"
    assert all(0 <= row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"] <= 100 for row in rows)


def test_a_study_without_a_reference_has_accuracies_alone():
    header = call("table", "no-bn-recipe", "--format", "csv").stdout.splitlines()[0]
    assert header == "variant,parameters,n,failed,accuracy,accuracy_low,accuracy_high"


def test_an_unknown_table_offers_studies_and_topics():
    answer = call("table", "hed")
    assert answer.exit_code == 2 and answer.stderr.startswith("s6: unknown study or topic 'hed': did you mean head or")


def test_a_table_of_no_runs_says_what_makes_them_and_where_others_lie(tmp_path: Path):
    (tmp_path / "screen").mkdir()
    answer = call("table", "screen", "--results", str(tmp_path))
    assert answer.exit_code == 1 and answer.stderr.endswith("screen: no runs; `s6 run screen` makes them\n")
    (tmp_path / "screen+epochs-1").mkdir()
    answer = call("table", "screen", "--results", str(tmp_path))
    assert answer.stderr.endswith("makes them; those of other epochs or seeds: `s6 table screen+epochs-1`\n")


def test_a_comparison_alone_speaks_of_no_correction_and_a_single_run_of_no_interval(root: Path):
    told = call("compare", "mine/fc", "--results", str(root)).stdout
    assert "helps: the interval lies below 1." in told and "+0.95 points from b (+0." in told and "Holm" not in told
    folder = store(plan({**TINY, "head": "fc", "variant": "once", "results": str(root)}), [99.0])
    told = call("compare", str(folder), "mine/reference", "--results", str(root)).stdout
    assert "+0.85 points from b (no interval)" in told, told
