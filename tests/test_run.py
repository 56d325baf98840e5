"""The runner without a kernel: what is checked, planned, refused, shown."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from filelock import FileLock
from trial_study import STUDY, prepared, store

from experiments import cli, studies
from experiments.cli import run as command
from experiments.runner import display, job, lock, machine, notebook, progress, run, task
from s6core import results
from s6core.config import ConfigError
from s6core.idx import DataError
from s6core.plan import Plan
from s6core.results import ResultsError


@pytest.fixture(autouse=True)
def _study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(studies.STUDIES, "trial", STUDY)


def s6(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.s6, [str(a) for a in arguments])


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
    with pytest.raises(ConfigError, match=r"trial, variant \.\./up: variant='\.\./up': allowed are letters"):
        task.prepare("trial", replace(STUDY, variants={"../up": {}}), root=tmp_path)


def test_checking_and_planning_need_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from experiments.cli import s6\n"
        f"s6(['run', 'smoke', '--dry-run', '--results', {str(tmp_path)!r}], standalone_mode=False)\n"
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
    assert "no-bn: norm batch → none, epochs 6 → 2; 0 of 3 stored; train seed 0, 1, 2: 6 min" in " ".join(
        result.output.split()
    )
    assert "4 of 6 runs to train, 2 at once, about 4 min" in result.output
    assert sorted(tmp_path.rglob("*")) == before


def test_a_stored_run_of_another_config_is_refused_by_name(tmp_path: Path) -> None:
    path = store(prepared(tmp_path, epochs=5).plans[1], 1)
    result = s6("run", "trial", "--results", tmp_path)
    assert result.exit_code == 2
    assert f"{path}: stored with another train: epochs 5 (asked for 2)" in result.output
    assert s6("run", "trial", "--force", "--dry-run", "--results", tmp_path).exit_code == 0
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
    assert result.output.endswith("; --force trains it anew\n")


def test_force_replaces_what_came_to_lie_there_until_the_folder_was_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another runner may have stored runs of another config while this one waited for the folder."""

    @contextmanager
    def alone(folder: Path, shard: object) -> Iterator[None]:
        store(prepared(folder.parent, epochs=5).plans[0], 1)
        yield

    monkeypatch.setattr(command, "alone", alone)
    monkeypatch.setattr(command, "_work", lambda *_: [])
    result = s6("run", "trial", "--force", "--results", tmp_path)
    assert (result.exit_code, result.output) == (1, f"{tmp_path / 'trial'}: 6 runs: 6 waiting\n")
    assert not list(tmp_path.rglob("seed-*"))
    result = s6("run", "trial", "--results", tmp_path / "other")
    assert result.exit_code == 2 and "stored with another train: epochs 5 (asked for 2)" in result.output
    assert len(list((tmp_path / "other").rglob("seed-1.json"))) == 1


def test_a_named_device_that_is_not_there_is_refused_before_any_worker_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for words in (["--dry-run"], []):
        result = s6("run", "trial", "--device", "cuda", *words, "--results", tmp_path)
        assert result.exit_code == 2
        assert result.output.startswith("s6: device='cuda': allowed is one of auto, cpu, cuda, mps; this machine has ")
    assert not list(tmp_path.iterdir())
    elsewhere = s6(
        "run", "trial", "--device", "cuda", "--scheduler", "tcp://127.0.0.1:1", "--dry-run", "--results", tmp_path
    )
    assert "no Dask scheduler answers there" in elsewhere.output, "a cluster's workers have devices of their own"


