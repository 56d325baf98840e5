"""How many runs this machine carries at once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

MEMORY = 1_600_000_000
"""Bytes that a run may take at most."""


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
