"""The explorer in a window or frame of its own, on a projector, and its links, codes and snippets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest
from _ext.explorer import FOLDER, SCRIPTS
from conftest import ROOT
from test_explorer_use import PHONE, readout

Visit = Callable[..., Any]
WINDOW = ROOT / "book" / "_static" / FOLDER / "explorer.html"


def test_the_window_loads_the_same_scripts_as_the_book(visit: Visit) -> None:
    loaded = visit(WINDOW).evaluate("[...document.querySelectorAll('script[defer]')].map(s => s.getAttribute('src'))")
    assert loaded == [f"{name}.js" for name in SCRIPTS]


def test_the_address_says_what_is_shown(visit: Visit) -> None:
    page = visit(
        WINDOW, "?stack=conv3,head:conv5d2&input=32&digit=8&unit=head:1,2&paths=true&hide=table,tools&theme=dark"
    )
    assert readout(page).startswith("Layer head, unit (1, 2): ")
    assert page.get_by_label("digit 8").is_checked()
    assert page.get_by_label("weigh pixels by their number of paths").is_checked()
    assert not page.locator(".rx-table").is_visible() and not page.locator(".rx-tools").is_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.get_by_role("heading", name="Receptive field explorer").count() == 1  # for a screen reader


def test_a_broken_query_leaves_it_working(visit: Visit) -> None:
    for query in ("?stack=%E0%A4%A", "?preset=none&unit=x", "?hide=everything", "?input=-1", "?&&=&"):
        page = visit(WINDOW, query)
        assert page.get_by_role("rowheader").count() >= 1, query
    assert visit(WINDOW, "?input=-1").locator(".rx-note").inner_text().startswith("An image of “-1” pixels")


def test_its_own_links_lead_back_to_the_state(visit: Visit) -> None:
    page = visit(WINDOW, "?preset=residual")
    page.get_by_role("button", name="Share …").click()
    link = page.get_by_label("Link", exact=True).input_value()
    assert link.startswith(WINDOW.as_uri() + "?stack=conv3p1,%5Bconv3p1")
    said = readout(page)
    again = visit(WINDOW, "?" + link.partition("?")[2])
    assert readout(again) == said and again.get_by_label("Stack").input_value() == "residual"
    code = again.evaluate("S6Receptive.toTorch(document.querySelector('receptive-explorer').rows, 1)")
    again.get_by_role("button", name="Share …").click()
    assert again.get_by_label("As PyTorch", exact=True).input_value() == code
    assert again.get_by_role("img", name="QR code of the link").is_visible()
    assert "This page lies on this computer" in again.get_by_role("dialog").inner_text()
    again.keyboard.press("Escape")
    assert again.evaluate("document.activeElement.textContent") == "Share …"


LISTEN = """<script>heard = []; addEventListener("message", event => heard.push(event.data))</script>"""


@pytest.mark.parametrize("width", [800, 390])
def test_a_frame_tells_its_page_how_high_it_is(visit: Visit, tmp_path: Path, width: int) -> None:
    """As the snippet has it; `lti.frameResize` is what Canvas and other course systems listen to."""
    snippet = visit(WINDOW, "?preset=single").evaluate(
        "(() => { const own = document.querySelector('receptive-explorer'); return S6Receptive.embed(own.state()); })()"
    )
    assert escape(WINDOW.as_uri()) in snippet and "https:" not in snippet
    page = tmp_path / "course.html"
    page.write_text(
        f'<!doctype html><html lang="en"><title>Course</title><body style="margin:0">{LISTEN}{snippet}</body></html>'
    )
    tab = visit(page, viewport={"width": width, "height": 600})
    tab.wait_for_function("document.querySelector('iframe').style.height !== '760px'")
    tab.wait_for_timeout(300)
    kinds = tab.evaluate("[...new Set(heard.map(({subject, type}) => subject ?? type))]")
    assert kinds == ["lti.frameResize", "receptive-explorer"]
    inside = tab.frames[1]
    assert inside.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")  # nothing to scroll
    assert inside.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate("heard.length") < 20  # it does not grow for ever


def test_it_works_in_a_frame_that_cannot_grow(visit: Visit) -> None:
    page = visit(WINDOW, "?preset=reference", viewport={"width": 800, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    for part in (".rx-bar", ".rx-frame", ".rx-section-frame", ".rx-readout"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 600, part


def test_every_prepared_link_of_the_lesson_plan_opens_what_it_says(visit: Visit) -> None:
    plan = (ROOT / "book" / "receptive" / "lesson.md").read_text()
    queries = re.findall(r"\{own-window\}`[^<`]+<([^>`]+)>`", plan)
    assert len(queries) > 20
    for query in queries:
        page = visit(WINDOW, "?" + query)
        assert page.locator(".rx-note").inner_text() == "", query
        assert page.locator(".rx-error:visible").count() == 0, query
        unit = dict(part.split("=") for part in query.split("&")).get("unit")
        if unit:
            layer, place = unit.split(":")
            assert f"Layer {layer}, unit ({place.replace(',', ', ')}): " in page.locator(".rx-readout").text_content()


SMALL = """() => [...document.querySelectorAll('.rx-body *')].filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !e.closest('option') && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .map(e => {
    const scale = e.ownerSVGElement ? e.ownerSVGElement.getScreenCTM().a : 1;
    return [e.textContent, scale * parseFloat(getComputedStyle(e).fontSize)];
  }).filter(([, size]) => size < 28)"""
CLIPPED = """() => [...document.querySelectorAll('.rx-body, .rx-map-head b, .rx-maps-part, .rx-words')]
  .filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 2)
  .map(e => e.className + e.textContent)"""


@pytest.mark.parametrize("preset", ["reference", "vgg16", "residual", "alexnet"])
def test_on_a_projector_letters_are_large_and_nothing_scrolls(visit: Visit, preset: str) -> None:
    page = visit(WINDOW, f"?preset={preset}&projector=1", viewport={"width": 1920, "height": 1080})
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        1920,
        1080,
    ]
    assert page.evaluate(SMALL) == []
    assert page.evaluate(CLIPPED) == []
    for label in page.locator(".rx-section text.rx-name").all():
        assert label.bounding_box()["x"] >= page.locator(".rx-section-frame").bounding_box()["x"]


def test_forced_colours_and_a_phone(visit: Visit) -> None:
    page = visit(WINDOW, "?preset=reference", forced_colors="active", **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".rx-seen").first.evaluate("e => getComputedStyle(e).borderTopColor") != "rgba(0, 0, 0, 0)"


def test_numbers_are_hidden_until_they_have_been_guessed(visit: Visit) -> None:
    page = visit(WINDOW, "?preset=reference&hide=numbers")
    for part in (".rx-readout", ".rx-way", ".rx-tag", ".rx-map-foot .rx-number", ".rx-size", ".rx-result.rx-number"):
        assert not page.locator(part).first.is_visible(), part
    page.evaluate("document.querySelector('receptive-explorer').setAttribute('hide', '')")
    assert page.locator(".rx-readout").is_visible()


# SHA-256 of the modules, row by row, as the Python package qrcode 8.2 makes them at level M with the same mask
CODES = [
    ("a", 21, "2e7add7dfd3288d4"),
    ("https://example.org/x", 25, "c90478370102faba"),
    ("hello " * 20, 45, "9e26b17e6832e62e"),
    ("0123456789abcdef" * 30, 85, "8f61f64dfa9a3452"),
    ("xyz," * 300, 133, "7760788bab4457f5"),
    ("ü" * 700, 141, "f2d916a43d8788f2"),
    ("q" * 2331, 177, "33e67f9bebbe4bfc"),
]


def test_qr_codes_are_the_standards(visit: Visit) -> None:
    page = visit(WINDOW)
    for text, side, digest in CODES:
        modules = page.evaluate("text => S6Receptive.qr(text)", text)
        assert len(modules) == side
        assert hashlib.sha256("".join(str(bit) for row in modules for bit in row).encode()).hexdigest()[:16] == digest
    assert page.evaluate("text => S6Receptive.qr(text)", "q" * 2332) is None  # the largest code holds 2,331 bytes
