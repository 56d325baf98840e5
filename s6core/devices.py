"""Which device to train on, and how to use a CPU well."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from s6core.config import ConfigError

if TYPE_CHECKING:
    import torch

ALLOWED = ("auto", "cpu", "cuda", "mps")


def choose(device: str = "auto") -> torch.device:
    """Return the named device, or for `auto` the best there is: CUDA, then Apple's, then the CPU.

    On the CPU a run takes one thread: its figures then do not depend on how many cores or runs there are, and two
    runs side by side train more images a second than one run on two threads.
    """
    import torch  # takes seconds, and a plan is checked without it

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        device = next(name for name in ("cuda", "mps", "cpu") if there[name])
    if not there.get(device, False):
        found = ", ".join(name for name in there if there[name])
        raise ConfigError(f"device={device!r}: allowed is one of {', '.join(ALLOWED)}; this machine has {found}")
    if device == "cpu":
        torch.set_num_threads(1)
        keep_freed_memory()
    return torch.device(device)


def name(device: torch.device) -> str:
    """Return the name of the hardware, as results record it."""
    if device.type == "cuda":
        import torch

        return torch.cuda.get_device_name(device)
    return cpu()


def cpu() -> str:
    """Return the name of this machine's processor and how many cores it shows."""
    for _, name in _cpuinfo(("model name",)):
        return f"{name}, {os.cpu_count()} cores"
    return platform.processor() or platform.machine()


MARKS = ("cpu family", "model", "stepping")
"""What tells processors of one name apart."""


def _cpuinfo(wanted: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return some of the lines that Linux writes of its first processor; none elsewhere."""
    path = Path("/proc/cpuinfo")
    first = path.read_text().partition("\n\n")[0] if path.exists() else ""
    pairs = ((key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in first.splitlines()))
    return [(key, value) for key, value in pairs if key in wanted]


def machine() -> dict[str, str | int]:
    """Return what decides a CPU run's last digits: processors of one name differ, and so do builds of torch.

    `processor` is its name, family, model and stepping, `capability` the instructions that torch uses on it.
    """
    import torch

    return {
        "processor": " ".join([cpu().rpartition(",")[0] or cpu(), *(f"{k} {v}" for k, v in _cpuinfo(MARKS))]),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
    }


def keep_freed_memory() -> None:
    """Tell glibc to keep freed activations instead of returning them to the system.

    A batch's activations are blocks of several MB, which glibc maps and unmaps anew at every layer, and the kernel
    zeroes each page again. Keeping them makes a training step about a fifth faster (`experiments/measure/speed.py`).
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            m_mmap_threshold, m_trim_threshold = -3, -1
            mallopt(m_mmap_threshold, 32 << 20)  # the largest value that glibc accepts
            mallopt(m_trim_threshold, 512 << 20)
