"""A notebook's kernel that never outlives the process that started it: `python -m experiments.runner.kernel -f FILE`.

A kernel left behind by a killed runner would hold memory and the GPU. Linux kills this one the moment its parent dies,
however it dies; elsewhere ipykernel's own poller notices within a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent: int) -> None:
    """Have Linux kill this process as soon as `parent` is gone, also if it is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.name == "posix" and os.getppid() != parent:  # elsewhere it is no number of a process
        os._exit(1)


def die_first() -> None:
    """Offer this process when memory runs out: the kernel's run is then lost, not its worker or the runner."""
    with contextlib.suppress(OSError):  # no such file elsewhere, or not ours to write
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    die_with_parent(int(os.environ["JPY_PARENT_PID"]))
    die_first()
    # ipykernel turns stdout and stderr into notebook output; the run's log keeps its own way out
    logging.basicConfig(stream=os.fdopen(os.dup(2), "w"), format="%(asctime)s %(message)s")
    logging.getLogger("s6core").setLevel(logging.INFO)
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
