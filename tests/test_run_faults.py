"""The runner with real kernels and a notebook that trains nothing: kills, failures, two at once, many workers."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

from s6core import results

STANDIN = Path(__file__).parent / "fixtures" / "runner" / "standin.py"
PATIENCE = 240  # seconds until something that must happen counts as not happening


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    spec = importlib.util.spec_from_file_location("standin", STANDIN)
    assert spec and spec.loader
    standin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(standin)
    template = standin.write(tmp_path_factory.mktemp("template") / "standin.ipynb")
    return [sys.executable, str(STANDIN), str(template)]


@pytest.fixture
def start(command: list[str]) -> Iterator[Callable[..., psutil.Popen]]:
    """Start `s6 …` in a process; what is left of it in the end is killed."""
    started: list[psutil.Popen] = []
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and so would ours

    def start(*arguments: object) -> psutil.Popen:
        words = [*command, *map(str, arguments)]
        started.append(psutil.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        for each in family(process):
            each.kill()
        process.communicate()


def finish(process: psutil.Popen) -> tuple[int, str]:
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out + err


def family(process: psutil.Popen) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kernels(process: psutil.Popen) -> list[psutil.Process]:
    return [each for each in family(process) if "experiments.runner.kernel" in each.cmdline()]


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def digests(folder: Path) -> dict[str, str]:
    records = [path for path in folder.glob("*/seed-*.json") if "failed" not in path.name]
    return {str(path.relative_to(folder)): results.digest(path.read_bytes()) for path in sorted(records)}


def clean(folder: Path) -> bool:
    """Return whether nothing half-written or of a run under way is left."""
    return not [p for p in folder.rglob("*") if p.name.endswith((".tmp", ".progress")) or ".failed." in p.name]


@pytest.fixture(scope="module")
def undisturbed(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("undisturbed")
    words = [*command, "run", "slow", "--workers", "1", "--results", str(root)]
    subprocess.run(words, check=True, capture_output=True, timeout=PATIENCE)
    return root / "slow"


def test_killed_worker_and_runner_cost_only_what_was_in_flight(
    start: Callable[..., psutil.Popen], undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "slow"
    first = start("run", "slow", "--workers", 2, "--results", tmp_path)
    until(lambda: list(folder.glob("*/*.progress")) and kernels(first))
    kernels(first)[0].parent().kill()  # a worker: its job is done again
    until(lambda: digests(folder))
    whole = family(first)
    first.send_signal(signal.SIGKILL)
    until(lambda: not [each for each in whole[1:] if each.is_running() and each.status() != psutil.STATUS_ZOMBIE])
    assert "Traceback" not in finish(first)[1]
    stored = digests(folder)
    assert stored.items() <= digests(undisturbed).items()
    times = {name: (folder / name).stat().st_mtime_ns for name in stored}

    status, output = finish(start("run", "slow", "--workers", 2, "--results", tmp_path))
    assert status == 0, output
    assert digests(folder) == digests(undisturbed)
    assert len(digests(folder)) == 4
    assert {name: (folder / name).stat().st_mtime_ns for name in stored} == times, "what was stored was not run again"
    assert clean(folder)
    for variant in ("reference", "other"):
        mine, theirs = (nbformat.read(f / variant / "notebook.ipynb", as_version=4) for f in (folder, undisturbed))
        assert [cell.source for cell in mine.cells[:1]] == [f"# slow: {variant}\n\nIt trains nothing."]
        assert mine.metadata.s6 == theirs.metadata.s6
        assert mine.cells[-1].outputs[0].data["text/plain"] == "[0, 1]"
    assert len(results.load_runs(folder)) == 4
    again, output = finish(start("run", "slow", "--results", tmp_path))
    assert (again, "4 runs: 4 finished" in output) == (0, True)


def test_a_failing_variant_leaves_its_reason_and_the_others_go_on(
    start: Callable[..., psutil.Popen], tmp_path: Path
) -> None:
    folder = tmp_path / "failing"
    status, output = finish(start("run", "failing", "--workers", 2, "--results", tmp_path))
    assert status == 1
    for line in (
        "reference, seed 0: 99.00% of the test set",
        "bug, seed 0: failed: KeyError: 'no such layer'",
        "dead, seed 0: failed: the kernel was killed (signal 9)",
        "nan, seed 0: diverged: the loss was not finite in epoch 2",
        "s6: report: KeyError: 'no such figure'",
        "5 runs: 2 finished, 1 diverged, 2 failed",
    ):
        assert line in output
    failure = json.loads((folder / "bug" / "seed-0.failed.json").read_text())
    assert "KeyError" in failure["traceback"]
    partial = nbformat.read(folder / "bug" / failure["notebook"], as_version=4)
    assert [output.ename for cell in partial.cells for output in cell.get("outputs", []) if "ename" in output] == [
        "KeyError"
    ]
    assert not (folder / "bug" / "notebook.ipynb").exists()
    runs = results.load_runs(folder).set_index("variant")
    assert dict(runs["status"]) == {"nan": "diverged", "reference": "finished", "report": "finished"}
    reference = (folder / "reference" / "seed-0.json").stat().st_mtime_ns

    status, output = finish(start("run", "failing", "--only", "bug", "--only", "reference", "--results", tmp_path))
    assert status == 1
    assert "2 runs: 1 finished, 1 failed" in output and "1 of 2 runs to train" in output
    assert (folder / "reference" / "seed-0.json").stat().st_mtime_ns == reference


def test_two_runners_and_a_killed_one(start: Callable[..., psutil.Popen], tmp_path: Path) -> None:
    first = start("run", "endless", "--results", tmp_path)
    until(
        lambda: kernels(first) and '"running"' in finish(start("status", "endless", "--json", "--results", tmp_path))[1]
    )
    status, output = finish(start("run", "endless", "--results", tmp_path))
    assert status == 1
    assert f"process {first.pid} on" in output and "is at work here since" in output
    whole = family(first)
    first.send_signal(signal.SIGKILL)
    until(lambda: not [each for each in whole[1:] if each.is_running() and each.status() != psutil.STATUS_ZOMBIE])
    _, output = finish(start("status", "endless", "--results", tmp_path))
    assert "reference, seed 0: interrupted" in output
    assert "at work" not in output


def test_a_full_disk_stops_with_its_name(start: Callable[..., psutil.Popen], tmp_path: Path) -> None:
    status, output = finish(start("run", "full", "--workers", 1, "--results", tmp_path))
    assert status == 1
    assert f"s6: full: OSError: [Errno 28] No space left on device: '{tmp_path / 'full'}'" in output


def test_a_folder_of_no_use_is_named(start: Callable[..., psutil.Popen], tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    status, output = finish(start("run", "plain", "--results", tmp_path))
    assert (status, output.strip()) == (1, f"s6: File exists: {tmp_path / 'plain'}")


def test_interrupting_says_how_to_go_on(start: Callable[..., psutil.Popen], tmp_path: Path) -> None:
    runner = start("run", "endless", "--results", tmp_path)
    until(lambda: kernels(runner))
    whole = family(runner)
    for each in whole:  # as Ctrl-C in a terminal does
        os.kill(each.pid, signal.SIGINT)
    status, output = finish(runner)
    assert (status, "s6: interrupted" in output) == (130, True)
    assert "Traceback" not in output
    _, alive = psutil.wait_procs(whole[1:], timeout=5)  # a kernel may take a moment to die, and no more than that
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
