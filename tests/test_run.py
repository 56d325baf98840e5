"""The runner without a kernel: what is checked, planned, refused, shown."""

from __future__ import annotations

import fcntl
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result

from experiments import commands, display, job, lock, progress, run, studies
from experiments.cli import Commands
from experiments.studies import Study
from s6core import results
from s6core.config import ConfigError
from s6core.plan import Plan
from s6core.results import Record

STUDY = Study(
    question="?", variants={"reference": {}, "no-bn": {"norm": "none"}}, common={"epochs": 2, "device": "cpu"}, seeds=3
)


@pytest.fixture(autouse=True)
def _study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(studies.STUDIES, "trial", STUDY)


def s6(*arguments: str | Path) -> Result:
    group = Commands(commands={"run": commands.run, "status": commands.status})
    return CliRunner().invoke(group, [str(a) for a in arguments])


def prepared(root: Path, **options: object) -> run.Task:
    return run.prepare("trial", STUDY, root=root, **options)  # type: ignore[arg-type]


def store(plan: Plan, seed: int, *, status: str = "finished", seconds: float = 60.0) -> Path:
    """Leave the record of a run that took a minute an epoch."""
    value = math.nan if status == "diverged" else 99.0 + seed / 10
    row = {"lr": 0.1, **dict.fromkeys(results.FIGURES, value), "seconds": seconds}
    record = Record(
        study=plan.study, variant=plan.variant, seed=seed, status=status, net=plan.net, train=plan.train,
        parameters=1, epochs=[{"epoch": n, **row} for n in range(1, plan.train.epochs + 1)],
        predictions="7" * 10_000, provenance={"device": "some"},
    )  # fmt: skip
    return results.save(plan.folder, record)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trail"], "unknown study 'trail': did you mean trial"),
        (["trial", "--only", "nobn"], "unknown variant 'nobn': did you mean no-bn"),
        (
            ["trial", "--device", "gpu"],
            "trial, variant reference: device='gpu': allowed is one of auto, cpu, cuda, mps",
        ),
        (["trial", "--epochs", "0"], "0 is not in the range x>=1"),
        (["trial", "--seeds", "many"], "'many' is not a valid integer"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = s6("run", *arguments, "--results", tmp_path)
    assert result.exit_code == 2
    assert message in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"nrom": "none"}, "trial, variant no-bn: unknown parameter 'nrom': did you mean norm"),
        ({"dropout": 1.5}, "trial, variant no-bn: dropout=1.5: allowed is a number from 0 to below 1"),
        ({"kernel": 29, "padding": 0}, "trial, variant no-bn: layer conv1: a window of 29"),
        ({"train_images": 60_001}, "trial, variant no-bn: train_images=60001: allowed is 0 for all, or up to 60,000"),
    ],
)
def test_every_variant_is_checked_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: dict[str, object], message: str
) -> None:
    monkeypatch.setitem(STUDY.variants, "no-bn", overrides)
    result = s6("run", "trial", "--results", tmp_path)
    assert result.exit_code == 2
    assert message in result.output
    assert not list(tmp_path.iterdir())


def test_a_variant_that_could_not_name_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"variant '\.\./up': allowed are letters"):
        run.prepare("trial", replace(STUDY, variants={"../up": {}}), root=tmp_path)


def test_checking_and_planning_need_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from experiments import commands\n"
        f"commands.run(['smoke', '--dry-run', '--results', {str(tmp_path)!r}], standalone_mode=False)\n"
        "assert 'torch' not in sys.modules and 'distributed' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_dry_run_prints_the_plan_and_leaves_nothing(tmp_path: Path) -> None:
    plan = prepared(tmp_path).plans[0]
    store(plan, 0)
    store(plan, 2)
    before = sorted(tmp_path.rglob("*"))
    result = s6("run", "trial", "--dry-run", "--workers", "2", "--results", tmp_path)
    assert result.exit_code == 0
    assert "reference: epochs 6 → 2; 2 of 3 stored; train seed 1: 2 min" in result.output
    assert "no-bn: norm batch → none, epochs 6 → 2; 0 of 3 stored; train seed 0, 1, 2: 6 min" in result.output
    assert "4 of 6 runs to train, 2 at once, about 4 min" in result.output
    assert sorted(tmp_path.rglob("*")) == before


