"""Every snippet of the README and of the rerun page is run as it stands, in a copy of the repository.

What would take too long is run on less: `LESS` names the words that are replaced, and a word that is not there fails.
What cannot be run here (installing, a cluster) is named in `ELSEWHERE`, with what is checked instead.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from stored_runs import store

from experiments import studies
from s6core import results, stats
from s6core.plan import plan

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "book/rerun.md")

LESS: dict[str, dict[str, str]] = {  # by the beginning of a snippet or of its line
    "papermill experiments": {"train_images 6000": "train_images 200", "epochs 4": "epochs 1", "seeds 2": "seeds 1"},
    "from s6core import data": {"train_images=6_000": "train_images=200", "epochs=4": "epochs=1"},
    "name: early": {"train_images: 6000": "train_images: 200", "epochs: 4": "epochs: 1", "seeds: 3": "seeds: 1"},
    "s6 run smoke": {"s6 run smoke": "s6 run smoke --dry-run"},
    "s6 run ablations --only": {"s6 run ablations": "s6 run ablations --dry-run"},
    "s6 run ablations --shard": {"s6 run": "SLURM_ARRAY_TASK_ID=2; s6 run --dry-run"},
}
ELSEWHERE = {
    "make ": "a target of the Makefile",
    "source .venv": "the environment that make installs",
    "s6 run ablations --scheduler": "tests/test_run_faults.py runs on a cluster that exists",
    "from dask_jobqueue": "Slurm: tests/test_run_jobs.py reads the script that comes of it",
    "#SBATCH": "Slurm: tests/test_run_task.py shares a study out",
}
SAYS = {  # what the output must hold, so that a snippet that prints nonsense fails
    "s6 table head": "Global average pooling or a fully connected layer?",
    "s6 compare ablations/fc ": "| ablations/fc | ablations/max |",
    "s6 compare ablations/fc": "times those of b",
    "s6 net norm=none": "29,876",
    "s6 net --fields": "dropout (net)",
    "s6 rf torch": "layer",
    "s6 status ablations": "reference",
    "s6 run smoke": "fc: head gap → fc",
    "s6 run ablations --only": "pool-early: channels 8-16-32-32 → 8-16-32-36, pool_after 3 → 2",
    "s6 run ablations --shard": "runs to train",
    "s6 table early": "pool_after-2+dropout-0.05",
    "s6 compare early/pool_after-2": "b  early/reference",
    "s6 compare runs.csv": "b  runs.csv:head=gap",
    "s6\n": "Which pooling, and where?",
}


@dataclass(frozen=True)
class Snippet:
    page: str
    language: str
    text: str

    def lines(self) -> Iterator[str]:
        """Yield the commands of a shell snippet, without their comments."""
        for line in self.text.replace("\\\n", " ").splitlines():
            if command := re.sub(r"\s+# .*", "", line).strip():
                yield command


def snippets(page: str) -> list[Snippet]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Snippet(page, *found) for found in re.findall(r"^```(bash|python|yaml)\n(.*?)^```$", text, re.M | re.S)]


def starting(table: dict, text: str):
    """Return the entry of the longest key that a text starts with."""
    keys = [key for key in table if text.startswith(key)]
    return table[max(keys, key=len)] if keys else None


def less(text: str) -> str:
    for old, new in (starting(LESS, text) or {}).items():
        assert old in text, f"{text!r} no longer holds {old!r}"
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the snippets need, in which `s6` and `papermill` are those of this environment."""
    folder = tmp_path_factory.mktemp("copy")
    for part in ("s6core", "experiments"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "results").mkdir()
    for study in (ROOT / "results").iterdir():
        if study.name != "yours":
            (folder / "results" / study.name).symlink_to(study)
    commands = folder / "bin"
    commands.mkdir()
    for name, module in (("s6", "experiments.cli"), ("papermill", "papermill")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        (commands / name).chmod(0o755)
    rows = [f"{seed},{head},0.98{seed + 2 * (head == 'fc')}" for head in ("fc", "gap") for seed in range(4)]
    (folder / "runs.csv").write_text("\n".join(["seed,head,test_accuracy", *rows]) + "\n")
    return folder


def call(command: str, folder: Path, text: str | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command] if text is None else [sys.executable, "-c", text],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def done() -> set[str]:
    """What has run: both pages train the same net, and once is enough."""
    return set()


@pytest.mark.parametrize("page", PAGES)
def test_every_snippet_runs(copy: Path, done: set[str], page: str):
    for snippet in snippets(page):
        if snippet.language == "yaml":
            if snippet.text not in done:
                done.clear()  # of another file a command says something else
            done.add(snippet.text)
            (copy / "early.yaml").write_text(less(snippet.text))
        elif snippet.text.startswith('"early-pooling": Topic('):
            publish(copy, snippet.text)
        elif snippet.language == "python":
            ast.parse(snippet.text)
            if not starting(ELSEWHERE, snippet.text):
                assert call(page, copy, less(snippet.text)).strip()
        else:
            for command in snippet.lines():
                if command not in done:
                    run(command, copy)
                done.add(command)


def run(command: str, folder: Path) -> None:
    if starting(ELSEWHERE, command):
        return
    if command.startswith("s6 compare ablations/pool-early"):  # its training takes an hour; here stand its runs
        changed = {"study": "ablations", "variant": "pool-early", "pool_after": [2], "channels": [8, 16, 32, 36]}
        store(plan({**changed, "results": str(folder / "results" / "yours")}), [99.0, 99.1, 99.2, 99.05])
    said = call(less(command), folder)
    assert (starting(SAYS, f"{command}\n") or "") in said, said
    if drawn := re.search(r"--plot (\S+)", command):
        assert (folder / drawn[1]).stat().st_size > 3_000


def publish(folder: Path, text: str) -> None:
    """Put a topic where the README says that it goes."""
    path = folder / "experiments" / "topics.py"
    source = path.read_text()
    assert source.count("TOPICS = {\n") == 1
    path.write_text(source.replace("TOPICS = {\n", "TOPICS = {\n" + text))


def test_what_is_run_elsewhere_is_there():
    makefile = (ROOT / "Makefile").read_text()
    for command in (line for page in PAGES for s in snippets(page) if s.language == "bash" for line in s.lines()):
        if command.startswith("make "):
            assert re.search(rf"^{command.split()[1]}:", makefile, re.M), command
    assert "--scheduler" in subprocess.run(
        [sys.executable, "-m", "experiments.cli", "run", "--help"], cwd=ROOT, capture_output=True, text=True
    ).stdout  # fmt: skip


def test_no_entry_of_the_tables_is_left_over():
    starts = [s.text for page in PAGES for s in snippets(page)] + [
        f"{line}\n" for page in PAGES for s in snippets(page) if s.language == "bash" for line in s.lines()
    ]
    for table in (LESS, ELSEWHERE, SAYS):
        for key in table:
            assert any(text.startswith(key) for text in starts), key


def test_the_examples_train_what_the_stored_smoke_study_learned():
    """The papermill line, the ten lines and the study smoke are one recipe, and with it both nets learn."""
    runs = results.load_runs(ROOT / "results" / "smoke").set_index("variant")
    assert set(runs.index) == set(studies.study("smoke").variants) == {"reference", "fc"}
    assert (runs["test_accuracy"] > 95).all()
    for page in PAGES:
        line = next(c for s in snippets(page) if s.language == "bash" for c in s.lines() if c.startswith("papermill"))
        given = dict(re.findall(r"-p (\w+) (\S+)", line))
        planned, stored = plan(given), results.load(ROOT / "results" / "smoke" / "fc" / "seed-0.json")
        assert (planned.net, planned.train) == (stored.net, stored.train)


def test_what_the_readme_answers_is_what_the_runs_say():
    runs = results.load_runs(ROOT / "results" / "ablations")
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())

    def effect(variant: str) -> stats.Effect:
        one, base = (runs[(runs["variant"] == v)]["test_accuracy"].tolist() for v in (variant, "reference"))
        return stats.effect(one, base, percent=True)

    assert "without it, it makes several times as many errors" in text
    assert effect("no-bn").verdict == "hurts" and effect("no-bn").ratio > 2
    assert "doubles the parameters and leaves the errors about where they were" in text
    assert 0.75 < effect("fc").ratio < 1.33
    counts = runs.groupby("variant")["parameters"].first()
    assert 1.8 < counts["fc"] / counts["reference"] < 2.2
    assert "every dose from 0.1 on costs errors" in text
    assert all(effect(f"dropout-{dose}").verdict == "hurts" for dose in ("0.10", "0.25", "0.50"))
    assert "nearly as well without batch normalisation, though then not every run learns" in text
    both = effect("no-bn+fc")
    assert both.ratio < 1.5 and both.n_failed >= 1
    assert "the net makes about two thirds of the errors, with the same number of parameters" in text
    assert 0.55 < effect("field-20").ratio < 0.78 and counts["field-20"] == counts["reference"]
    assert "Seven narrow layers instead of four do about as much" in text
    assert 0.55 < effect("depth-7").ratio < 0.78
    assert "15,662 parameters" in text and counts["reference"] == 15_662
