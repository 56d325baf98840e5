"""The runner and its workers, all in this process, with jobs that run no kernel: what the runner makes of answers."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from distributed import Client, LocalCluster
from trial_study import STUDY, prepared, store

from experiments import cli, studies
from experiments.runner import cluster, display, job, lock, machine, notebook, run
from experiments.runner.job import Failure, Job
from experiments.runner.task import Task
from s6core import results
from s6core.config import ConfigError
from s6core.plan import plan
from s6core.results import origin

Work = Callable[[Job], Failure | None]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp", memory_limit=None
    ) as workers:
        yield workers.scheduler_address


@pytest.fixture
def client(scheduler: str) -> Iterator[Client]:
    with Client(scheduler) as client:
        yield client


@pytest.fixture
def execute(client: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[[Task, Work], list[str]]:
    """Do a task's jobs in this process by a function of one's own; return the problems."""

    def execute(task: Task, work: Work) -> list[str]:
        monkeypatch.setattr(cluster, "do", lambda job, expected: work(job))
        with display.Live(task.runs(), terminal=False) as live:
            return run.execute(task, client, live, 2)

    return execute


def train(job: Job) -> None:
    """Leave what a job's notebook would."""
    planned = job.plan
    for seed in planned.missing():
        store(planned, seed)
    if job.report:
        results.notebook_path(job.plan.folder, job.plan.variant).touch()


def stored(task: Task) -> int:
    return len([path for path in task.folder.glob("*/seed-*.json") if path.stem[5:].isdigit()])


@pytest.mark.parametrize("damage", ["config", "file"])
def test_a_record_that_turns_out_odd_is_a_problem_of_its_variant_alone(
    tmp_path: Path, execute: Callable[..., list[str]], damage: str
) -> None:
    """A kernel whose code or template has changed meanwhile, or a disk that lost a part of what was written."""
    task = prepared(tmp_path)

    def work(job: Job) -> Failure | None:
        train(job)
        if (job.plan.variant, job.plan.seeds) == ("reference", (0,)):
            planned = job.plan
            odd = replace(planned, train=replace(planned.train, epochs=1)) if damage == "config" else planned
            path = store(odd, 0)
            if damage == "file":
                path.write_bytes(path.read_bytes()[:500])
        return None

    problems = execute(task, work)
    assert stored(task) == 6, "all others were trained"
    assert problems and all(problem.startswith(f"reference: {tmp_path}") for problem in problems)
    assert ("epochs 1 (asked for 2)" if damage == "config" else "not a run's record") in problems[0]
    assert results.notebook_path(task.folder, "no-bn").exists()
    assert not results.notebook_path(task.folder, "reference").exists()


def test_a_worker_that_sees_another_folder_cannot_end_in_silence(
    tmp_path: Path, execute: Callable[..., list[str]]
) -> None:
    problems = execute(prepared(tmp_path, seeds=1), lambda job: None)
    path = results.record_path(tmp_path / "trial", "reference", 0)
    assert f"reference: its worker says that seed 0 is stored, but {path} is not here" in problems[0]
    assert len(problems) == 2


def dying(template: Path, parameters: dict[str, Any], output: Path, **_: object) -> None:
    """A notebook whose kernel dies, by its variant: before or after the record of its last seed is stored."""
    planned = plan(parameters)
    if planned.variant == "reference":
        for seed in planned.missing():
            store(planned, seed)
    output.write_text("{}")
    raise notebook.NotebookError("the kernel was killed (signal 9)")


def test_a_kernel_that_dies_after_its_last_record_has_done_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook, "execute", dying)
    task = prepared(tmp_path)
    reference, other = (run._job(task, planned, [1]) for planned in task.plans)
    assert job.work(reference) is None
    assert not [
        path for path in (task.folder / "reference").rglob("*") if path.suffix == ".ipynb" or "failed" in path.name
    ]
    failure = job.work(other)
    assert failure and (failure.seed, failure.reason) == (1, "the kernel was killed (signal 9)")
    report = job.work(run._job(task, task.plans[0], [1], report=True))
    assert report and report.seed is None, "a report that was not made is missing"


def test_the_report_follows_a_kernel_that_died_after_its_last_record(
    tmp_path: Path, execute: Callable[..., list[str]]
) -> None:
    task = prepared(tmp_path, only=["reference"])

    def work(job: Job) -> Failure | None:
        train(job)
        return None if job.report else cluster.fail(job, notebook.NotebookError("the kernel was killed (signal 9)"))

    assert execute(task, work) == []
    assert results.notebook_path(task.folder, "reference").exists()


@pytest.mark.parametrize(
    ("error", "hopeless"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "FOLDER/reference/seed-0.json"), True),
        (OSError(errno.ENOSPC, "No space left on device", "/elsewhere/s6-abc"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (PermissionError(errno.EACCES, "Permission denied", "FOLDER"), True),
        (PermissionError(errno.EACCES, "Permission denied", "/data/mnist/train-images-idx3-ubyte"), False),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "FOLDER/reference"), False),
        (notebook.NotebookError("OSError: [Errno 28] No space left on device: 'FOLDER/reference/.a.tmp'"), True),
        (notebook.NotebookError("OSError: [Errno 30] Read-only file system: 'FOLDER/.a.tmp' -> 'FOLDER/a'"), True),
        (notebook.NotebookError("OSError: [Errno 28] No space left on device: '/elsewhere/a'"), False),
        (notebook.NotebookError("OSError: [Errno 28] No space left on device"), False),
        (notebook.NotebookError("KeyError: 28"), False),
    ],
    ids=str,
)
def test_only_the_study_s_own_folder_out_of_use_stops_all_workers(
    tmp_path: Path, error: Exception, hopeless: bool
) -> None:
    task = prepared(tmp_path, only=["reference"])
    folder = str(task.folder)
    if isinstance(error, OSError):
        words = [error.errno, error.strerror, *([error.filename.replace("FOLDER", folder)] if error.filename else [])]
        error = type(error)(*words)
    else:
        error = notebook.NotebookError(str(error).replace("FOLDER", folder))
    failure = job.fail(run._job(task, task.plans[0], [0]), error)
    assert failure and failure.hopeless is hopeless


