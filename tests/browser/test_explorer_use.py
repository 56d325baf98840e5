"""The explorer as it is used: by keyboard, pointer and touch, in light and dark, on a phone and a projector."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def readout(page: Any) -> str:
    return page.locator(".rx-readout").inner_text()


def cell(page: Any, layer: str) -> Any:
    """The one unit of a layer's map that is an element: where the keyboard stands."""
    return page.get_by_role("grid", name=re.compile(rf"^{layer}:")).get_by_role("gridcell")


def row(page: Any, layer: str) -> Any:
    return page.locator(".rx-row", has=page.get_by_role("rowheader", name=layer, exact=True))


def at_unit(page: Any, layer: str, unit: tuple[int, int], units: int, border: int) -> tuple[float, float]:
    """Where on the screen a unit lies, in a map of `units` a side with `border` units of padding drawn around it."""
    grid = page.get_by_role("grid", name=re.compile(rf"^{layer}:"))
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    down, right = ((index + border + 0.5) / (units + 2 * border) for index in unit)
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


def test_opens_on_the_unit_that_the_page_names(explorer: Open) -> None:
    page = explorer('preset="reference" unit="conv4:3,5"')
    assert readout(page) == "Layer conv4, unit (3, 5): sees rows 3–14, columns 7–18, 12 × 12 pixels."
    way = "1 unit ← 3 × 3 of pool3 ← 6 × 6 of conv3 ← 8 × 8 of conv2 ← 10 × 10 of conv1 ← 12 × 12 pixels"
    assert page.locator(".rx-way").inner_text() == way


