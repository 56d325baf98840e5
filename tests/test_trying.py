"""How a page says what its reader may train: the line itself, and how long it took."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "book"))

from _ext import trying  # noqa: E402

from experiments.answers.sources import Sources  # noqa: E402


def runs(*rows: tuple[str, str | None, float | None, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["device", "processor", "threads", "seconds"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "How long that takes was not measured yet."),
        (
            [("cpu", "X", 1.0, 200.0), ("cpu", "X", 1.0, 160.0)],
            "The quickest seed took about 3 minutes here (X, 1 thread).",
        ),
        ([("cpu", "X", 2.0, 61.0)], "The quickest seed took about 1 minute here (X, 2 threads)."),
        ([("H100", None, None, 3.0)], "The quickest seed took less than a minute here (H100)."),
        (  # most seeds, not the quickest machine
            [("cpu", "X", 1.0, 600.0), ("cpu", "X", 1.0, 600.0), ("H100", None, None, 3.0)],
            "The quickest seed took about 10 minutes here (X, 1 thread).",
        ),
    ],
)
def test_the_time_is_that_of_the_quickest_on_the_machine_with_most_runs(rows: list[tuple], said: str) -> None:
    assert trying.took(runs(*rows)) == said


def test_the_line_is_what_the_topic_changes() -> None:
    text = trying.text("kernel/kernel-5-first", Sources(ROOT / "results"))
    line = text.partition("```bash\n")[2].partition("\n")[0]
    words = shlex.split(line)
    assert words == [
        "papermill", "experiments/ablation.ipynb", "kernel-5-first.ipynb", "-y", "{kernel: [5, 3, 3, 3]}",
        "-p", "seeds", "1",
    ]  # fmt: skip


@pytest.mark.parametrize(("key", "offer"), [("kernel/kernel-5-fist", "kernel-5-first"), ("kernal/kernel-5", "kernel")])
def test_an_unknown_variant_is_named_with_the_nearest(key: str, offer: str) -> None:
    with pytest.raises(KeyError, match=offer):
        trying.text(key, Sources(ROOT / "results"))
