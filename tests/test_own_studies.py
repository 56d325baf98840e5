"""Studies from a YAML file: what they mean, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from stored_runs import store_all

from experiments import own
from experiments.cli import s6
from experiments.runner import task as tasks
from s6core.config import ConfigError
from s6core.plan import YOURS

STUDY = """\
name: rates
question: Does dropout want another learning rate?
base: {epochs: 2, train_images: 6000}
variants: {pool-early: {pool_after: [2]}, 007: {norm: none, seeds: 5}}
grid: {lr: [0.03, 1e-1], dropout: [0, 0.1]}
seeds: 2
recipe: study
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "my.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_is_a_study_of_its_base_its_variants_and_the_cells_that_differ(write):
    name, study = own.load(write(STUDY))
    assert name == "rates" and study.question == "Does dropout want another learning rate?"
    assert study.variants == {
        "reference": {},
        "pool-early": {"pool_after": [2]},
        "007": {"norm": "none", "seeds": 5},
        "lr-0.03": {"lr": 0.03},
        "lr-0.03+dropout-0.1": {"lr": 0.03, "dropout": 0.1},
        "dropout-0.1": {"dropout": 0.1},
    }
    assert study.parameters("dropout-0.1") == {"epochs": 2, "train_images": 6000, "dropout": 0.1}


def test_its_plans_are_those_of_a_published_study(write, tmp_path: Path):
    name, study = own.load(write(STUDY))
    task = tasks.prepare(name, study, root=tmp_path)
    plans = {planned.variant: planned for planned in task.plans}
    assert [len(plans[v].seeds) for v in ("reference", "007", "lr-0.03")] == [2, 5, 2]
    assert plans["lr-0.03+dropout-0.1"].net.dropout == 0.1 and plans["lr-0.03+dropout-0.1"].train.lr == 0.03
    assert all(planned.train.epochs == 2 for planned in task.plans)


def test_the_published_recipe_can_be_asked_for(write):
    _, study = own.load(write("name: x\nquestion: q\nvariants: {fc: {head: fc}}\nrecipe: reference\n"))
    assert study.parameters("fc")["epochs"] == 20