def test_a_folder_in_the_repository_is_known_by_its_relative_name() -> None:
    folder = results.REPOSITORY / "results" / "trial"
    error = notebook.NotebookError("OSError: [Errno 28] No space left on device: 'results/trial/reference/a'")
    assert job._hopeless(error, folder) and not job._hopeless(error, folder.with_name("other"))


@pytest.mark.parametrize(
    ("differs", "message"),
    [
        ({"torch": "0.1"}, "has another torch: .*, here 0.1"),
        ({"s6core and experiments": "abc"}, "has another s6core and experiments: .*, here abc"),
        ({"imported code": "abc"}, "has another imported code: .*, here abc; restart it"),
        (
            {"folder": "process 1 on another disk"},
            "does not see .*trial: the results must lie on a disk that all share",
        ),
    ],
)
def test_a_worker_that_differs_does_no_job_and_is_named_whenever_it_came(
    tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch, differs: dict[str, str], message: str
) -> None:
    task = prepared(tmp_path, seeds=1)
    monkeypatch.setattr(cluster, "work", lambda job, wanted: train(job))
    with lock.alone(task.folder), display.Live(task.runs(), terminal=False) as live:
        problems = run.execute(task, client, live, 1, cluster.look(task.folder) | differs)
    assert stored(task) == 0
    for planned in task.plans:
        failure = json.loads(results.failure_path(task.folder, planned.variant, 0).read_text())
        (address,) = client.scheduler_info(n_workers=-1)["workers"]
        assert re.match(f"worker {address} {message}", failure["reason"])
    assert problems == []


def test_a_folder_of_the_same_name_is_not_the_same_folder(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "trial"
    with lock.alone(folder):
        with cluster.existing(scheduler, folder) as client:
            assert cluster.size(client) == 1
        words = iter(["", "process 1 is at work here"])  # what the worker reads, then what stands here
        monkeypatch.setattr(lock, "words", lambda _: next(words))
        with pytest.raises(ConfigError, match="worker tcp://.* does not see"), cluster.existing(scheduler, folder):
            pass


def test_what_must_be_alike_is_the_code_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "REPOSITORY", tmp_path)
    for name in (
        "s6core/a.py",
        "experiments/b.ipynb",
        ".venv/c.py",
        "book/d.py",
        "experiments/.ipynb_checkpoints/b.ipynb",
    ):
        results.write(tmp_path / name, b"1")
    before = cluster.look(tmp_path)
    for name in (".venv/c.py", "book/d.py", "experiments/.ipynb_checkpoints/b.ipynb"):
        results.write(tmp_path / name, b"2")
        assert cluster.look(tmp_path) == before
    for name in ("s6core/a.py", "experiments/b.ipynb"):
        results.write(tmp_path / name, b"2")
        assert cluster.look(tmp_path) != before


def test_a_worker_is_known_by_what_it_has_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files on its disk may be new by then; what runs in it are the old ones."""
    before = cluster.look(tmp_path)
    monkeypatch.setattr(results, "code", lambda *_: "new")
    after = cluster.look(tmp_path)
    assert after["s6core and experiments"] == "new" != before["s6core and experiments"]
    assert after["imported code"] == before["imported code"] == before["s6core and experiments"]


def test_slurm_s_script_says_all_that_a_worker_needs() -> None:
    dask_jobqueue = pytest.importorskip("dask_jobqueue")
    asked = cluster.slurm(walltime="02:00:00", memory="4GB", partition="gpu", interface="lo", gres="gpu:1")
    options = {"dashboard": False, "dashboard_address": ":0"}
    with dask_jobqueue.SLURMCluster(**asked, scheduler_options=options) as workers:
        script = workers.job_script()
    for line in ("-p gpu", "-n 1", "--cpus-per-task=1", "--mem=4G", "-t 02:00:00", "--gres=gpu:1"):
        assert f"#SBATCH {line}\n" in script
    for words in ("--nthreads 1 ", "--lifetime 90m", "--lifetime-stagger 5m", "--interface lo"):
        assert words in script


def test_a_dry_run_counts_the_cluster_s_workers(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(studies.STUDIES, "trial", STUDY)
    monkeypatch.setattr(machine, "cores", lambda: 5)
    words = ["run", "trial", "--dry-run", "--results", str(tmp_path)]
    assert "6 of 6 runs to train, 5 at once" in CliRunner().invoke(cli.s6, words).output
    assert "6 of 6 runs to train, 1 at once" in CliRunner().invoke(cli.s6, [*words, "--scheduler", scheduler]).output
    assert not list(tmp_path.iterdir())
