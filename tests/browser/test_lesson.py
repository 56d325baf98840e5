"""The lesson on the whole screen: its steps by key, its answers when asked, its notes apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

LESSON = ROOT / "book" / "_static" / "lesson"
STEP = """<section id="{name}"><h2>{name}</h2>
<details class="lesson-notes" data-minutes="{minutes}"><summary>For the teacher</summary>
<p>Say <span>{name}</span>.</p></details>
<p>Question {name}?</p>{more}
<details class="lesson-answer"><summary>Answer</summary><p>Answer {name}.</p></details></section>"""
DILATED = (
    '<receptive-explorer stack="conv3d4" unit="conv1:9,10" hide="bar layers maps" paths>No script.</receptive-explorer>'
)
KEYHOLE = (
    '<receptive-explorer unit="conv4:2,4" hide="bar section words maps layers" keyhole>No script.</receptive-explorer>'
)
EXPLORER = (
    '<receptive-explorer preset="reference" unit="conv4:3,5" hide="bar layers numbers">No script.</receptive-explorer>'
)


@pytest.fixture
def lesson(visit: Callable[..., Any], tmp_path: Path, loads: str) -> Callable[..., Any]:
    def lesson(fragment: str = "", more: str = "", **options: Any) -> Any:
        steps = [
            STEP.format(name="first", minutes=5, more=""),
            STEP.format(name="second", minutes=8, more=EXPLORER),
            STEP.format(name="third", minutes=2, more=f'<input aria-label="name">{more}'),
        ]
        page = tmp_path / "lesson.html"
        page.write_text(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>L</title>{loads}'
            f'<link rel="stylesheet" href="{(LESSON.parent / "style.css").as_uri()}">'
            f'<link rel="stylesheet" href="{(LESSON / "lesson.css").as_uri()}">'
            f'<script defer src="{(LESSON / "lesson.js").as_uri()}"></script></head><body><main class="bd-article">'
            f'<section id="all"><h1>Lesson</h1><p>Before.</p>'
            f'<button class="lesson-begin">Start</button>{"".join(steps)}</section></main></body></html>'
        )
        return visit(page, fragment, **{"viewport": {"width": 1920, "height": 1080}, **options})

    return lesson


def shown(page: Any) -> list[str]:
    return [text for text in ("Before.", "first?", "second?", "third?") if page.get_by_text(text).is_visible()]


def test_on_the_page_all_steps_stand_and_nothing_is_given_away(lesson: Callable[..., Any]) -> None:
    page = lesson()
    assert shown(page) == ["Before.", "first?", "second?", "third?"]
    assert not any(answer.is_visible() for answer in page.get_by_text("Answer first.").all())
    assert not page.get_by_text("Say first.").is_visible()


def test_keys_lead_through_the_steps(lesson: Callable[..., Any]) -> None:
    page = lesson()
    page.get_by_role("button", name="Start").click()
    assert shown(page) == ["first?"]
    for key, step in [
        ("PageDown", "second?"), ("ArrowRight", "third?"), ("ArrowRight", "third?"), ("PageUp", "second?"),
        ("ArrowLeft", "first?"), ("ArrowLeft", "first?"), ("PageDown", "second?"),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert shown(page) == [step], key
    assert page.evaluate("location.hash") == "#second"
    assert "this step ends at 13" in page.locator(".lesson-clock").inner_text()
    page.get_by_role("button", name="Next step").click()
    page.get_by_role("button", name="End the lesson").click()
    assert shown(page) == ["Before.", "first?", "second?", "third?"]
    assert page.evaluate("document.activeElement.textContent") == "Start"


def test_a_reload_goes_on_with_the_lesson_until_it_is_ended(lesson: Callable[..., Any]) -> None:
    page = lesson()
    page.get_by_role("button", name="Start").click()
    page.keyboard.press("PageDown")
    page.reload()
    assert shown(page) == ["second?"]
    page.keyboard.press("Escape")
    page.reload()
    assert shown(page) == ["Before.", "first?", "second?", "third?"]


def test_answers_open_when_asked_for_and_are_closed_in_the_next_step(lesson: Callable[..., Any]) -> None:
    page = lesson("#third")
    page.get_by_role("button", name="Start").click()
    assert shown(page) == ["third?"]  # where the address says
    page.keyboard.press("a")
    assert page.get_by_text("Answer third.").is_visible()
    page.keyboard.press("a")
    assert not page.get_by_text("Answer third.").is_visible()
    page.keyboard.press("a")
    page.keyboard.press("PageUp")
    page.keyboard.press("PageDown")
    assert not page.get_by_text("Answer third.").is_visible()
    page.keyboard.press("n")
    assert page.get_by_text("Say third.").is_visible()
    page.keyboard.press("n")
    assert not page.get_by_text("Say third.").is_visible()
    page.get_by_label("name").fill("")
    page.get_by_label("name").press("a")  # there a letter is a letter
    assert page.get_by_label("name").input_value() == "a"
    assert not page.get_by_text("Answer third.").is_visible()


def test_the_explorer_keeps_its_keys_and_has_large_letters(lesson: Callable[..., Any]) -> None:
    page = lesson()
    page.get_by_role("button", name="Start").click()
    page.keyboard.press("ArrowRight")
    assert not page.locator(".rx-readout").is_visible()  # its numbers come with the answer
    page.keyboard.press("a")
    assert page.locator(".rx-readout").is_visible()
    assert page.locator(".rx-readout").evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 28
    cell = page.get_by_role("grid", name="conv4").get_by_role("gridcell")
    cell.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    assert page.locator(".rx-readout").inner_text().startswith("Layer pool3, ")
    assert shown(page) == ["second?"]
    page.keyboard.press("Escape")
    assert shown(page) == ["Before.", "first?", "second?", "third?"]
    assert not page.locator("receptive-explorer").evaluate("e => e.hasAttribute('projector')")
    assert page.locator("receptive-explorer").get_attribute("hide") == "bar layers numbers"


def test_the_keys_still_lead_on_after_a_tick(lesson: Callable[..., Any]) -> None:
    page = lesson("#third", DILATED)
    page.get_by_role("button", name="Start").click()
    page.locator("#third").get_by_label("weigh pixels by their number of paths").click()
    page.keyboard.press("a")
    assert page.get_by_text("Answer third.").is_visible()
    page.keyboard.press("PageUp")
    assert shown(page) == ["second?"]


def test_notes_go_into_a_window_of_their_own(lesson: Callable[..., Any]) -> None:
    page = lesson()
    page.get_by_role("button", name="Start").click()
    with page.expect_popup() as opened:
        page.keyboard.press("w")
    notes = opened.value
    assert notes.locator("h1").inner_text() == "first" and "Say first." in notes.locator("body").inner_text()
    assert "Then: second" in notes.locator("body").inner_text()
    page.keyboard.press("PageDown")
    assert "Say second." in notes.locator("body").inner_text()
    notes.close()
    page.keyboard.press("PageDown")
    assert shown(page) == ["third?"]


@pytest.mark.parametrize("explorer", [DILATED, KEYHOLE])
def test_on_a_projector_nothing_of_an_explorer_is_cut_off(lesson: Callable[..., Any], explorer: str) -> None:
    page = lesson("#third", f"<p>{'long ' * 40}<code>code</code></p>{explorer}")
    page.get_by_role("button", name="Start").click()
    for part in page.locator("#third .rx-body, #third .rx-words:visible").all():
        assert part.evaluate("e => e.scrollHeight - e.clientHeight") <= 2
    tag = page.locator("#third .rx-tag")
    assert tag.evaluate("e => e.getScreenCTM().a * parseFloat(getComputedStyle(e).fontSize)") >= 28
    assert page.locator("code").evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 28
    assert page.get_by_text("long long").bounding_box()["width"] > 1800


def test_on_a_phone_the_letters_are_those_of_the_page(lesson: Callable[..., Any]) -> None:
    page = lesson("#third", DILATED, viewport={"width": 390, "height": 844})
    page.get_by_role("button", name="Start").click()
    for text in ("#third > p", "#third .rx-readout", ".lesson-clock"):
        assert page.locator(text).evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 12