def test_a_stored_run_of_another_config_is_refused_by_name(tmp_path: Path) -> None:
    path = store(prepared(tmp_path).plans[1], 1)
    result = s6("run", "trial", "--epochs", "5", "--results", tmp_path)
    assert result.exit_code == 2
    assert f"{path}: stored with another train: epochs 2 (asked for 5)" in result.output
    assert s6("run", "trial", "--epochs", "5", "--force", "--dry-run", "--results", tmp_path).exit_code == 0
    assert path.exists()


@pytest.mark.parametrize(
    "damage", [lambda text: text[:2000], lambda text: text.replace('"epoch": 2', '"epoch": 2}, {"epoch": 3')]
)
def test_half_a_record_is_no_record(tmp_path: Path, damage: object) -> None:
    path = store(prepared(tmp_path).plans[0], 0)
    path.write_text(damage(path.read_text()))  # type: ignore[operator]
    result = s6("run", "trial", "--results", tmp_path)
    assert result.exit_code == 2
    assert f"{path}: not a run's record" in result.output


def test_only_what_is_new_becomes_a_job(tmp_path: Path) -> None:
    for seed in range(3):
        store(prepared(tmp_path).plans[0], seed)
    assert all(job.report for job in run.jobs(prepared(tmp_path, only=["reference"]), 2))  # stored, but no notebook yet
    more = run.jobs(prepared(tmp_path, seeds=5), 2)
    assert {(job.variant, job.seeds) for job in more if job.variant == "reference"} == {
        ("reference", (3,)), ("reference", (4,)),
    }  # fmt: skip
    assert [job.seeds for job in more if job.variant == "no-bn"] == [(0,), (1,), (2,), (3,), (4,)]


def test_one_worker_takes_a_variant_as_a_whole_and_many_share_it(tmp_path: Path) -> None:
    task = prepared(tmp_path)
    assert [(job.variant, job.seeds, job.report) for job in run.jobs(task, 1)] == [
        ("reference", (0, 1, 2), True), ("no-bn", (0, 1, 2), True),
    ]  # fmt: skip
    shared = run.jobs(task, 4)
    assert [(job.variant, job.seeds) for job in shared][:3] == [
        ("reference", (0,)),
        ("no-bn", (0,)),
        ("reference", (1,)),
    ]
    assert not any(job.report for job in shared)


def test_a_report_counts_only_for_the_records_it_was_made_of(tmp_path: Path) -> None:
    plan = prepared(tmp_path).plans[0]
    for seed in plan.seeds:
        store(plan, seed)
    path = results.notebook_path(plan.folder, plan.variant)
    results.write(path, job.dressed(executed(), plan))
    assert job.reported(plan)
    store(plan, 1, seconds=5.0)
    assert job.reported(plan), "times do not count"
    store(plan, 1, status="diverged")
    assert not job.reported(plan)


def test_a_stored_notebook_carries_its_name_but_no_times_and_paths(tmp_path: Path) -> None:
    plan = prepared(tmp_path).plans[1]
    for seed in plan.seeds:
        store(plan, seed)
    kept = nbformat.reads(job.dressed(executed(), plan).decode(), as_version=4)
    assert kept.cells[0].source == "# trial: no-bn\n\nA report."
    assert kept.cells[1].metadata.tags == ["injected-parameters", "hide-input"]
    assert "papermill" not in kept.metadata and "papermill" not in kept.cells[1].metadata


def test_paths_in_the_repository_are_given_relative_to_it() -> None:
    given = prepared(results.REPOSITORY / "results").job(prepared(Path("x")).plans[0], [0, 1], report=True).given()
    assert (given["results"], given["seeds"], given["variant"]) == ("results", 2, "reference")


