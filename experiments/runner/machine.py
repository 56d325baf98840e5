"""How many runs this machine carries at once."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

import psutil

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
