"""The field that grows as one scrolls: its numbers are the engine's, and the picture shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _ext import grow
from live_page import BLOCKED, lay_out

from s6core import receptive
from s6core.config import NetConfig
from s6core.layers import layers

STEPS = grow.steps("logits")
BODY = f'<grow-field digit="8">{grow.listed(STEPS)}</grow-field>'


def test_the_steps_are_the_layers_that_enlarge_the_field() -> None:
    found = {step.name: (step.kernel, step.size, step.step) for step in STEPS}
    assert found == {  # README of the study: 3, 5, 7, pool 8 with stride 2, 12
        "conv1": (3, 3, 1), "conv2": (3, 5, 1), "conv3": (3, 7, 1), "pool3": (2, 8, 2), "conv4": (3, 12, 2),
    }  # fmt: skip


def test_the_unit_over_the_pixel_sees_it_and_its_box_is_the_engines() -> None:
    fields = {field.name: field for field in receptive.fields(layers(NetConfig()))}
    below = grow.PIXEL, grow.PIXEL + 1
    for step in STEPS:
        box = fields[step.name].unit(step.unit, step.unit).clipped
        assert (step.low, step.low + step.size) == (box.top, box.bottom) == (box.left, box.right)
        assert step.low <= below[0] and below[1] <= step.low + step.size  # each box holds the one below it
        below = step.low, step.low + step.size


def test_the_sum_is_the_recurrence() -> None:
    sizes, jumps = [1], [1]
    for step in STEPS:
        assert sizes[-1] + (step.kernel - 1) * jumps[-1] == step.size
        sizes.append(step.size)
        jumps.append(step.step)
    assert "8 + (3 − 1) · 2 = <b>12</b>" in BODY


@pytest.fixture
def opened(visit: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    def opened(**options: Any) -> Any:
        page = visit(lay_out(tmp_path, "grow-field", body=BODY), **options)
        page.wait_for_selector(".gf-moving", state="attached")
        return page

    return opened


def at(page: Any, place: int) -> dict[str, float]:
    """Scroll a step to the reading line, and return the box that is drawn."""
    page.evaluate(
        """(place) => {
        const box = document.querySelectorAll("grow-field li")[place].getBoundingClientRect();
        scrollBy({ top: box.top + box.height / 2 - 0.7 * innerHeight, behavior: "instant" });
        return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }""",
        place,
    )
    box = page.locator(".gf-moving .gf-box")
    return {name: float(box.get_attribute(name)) for name in ("x", "y", "width", "height")}


def test_the_box_and_the_lit_units_follow_the_scrolling(opened: Callable[..., Any]) -> None:
    page = opened()
    page.add_style_tag(content="body { padding-block: 100vh }")
    for place, step in enumerate(STEPS):
        drawn = at(page, place)
        assert drawn == pytest.approx({"x": step.low, "y": step.low, "width": step.size, "height": step.size}, abs=0.1)
        assert page.locator(".gf-now").inner_text().startswith(step.name)
    lit = Counter(dot.get_attribute("cy") for dot in page.locator(".gf-moving .gf-on").all())
    assert sorted(lit.values()) == [1, 3, 6, 8, 10, 12]  # of conv4, pool3, conv3, conv2, conv1, and pixels


def test_where_no_motion_is_wanted_each_step_has_a_still_picture(opened: Callable[..., Any]) -> None:
    page = opened(reduced_motion="reduce")
    assert not page.locator(".gf-moving").is_visible()
    widths = [float(box.get_attribute("width")) for box in page.locator(".gf-still .gf-box").all() if box.is_visible()]
    assert widths == [3, 5, 7, 8, 12]


def test_on_a_narrow_phone_the_picture_leaves_room_for_the_steps(opened: Callable[..., Any]) -> None:
    page = opened(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.locator(".gf-moving").bounding_box()["height"] < 320


def test_forced_colours_and_blocked_storage_leave_it_whole(visit: Callable[..., Any], tmp_path: Path) -> None:
    page = visit(lay_out(tmp_path, "grow-field", body=BLOCKED + BODY), forced_colors="active")
    page.wait_for_selector(".gf-moving", state="attached")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    assert page.locator(".gf-moving .gf-box").is_visible()


def test_without_a_script_the_sums_stand_there(visit: Callable[..., Any], tmp_path: Path) -> None:
    page = visit(lay_out(tmp_path, "grow-field", body=BODY), java_script_enabled=False)
    assert page.locator(".gf-sum").all_inner_texts()[-1] == "8 + (3 − 1) · 2 = 12"
