"""How many runs this machine carries at once, and how their processes end with the one that started them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
import signal
import sys
from collections.abc import Collection
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1  # linux/prctl.h
MEMORY = 1_600_000_000
"""Bytes that a run may take at most."""


def workers(devices: Collection[str]) -> tuple[int, list[str]]:
    """Return how many runs to train at once on the devices asked for, and the GPUs that they share out among them."""
    found = gpus() if set(devices) != {"cpu"} else []
    apple = sys.platform == "darwin" and platform.machine() == "arm64" and set(devices) != {"cpu"}
    return (1 if apple else len(found) or cores()), found  # Apple's machines have one device for all


def gpus() -> list[str]:
    """Return the GPUs that CUDA shows, as `CUDA_VISIBLE_DEVICES` names them; a name that is none (-1) ends its list."""
    if not shutil.which("nvidia-smi") and not Path("/proc/driver/nvidia").exists():
        return []  # torch need not be asked: that takes seconds
    import torch

    count = torch.cuda.device_count()
    visible = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")]
    return visible[:count] if any(visible) else [str(n) for n in range(count)]


def cores() -> int:
    """Return how many runs this machine's cores and free memory carry at once."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(available, psutil.virtual_memory().available // MEMORY))


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
