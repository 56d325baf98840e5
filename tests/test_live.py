"""The directives of the live components, and the data that goes with them, in a book of a few plain pages."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
BOOK, RESULTS = ROOT / "book", ROOT / "results"
sys.path.append(str(BOOK))

from _ext import live, live_data  # noqa: E402

from experiments.answers.sources import Sources  # noqa: E402
from s6core.layers import layers  # noqa: E402

CONFIG = f"""
import sys
sys.path.append({str(BOOK)!r})
extensions = ["_ext.values", "_ext.live", "_ext.predict"]
html_static_path = [{str(BOOK / "_static")!r}]
html_theme = "basic"
s6_results = {{results!r}}
"""
WITH = """
With
====
.. push-digit::
   :digit: 3

   *Nothing* moves here.

.. be-the-cell::

.. predict:: ablations/fc/test_accuracy
   :question: How many of {ablations/fc/n} runs?
   :low: 90
   :high: 100
   :step: 0.5

   That many.

.. toctree::

   without
"""


def build(folder: Path, page: str, results: Path = RESULTS) -> subprocess.CompletedProcess[str]:
    (folder / "conf.py").write_text(CONFIG.format(results=str(results)))
    (folder / "index.rst").write_text(page)
    (folder / "without.rst").write_text("Without\n=======\n")
    options = ["-q", "-W", "--keep-going", "-n", "-b", "html"]
    command = [sys.executable, "-m", "sphinx", *options, str(folder), str(folder / "html")]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def sources() -> Sources:
    return Sources(RESULTS)


def test_a_page_gets_its_elements_scripts_and_data(tmp_path: Path) -> None:
    done = build(tmp_path, WITH)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "html" / "index.html").read_text()
    # what stands in for a script is no part of the page where there is one: its pictures are not fetched
    assert '<push-digit digit="3"><noscript>\n<p><em>Nothing</em> moves here.</p>\n</noscript></push-digit>' in html
    assert re.search(r"<be-the-cell><noscript>\s*<p>[^<]*It needs JavaScript\.</p>", html)
    scripts = re.findall(r'<script defer="defer" src="_static/([\w/-]+)\.js', html)
    own = ["push-digit/push-digit", "be-the-cell/be-the-cell", "predict-first/predict-first"]
    assert [script for script in scripts if "/" in script] == [*live.SHARED, *own]  # each once, the shared ones first
    data = {path.stem for path in (tmp_path / "html" / "_static" / live_data.FOLDER).iterdir()}
    assert data == {"net-reference", "net-fc", "pushes"}  # what its components take, and no more
    assert "live/" not in (tmp_path / "html" / "without.html").read_text()


def test_a_prediction_carries_every_run_and_is_whole_without_a_script(tmp_path: Path) -> None:
    assert build(tmp_path, WITH).returncode == 0
    html = (tmp_path / "html" / "index.html").read_text()
    runs = pd.read_csv(RESULTS / "ablations" / "runs.csv").query("variant == 'fc'")["test_accuracy"]
    assert f'runs="{json.dumps(runs.tolist())}"' in html
    assert f"<strong>How many of {len(runs)} runs?</strong> {runs.mean():.2f}%</p>\n<p>That many.</p>" in html


def test_what_cannot_be_shown_fails_a_strict_build(tmp_path: Path) -> None:
    predict = "\n.. predict:: {}\n   :question: How many?\n   :low: {}\n   :high: 100\n   :step: 1\n"
    page = WITH + "\n.. push-digit::\n   :digit: 10\n"
    page += predict.format("ablations/fcc/test_accuracy", 0) + predict.format("ablations/fc/test_accuracy", 99.5)
    page += "\n.. predict:: ablations/fc/test_accuracy\n   :low: 0\n   :high: 100\n   :step: 1\n"
    page += predict.format("head/fc/verdict", 0) + predict.format("ablations/fc/test_accuracy", "few")
    done = build(tmp_path, page)
    assert done.returncode != 0
    for message in (
        '"10" unknown', "'fcc'", "lies outside the number line from 99.5 to 100", "it lacks :question:",
        "there is no number to guess", "could not convert string to float: 'few'",
    ):  # fmt: skip
        assert message in done.stderr


def test_weights_that_are_not_stored_are_named(tmp_path: Path, sources: Sources) -> None:
    with pytest.raises(KeyError, match=r"unknown data .net-refernce.: did you mean net-reference"):
        live_data.content("net-refernce", sources)
    (tmp_path / "results").mkdir()
    done = build(tmp_path, "Page\n====\n.. push-digit::\n\n.. toctree::\n\n   without\n", tmp_path / "results")
    assert done.returncode != 0
    assert "push-digit: stored weights" in done.stderr


def test_a_stored_net_has_the_rows_and_the_numbers_of_its_run(sources: Sources) -> None:
    net = live_data.stored_net("fc", sources)
    rows = layers(sources.record("ablations", "fc").net)
    assert [row["name"] for row in net["rows"]] == [row.name for row in rows]

    def numbers(text: str) -> int:
        return len(np.frombuffer(base64.b64decode(text), dtype="<f4"))

    for row, stored in zip(rows, net["rows"], strict=True):
        trained = [stored[name] for name in ("weight", "bias", "scale", "shift") if name in stored]
        assert sum(map(numbers, trained)) == row.parameters, row.name


def test_the_factorial_lists_its_twelve_cells(sources: Sources) -> None:
    found = live_data.content("cells", sources)
    combinations = {(cell["norm"], cell["head"], cell["dropout"]) for cell in found["cells"]}
    assert len(combinations) == 12
    assert {f"net-{cell['name']}" for cell in found["cells"]} == set(live_data.NETS)
    (fc,) = (cell for cell in found["cells"] if cell["name"] == "fc")
    assert fc["parameters"] == 30_072


def test_the_curves_start_where_nothing_is_pushed(sources: Sources) -> None:
    """Moved by nothing, turned by nothing and of full size are the same images: measured apart, they must agree."""
    found = live_data.content("pushes", sources)
    for head in ("gap", "fc"):
        rest = {way: dict(found[way][head])[by] for way, by in (("moved", 0), ("turned", 0), ("scaled", 100))}
        assert len(set(rest.values())) == 1, rest


def test_luck_draws_every_finished_run_of_the_reference(sources: Sources) -> None:
    runs = pd.read_csv(RESULTS / "ablations" / "runs.csv").query("variant == 'reference' and status == 'finished'")
    drawn: list[Any] = live_data.content("luck", sources)
    assert {run["seed"]: run["accuracy"][-1] for run in drawn} == dict(
        zip(runs["seed"], runs["test_accuracy"], strict=True)
    )


def test_every_component_has_its_folder_and_no_file_too_many() -> None:
    for name, component in live.COMPONENTS.items():
        found = {path.name for path in (BOOK / "_static" / name).iterdir()}
        assert found == {f"{name}.css", *(f"{script}.js" for script in component.scripts)}
    shared = {path.stem for path in (BOOK / "_static" / "live").glob("*.js")}
    used = {Path(script).name for component in live.COMPONENTS.values() for script in component.shared}
    assert shared == used | {"digits"}
