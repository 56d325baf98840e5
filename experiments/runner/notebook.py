"""Execute the template as one variant's lab report: a kernel, papermill, and what the stored notebook looks like."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from s6core import results

logging.getLogger("papermill").addHandler(logging.NullHandler())  # a kernel's death is told by who asked for the run
TEMPLATE = results.REPOSITORY / "experiments" / "ablation.ipynb"
MOST = 70  # bytes of a folder's name, of the 104 that macOS allows a socket in it; Linux allows 108
TRAIN = "training"  # the id of the template's cell that trains; what follows it reports


class NotebookError(Exception):
    """A notebook that did not get through: the reason in one line, and the traceback where a cell raised."""

    def __init__(self, reason: str, traceback: str = "") -> None:
        super().__init__(reason)
        self.traceback = traceback


def execute(
    template: Path, parameters: Mapping[str, Any], output: Path, *, report: bool = True,
    wanted: Callable[[], bool] = lambda: True,
) -> nbformat.NotebookNode:  # fmt: skip
    """Execute a template and return it; what is through so far stands in `output` all the while.

    Without `report` it stops after the cell that trains. The kernel runs in the repository's root, and its own output
    goes to a log beside. It is killed when `wanted()` is no longer true. Raises `NotebookError`.
    """
    notebook = nbformat.read(template, as_version=4)
    if not report:
        last = next(n for n, cell in enumerate(notebook.cells) if cell.id == TRAIN)
        notebook.cells = notebook.cells[: last + 1]
    memory = killed_for_memory()
    with open(output.with_suffix(".log"), "ab") as sink, kernel(sink) as manager, _watch(manager, wanted):
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Timestamp|Zmq|Proactor")
                return papermill.execute_notebook(
                    notebook, str(output), parameters=dict(parameters), progress_bar=False, km=manager
                )
        except PapermillExecutionError as error:
            raise NotebookError(f"{error.ename}: {error.evalue}", "\n".join(error.traceback)) from error
        except (DeadKernelError, RuntimeError) as error:  # RuntimeError: it died before it was ready
            process = manager.provisioner and manager.provisioner.process
            code = process.poll() if process else None
            if code is None and not isinstance(error, DeadKernelError):
                raise
            raise NotebookError(death(code, killed_for_memory() > memory)) from error


def death(code: int | None, memory: bool) -> str:
    """Say what a kernel died of."""
    if code is None or code >= 0:
        return f"the kernel ended by itself (exit status {code})"
    if memory:
        return "out of memory: the system killed the kernel; try fewer --workers"
    return f"the kernel was killed (signal {-code})"


def killed_for_memory() -> int:
    """Return how many processes Linux has killed for want of memory since it started; elsewhere 0."""
    try:
        counters = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
    except OSError:
        return 0
    return int(counters.get("oom_kill", 0))


@contextmanager
def kernel(sink: Any) -> Iterator[AsyncKernelManager]:
    """Give a manager whose kernel is this Python, over a Unix socket: no port, no other user, no leftover process."""
    folder = Path(tempfile.mkdtemp(prefix="s6-", dir=_short(tempfile.gettempdir(), "/tmp", "/var/tmp")))
    sockets = {"transport": "ipc", "ip": str(folder / "k")} if os.name == "posix" else {}
    manager = Kernel(connection_file=str(folder / "k.json"), **sockets)
    manager.sink = sink
    try:
        yield manager
    finally:
        manager.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _short(*folders: str) -> str:
    """Return the first folder in which a socket can have its name: the system allows about a hundred bytes."""
    return next((f for f in folders if len(os.fsencode(f)) <= MOST and os.access(f, os.W_OK)), folders[0])


class Kernel(AsyncKernelManager):  # type: ignore[misc]
    """A kernel in this environment, whatever the user's kernel specs say, that dies with us."""

    sink: Any = None  # where its own output goes
    talk: Any = None  # the client's side of the sockets

    def client(self, **options: Any) -> Any:
        self.talk = super().client(**options)
        return self.talk

    def stop(self) -> None:
        if self.talk:
            self.talk.stop_channels()
        if self.has_kernel:
            run_sync(self.shutdown_kernel)(now=True)

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        command = [sys.executable, "-m", "experiments.runner.kernel", "-f", self.connection_file]
        return command + (extra_arguments or [])

    async def _async_pre_start_kernel(self, **options: Any) -> Any:
        options |= {"cwd": str(results.REPOSITORY), "stdout": self.sink, "stderr": self.sink}
        return await super()._async_pre_start_kernel(**options)

    pre_start_kernel = _async_pre_start_kernel


@contextmanager
def _watch(manager: AsyncKernelManager, wanted: Callable[[], bool]) -> Iterator[None]:
    """Kill the kernel once it is no longer wanted; whoever waits for it then finds it dead."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(1):
            process = manager.provisioner and manager.provisioner.process
            if process and not wanted():
                process.kill()

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