def test_families_say_what_is_judged_together(write):
    name, study = own.load(write(STUDY + "families: {rates: [lr-0.03], early: [pool-early, '007']}\n"))
    assert {family: list(topic.variants) for family, topic in own.topics(name, study).items()} == {
        "rates": ["lr-0.03"],
        "early": ["pool-early", "007"],
    }
    whole = own.topics(*own.load(write(STUDY)))
    assert list(whole) == ["rates"] and "reference" not in whole["rates"].variants and len(whole["rates"].variants) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "allowed is a list of keys with their values: name, question"),
        ("name: [\n", "line 2: not YAML"),
        (STUDY.replace("variants", "varients"), "unknown key 'varients': did you mean variants"),
        (STUDY.replace("seeds: 2", "seeds: 2\nseeds: 3"), "line 7: seeds: allowed is each name once"),
        (STUDY.replace("name: rates\n", ""), "name=None: allowed is a text"),
        (STUDY.replace("name: rates", "name: smoke"), "name='smoke': allowed is one that no published study"),
        (STUDY.replace("name: rates", "name: head"), "name='head': allowed is one that no published study or topic"),
        (STUDY.replace("name: rates", "name: my rates"), "name='my rates': allowed are letters, digits and _ . + -"),
        (STUDY.replace("question: Does", "question: \nq: Does"), "unknown key 'q'"),
        (STUDY.replace("norm: none", "nrom: none"), "variants, 007: unknown field 'nrom': did you mean norm"),
        (STUDY.replace("norm: none", "norm: nine"), "007: norm='nine': allowed is batch, group, layer"),
        (STUDY.replace("pool_after: [2]", "pool_after: 2"), "pool-early: pool_after=2: allowed is a list of integers"),
        (STUDY.replace("{pool_after: [2]}", "early"), "variants, pool-early='early': allowed are names with their"),
        (STUDY.replace("grid: {lr: [0.03, 1e-1]", "grid: {lr: 0.03"), "grid, lr=0.03: allowed is a list of values"),
        (STUDY.replace("[0.03, 1e-1]", "[0.03, 0.03]"), "allowed is each value once"),
        (STUDY.replace("grid: {lr", "grid: {rate"), "grid: unknown field 'rate'"),
        (STUDY.replace("dropout: [0, 0.1]", "dropout: [0, 1.5]"), "dropout-1.5: dropout=1.5: allowed is"),
        (STUDY.replace("dropout: [0, 0.1]", "dropout_from: [1, 3]"), "dropout_from=3: allowed is an epoch"),
        (STUDY.replace("pool_after: [2]", "pool_after: [3]"), "pool-early trains the same as the base"),
        (STUDY.replace("pool_after: [2]", "lr: 0.03"), "lr-0.03 trains the same as pool-early"),
        (STUDY.replace("007:", "Pool-Early:"), "Pool-Early and pool-early: allowed are names that differ in more"),
        (STUDY.replace("pool-early", "reference"), "variants, reference: the base has this name"),
        (STUDY.replace("pool-early", "dropout-0.1"), "grid: its cell dropout-0.1 has the name of a variant"),
        (STUDY.replace("pool-early", "../up"), "variant='../up': allowed are letters, digits"),
        (STUDY.replace("seeds: 2", "seeds: 0"), "seeds=0: allowed is a number of seeds from 1"),
        (STUDY.replace("recipe: study", "recipe: quick"), "recipe='quick': allowed is one of study, reference"),
        (STUDY + "families: {rates: [lr-0.3]}\n", "families, rates: unknown variant 'lr-0.3': did you mean lr-0.03"),
        ("name: x\nquestion: q\n", "variants, grid: allowed is at least one variant or one cell"),
        ("name: x\nquestion: q\nbase: {epochs: 0}\ngrid: {lr: [1]}\n", "reference: epochs=0: allowed is an integer"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_the_file_before_anything_runs(write, tmp_path: Path, text: str, message: str):
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        own.load(path)
    assert str(caught.value).startswith(f"{path}: ") and message in str(caught.value)
    answer = CliRunner().invoke(s6, ["run", str(path), "--results", str(tmp_path / "out")])
    assert answer.exit_code == 2 and answer.stderr.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_missing_file_is_said_so(tmp_path: Path):
    answer = CliRunner().invoke(s6, ["run", str(tmp_path / "no.yaml"), "--results", str(tmp_path)])
    assert answer.exit_code == 2 and answer.stderr == f"s6: {tmp_path / 'no.yaml'}: no such file\n"


def test_a_stored_study_is_found_by_its_name_and_lies_among_the_reader_s_own(write, tmp_path: Path):
    path, root = write(STUDY), tmp_path / "results"
    assert own.file("rates", root) is None
    own.keep(path, root / "rates")
    assert own.stored((root,)) == {"rates": root / "rates"}
    assert own.file("rates", root) == (root / "rates" / "study.yaml", root)
    assert own.file(str(path), root).root == root and own.file(str(path)).root == YOURS
    assert own.load(own.file("rates", root).file) == own.load(path)


def test_a_run_by_file_keeps_the_file_and_other_seeds_go_elsewhere(write, tmp_path: Path):
    path, root = write(STUDY), tmp_path / "results"
    task = tasks.find(str(path), root)
    assert task.folder == root / "rates" and task.file == path
    tasks.remember(task)
    assert tasks.find("rates", root).plans == task.plans
    other = tasks.find("rates", root, seeds=3)
    assert other.folder != task.folder and other.file is None


def test_status_table_and_compare_show_an_own_study(write, tmp_path: Path):
    path, root = write(STUDY), tmp_path / "results"
    name, study = own.load(path)
    own.keep(path, root / name)
    task = tasks.prepare(name, study, root=root)
    store_all(task.plans, {"reference": 98.0, "007": 90.0})

    def call(*arguments: str) -> str:
        answer = CliRunner().invoke(s6, [*arguments, "--results", str(root)])
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    assert "15 runs: 15 finished" in call("status", "rates")
    assert call("table", "rates", "--format", "csv").splitlines()[-1].startswith("007,")
    assert "b  rates/reference" in call("compare", "rates/007")