def test_a_second_runner_is_told_who_is_at_work(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    with lock.alone(folder):
        assert lock.holder(folder).startswith("process ")
        with (
            pytest.raises(lock.BusyError, match=r"trial: process \d+ on .* is at work here since"),
            lock.alone(folder, patience=0),
        ):
            pass
    assert lock.holder(folder) == ""


def test_asking_who_is_at_work_keeps_no_runner_out(tmp_path: Path) -> None:
    with lock.alone(tmp_path):
        pass
    with open(tmp_path / lock.LOCK) as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        with pytest.raises(lock.BusyError), lock.alone(tmp_path, patience=0):
            pass
        fcntl.flock(asking, fcntl.LOCK_UN)
    with lock.alone(tmp_path, patience=0):
        pass


def test_states_are_read_from_the_folder(tmp_path: Path) -> None:
    task = prepared(tmp_path)
    plan = task.plans[0]
    store(plan, 0)
    results.mark(plan.folder, plan.variant, 1, epochs=2, started_at=results.now(), rows=[{"test_accuracy": 98.5}])
    results.write(results.failure_path(plan.folder, plan.variant, 2), b'{"reason": "KeyError: 1"}')
    done, live, failed = progress.look(plan)
    assert (done.state, done.accuracy, done.epoch) == ("finished", 99.0, 2)
    assert (live.state, live.accuracy, live.epoch, live.epochs) == ("running", 98.5, 1, 2)
    assert (failed.state, failed.reason) == ("failed", "KeyError: 1")
    gone = results.progress_path(plan.folder, plan.variant, 1)
    gone.write_text(json.dumps(json.loads(gone.read_text()) | {"pid": 2**22 + 1}))
    assert progress.look(plan)[1].state == "interrupted"
    result = s6("status", "trial", "--results", tmp_path)
    assert result.exit_code == 0
    assert "reference, seed 1: interrupted after epoch 1 of 2" in result.output
    assert "6 runs: 1 finished, 3 waiting, 1 interrupted, 1 failed" in result.output


def test_status_as_json(tmp_path: Path) -> None:
    plan = prepared(tmp_path).plans[0]
    store(plan, 0)
    store(plan, 1, status="diverged")
    answer = json.loads(s6("status", "trial", "--json", "--results", tmp_path).output)
    first = answer["variants"][0]
    assert (answer["study"], answer["at_work"], first["variant"], first["finished"]) == ("trial", None, "reference", 1)
    assert [seed["state"] for seed in first["seeds"]] == ["finished", "diverged", "waiting"]
    assert [seed["test_accuracy"] for seed in first["seeds"]] == [99.0, None, None]
    assert first["seeds"][1]["reason"] == "the loss was not finite in epoch 2"


def test_time_left_is_shared_by_the_workers(tmp_path: Path) -> None:
    task = prepared(tmp_path)
    store(task.plans[0], 0)
    one = progress.left(task.plans, task.runs(), 1, math.nan)
    assert one == pytest.approx(5 * (120 + progress.NOTEBOOK), rel=0.1)  # the net without BN does a little less
    assert progress.left(task.plans, task.runs(), 5, math.nan) == pytest.approx(one / 5)


def test_a_diverged_run_is_tried_again_and_keeps_its_record_if_nothing_changes(tmp_path: Path) -> None:
    task = prepared(tmp_path, seeds=2)
    plan = task.plans[0]
    paths = [store(plan, seed, status="diverged") for seed in (0, 1)]
    before = [path.read_bytes() for path in paths]
    with run.retrying(task):
        assert plan.missing() == [0, 1]
        store(plan, 0, status="diverged", seconds=7.0)
        store(plan, 1)
    assert paths[0].read_bytes() == before[0]
    assert paths[1].read_bytes() != before[1]


def test_old_beginnings_of_files_are_swept(tmp_path: Path) -> None:
    path = tmp_path / "reference" / ".seed-0.json.abc.tmp"
    path.parent.mkdir()
    path.touch()
    run.sweep(tmp_path)
    assert path.exists()
    run.sweep(tmp_path, age=-1)
    assert not path.exists()


def test_plain_lines_where_there_is_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = prepared(tmp_path, only=["reference"])
    with display.Live(2, task.runs(), terminal=False) as live:
        store(task.plans[0], 0)
        live.update(task.runs(), 240.0)
        live.update(task.runs(), 240.0)
    assert (
        capsys.readouterr().err == "reference, seed 0: 99.00% of the test set in 2 min; 1 of 3 runs, about 4 min left\n"
    )


def executed() -> nbformat.NotebookNode:
    cells = [
        nbformat.v4.new_markdown_cell("# A title\n\nA report."),
        nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["injected-parameters"], "papermill": {"duration": 1}}),
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata={"papermill": {"input_path": "/somewhere"}})