def test_arrows_move_through_units_and_page_keys_through_layers(explorer: Open) -> None:
    page = explorer('preset="reference" unit="conv4:3,5"')
    cell(page, "conv4").focus()
    for key, unit in [
        ("ArrowRight", (3, 6)), ("ArrowDown", (4, 6)), ("ArrowLeft", (4, 5)), ("ArrowUp", (3, 5)), ("End", (3, 11)),
        ("Home", (3, 0)), ("ArrowLeft", (3, 0)), ("Control+End", (11, 11)), ("Control+Home", (0, 0)),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert readout(page).startswith(f"Layer conv4, unit {unit}: ")
    assert readout(page) == (
        "Layer conv4, unit (0, 0): sees rows 0–8, columns 0–8, 9 × 9 pixels. "
        "Its box of 12 × 12 reaches past the image: 3 rows above, 3 columns to the left."
    )
    page.keyboard.press("PageUp")
    assert readout(page).startswith("Layer pool3, unit (1, 1): ")  # the unit nearest to the same place
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    assert readout(page).startswith("Layer logits, unit (0, 0): ")
    page.keyboard.press("PageDown")
    assert readout(page).startswith("Layer gap, unit (0, 0): sees rows 0–27, columns 0–27, 28 × 28 pixels. ")
    page.keyboard.press("PageDown")  # there is none: nothing happens
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "gap, unit (0, 0)"


def test_tab_goes_from_map_to_map_and_the_focus_is_seen(explorer: Open) -> None:
    page = explorer('preset="reference"')
    cell(page, "conv1").focus()
    for layer in ("conv2", "conv3", "pool3", "conv4"):
        page.keyboard.press("Tab")
        assert readout(page).startswith(f"Layer {layer}, ")
        focused = page.locator(".rx-unit:focus")
        assert focused.get_attribute("aria-label").startswith(f"{layer}, unit (")
        assert focused.get_attribute("aria-selected") == "true"
        outline = focused.evaluate("cell => getComputedStyle(cell.closest('.rx-grid')).outlineWidth")
        assert outline == "3px"


def test_the_pointer_chooses_the_unit_below_it(explorer: Open) -> None:
    page = explorer('stack="conv3, conv3p1"')
    page.mouse.move(*at_unit(page, "conv1", (4, 20), units=26, border=1))
    assert readout(page) == "Layer conv1, unit (4, 20): sees rows 4–6, columns 20–22, 3 × 3 pixels."
    page.mouse.move(*at_unit(page, "conv2", (25, 0), units=26, border=0))
    assert "unit (25, 0): sees rows 24–27, columns 0–3, 4 × 4 pixels. Its box of 5 × 5 " in readout(page)
    assert readout(page).endswith("reaches past the image: 1 row below, 1 column to the left.")


def test_the_side_view_is_pointed_at_too(explorer: Open) -> None:
    page = explorer('stack="conv3p1, conv3p1, conv3p1" unit="conv3:10,3"')
    dot = page.locator(".rx-section circle:not(.rx-hollow):not(.rx-chosen)").nth(20)  # of the topmost layer, conv3
    dot.hover(force=True)
    assert readout(page).startswith("Layer conv3, unit (10, 20): ")


def test_touch_chooses_and_then_draws(explorer: Open) -> None:
    page = explorer('stack="conv3, conv3"', **PHONE)
    page.touchscreen.tap(*at_unit(page, "conv2", (3, 4), units=24, border=0))
    assert readout(page).startswith("Layer conv2, unit (3, 4): ")
    chosen, other = page.locator(".rx-map-chosen .rx-grid"), page.locator(".rx-map:not(.rx-map-chosen) .rx-grid")
    assert chosen.evaluate("grid => getComputedStyle(grid).touchAction") == "none"  # dragging moves the unit …
    assert other.evaluate("grid => getComputedStyle(grid).touchAction") == "auto"  # … elsewhere it scrolls
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def drag(page: Any, *places: tuple[float, float]) -> None:
    """Put a finger down at the first place, move it over the others, and lift it."""
    session = page.context.new_cdp_session(page)
    for kind, (x, y) in zip(["touchStart"] + ["touchMove"] * (len(places) - 1), places, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def test_a_finger_drags_the_unit_over_the_chosen_map(explorer: Open) -> None:
    page = explorer('stack="conv3, conv3" unit="conv2:3,4"', **PHONE)
    units = [at_unit(page, "conv2", unit, units=24, border=0) for unit in [(3, 4), (6, 8), (9, 13), (12, 20)]]
    page.evaluate("said = []; addEventListener('pointermove', event => said.push(event.pointerType))")
    before = page.evaluate("[scrollX, scrollY, document.querySelector('.rx-maps').scrollLeft]")
    drag(page, *units)
    assert set(page.evaluate("said")) == {"touch"}
    assert readout(page) == "Layer conv2, unit (12, 20): sees rows 12–16, columns 20–24, 5 × 5 pixels."
    assert (
        page.evaluate("[scrollX, scrollY, document.querySelector('.rx-maps').scrollLeft]") == before
    )  # nothing scrolls


def test_a_finger_drags_along_the_side_view(explorer: Open) -> None:
    page = explorer('stack="conv3p1, conv3p1" unit="conv2:10,3"', **PHONE)
    page.locator(".rx-section").scroll_into_view_if_needed()
    dots = page.locator(".rx-section g").first.locator("circle.rx-dot:not(.rx-hollow)")  # the topmost layer
    boxes = [dots.nth(n).bounding_box() for n in (6, 9, 14)]
    drag(page, *((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes))
    assert readout(page).startswith("Layer conv2, unit (10, 14): ")


def test_controls_are_tapped(explorer: Open) -> None:
    page = explorer('stack="conv3"', **PHONE)
    page.get_by_role("button", name="+ max pool").tap()
    assert row(page, "pool1").locator(".rx-result").all_inner_texts()[1:3] == ["4", "2"]
    page.get_by_label("digit 7").tap(force=True)  # below its picture
    assert page.get_by_label("digit 7").is_checked()
    page.get_by_role("button", name="Grow the box").tap()
    assert readout(page).startswith("Layer pool1, ")


def test_layers_are_added_changed_moved_and_removed(explorer: Open) -> None:
    page = explorer('stack="conv3"')
    page.get_by_role("button", name="+ max pool").click()
    assert row(page, "pool1").locator(".rx-result").all_inner_texts() == ["13 × 13", "4", "2", "0", "1.5"]
    page.get_by_label("conv1 dilation").fill("3")
    assert row(page, "conv1").locator(".rx-result").all_inner_texts() == ["22 × 22", "7", "1", "0", "3"]
    page.get_by_label("conv1 operation").select_option("avg")
    assert page.get_by_label("As text").input_value() == "avg2, max2"
    page.get_by_role("button", name="up pool2").press("Enter")
    assert page.get_by_label("As text").input_value() == "max2, avg2"
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "down pool1"  # at the top there is no further up, but the focus stays in the row
    page.get_by_role("button", name="remove pool1").click()
    page.get_by_role("button", name="remove pool1").click()
    assert readout(page) == "No layer yet: add one below."
    for stack, said in [
        ("bn, relu", "No layer with a map of its own yet: add one below."),
        ("bn, conv99", "conv1: Its window spans 99 units"),
        ("hello", "conv1: “hello” is not a layer."),
    ]:
        page.get_by_label("As text").fill(stack)
        page.get_by_label("As text").press("Enter")
        assert readout(page).startswith(said)
    page.get_by_label("As text").fill("conv5, stem:conv3s2")
    page.get_by_label("As text").press("Enter")
    assert readout(page).startswith("Layer stem, unit (5, 5): ")


DOES_NOT_FIT = [
    ("conv3, max4, conv9, conv3", "conv2", "Its window spans 9 units, but the maps that reach it have only 6. Use"),
    ("conv3, max4, conv9, conv3", "conv3", "No map reaches this layer."),
    ("conv9d4p1", "conv1", "Its window spans 33 units, but the maps that reach it have only 28, 30 with the padding."),
    ("conv3, cnv<b>3", "conv2", "“cnv<b>3” is not a layer. Write conv3s2p1d1, max2, avg2s2 or gap."),
    ("conv3s0", "conv1", "Its stride is 0: allowed is a whole number from 1 to 99."),
    ("max3p2", "pool1", "A padding of 2 is more than half of its kernel of 3: some windows would hold no unit at all."),
]


def test_what_does_not_fit_is_explained_at_the_layer(explorer: Open) -> None:
    page = explorer()
    for stack, layer, message in DOES_NOT_FIT:
        page.get_by_label("As text").fill(stack)
        page.get_by_label("As text").press("Enter")
        assert row(page, layer).locator(".rx-error").inner_text().startswith(message)
    first = explorer('stack="conv99"')
    assert readout(first).startswith("conv1: Its window spans 99 units")


def test_an_empty_number_is_explained_and_mended(explorer: Open) -> None:
    page = explorer('stack="conv3, conv3"')
    page.get_by_label("conv2 kernel").fill("")
    error = row(page, "conv2").locator(".rx-error")
    assert error.inner_text() == "Its kernel is missing: allowed is a whole number from 1 to 99."
    page.get_by_label("conv2 kernel").fill("5")
    assert not error.is_visible() and "7" in row(page, "conv2").inner_text()


def test_units_that_see_gaps_or_nothing_say_so(explorer: Open) -> None:
    page = explorer('stack="conv3d4" unit="conv1:0,0"')
    assert "9 × 9 pixels. It reads only 9 of these 81 pixels; the others fall into the gaps." in readout(page)
    page = explorer('stack="conv1p2" unit="conv1:0,0"')
    assert readout(page) == "Layer conv1, unit (0, 0): sees no pixel at all: its box lies in the padding."


def test_a_link_brings_back_stack_image_digit_and_unit(explorer: Open) -> None:
    page = explorer('id="mine" stack="conv3, head:conv5d2" input="32" digit="8" unit="head:1,2" paths')
    page.get_by_role("button", name="Copy link").click()
    fragment = page.evaluate("decodeURIComponent(location.hash)")
    assert fragment == "#mine?stack=conv3,head:conv5d2&input=32&digit=8&unit=head:1,2&paths=true"
    said = readout(page)
    again = explorer('id="mine" preset="vgg16"', fragment=fragment)
    assert readout(again) == said and again.get_by_label("As text").input_value() == "conv3, head:conv5d2"
    assert again.get_by_label("digit 8").is_checked()
    assert again.get_by_label("weigh pixels by their number of paths").is_checked()
    assert explorer('id="other" preset="single"', fragment=fragment).get_by_label("As text").input_value() == "conv3"
    page = explorer('id="mine" stack="a:conv3, a:conv3" unit="a-2:1,2"')  # of two layers of one name the right one
    page.get_by_role("button", name="Copy link").click()
    again = explorer('id="mine"', fragment=page.evaluate("location.hash"))
    assert readout(again).startswith("Layer a-2, unit (1, 2): sees rows 1–5, ")
    page = explorer('id="mine" stack="conv3, 100%+&amp;input=9"')  # what cannot be read is kept, too
    page.get_by_role("button", name="Copy link").click()
    again = explorer('id="mine"', fragment=page.evaluate("location.hash"))
    assert again.get_by_label("As text").input_value() == "conv3, 100%+&input=9"
    again = explorer('id="mine"', fragment="#mine%3Fstack%3Dconv3%2Cmax2")  # as some programs write a link
    assert again.get_by_label("As text").input_value() == "conv3, max2"


def test_the_box_grows_back_unless_motion_is_unwanted(explorer: Open) -> None:
    page = explorer('preset="reference" unit="conv2:3,4"')
    on_image, on_map = page.locator(".rx-overlay .rx-seen-line"), page.locator(".rx-seen:visible")
    page.clock.install(time=0)
    page.clock.pause_at(3600)  # otherwise time goes on between the steps
    page.get_by_role("button", name="Grow the box").click()
    assert (on_map.count(), on_image.count()) == (0, 0)
    page.clock.run_for(500)
    assert (on_map.count(), on_image.count()) == (1, 0)  # on conv1's map
    page.clock.run_for(500)
    assert (on_map.count(), on_image.count()) == (1, 1)
    page.emulate_media(reduced_motion="reduce")
    cell(page, "conv2").press("Enter")
    assert (on_map.count(), on_image.count()) == (1, 1)


def test_colours_follow_the_pages_theme_whatever_the_systems(explorer: Open) -> None:
    page = explorer()
    for theme, scheme, expected in [
        ("light", "dark", "light"), ("dark", "light", "dark"), (None, "dark", "light"),
    ]:  # fmt: skip
        page.emulate_media(color_scheme=scheme)
        page.evaluate("theme => document.documentElement.toggleAttribute('data-theme', Boolean(theme))", theme)
        page.evaluate("theme => theme && (document.documentElement.dataset.theme = theme)", theme)
        assert page.locator("receptive-explorer").evaluate("e => getComputedStyle(e).colorScheme") == expected
        digit = page.locator(".rx-frame canvas").first
        assert digit.evaluate("c => getComputedStyle(c).filter") == f"invert({int(expected == 'dark')})"


OUTSIDE = """() => {
  const {left, right} = document.querySelector('.rx-body').getBoundingClientRect();
  const elements = [...document.querySelectorAll('.rx-body *')].filter(e => !e.closest('.rx-maps, svg, .rx-hidden'));
  return elements.filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && (box.right > right + 1 || box.left < left - 1);
  }).map(e => e.className);
}"""


@pytest.mark.parametrize("preset", ["reference", "vgg16"])
def test_nothing_sticks_out_at_any_width(explorer: Open, preset: str) -> None:
    page = explorer(f'preset="{preset}"')
    for width in (320, 360, 760, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OUTSIDE) == [], width
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


def test_without_scripts_the_text_stands(explorer: Open) -> None:
    page = explorer(java_script_enabled=False)
    assert page.locator("receptive-explorer").inner_text() == "No script."


def test_two_explorers_on_a_page_do_not_mix(explorer: Open) -> None:
    page = explorer('preset="single"></receptive-explorer><receptive-explorer preset="dilated"')
    first, second = page.locator("receptive-explorer").all()
    assert [first.get_attribute("id"), second.get_attribute("id")] == ["explorer", "explorer-2"]
    second.get_by_label("digit 7").check(force=True)
    assert first.get_by_label("digit 3").is_checked() and second.get_by_label("digit 7").is_checked()
