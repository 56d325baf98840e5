"""What a name on the command line stands for, where its runs lie, and which part of them a shard does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from trial_study import STUDY, prepared, store

from experiments import cli, studies
from experiments.cli import run as command
from experiments.runner import job, run, task
from experiments.topics import TOPICS
from s6core import plan, results
from s6core.config import ConfigError


@pytest.fixture(autouse=True)
def _study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(studies.STUDIES, "trial", STUDY)


def s6(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.s6, [str(a) for a in arguments])


@pytest.mark.parametrize("topic", ["head", "amount-600"])
def test_a_topic_is_its_variants_and_their_base_within_the_study(tmp_path: Path, topic: str) -> None:
    found = task.find(topic, tmp_path)
    assert found.folder == tmp_path / "ablations"
    assert [planned.variant for planned in found.plans] == [TOPICS[topic].base, *TOPICS[topic].variants]
    whole = {planned.variant: planned for planned in task.find("ablations", tmp_path).plans}
    assert all(planned == whole[planned.variant] for planned in found.plans), "the same runs, with as many seeds"
    assert [planned.variant for planned in task.find(topic, tmp_path, only=["fc"]).plans] == ["fc"]


@pytest.mark.parametrize(
    ("asked", "folder"),
    [
        ({}, "trial"),
        ({"epochs": 2, "seeds": 3, "device": "cpu"}, "trial"),
        ({"epochs": 5}, "trial+epochs-5"),
        ({"seeds": 1}, "trial+seeds-1"),
        ({"epochs": 1, "seeds": 4}, "trial+epochs-1+seeds-4"),
    ],
)
def test_what_is_not_the_study_s_own_lies_in_a_folder_of_its_own(
    tmp_path: Path, asked: dict[str, int | str], folder: str
) -> None:
    found = task.find("trial", tmp_path, **asked)
    assert found.folder == tmp_path / folder
    assert {planned.study for planned in found.plans} == {folder}
    assert found.plans[0].folder == found.folder


def test_a_quick_look_and_the_study_share_no_run_and_both_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(of: task.Task, *_: object) -> list[str]:
        for planned in of.plans:
            for seed in of.missing(planned):
                store(planned, seed)
        return []

    monkeypatch.setattr(command, "_work", work)
    for words in (["--epochs", "1", "--seeds", "2", "--only", "no-bn"], ["--epochs", "1", "--seeds", "2"], []):
        result = s6("run", "trial", *words, "--results", tmp_path)
        assert result.exit_code == 0, result.output
    look = "trial+epochs-1+seeds-2"
    for name, count in (("trial", 6), (look, 4)):
        assert f"{count} runs: {count} finished\n" in s6("status", name, "--results", tmp_path).output
        result = s6("run", name, "--dry-run", "--results", tmp_path)
        assert f"0 of {count} runs to train" in result.output
    refused = s6("run", look, "--epochs", "2", "--results", tmp_path)
    assert refused.exit_code == 2 and "its plan stands in" in refused.output
    assert (
        "unknown variant 'nobn': did you mean no-bn" in s6("run", look, "--only", "nobn", "--results", tmp_path).output
    )


def test_a_memory_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine" / task.MEMORY
    results.write(path, b'{"reference": {"nrom": 1}')
    result = s6("status", "mine", "--results", tmp_path)
    assert result.exit_code == 1 and f"s6: {path}: not a study's plan" in result.output


@pytest.mark.parametrize("deeper", ["", "yours"])
def test_papermill_s_runs_are_found_by_what_they_left(tmp_path: Path, deeper: str) -> None:
    given = {"norm": "none", "epochs": 3, "study": "papermill", "results": str(tmp_path / deeper)}
    stored = plan.plan({**given, "seeds": [0, 4]})
    for seed in stored.seeds:
        store(stored, seed)
    under_way = plan.plan({**given, "norm": "group", "seeds": [2]})
    row = {"test_accuracy": 98.5}
    results.mark(
        under_way.folder, under_way.variant, 2, epochs=3, started_at=results.now(), rows=[row],
        parameters=under_way.parameters(),
    )  # fmt: skip
    answer = json.loads(s6("status", "papermill", "--json", "--results", tmp_path).output)
    found = {
        variant["variant"]: [(seed["seed"], seed["state"], seed["epochs"]) for seed in variant["seeds"]]
        for variant in answer["variants"]
    }
    assert found == {
        "norm-none_epochs-3": [(0, "finished", 3), (4, "finished", 3)],
        "norm-group_epochs-3": [(2, "running", 3)],
    }
    assert "did you mean papermill" in s6("status", "papermil", "--results", tmp_path).output


def test_variants_that_differ_by_case_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="trial, variants FC and fc: allowed are names that differ by more than case"):
        task.prepare("trial", replace(STUDY, variants={"FC": {}, "fc": {"head": "fc"}}), root=tmp_path)


@pytest.mark.parametrize("of", [1, 2, 4, 7])
def test_shards_share_the_plan_and_never_a_run(tmp_path: Path, of: int) -> None:
    store(prepared(tmp_path).plans[0], 1)
    shards = [task.find("trial", tmp_path, shard=(number, of)) for number in range(1, of + 1)]
    runs = [(one.variant, one.seed) for shard in shards for one in shard.runs()]
    assert sorted(runs) == sorted((one.variant, one.seed) for one in prepared(tmp_path).runs())
    assert max(len(shard.runs()) for shard in shards) - min(len(shard.runs()) for shard in shards) <= 1
    jobs = [job for shard in shards for job in run.jobs(shard, 2)]
    trained = [(job.plan.variant, seed) for job in jobs for seed in job.plan.missing()]
    assert len(trained) == len(set(trained)) == 5


def test_the_shard_whose_run_comes_last_makes_the_report(tmp_path: Path) -> None:
    first, second = (task.find("trial", tmp_path, only=["no-bn"], shard=(number, 2)) for number in (1, 2))
    (planned,) = first.plans
    assert not [job for job in (*run.jobs(first, 1), *run.jobs(second, 1)) if job.report]
    for seed in (0, 1, 2):
        done = job.Job(plan=replace(planned, seeds=(seed,)), report=False)
        follows = run._next(second, done, None, last=True)
        assert follows is None
        store(planned, seed)
    follows = run._next(second, done, None, last=True)
    assert follows is not None and follows.report and follows.plan.seeds == (0, 1, 2)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "1/2/3"])
def test_a_shard_is_a_number_of_a_number(tmp_path: Path, shard: str) -> None:
    result = s6("run", "trial", "--shard", shard, "--results", tmp_path)
    assert result.exit_code == 2 and f"{shard!r}: write NUMBER/OF, as in 2/8" in result.output


@pytest.mark.parametrize("words", [["--workers", "2"], ["--shard", "1/2"]])
def test_a_cluster_has_workers_of_its_own(tmp_path: Path, words: list[str]) -> None:
    result = s6("run", "trial", "--scheduler", "tcp://127.0.0.1:1", *words, "--results", tmp_path)
    assert result.exit_code == 2
    assert result.output.startswith(f"s6: {words[0]} beside --scheduler: allowed is one of them")


def test_a_stored_notebook_that_runs_where_it_lies_trains_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = prepared(tmp_path).plans[1]
    for seed in planned.seeds:
        store(planned, seed)
    given = {**planned.parameters(), "results": "results"}  # as in the published ones, whose folder is the repository's
    monkeypatch.chdir(tmp_path / "trial" / "no-bn")
    found = plan.plan(given)
    assert found.folder.samefile(planned.folder) and found.missing() == []
    monkeypatch.chdir(tmp_path)
    assert plan.plan(given).missing() == [0, 1, 2]
