"""The page of a reader's own studies, in a small book that is built strictly."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from stored_runs import store, store_all
from test_book_site import build, lay_out, words

from experiments import own
from experiments.runner import task as tasks
from s6core import results
from s6core.plan import plan

ROOT = Path(__file__).parent.parent
EARLY = """\
name: early
question: Does early pooling pay?
base: {train_images: 6000, epochs: 2}
grid: {pool_after: [[2], [3]], dropout: [0, 0.05]}
seeds: 3
"""
RATES = """\
name: rates
question: Which rate, and which head?
variants: {fc: {head: fc}, lr-0.03: {lr: 0.03}, lr-0.3: {lr: 0.3}}
families: {head: [fc], rate: [lr-0.03, lr-0.3]}
"""


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = lay_out(tmp_path_factory.mktemp("book"))
    shutil.copy(ROOT / "book" / "figures" / "own.py", folder / "book" / "figures")
    (folder / "book" / "_toc.yml").write_text((folder / "book" / "_toc.yml").read_text().replace(
        "      - file: book/more\n", "      - file: book/more\n      - file: book/yours\n"))  # fmt: skip
    (folder / "book" / "yours.md").write_text("# Your runs\n\n## Your studies\n\n```{own-studies}\n```\n")
    yours = folder / "results" / "yours"
    for text in (EARLY, RATES):
        file = folder / "study.yaml"
        file.write_text(text)
        name, study = own.load(file)
        own.keep(file, yours / name)
        store_all(tasks.prepare(name, study, root=yours).plans, {"reference": 96.0})
        results.collect(yours / name)
    store(plan({"study": "papermill", "variant": "norm-none", "norm": "none", "results": str(yours)}), [97.0, 11.35])
    results.collect(yours / "papermill")
    (yours / "broken").mkdir()
    (yours / "broken" / "study.yaml").write_text("name: broken\nquestion: q\nvarients: {}\n")
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "book" / "_build" / "html" / "book" / "yours.html").read_text()


def test_an_own_study_has_the_parts_of_a_published_question(html: str):
    for part in ("fig-yours-early", "tab-yours-early", "tab-yours-early-changes", "fig-yours-early-curves"):
        assert f'id="{part}"' in html, part
    text = words(html)
    assert "early: Does early pooling pay?" in text
    assert "pool_after-2+dropout-0.05" in text and "Runs: reference 3 seeds" in text
    assert html.count('<details class="sceptic">') == html.count("</details>") == 3  # early, and two families of rates


def test_families_are_shown_one_after_the_other(html: str):
    assert 'id="fig-yours-rates-head"' in html and 'id="fig-yours-rates-rate"' in html
    table = re.search(r'<table[^>]*id="tab-yours-rates-rate".*?</table>', html, re.DOTALL)
    assert table and "lr-0.03" in table[0] and ">fc<" not in table[0]


def test_other_runs_and_wrong_files_are_named(html: str):
    text = words(html)
    table = re.search(r'<table[^>]*id="tab-yours-papermill".*?</table>', html, re.DOTALL)
    assert table and "norm-none" in table[0] and "97.00" in table[0]
    assert "unknown key" in text and "varients" in text
