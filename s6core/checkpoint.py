"""A run's checkpoint: what it takes to go on from its last finished epoch after a kill.

It holds for the same config, code, torch and kind of device alone. Whatever does not fit, or is damaged, is as good as
none: the run then starts anew.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass, field
from pickle import UnpicklingError
from typing import Any

import torch

from s6core import devices, results
from s6core.config import to_dict
from s6core.plan import Plan
from s6core.train import State

LOG = logging.getLogger(__name__)
CODE = results.code("s6core")
"""The code that this process has imported."""


@dataclass(kw_only=True)
class Checkpoint:
    """How far one seed of a plan is: its rows, the training's state, and when it was begun and gone on with."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    state: State = field(default_factory=dict)
    started_at: str = field(default_factory=results.now)
    machine: dict[str, Any] = field(default_factory=dict)  # that trained what is there
    resumed: list[dict[str, Any]] = field(default_factory=list)
    """Each time it went on: {"epoch": the first trained then, "at": …}, and "after" with the machine before another."""


def save(plan: Plan, seed: int, device: torch.device, stand: Checkpoint) -> None:
    """Keep a checkpoint in the place of the last one, whole or not at all."""
    content, stand.machine = io.BytesIO(), devices.machine()
    torch.save({"key": _key(plan, device), **vars(stand)}, content)
    results.write(results.checkpoint_path(plan.folder, plan.variant, seed), content.getvalue())


def load(plan: Plan, seed: int, device: torch.device) -> Checkpoint:
    """Return what was kept of a run, or a beginning."""
    path = results.checkpoint_path(plan.folder, plan.variant, seed)
    try:
        kept = torch.load(io.BytesIO(path.read_bytes()), map_location=device, weights_only=True)
        if kept.pop("key") != _key(plan, device):
            return Checkpoint()
        stand = Checkpoint(**kept)
    except FileNotFoundError:
        return Checkpoint()
    except (RuntimeError, UnpicklingError, EOFError, ValueError, TypeError, KeyError, AttributeError) as error:
        LOG.warning("%s is damaged, the run starts anew: %s", path, error)
        return Checkpoint()
    before = {"after": stand.machine} if stand.machine != devices.machine() else {}  # its last digits may differ
    stand.resumed.append({"epoch": stand.state["epoch"] + 1, "at": results.now(), **before})
    return stand


def _key(plan: Plan, device: torch.device) -> dict[str, Any]:
    versions = {"code": CODE, "torch": str(torch.__version__), "device": device.type}
    return {"net": to_dict(plan.net), "train": to_dict(plan.train), **versions}
