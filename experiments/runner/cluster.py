"""The processes that do the jobs: Dask workers of our own, or those of a cluster that exists.

Every worker does one notebook at a time, in a process of its own. Our own workers end with the runner, however it
ends, and their kernels with them. A cluster is any Dask scheduler whose workers have this repository installed and
see the results folder under the same path; `slurm` says how to have one from Slurm.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Nanny, Scheduler, SpecCluster, get_worker

from experiments.runner import lock
from experiments.runner.job import Failure, Job, work
from s6core import results
from s6core.config import ConfigError

VERSIONS = ("torch", "papermill", "distributed")
IMPORTED = results.code("s6core", "experiments")
"""The code as it was when this process imported it; a kernel imports what lies on the disk by then."""
CALM = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
}
"""Dask watches itself a hundred times a second. Jobs of minutes need no such watch, and training needs the core."""


@contextmanager
def local(workers: int, gpus: list[str]) -> Iterator[Client]:
    """Start workers of our own, each with one thread, and one GPU each where there are some, in turn."""
    options: dict[str, Any] = {
        "nthreads": 1,
        "memory_limit": 0,  # it would watch the worker, but the memory is its kernel's
        "silence_logs": logging.CRITICAL,
        "host": "127.0.0.1",
    }
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    spec = {}
    for n in range(workers):
        device = {"CUDA_VISIBLE_DEVICES": gpus[n % len(gpus)]} if gpus else {}
        spec[n] = {"cls": Nanny, "options": options | {"env": threads | device}}
    scheduler = {
        "cls": Scheduler,
        "options": {"dashboard": False, "dashboard_address": ":0", "host": "127.0.0.1", "port": 0},
    }
    with dask.config.set(CALM):
        try:
            with _deaf():
                own = SpecCluster(workers=spec, scheduler=scheduler, silence_logs=logging.CRITICAL)
        except RuntimeError as error:
            raise ChildProcessError(f"the workers did not start ({error}); the same command tries again") from error
        with own as cluster, Client(cluster) as client:
            client.wait_for_workers(workers)
            yield client


@contextmanager
def _deaf() -> Iterator[None]:
    """Have the threads and processes that start meanwhile never hear of Ctrl-C: it is for the runner alone."""
    if os.name != "posix":
        yield
        return
    resource_tracker.ensure_running()  # its start would let the signal through again
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def existing(address: str, folder: Path) -> Iterator[Client]:
    """Connect to a scheduler. Raises `ConfigError` for one that does not answer or workers that would not do."""
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise ConfigError(f"--scheduler {address}: no Dask scheduler answers there ({error})") from error
    with client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise ConfigError(f"--scheduler {address}: it has no workers; start some with `dask worker {address}`")
        try:
            found = client.run(look, folder, on_error="return")
        except Exception as error:  # whatever a worker of other versions answers
            raise ConfigError(f"--scheduler {address}: its workers cannot be asked: {error}") from error
        ours = look(folder)
        for name in workers.keys() & found.keys():  # who joined just now is checked with its first job
            _compare(name, workers[name]["nthreads"], ours, found[name], folder)
        yield client


def size(client: Client) -> int:
    """Return how many workers there are."""
    return len(client.scheduler_info(n_workers=-1)["workers"])


def look(folder: Path) -> dict[str, str]:
    """Return what must be alike wherever a study's jobs are done: versions, code, and what its folder holds."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in VERSIONS},
        "s6core and experiments": results.code("s6core", "experiments"),
        "imported code": IMPORTED,
        "folder": lock.words(folder),
    }


def slurm(
    *, walltime: str = "04:00:00", memory: str = "2GB", partition: str | None = None, interface: str | None = None,
    gres: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what `dask_jobqueue.SLURMCluster` takes to have workers as `s6 run --scheduler` wants them.

    Each is a job of one process and one thread. Half an hour before its time is over it ends by itself (`--lifetime`),
    and its run goes on elsewhere from its last finished epoch; jobs of one age do not end all at once.

        cluster = dask_jobqueue.SLURMCluster(**slurm(partition="gpu", gres="gpu:1", interface="ib0"))
        cluster.scale(40)
        print(cluster.scheduler_address, cluster.job_script())
    """
    hours, minutes, _ = map(int, walltime.split(":"))
    lifetime = max(60 * hours + minutes - 30, 1)
    return {
        "cores": 1, "processes": 1, "memory": memory, "walltime": walltime, "queue": partition, "interface": interface,
        "job_extra_directives": [f"--gres={gres}"] if gres else [],
        "worker_extra_args": ["--lifetime", f"{lifetime}m", "--lifetime-stagger", "5m"],
    }  # fmt: skip


def do(job: Job, expected: Mapping[str, str] | None = None) -> Failure | None:
    """Do a job in a worker, until nobody waits for it any more: its client is gone, or called it off.

    Raises `ConfigError` in a worker that is not as `expected`: it may have joined long after the others were checked.
    """
    worker = get_worker()
    key = worker.get_current_task()
    if expected:
        _compare(worker.address, worker.state.nthreads, expected, look(job.plan.folder), job.plan.folder)

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state in ("executing", "long-running")

    return work(job, wanted)


def _compare(name: str, threads: int, ours: Mapping[str, str], theirs: Any, folder: Path) -> None:
    if threads != 1:
        raise ConfigError(f"worker {name} has {threads} threads: start it with --nthreads 1")
    if not isinstance(theirs, dict):
        raise ConfigError(f"worker {name} cannot import this code; install the repository there ({theirs!r})")
    for what, value in ours.items():
        if what != "folder" and theirs.get(what) != value:
            again = "; restart it" if what == "imported code" else ""
            raise ConfigError(f"worker {name} has another {what}: {theirs.get(what)}, here {value}{again}")
    if theirs["folder"] != ours["folder"]:
        raise ConfigError(f"worker {name} does not see {folder}: the results must lie on a disk that all share")
