"""What the explorer keeps: the pinned unit, what was undone, the focus; and what it says of a broken address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from test_explorer_use import PHONE, at_unit, cell, readout, row

Open = Callable[..., Any]


def focused(page: Any) -> str:
    return page.evaluate(
        """() => { const active = document.activeElement;
        return active === document.body ? 'the page' : active.ariaLabel ?? active.textContent; }"""
    )


def test_hovering_looks_and_a_click_keeps(explorer: Open) -> None:
    page = explorer('stack="conv3, conv3" unit="conv2:3,4"')
    page.mouse.move(*at_unit(page, "conv2", (10, 11), units=24, border=0))
    assert readout(page).startswith("Layer conv2, unit (10, 11): ")
    page.mouse.move(*at_unit(page, "conv1", (2, 2), units=26, border=0))
    assert readout(page).startswith("Layer conv1, unit (2, 2): ")
    page.get_by_label("conv1 padding").hover()
    assert readout(page).startswith("Layer conv2, unit (3, 4): ")  # as it was
    page.mouse.click(*at_unit(page, "conv1", (7, 8), units=26, border=0))
    page.mouse.move(*at_unit(page, "conv2", (0, 0), units=24, border=0))
    page.get_by_label("conv1 padding").hover()
    assert readout(page).startswith("Layer conv1, unit (7, 8): ")


def test_experiment_two_by_mouse(explorer: Open) -> None:
    page = explorer('preset="reference"')
    page.mouse.click(*at_unit(page, "conv4", (0, 0), units=12, border=0))
    assert "Its box of 12 × 12 reaches past the image: 3 rows above" in readout(page)
    page.mouse.move(640, 20)
    page.get_by_label("conv1 padding").click()  # the way leads over other maps
    page.get_by_label("conv1 padding").fill("2")
    assert readout(page).startswith("Layer conv4, unit (0, 0): ")
    assert "reaches past the image: 4 rows above" in readout(page)


def test_the_side_view_is_looked_at_and_clicked(explorer: Open) -> None:
    page = explorer('stack="conv3p1, conv3p1" unit="conv2:10,3"')
    dots = page.locator(".rx-section g").first.locator("circle.rx-dot:not(.rx-hollow)")
    dots.nth(20).hover(force=True)
    assert readout(page).startswith("Layer conv2, unit (10, 20): ")
    page.mouse.move(5, 5)
    assert readout(page).startswith("Layer conv2, unit (10, 3): ")
    dots.nth(21).click(force=True)
    page.mouse.move(5, 5)
    assert readout(page).startswith("Layer conv2, unit (10, 21): ")


def test_tabbing_past_the_maps_keeps_the_unit(explorer: Open) -> None:
    page = explorer('preset="reference" unit="conv4:3,5"')
    cell(page, "conv1").focus()
    assert readout(page).startswith("Layer conv1, ")
    for _ in range(8):  # the other six maps, the choice of weights, the table
        page.keyboard.press("Tab")
    assert focused(page) == "conv1 operation"
    assert readout(page).startswith("Layer conv4, unit (3, 5): ")
    cell(page, "conv2").focus()
    page.keyboard.press("Space")
    page.get_by_label("conv1 kernel").focus()
    assert readout(page).startswith("Layer conv2, ")


def test_a_preset_asks_nothing_and_undo_brings_the_stack_back(explorer: Open) -> None:
    page = explorer('stack="conv3, head:conv5d2" input="32" unit="head:1,2"')
    said = readout(page)
    page.get_by_label("Stack").select_option("vgg16")
    assert page.get_by_label("As text").input_value().startswith("conv1_1:conv3p1")
    page.get_by_role("button", name="Undo").click()
    assert page.get_by_label("As text").input_value() == "conv3, head:conv5d2"
    assert (readout(page), page.get_by_label("Image").input_value()) == (said, "32")
    page.get_by_role("button", name="Redo").click()
    assert page.get_by_label("Stack").input_value() == "vgg16"
    for _ in range(3):  # at the end there is nothing to undo, and the focus stays
        page.get_by_role("button", name="Undo").press("Enter")
    assert focused(page) == "Undo"
    assert page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"


def test_every_change_is_undone_in_one_step(explorer: Open) -> None:
    page = explorer('stack="conv3, conv3"')
    text = page.get_by_label("As text")
    page.get_by_label("conv1 kernel").fill("")
    page.get_by_label("conv1 kernel").press_sequentially("11")
    page.get_by_role("button", name="remove conv2").click()
    page.get_by_role("button", name="+ max pool").click()
    assert text.input_value() == "conv11, max2"
    seen = []
    for _ in range(3):
        cell(page, "conv1").press("Control+z")
        seen.append(text.input_value())
    assert seen == ["conv11", "conv11, conv3", "conv3, conv3"]
    cell(page, "conv1").press("Control+Shift+z")
    assert text.input_value() == "conv11, conv3"
    page.get_by_role("button", name="+ conv").click()  # something new: what was undone is gone
    assert page.get_by_role("button", name="Redo").get_attribute("aria-disabled") == "true"


def test_undo_from_a_map_shows_the_unit_that_was_kept(explorer: Open) -> None:
    page = explorer('stack="conv3, conv3" unit="conv2:3,4"')
    page.get_by_role("button", name="+ conv").click()
    cell(page, "conv1").focus()
    page.keyboard.press("Control+z")
    assert focused(page) == "conv2, unit (3, 4)"
    assert page.locator(".rx-readout").inner_text().startswith("Layer conv2, unit (3, 4): ")


def test_focus_never_falls_to_the_page(explorer: Open) -> None:
    page = explorer('stack="conv3, conv3, conv3"')
    cell(page, "conv3").focus()
    page.keyboard.press("Control+z")
    assert focused(page).startswith("conv3, unit (")
    for _ in range(3):
        page.get_by_role("button", name="remove conv1").press("Enter")
        assert focused(page) != "the page"
    for _ in range(2):
        page.get_by_role("button", name="Undo").press("Enter")
    cell(page, "conv2").focus()
    page.evaluate("document.querySelector('receptive-explorer').open({stack: 'conv3'})")
    assert focused(page).startswith("conv1, unit (")
    page.evaluate("document.querySelector('receptive-explorer').open({stack: 'conv99'})")
    assert focused(page) != "the page"
    page.get_by_label("conv1 operation").select_option("max")
    assert focused(page) == "pool1 operation"


def test_a_skip_link_leads_past_all_controls(explorer: Open) -> None:
    page = explorer('preset="vgg16"')
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<a href=\"#\" id=\"after\">After</a>')"
    )
    page.locator("h1").evaluate("head => { head.tabIndex = -1; head.focus(); }")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip the explorer")
    assert skip.evaluate("link => link === document.activeElement && link.getBoundingClientRect().width > 80")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "After"


BROKEN = [
    ("#explorer?stack=conv3,max2&unit=conv9:1,1", "There is no unit “conv9:1,1” in this stack", "conv3, max2"),
    (
        "#explorer?stack=conv3&unit=conv1:99,4",
        "There is no unit “conv1:99,4” in this stack: shown is conv1:25,4.",
        "conv3",
    ),
    ("#explorer?stack=%E0%A4%A&input=28", "The address is damaged", None),
    ("#explorer?preset=resnet9000", "There is no stack named “resnet9000”.", None),
    (
        "#explorer?stack=conv3&input=9999",
        "An image of “9999” pixels: allowed is a whole number from 1 to 512.",
        "conv3",
    ),
    ("#explorer?stack=conv3&digit=12", "There is no digit “12”.", "conv3"),
    ("#explorer?stack=" + ",".join(["conv3p1"] * 300), "These are 300 layers: at most 200 can be drawn.", None),
    ("#%E0%A4%A", "", None),
]


def test_a_broken_address_leaves_it_working_with_a_word(explorer: Open) -> None:
    for fragment, word, text in BROKEN:
        page = explorer('preset="single"', fragment=fragment)
        assert page.locator(".rx-note").inner_text().startswith(word), fragment
        if text:
            assert page.get_by_label("As text").input_value() == text
        page.get_by_label("Stack").select_option("reference")
        assert page.get_by_label("As text").input_value().startswith("conv3p1, conv3p1")
        assert page.locator(".rx-note").inner_text() == ""


COLLISIONS = """() => [...document.querySelectorAll('.rx-row')].slice(0, 20).flatMap(row => {
  const cells = [...row.querySelectorAll('[role=columnheader] > span:not(.rx-hidden), [role=cell].rx-result')];
  const shown = cells.filter(cell => cell.checkVisibility());
  const range = document.createRange();
  const boxes = shown.map(cell => (range.selectNodeContents(cell), range.getBoundingClientRect()));
  const meet = (a, b) => Math.abs(a.top - b.top) < 3 && b.left < a.right + 1;
  return boxes.flatMap((box, n) => n && meet(boxes[n - 1], box) ? [shown[n].textContent] : []);
})"""


@pytest.mark.parametrize("width", [640, 720, 760, 1000, 1280, 1500, 1920])
def test_headers_and_results_do_not_collide(explorer: Open, width: int) -> None:
    page = explorer('preset="resnet18"')
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate(COLLISIONS) == []


def test_a_tap_keeps_the_unit_and_lifting_the_finger_does_not_lose_it(explorer: Open) -> None:
    page = explorer('stack="conv3, conv3"', **PHONE)
    page.touchscreen.tap(*at_unit(page, "conv2", (3, 4), units=24, border=0))
    page.get_by_label("conv1 kernel").tap()
    assert readout(page).startswith("Layer conv2, unit (3, 4): ")
    assert row(page, "conv2").evaluate("row => row.classList.contains('rx-chosen-row')")


def test_equal_weights_are_said(explorer: Open) -> None:
    assert explorer().locator(".rx-equal").inner_text().startswith("All weights are equal here, none is trained")
