"""One job of a study, done in any process on any machine that has this code: some seeds of one variant, one notebook.

A job can be repeated at will: what is stored is not trained again, and whatever it leaves is whole.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from experiments.runner import notebook
from s6core import results
from s6core.config import ConfigError
from s6core.plan import Plan
from s6core.results import ResultsError

HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)
"""What no other run would survive either, met in the study's folder: no space, quota, read-only, not ours, no folder.

Met elsewhere, in a machine's own temporary folder or its data, it is that machine's trouble alone.
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Some seeds of one variant. With `report` its notebook runs to the end and is kept: the variant's lab report."""

    plan: Plan
    report: bool
    template: Path | None = None  # this code's own, unless given


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a job did not get through."""

    reason: str
    seed: int | None  # the run in flight; None: all runs are stored, the report failed
    hopeless: bool  # no other job would fare better


def work(job: Job, wanted: Callable[[], bool] = lambda: True) -> Failure | None:
    """Do a job. What went wrong is returned and stands in the variant's folder, with the partly executed notebook."""
    plan = job.plan
    missing = plan.missing()
    if not missing and (not job.report or reported(plan)):
        return None
    partial = plan.folder / plan.variant / "logs" / (f"seed-{missing[0]}.ipynb" if missing else "notebook.ipynb")
    template = job.template or notebook.TEMPLATE
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        if missing:
            begun = {"epochs": plan.train.epochs, "started_at": results.now(), "rows": []}
            results.mark(plan.folder, plan.variant, missing[0], **begun)
        executed = notebook.execute(template, plan.parameters(), partial, report=job.report, wanted=wanted)
        if plan.missing():
            raise notebook.NotebookError(f"the notebook did not store seed {plan.missing()[0]}")
        if job.report and not reported(plan):
            results.write(results.notebook_path(plan.folder, plan.variant), dressed(executed, plan))
    except (notebook.NotebookError, OSError, ResultsError, ConfigError) as error:
        if not wanted():
            return None  # called off, not failed
        if failure := fail(job, error, partial):
            return failure
    finally:
        for seed in missing:
            with contextlib.suppress(OSError):
                results.progress_path(plan.folder, plan.variant, seed).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        partial.unlink(missing_ok=True)
    for seed in (*missing, *([None] if job.report else [])):
        forget(plan, seed)
    return None


def reported(planned: Plan) -> bool:
    """Return whether the variant's notebook is there and was made from the very records that are stored."""
    try:
        kept = nbformat.read(results.notebook_path(planned.folder, planned.variant), as_version=4)
    except (OSError, ValueError):
        return False
    return _digests(planned).items() <= kept.metadata.get("s6", {}).get("records", {}).items()


def dressed(executed: nbformat.NotebookNode, planned: Plan) -> bytes:
    """Return an executed notebook as it is stored: titled by its study and variant, free of times and paths."""
    for cell in executed.cells:
        if cell.get("id") == notebook.TRAIN:
            cell.outputs = [output for output in cell.outputs if output.output_type != "stream"]  # how long it took
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata.tags.append("hide-input")
    first = next(cell for cell in executed.cells if cell.cell_type == "markdown")
    first.source = re.sub(r"^# .*", f"# {planned.study}: {planned.variant}", first.source, count=1)
    executed.metadata.pop("papermill", None)
    executed.metadata["s6"] = {"study": planned.study, "variant": planned.variant, "records": _digests(planned)}
    return (nbformat.writes(executed) + "\n").encode()


def forget(plan: Plan, seed: int | None) -> None:
    """Remove what an earlier failure left: it has been made good, or is tried again."""
    with contextlib.suppress(OSError):
        for suffix in (".json", ".ipynb"):
            results.failure_path(plan.folder, plan.variant, seed).with_suffix(suffix).unlink(missing_ok=True)


def _digests(planned: Plan) -> dict[str, str]:
    paths = {seed: results.record_path(planned.folder, planned.variant, seed) for seed in planned.seeds}
    return {str(seed): results.digest(path.read_bytes()) for seed, path in paths.items()}


def fail(job: Job, error: BaseException, partial: Path | None = None, traceback: str = "") -> Failure | None:
    """Keep why a job did not get through, and how far its notebook came.

    A job without report whose runs are all stored did get through, whatever came after; then there is nothing to keep.
    """
    plan = job.plan
    try:
        seed = next(iter(plan.missing()), None)
    except (OSError, ValueError):
        seed = plan.seeds[0]
    if seed is None and not job.report:
        return None
    failure = Failure(reason=_line(error, plan.folder), seed=seed, hopeless=_hopeless(error, plan.folder))
    path = results.failure_path(plan.folder, plan.variant, seed)
    traceback = traceback or getattr(error, "traceback", "")
    content = {"reason": failure.reason, "traceback": traceback, "notebook": path.with_suffix(".ipynb").name}
    with contextlib.suppress(OSError):  # where the disk is full there is no place for this either; the runner says it
        if partial and partial.exists():
            partial.replace(path.with_suffix(".ipynb"))
        results.write(path, (json.dumps(content | {"failed_at": results.now()}, indent=1) + "\n").encode())
    return failure


def _line(error: BaseException, folder: Path) -> str:
    if isinstance(error, OSError):
        where = error.filename or f"{folder} or {tempfile.gettempdir()}"
        return f"{error.strerror or type(error).__name__}: {where}"
    line = " ".join(str(error).split())
    return line if isinstance(error, notebook.NotebookError | ValueError) else f"{type(error).__name__}: {line}"


def _hopeless(error: BaseException, folder: Path) -> bool:
    """Return whether the study's own folder is out of use; an error that names no file does not say so."""
    cause, name = (error.errno, error.filename) if isinstance(error, OSError) else _cause(str(error))
    if cause not in HOPELESS or not isinstance(name, str | os.PathLike):
        return False
    return (results.REPOSITORY / os.fspath(name)).is_relative_to(folder)  # the kernel may name it from the repository


def _cause(reason: str) -> tuple[int | None, str | None]:
    """Return the number and the file of an OSError, which arrives from the kernel as text."""
    found = re.match(r"\w+: \[Errno (\d+)\] [^:]*(?:: ['\"](.*?)['\"])?(?: ->|$)", reason)
    return (int(found[1]), found[2]) if found else (None, None)