@pytest.mark.parametrize(
    ("shown", "counted", "usable"),
    [
        (None, 2, ["0", "1"]), ("", 0, []), ("-1", 0, []), ("3", 1, ["3"]), ("1, 0", 2, ["1", "0"]),
        ("1,-1,0", 1, ["1"]), ("GPU-5f", 1, ["GPU-5f"]), ("none", 0, []),
    ],
)  # fmt: skip
def test_a_gpu_is_what_torch_counts(
    monkeypatch: pytest.MonkeyPatch, shown: str | None, counted: int, usable: list[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("torch.cuda.device_count", lambda: counted)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert machine.gpus() == usable


@pytest.mark.parametrize(("devices", "at_once"), [(("cpu", "auto"), 3), (("cpu", "cpu"), 2)])
def test_gpus_count_where_any_variant_may_use_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, devices: tuple[str, str], at_once: int
) -> None:
    monkeypatch.setattr(machine, "gpus", lambda: ["0", "1", "2"])
    monkeypatch.setattr(machine, "cores", lambda: 2)
    variants = {name: {"device": device} for name, device in zip(("first", "second"), devices, strict=True)}
    monkeypatch.setitem(studies.STUDIES, "trial", replace(STUDY, variants=variants, common={}))
    assert f"6 of 6 runs to train, {at_once} at once" in s6("run", "trial", "--dry-run", "--results", tmp_path).output


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DataError("mnist: no source answers"), "s6: mnist: no source answers"),
        (ResultsError("runs.csv: not a table"), "s6: runs.csv: not a table"),
        (PermissionError(13, "Permission denied", "/far/away"), "s6: Permission denied: /far/away"),
        (lock.BusyError("trial: process 1 is at work here"), "s6: trial: process 1 is at work here"),
    ],
)
def test_what_stands_in_the_way_is_one_line_and_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(task.Task, "runs", fail)
    monkeypatch.setattr(command, "_work", fail)
    for words in (["run"], ["run", "--dry-run"], ["status"]):
        result = s6(*words, "trial", "--results", tmp_path)
        assert (result.exit_code, result.output) == (1, f"{line}\n"), words


def test_what_the_tables_cannot_hold_is_named_and_the_rest_stands_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_work", lambda *_: [])
    reference, other = prepared(tmp_path, seeds=4).plans
    for seed in range(4):
        store(reference, seed)
        store(replace(other, train=replace(other.train, epochs=1)) if seed == 3 else other, seed)
    odd = results.record_path(tmp_path / "trial", "reference", 3)
    odd.write_text(odd.read_text()[:100])
    result = s6("run", "trial", "--results", tmp_path)  # plans three seeds of each
    assert result.exit_code == 1 and "6 runs: 6 finished" in result.output
    assert f"s6: {odd}: not a run's record" in result.output
    assert (
        f"s6: {tmp_path / 'trial' / 'no-bn'}: its seeds differ in epochs: 2 (seed 0, 1, 2), 1 (seed 3)" in result.output
    )
    runs = results.load_runs(tmp_path / "trial")
    assert list(zip(runs["variant"], runs["seed"], strict=True)) == [("reference", seed) for seed in range(3)]


@pytest.mark.parametrize("words", [["run"], ["run", "--dry-run"], ["status"]])
def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "trial").touch()
    result = s6(*words, "trial", "--results", tmp_path)
    assert result.exit_code == 1
    assert (
        result.output.startswith("s6: ") and f"{tmp_path / 'trial'}" in result.output and result.output.count("\n") == 1
    )


def test_only_what_is_new_becomes_a_job(tmp_path: Path) -> None:
    for seed in range(3):
        store(prepared(tmp_path).plans[0], seed)
    assert all(job.report for job in run.jobs(prepared(tmp_path, only=["reference"]), 2))  # stored, but no notebook yet
    more = run.jobs(prepared(tmp_path, seeds=5), 2)
    assert {(job.plan.variant, job.plan.seeds) for job in more if job.plan.variant == "reference"} == {
        ("reference", (3,)), ("reference", (4,)),
    }  # fmt: skip
    assert [job.plan.seeds for job in more if job.plan.variant == "no-bn"] == [(0,), (1,), (2,), (3,), (4,)]


