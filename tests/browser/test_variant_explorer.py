"""The variant explorer as it is used: what it counts, computes and shows, against the results and against scipy."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_page import RESULTS, lay_out
from scipy import stats

from experiments.answers import digits, variants
from experiments.answers.effects import in_words
from experiments.answers.sources import Sources
from experiments.topics import TOPICS
from s6core import results
from s6core import stats as stats_of_runs

Open = Callable[..., Any]
RUNS = results.load_runs(RESULTS / "ablations")


@pytest.fixture
def explorer(visit: Open, tmp_path: Path) -> Open:
    """Open a page with the explorer, and wait until it is awake and the digits are there."""

    def explorer(fragment: str = "", **options: Any) -> Any:
        page = visit(lay_out(tmp_path, "variant-explorer"), fragment, **options)
        page.wait_for_selector(".lv-body:not([aria-busy])")
        return page

    return explorer


def verdicts(page: Any) -> list[str]:
    return page.locator(".ve-verdict").all_inner_texts()


def names(page: Any) -> list[str]:
    return page.locator(".ve-list .ve-name b").all_inner_texts()


def test_every_variant_is_a_row_and_every_run_a_dot(explorer: Open) -> None:
    page = explorer()
    expected = variants.summaries(Sources(RESULTS))
    assert names(page) == list(expected.index)
    learned = RUNS[(RUNS["status"] == "finished") & (RUNS["test_accuracy"] > 20)]
    assert page.locator(".ve-dot").count() == learned["variant"].isin(expected.index).sum()
    at = page.locator(".ve-list .ve-row").nth(names(page).index("reference"))
    seen = [
        float(place[:-1])
        for place in at.locator(".ve-dot").evaluate_all("dots => dots.map((d) => d.getAttribute('cx'))")
    ]
    errors = np.log(100 - learned[learned["variant"] == "reference"].sort_values("seed")["test_accuracy"])
    assert np.corrcoef(seen, errors)[0, 1] > 0.9999  # a logarithmic axis


def test_filters_leave_what_they_say(explorer: Open) -> None:
    page = explorer()
    page.get_by_label("Question").select_option("head")
    asked = {"reference", *TOPICS["head"].variants} & set(RUNS["variant"])
    assert set(names(page)) == asked
    page.get_by_label("Parameters, at most").fill("1")
    table = variants.summaries(Sources(RESULTS))
    most = sorted(table["parameters"].unique())[1]
    assert page.locator(".ve-limit output").first.inner_text() == f"{most:,}"
    assert set(names(page)) == {name for name in asked if table.at[name, "parameters"] <= most}
    page.get_by_label("Question").select_option("")
    page.get_by_label("Parameters, at most").fill("999")
    page.get_by_label("Cost, at most").fill("0")
    assert set(names(page)) == set(table.index[table["cost"] == table["cost"].min()])


def test_a_pair_that_a_question_asked_about_has_its_verdict(explorer: Open) -> None:
    page = explorer("#a=reference&b=max")
    row = Sources(RESULTS).effects("head").set_index("variant").loc["max"]
    assert verdicts(page) == [f"max against reference: {in_words(row)}."]
    page = explorer("#a=fc&b=reference")  # whichever is A
    assert verdicts(page)[0].startswith("fc against reference: 0.")
    assert "Why: " in page.locator(".ve-pair").inner_text()
    page = explorer("#a=reference&b=no-bn%2Bfc")  # where a run failed, the ratio is that of the others
    row = Sources(RESULTS).effects("together").set_index("variant").loc["no-bn+fc"]
    assert verdicts(page) == [f"no-bn+fc against reference: {in_words(row)}."]
    assert f"Of the runs that learned: {row['ratio']:.2f} times the errors." in page.locator(".ve-pair").inner_text()


def test_any_other_pair_has_a_plain_test_and_says_so(explorer: Open) -> None:
    page = explorer("#a=dropout-0.25&b=group")
    a, b = (np.log(100 - RUNS[RUNS["variant"] == name]["test_accuracy"]) for name in ("dropout-0.25", "group"))
    found = stats.ttest_ind(b, a, equal_var=False)
    low, high = np.exp(found.confidence_interval())
    assert verdicts(page) == [
        f"group against dropout-0.25: {np.exp(b.mean() - a.mean()):.2f} times the errors ({low:.2f}–{high:.2f})."
    ]
    said = page.locator(".ve-pair").inner_text()
    assert "there is no verdict" in said and "unmoderated" in said and "uncorrected" in said


def test_runs_that_did_not_learn_are_counted_and_left_out(explorer: Open) -> None:
    page = explorer("#a=no-bn+fc&b=max")
    own = RUNS[RUNS["variant"] == "no-bn+fc"]
    failed = int(stats_of_runs.did_not_learn(own).sum())
    assert failed > 0
    said = f"{failed} of {len(own)} runs of no-bn+fc did not learn and are left out."
    assert said in page.locator(".ve-pair").inner_text()


def test_the_plain_test_is_scipys(explorer: Open) -> None:
    page = explorer()
    rng = np.random.default_rng(4)
    for _ in range(60):
        a, b = (np.exp(rng.normal(rng.normal(0, 1), rng.uniform(0.01, 1), rng.integers(2, 31))) for _ in range(2))
        ours = page.evaluate("([a, b]) => S6Live.welch(a, b)", [a.tolist(), b.tolist()])
        test = stats.ttest_ind(np.log(a), np.log(b), equal_var=False)
        theirs = {"low": np.exp(test.confidence_interval().low), "high": np.exp(test.confidence_interval().high)}
        theirs |= {"p": test.pvalue, "ratio": stats.gmean(a) / stats.gmean(b)}
        assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-14)
    assert page.evaluate("S6Live.welch([1], [2, 3])") == pytest.approx({"ratio": 1 / np.sqrt(6)})
    assert page.evaluate("S6Live.welch([1, 1], [2, 2])") == {"ratio": 0.5}
    assert page.evaluate("S6Live.welch([0, 1], [1, 1])")["ratio"] == pytest.approx(np.sqrt(0.005))  # half an image


def test_what_differs_is_the_diff_of_the_configs(explorer: Open) -> None:
    page = explorer("#a=fc%2Bdropout-0.10&b=no-bn+fc")
    rows = page.locator(".ve-diff tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((c) => c.textContent))"
    )
    assert sorted(rows) == [["dropout", "0.1", "0"], ["norm", "batch", "none"]]


def test_the_digits_that_one_misses_are_those_of_seed_0(explorer: Open) -> None:
    page = explorer("#a=reference&b=fc")
    page.wait_for_selector(".ve-missed")
    labels = (RESULTS / digits.LABELS).read_text().strip()
    reads = [results.load(RESULTS / "ablations" / name / "seed-0.json").predictions for name in ("reference", "fc")]
    a, b = ({at for at, (read, label) in enumerate(zip(run, labels, strict=True)) if read != label} for run in reads)
    said = page.locator(".ve-missed").all_inner_texts()
    assert said[0].startswith(f"{len(a - b)} that A misses") and said[1].startswith(f"{len(b - a)} that B misses")
    assert f"Both miss {len(a & b)}." in page.locator(".ve-only").inner_text()
    for side, only, run in zip(page.locator(".ve-missed").all(), (a - b, b - a), reads, strict=True):
        text = side.evaluate("(side) => side.textContent")
        shown = {
            int(label.split()[-1])
            for label in side.locator("canvas").evaluate_all("all => all.map((c) => c.ariaLabel)")
        }
        listed = {int(at): (label, read) for at, label, read in re.findall(r"(\d+) \((\d)\s→\s(\d)\)", text)}
        assert shown | set(listed) == only and not shown & set(listed)
        assert all((label, read) == (labels[at], run[at]) for at, (label, read) in listed.items())


def test_the_notebook_and_the_line_are_at_hand(explorer: Open) -> None:
    page = explorer("#a=reference&b=no-bn%2Bfc")
    link = page.get_by_role("link", name="the notebook of no-bn+fc")
    assert link.get_attribute("href").endswith("/results/ablations/no-bn%2Bfc/notebook.html")
    lines = page.locator(".ve-recipe pre").all_inner_texts()
    seeds = (RUNS["variant"] == "no-bn+fc").sum()
    assert lines[1] == f"papermill experiments/ablation.ipynb no-bn+fc.ipynb -p norm none -p head fc -p seeds {seeds}"


def test_the_address_keeps_the_choice(explorer: Open) -> None:
    page = explorer("#a=nothing&b=fc")
    assert page.get_by_label("B: fc:").is_checked() and page.get_by_label("A: reference:").is_checked()
    page.get_by_label("A: max:").check()
    assert page.evaluate("location.hash").endswith("#a=max&b=fc")
    page.get_by_label("B: no-bn+fc:").focus()
    page.keyboard.press("Space")
    assert page.evaluate("location.hash").endswith("#a=max&b=no-bn%2Bfc")
    page.evaluate("location.hash = '#a=gap-fc&b=layer'")
    page.wait_for_function("document.querySelector('.ve-verdict').textContent.startsWith('layer against gap-fc')")
    page.get_by_label("A: layer:").check()
    assert verdicts(page) == ["A and B are the same. Choose another one for either."]


def test_the_keyboard_chooses(explorer: Open) -> None:
    page = explorer("#a=reference&b=fc")
    order = names(page)
    page.get_by_label("B: fc:").focus()
    page.keyboard.press("ArrowDown")
    after = order[order.index("fc") + 1]
    assert page.get_by_label(f"B: {after}:").is_checked()
    assert page.evaluate("document.activeElement.value") == after
    page.get_by_text(re.compile(rf"^{re.escape(after)} against")).first.wait_for(state="attached")


def test_a_finger_chooses_on_a_phone(explorer: Open) -> None:
    page = explorer("#a=reference&b=max", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    label = page.locator(".ve-row label").filter(has=page.get_by_label("B: fc:"))
    box = label.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    label.tap()
    assert page.evaluate("location.hash").endswith("b=fc")


def test_only_the_reference_is_blue(explorer: Open) -> None:
    page = explorer()
    tones = page.evaluate("""() => [...document.querySelectorAll('.ve-list .ve-row')].map((row) =>
      [row.querySelector('b').textContent, row.querySelector('.ve-mark').style.getPropertyValue('--c').trim()])""")
    assert [name for name, tone in tones if tone.lower() == "#0072b2"] == ["reference"]
