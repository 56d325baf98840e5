"""The live components as they are used: by mouse, finger and keyboard, on a phone and a projector, without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from _ext import live
from live_page import BLOCKED, RESULTS, lay_out

from experiments.measure.pushes import pushed

Open = Callable[..., Any]
QUESTION = 'question="How many?" low="98" high="100" step="0.05" unit="%" runs="[99.1, 99.3, 99.2]"'
ALONE = {"grow-field"}  # it has a test file of its own: it follows the page
READY = {name: QUESTION if name == "predict-first" else "" for name in live.COMPONENTS if name not in ALONE}


@pytest.fixture
def component(visit: Open, tmp_path: Path) -> Open:
    """Open a page that holds one component, and wait until it is awake."""

    def component(name: str, attributes: str = "", *, theme: str = "light", fragment: str = "", **options: Any) -> Any:
        page = visit(lay_out(tmp_path, name, attributes or READY[name], theme=theme), fragment, **options)
        page.wait_for_selector(".lv-body:not([aria-busy])")
        return page

    return component


def reads(page: Any) -> list[str]:
    return page.locator(".lv-read").all_inner_texts()


def settled(page: Any) -> None:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


# Draw a digit


def test_a_stroke_is_read_as_one_draws(component: Open) -> None:
    page = component("draw-digit")
    assert reads(page) == ["4", "4"]  # the example
    box = page.locator(".lv-pad").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"]
    page.mouse.move(x, y + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(x, y + 0.85 * box["height"], steps=12)
    settled(page)
    assert reads(page) == ["1", "1"]  # before the mouse is up; the example made room
    page.mouse.up()
    page.get_by_text(re.compile(r"GAP reads 1, \d")).wait_for(state="attached")  # for whoever cannot see it
    page.get_by_role("button", name="Clear").click()
    settled(page)
    assert reads(page) == ["–", "–"]
    assert page.locator(".lv-cells figcaption").first.inner_text() == "No ink, no votes"


def test_the_keyboard_draws(component: Open) -> None:
    page = component("draw-digit")
    page.locator(".lv-pad").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Space")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    settled(page)
    assert reads(page) == ["1", "1"]
    page.keyboard.press("Backspace")
    settled(page)
    assert reads(page) == ["–", "–"]


def test_a_finger_draws(component: Open) -> None:
    page = component("draw-digit", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert page.locator(".lv-pad").evaluate("(pad) => getComputedStyle(pad).touchAction") == "none"  # no scrolling
    box = page.locator(".lv-pad").bounding_box()
    page.touchscreen.tap(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    settled(page)
    assert page.evaluate("document.querySelector('draw-digit').pad.strokes.length") == 1


def test_ink_becomes_an_image_as_mnist_made_its_own(component: Open) -> None:
    """A test digit, enlarged ten times and put into a corner, comes back to the byte."""
    page = component("draw-digit")
    wrong = page.evaluate("""async () => (await S6Live.digits()).filter(({ image }) => {
      const ink = new Uint8Array(560 * 560);
      image.forEach((value, at) => {
        const [row, column] = [10 * Math.floor(at / 28) + 30, 10 * (at % 28) + 270];
        for (let y = 0; y < 10; y++) for (let x = 0; x < 10; x++) ink[(row + y) * 560 + column + x] = value;
      });
      return S6Live.centre(ink, 560).some((value, at) => value !== image[at]);
    }).map(({ index }) => index)""")
    assert wrong == []


def test_test_digits_are_at_hand(component: Open) -> None:
    page = component("draw-digit")
    buttons = page.locator(".dd-digits button")
    assert buttons.count() == 100
    buttons.first.focus()
    page.keyboard.press("ArrowRight")
    assert buttons.nth(1).get_attribute("aria-pressed") == "true"
    settled(page)
    assert reads(page) == ["0", "0"]
    assert (
        sum(button.startswith("often missed") for button in buttons.evaluate_all("all => all.map(b => b.ariaLabel)"))
        == 20
    )


def test_a_cell_shows_what_it_sees(component: Open) -> None:
    page = component("draw-digit")
    board = page.locator(".lv-votes").first
    board.focus()
    page.keyboard.press("ArrowRight")
    readout = page.locator(".dd-readout").inner_text()
    vote = board.locator("span").nth(6 * 12 + 7).inner_text()
    assert readout.startswith("Cell (6, 7) sees rows 9–20 and columns 11–22: 12 × 12 pixels.")
    assert f"GAP {vote}," in readout
    assert page.locator(".dd-field").is_visible()
    agreeing = board.locator(".lv-for").count()
    assert page.locator(".lv-cells figcaption").first.inner_text() == f"{agreeing} of 144 cells vote 4"


def test_a_unit_of_any_layer_can_be_chosen(component: Open) -> None:
    page = component("draw-digit")
    names = page.locator(".dd-stage > p > b").all_inner_texts()
    assert names == ["conv1", "conv2", "conv3", "pool3", "conv4", "logits"]
    page.locator(".dd-strip").first.focus()
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowUp")
    assert (
        page.locator(".dd-readout").inner_text()
        == "conv1, map 2, unit (13, 14) sees rows 12–14 and columns 13–15: 3 × 3 pixels."
    )
    assert page.locator(".dd-map i:visible").count() == 1


def test_the_settings_choose_among_the_twelve_nets(component: Open) -> None:
    page = component("draw-digit")
    runs = pd.read_csv(RESULTS / "ablations" / "runs.csv").query("seed == 0").set_index("variant")
    page.get_by_label("Batch norm").select_option("none")
    page.get_by_label("Dropout").select_option("0.25")
    for nth, variant in enumerate(("no-bn+dropout-0.25", "no-bn+fc+dropout-0.25")):
        expected = f"{runs.at[variant, 'parameters']:,} parameters, {runs.at[variant, 'test_accuracy']:.2f}% right"
        page.locator(".lv-about").nth(nth).filter(has_text=expected).wait_for()


# Read a digit: the front page's small form


def test_a_test_digit_is_read_at_once_and_makes_room_for_a_drawing(component: Open) -> None:
    page = component("read-digit", 'digit="4"')
    settled(page)
    assert reads(page) == ["4"]
    assert page.locator(".lv-about").inner_text() == "a digit of the test set, labelled 4"
    page.get_by_role("button", name="Another test digit").click()
    settled(page)
    assert page.locator(".lv-about").inner_text() == "a digit of the test set, labelled 5"
    page.locator(".lv-pad").focus()
    page.keyboard.press("Space")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    settled(page)
    assert reads(page) == ["1"] and page.locator(".lv-about").inner_text() == "your drawing"
    page.get_by_role("button", name="Clear").click()
    settled(page)
    assert reads(page) == ["–"] and page.locator(".lv-about").inner_text() == "nothing drawn yet"


def test_the_small_net_answers_as_the_large_page_does(component: Open) -> None:
    """On a phone, by finger; and what is drawn before the weights are there is read when they are."""
    page = component("read-digit", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    box = page.locator(".lv-pad").bounding_box()
    page.touchscreen.tap(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    settled(page)
    logits = """(name) => {
      const element = document.querySelector(name);
      return Array.from(S6Live.run(element.net ?? element.nets.gap, element.pad.image()).at(-1));
    }"""
    small = page.evaluate(logits, "read-digit")
    page = component("draw-digit", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    box = page.locator(".lv-pad").bounding_box()
    page.touchscreen.tap(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    settled(page)
    assert np.allclose(small, page.evaluate(logits, "draw-digit"), atol=1e-3)


# Push the digit


def test_a_pushed_image_is_the_one_that_was_measured(component: Open) -> None:
    page = component("push-digit")
    image = page.evaluate("async () => Array.from((await S6Live.digits())[3].image)")
    for push in ({"turn": 35}, {"turn": -60}, {"scale": 0.6}, {"scale": 1.4}, {"turn": 10, "scale": 1.2}):
        found = page.evaluate("([image, push]) => Array.from(S6Live.push(image, push))", [image, push])
        bytes_ = torch.tensor(image, dtype=torch.uint8).view(1, 28, 28)
        assert np.abs(np.array(found) - pushed(bytes_, **push).flatten().numpy().astype(int)).max() <= 1, push


def test_the_curve_follows_the_digit_in_hand(component: Open) -> None:
    page = component("push-digit")
    page.locator(".pd-stage").focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    table = pd.read_csv(RESULTS / "evidence" / "shifts.csv").query("pixels == 3").groupby("variant")["accuracy"].mean()
    images = pd.read_csv(RESULTS / "evidence" / "shifts.csv")["images"].iloc[0]
    assert page.locator(".pd-curves figcaption").inner_text() == (
        f"Of {images:,} test digits moved by 3 pixels: GAP reads {table['reference']:.1f}%, FC {table['fc']:.1f}%."
    )
    page.get_by_label("Turn").focus()
    page.keyboard.press("ArrowRight")
    assert "turned by 5°" in page.locator(".pd-curves figcaption").inner_text()


def test_a_digit_can_be_dragged_by_pixels(component: Open) -> None:
    page = component("push-digit")
    box = page.locator(".pd-stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (0.5 + 2 / 28), box["y"] + box["height"] * (0.5 - 1 / 28), steps=4)
    page.mouse.up()
    assert page.locator(".pd-slider output").all_inner_texts()[:2] == ["2 px", "−1 px"]
    page.get_by_role("button", name="Put back").click()
    assert page.locator(".pd-slider output").all_inner_texts() == ["0 px", "0 px", "0°", "100%"]


def test_it_is_pushed_until_a_net_fails_or_the_border_is_near(component: Open) -> None:
    page = component("push-digit", reduced_motion="reduce")
    page.get_by_role("button", name="Push until one fails").click()
    page.wait_for_function("!document.querySelector('.pd-hand .lv-go').disabled")
    far = page.locator(".pd-slider output").all_inner_texts()[1] == "−6 px"
    assert far or page.locator(".lv-about").filter(has_text="wrong: it is a 7").count() > 0


# The luck machine


def play(page: Any) -> None:
    for _ in range(60):
        if page.locator(".lm-reveal").is_visible():
            return
        page.locator(".lm-go button").click()
        page.wait_for_function("!document.querySelector('.lm-go button').disabled")


def test_the_trick_is_told_after_a_win_and_not_before(component: Open) -> None:
    page = component("luck-machine", 'seed="3"', reduced_motion="reduce")
    assert not page.get_by_text("Both arms were the same net.", exact=True).is_visible()
    play(page)
    assert page.get_by_text("Both arms were the same net.", exact=True).is_visible()
    assert re.search(r"[AB] wins by 0\.\d\d points", page.locator(".lm-verdict").inner_text())
    reference = pd.read_csv(RESULTS / "ablations" / "runs.csv").query("variant == 'reference'")["test_accuracy"]
    said = page.locator(".lm-said").inner_text()
    assert f"the same {len(reference)} stored runs" in said
    assert f"{reference.min():.2f}% to {reference.max():.2f}%" in said


def test_luck_wins_as_often_as_counting_says(component: Open) -> None:
    page = component("luck-machine", 'seed="3"', reduced_motion="reduce")
    play(page)
    shares = "() => [...document.querySelectorAll('.lm-share b')].map((share) => parseInt(share.textContent))"
    pool = pd.read_csv(RESULTS / "ablations" / "runs.csv").query("variant == 'reference'")["test_accuracy"].to_numpy()
    exact = 100 * np.mean(np.subtract.outer(pool, pool).round(2) >= 0.1)
    alone = page.evaluate(shares)
    assert np.allclose(alone, exact, atol=3)  # 4,000 contests: three standard errors are 2 points
    page.get_by_label("Seeds per arm").fill("10")
    assert max(page.evaluate(shares)) < min(alone)  # luck averages out
    page.get_by_label("Seeds per arm").fill("1")
    page.get_by_label("Tries of A, the best is reported").fill("10")
    best = page.evaluate(shares)
    assert best[0] > alone[0] + 10 and best[1] < alone[1]


# Be the cell


def test_whoever_plays_alone_sees_the_votes_averaged(component: Open) -> None:
    page = component("be-the-cell")
    label = page.evaluate("document.querySelector('be-the-cell').digit.label")
    for _ in range(6):
        assert not page.locator(".bc-end").is_visible()
        page.get_by_role("button", name=f"vote {label}").click()
    assert page.locator(".bc-truth").inner_text() == f"It is a {label}."
    assert page.locator(".bc-you .lv-title").inner_text() == f"You: 6 of 6 right, together {label}"
    assert page.locator(".bc-net .lv-title").inner_text().startswith("The net's cells, at the same 6 places:")
    page.get_by_role("button", name="Another digit").click()
    assert page.locator(".bc-question").inner_text().startswith("Cell 1 of 6")


def test_a_class_gets_one_digit_and_many_cells(component: Open) -> None:
    dealt = (
        "() => { const { digit, cells } = document.querySelector('be-the-cell'); return [digit.index, cells.join()]; }"
    )
    phones = [component("be-the-cell", fragment="#cell=4821", viewport={"width": 390, "height": 844}) for _ in range(3)]
    dealt_to = [phone.evaluate(dealt) for phone in phones]
    assert len({digit for digit, _ in dealt_to}) == 1
    assert len({cells for _, cells in dealt_to}) == 3
    page = phones[0]
    for _ in range(6):
        page.get_by_role("button", name="vote 3").click()
    assert page.locator(".bc-yours").inner_text() == "Your votes: 3  3  3  3  3  3"
    assert page.locator(".bc-truth").count() == 0  # the teacher shows it
    page.get_by_text("For the teacher").click()
    assert page.get_by_role("button", name="Show the digit").is_disabled()
    for _ in range(2):
        page.get_by_role("button", name="one vote more for 3").click()
    page.get_by_role("button", name="one vote fewer for 3").click()
    page.get_by_role("button", name="Show the digit").click()
    assert re.fullmatch(r"The class: [01] of 1 right, together 3", page.locator(".bc-you .lv-title").inner_text())


def test_an_address_that_names_no_game_is_left_alone(component: Open) -> None:
    page = component("be-the-cell", fragment="#cell=nine")
    assert page.get_by_label("I play alone").is_checked()
    assert page.evaluate("location.hash").endswith("#cell=nine")


# Predict, then see


def test_the_runs_come_after_the_guess(component: Open) -> None:
    page = component("predict-first")
    assert page.locator(".predict-run").count() == 0
    assert not page.get_by_text("Without a script.").is_visible()
    page.get_by_label("How many?").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".pf-row output").inner_text() == "99.05%"
    page.get_by_role("button", name="Show the runs").click()
    told = "You said 99.05%. It is 99.20% (mean of 3, the runs from 99.10% to 99.30%). Off by 0.15 points."
    assert page.locator(".pf-told").inner_text() == told
    assert page.locator(".predict-run").count() == 3
    assert page.get_by_text("Without a script.").is_visible()
    assert page.get_by_label("How many?").is_disabled()  # no guessing after the fact


# All of them

SMALL = """() => {
  const worded = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const seen = (element) => element.checkVisibility() && !element.closest('.lv-hidden') && worded(element);
  const texts = [...document.querySelectorAll('.live *')].filter(seen);
  return Math.min(...texts.map((element) => parseFloat(getComputedStyle(element).fontSize)));
}"""


@pytest.mark.parametrize("name", READY)
def test_it_fits_a_phone(component: Open, name: str) -> None:
    page = component(name, theme="dark", viewport={"width": 320, "height": 700}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate(SMALL) >= 11


@pytest.mark.parametrize("name", READY)
def test_it_is_read_from_the_back_of_a_room(component: Open, name: str) -> None:
    page = component(name, viewport={"width": 1920, "height": 1080})
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement")
    assert page.evaluate(SMALL) >= 28
    width = page.evaluate("document.querySelector('.lv-body').getBoundingClientRect().width")
    assert width > 0.9 * 1920


@pytest.mark.parametrize("name", READY)
def test_without_a_script_its_words_stand_there(visit: Open, tmp_path: Path, name: str) -> None:
    page = visit(lay_out(tmp_path, name, READY[name]), java_script_enabled=False)
    assert page.get_by_text("Without a script.").is_visible()


@pytest.mark.parametrize("name", READY)
def test_forced_colours_and_reduced_motion_leave_it_whole(component: Open, name: str) -> None:
    page = component(name, forced_colors="active", reduced_motion="reduce")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    for button in page.get_by_role("button").all()[:5]:
        assert button.evaluate("(button) => getComputedStyle(button).borderTopWidth") != "0px"


PAPER = """() => [...document.querySelectorAll('.live canvas')].filter((one) => one.checkVisibility()).map((canvas) => {
  let on = canvas;
  const shade = () => getComputedStyle(on).backgroundColor;
  while (on.parentElement && shade() === 'rgba(0, 0, 0, 0)') on = on.parentElement;
  return getComputedStyle(canvas).filter + ' ' + shade();
})"""


@pytest.mark.parametrize("name", ["read-digit", "draw-digit", "push-digit"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ink_is_seen_in_forced_colours(component: Open, name: str, theme: str) -> None:
    page = component(name, theme=theme, forced_colors="active", color_scheme=theme)
    assert set(page.evaluate(PAPER)) == {"none rgb(255, 255, 255)"}  # black ink, not inverted, on white


@pytest.mark.parametrize("name", READY)
def test_a_blocked_storage_is_no_loss(visit: Open, tmp_path: Path, name: str) -> None:
    page = visit(lay_out(tmp_path, name, body=f"{BLOCKED}<{name} {READY[name]}></{name}>"))
    page.wait_for_selector(".lv-body:not([aria-busy])")
    assert page.evaluate("() => { try { return Boolean(localStorage); } catch { return false; } }") is False
    assert page.locator(".lv-fault").count() == 0  # and the fixture has heard no error


@pytest.mark.parametrize("name", [name for name, entry in live.COMPONENTS.items() if entry.data])
def test_data_waits_until_it_is_in_view(visit: Open, tmp_path: Path, name: str) -> None:
    spacer = '<div style="height: 5000px"></div>'
    page = visit(lay_out(tmp_path, name, body=f"{spacer}<{name}></{name}>"), viewport={"width": 800, "height": 600})
    loaded = "() => Object.keys(S6Live.stored ?? {}).length"
    settled(page)
    assert page.evaluate(loaded) == 0
    page.locator(name).scroll_into_view_if_needed()
    page.wait_for_selector(".lv-body:not([aria-busy])")
    assert page.evaluate(loaded) > 0


@pytest.mark.parametrize("name", live.COMPONENTS)
def test_its_code_is_small_and_names_no_host(name: str) -> None:
    folder = Path(live.__file__).parents[1] / "_static"
    sheets, scripts = live.assets(name)
    texts = [(folder / file).read_text() for file in (*sheets, *scripts)]
    assert sum(len(text.encode()) for text in texts) <= 60_000
    hosts = {host for text in texts for host in re.findall(r"https?://([\w.]+)", text)}
    assert hosts <= {"www.w3.org"}  # the name of SVG's namespace, which nothing fetches