def test_one_worker_takes_a_variant_as_a_whole_and_many_share_it(tmp_path: Path) -> None:
    task = prepared(tmp_path)
    assert [(job.plan.variant, job.plan.seeds, job.report) for job in run.jobs(task, 1)] == [
        ("reference", (0, 1, 2), True), ("no-bn", (0, 1, 2), True),
    ]  # fmt: skip
    shared = run.jobs(task, 4)
    assert [(job.plan.variant, job.plan.seeds) for job in shared][:3] == [
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
    given = replace(prepared(results.REPOSITORY / "results").plans[0], seeds=(0, 1)).parameters()
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
    with FileLock(tmp_path / lock.LOCK), pytest.raises(lock.BusyError), lock.alone(tmp_path, patience=0):
        pass
    with lock.alone(tmp_path, patience=0):
        pass


def test_shards_of_one_number_work_side_by_side_and_nobody_else(tmp_path: Path) -> None:
    with lock.alone(tmp_path, (1, 3)), lock.alone(tmp_path, (3, 3)):
        assert "with shard 1 of 3" in lock.holder(tmp_path) and "with shard 3 of 3" in lock.holder(tmp_path)
        for other in (None, (1, 3), (2, 2), (2, 4)):
            with (
                pytest.raises(lock.BusyError, match="is at work here with shard"),
                lock.alone(tmp_path, other, patience=0),
            ):
                pass
    with lock.alone(tmp_path):
        with pytest.raises(lock.BusyError), lock.alone(tmp_path, (1, 3), patience=0):
            pass
        assert "shard" not in lock.holder(tmp_path)
    assert lock.holder(tmp_path) == ""


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
    one = progress.left(task.plans, task.runs(), 1)
    assert one == pytest.approx(5 * (132 + progress.NOTEBOOK), rel=0.1)  # the net without BN does a little less
    assert progress.left(task.plans, task.runs(), 5) == pytest.approx(one / 5)


def test_a_divergence_is_a_result_and_a_failure_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left to train, and the command says so with exit status 0, however often it is given."""
    task = prepared(tmp_path)
    for planned in task.plans:
        for seed in planned.seeds:
            store(planned, seed, status="diverged" if planned.variant == "no-bn" else "finished")
    before = {path: path.stat().st_mtime_ns for path in task.folder.rglob("seed-*")}
    assert progress.left(task.plans, task.runs(), 1) == 0
    assert "0 of 6 runs to train" in s6("run", "trial", "--dry-run", "--results", tmp_path).output
    monkeypatch.setattr(command, "_work", lambda *_: [])  # the reports alone
    result = s6("run", "trial", "--results", tmp_path)
    assert (result.exit_code, result.output) == (0, f"{task.folder}: 6 runs: 3 finished, 3 diverged\n")
    assert list(results.load_runs(task.folder)["status"]) == ["diverged"] * 3 + ["finished"] * 3
    assert before == {path: path.stat().st_mtime_ns for path in task.folder.rglob("seed-*")}
    results.record_path(task.folder, "reference", 2).unlink()
    results.write(results.failure_path(task.folder, "reference", 2), b'{"reason": "KeyError: 1"}')
    assert progress.left(task.plans, task.runs(), 1) == pytest.approx(132 + progress.NOTEBOOK, rel=0.1)
    assert s6("run", "trial", "--results", tmp_path).exit_code == 1


def test_a_quick_look_does_not_set_the_pace(tmp_path: Path) -> None:
    """A hundred images take a second an epoch, most of it overhead; the long runs take a minute for sixty thousand."""
    task = prepared(tmp_path)
    small = replace(task.plans[1], train=replace(task.plans[1].train, train_images=100))
    store(task.plans[0], 0)
    alone = progress.left(task.plans, task.runs(), 1)
    for seed in range(3):
        store(small, seed, seconds=1.0)
    plans = [task.plans[0], small]
    runs = [run for plan in plans for run in progress.look(plan)]
    assert len([run for run in runs if run.state == "finished"]) == 4
    both = progress.left(plans, runs, 1, only="reference")
    assert both == pytest.approx(2 * (132 + progress.NOTEBOOK), rel=0.1)
    assert alone == pytest.approx(5 * (132 + progress.NOTEBOOK), rel=0.1)


def test_an_interrupted_run_has_only_its_last_epochs_to_go(tmp_path: Path) -> None:
    task = prepared(tmp_path, only=["reference"], seeds=2)
    store(task.plans[0], 0)
    elsewhere(task.plans[0], 1, ago=2 * progress.FRESH)
    assert progress.left(task.plans, task.runs(at_work=False), 1) == pytest.approx(66 + progress.NOTEBOOK)
    told = s6("status", "trial", "--results", tmp_path).output
    assert "reference, seed 1: interrupted after epoch 1 of 2; `s6 run` goes on from there" in told


def test_a_net_at_chance_is_not_called_finished(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = prepared(tmp_path)
    store(task.plans[1], 0, accuracy=9.8)
    store(task.plans[0], 0)
    told = s6("status", "trial", "--results", tmp_path).output
    assert "no-bn, seed 0: 9.80% after the last epoch: did not learn" in told
    assert "6 runs: 1 finished, 1 did not learn, 4 waiting" in told
    answer = json.loads(s6("status", "trial", "--json", "--results", tmp_path).output)
    assert [variant["seeds"][0]["learned"] for variant in answer["variants"]] == [True, False]
    assert answer["variants"][0]["seeds"][1]["learned"] is None
    with display.Live([], terminal=False) as live:
        live.update([run for run in task.runs() if run.variant == "no-bn"], 0.0)
    assert capsys.readouterr().err.startswith("no-bn, seed 0: 9.80% of the test set in 2 min: did not learn; 1 of 3")


def test_apple_s_one_device_has_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(machine, "gpus", lambda: [])
    monkeypatch.setattr(machine, "cores", lambda: 8)
    assert [machine.workers(asked)[0] for asked in ({"auto"}, {"mps", "cpu"}, {"cpu"})] == [1, 1, 8]


def test_a_long_temporary_folder_leaves_the_sockets_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with notebook.kernel(None) as manager:
        assert len(f"{manager.ip}-65535".encode()) < 104 and not manager.ip.startswith(str(long))
        assert Path(manager.connection_file).parent.exists()
    assert not Path(manager.connection_file).parent.exists()


def elsewhere(plan: Plan, seed: int, *, ago: float) -> Path:
    """Leave the mark that another machine's process made some seconds ago."""
    results.mark(plan.folder, plan.variant, seed, epochs=2, started_at=results.now(), rows=[{"test_accuracy": 98.5}])
    path = results.progress_path(plan.folder, plan.variant, seed)
    then = (datetime.now(UTC) - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"host": "elsewhere", "pid": 1, "marked_at": then}))
    return path


def test_another_machine_s_run_is_believed_while_a_runner_is_at_work_or_its_mark_is_fresh(tmp_path: Path) -> None:
    plan = prepared(tmp_path).plans[0]
    elsewhere(plan, 0, ago=10)
    elsewhere(plan, 1, ago=2 * progress.FRESH)

    def states() -> list[str]:
        answer = json.loads(s6("status", "trial", "--json", "--results", tmp_path).output)
        return [seed["state"] for seed in answer["variants"][0]["seeds"]]

    assert states() == ["running", "interrupted", "waiting"]
    with lock.alone(plan.folder):
        assert states() == ["running", "running", "waiting"]


def test_a_runner_clears_the_marks_of_runs_that_are_over(tmp_path: Path) -> None:
    stored, other = prepared(tmp_path).plans
    store(stored, 0)
    gone = [elsewhere(stored, 1, ago=10), elsewhere(other, 5, ago=10_000)]
    for plan, seed in ((stored, 0), (other, 0), (other, 1)):
        results.mark(plan.folder, plan.variant, seed, epochs=2, started_at=results.now(), rows=[])
        gone.append(results.progress_path(plan.folder, plan.variant, seed))
    alive = gone.pop()  # this very process, as a notebook run by hand might be
    dead = gone[-1]
    dead.write_text(json.dumps(json.loads(dead.read_text()) | {"pid": 2**22 + 1}))
    run.tidy(prepared(tmp_path))
    assert [path for path in gone if path.exists()] == [] and alive.exists()


def test_beginnings_of_files_go_when_nobody_can_finish_them(tmp_path: Path) -> None:
    task = prepared(tmp_path)
    folder = task.folder / "reference"
    folder.mkdir(parents=True)
    node = platform.node()
    dead, alive, foreign = (
        folder / f".seed-0.json.{writer}.abc_1234.tmp"
        for writer in (f"{node}.{2**22 + 1}", f"{node}.{os.getpid()}", f"elsewhere.{2**22 + 1}")
    )
    for path in (dead, alive, foreign):
        path.touch()
    run.tidy(task)
    assert [path.exists() for path in (dead, alive, foreign)] == [False, True, True]
    os.utime(foreign, (0, 0))
    run.tidy(task)
    assert not foreign.exists()


def test_plain_lines_where_there_is_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = prepared(tmp_path, only=["reference"])
    with display.Live(task.runs(), terminal=False) as live:
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
