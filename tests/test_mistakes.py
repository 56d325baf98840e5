"""The gallery of mistakes and the stills of the live components: what they count, and what they say."""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from chapters import load

from experiments.answers.sources import Sources

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
sys.path.append(str(ROOT / "book"))

from _ext import mistakes as gallery  # noqa: E402

mistakes, stills = load("mistakes"), load("stills")
FEW = mistakes.Votes(
    variants=np.array(["reference", "fc", "fc"]),
    read=np.array([list("123"), list("124"), list("724")]),
    truth=np.array(list("723")),
)


def test_votes_are_counted_the_most_first() -> None:
    assert FEW.missed.tolist() == [2, 0, 2]
    assert FEW.of(0) == {"1": 2, "7": 1}
    assert FEW.right(2) == ["reference"]
    assert mistakes.most_missed(FEW, 2) == [0, 2]  # of equals the earlier


def test_every_run_that_learned_votes_on_every_digit() -> None:
    found = mistakes.votes(Sources(RESULTS))
    assert found.read.shape == (len(found.variants), 10_000)
    assert all(sum(found.of(digit).values()) == len(found.read) for digit in (0, 947, 6576))
    assert (found.read != found.truth).mean(1).max() < 0.8  # who learned nothing has no vote


def test_few_of_five_people_confirmed_the_labels_that_are_shown() -> None:
    assert len(mistakes.CONTRADICTED) == 15  # as many as the paper found in MNIST
    assert mistakes.REVIEWS[6576] == (4, 1, 0, 1)  # the file of cleanlab/label-errors: 7, or 1?
    for digit, review in mistakes.REVIEWS.items():
        assert sum(review[:3]) == 5, digit
        assert (review.label < 3) == (digit in mistakes.CONTRADICTED), digit


def test_the_stored_pixels_are_those_of_the_digits() -> None:
    """Against the digits of the live components, which were written from MNIST by another script."""
    text = (ROOT / "book" / "_static" / "live" / "digits.js").read_text()
    index = json.loads(re.search(r'"index": (\[.*?\])', text)[1])  # type: ignore[index]
    pixels = base64.b64decode(re.search(r'"pixels": "([^"]+)"', text)[1])  # type: ignore[index]
    other = np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28)
    shared = [digit for digit in index if digit in set(np.load(mistakes.IMAGES)["index"])]
    assert len(shared) >= 20
    assert (mistakes.images(shared) == other[[index.index(digit) for digit in shared]]).all()


def test_a_digit_that_is_not_stored_is_asked_for() -> None:
    with pytest.raises(KeyError, match=r"lacks test digit 3: python book/_scripts/mistakes\.py renews it"):
        mistakes.images([947, 3])


def test_an_entry_says_who_read_what_and_how_people_voted() -> None:
    assert gallery.told(FEW, 0) == "Missed by 2 of 3 runs, read as **1**\u00a0(2). Right: `fc`."
    assert gallery.told(FEW, 2) == "Missed by 2 of 3 runs, read as **4**\u00a0(2). Right: `reference`."
    assert gallery.reviewed(mistakes.Review(0, 2, 3, 1), "6") == "Five people: **1**\u00a0(2), **neither**\u00a0(3)."


def test_a_digit_is_ink_of_some_opacity() -> None:
    import io

    import matplotlib.image

    pixels = mistakes.images([947])[0]
    address = gallery.picture(pixels)
    ink = matplotlib.image.imread(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    assert (np.round(255 * ink[..., 3]) == pixels).all() and (ink[..., :3] == 0).all()


@pytest.mark.parametrize("tries", [1, 2, 10])
def test_the_leads_of_luck_are_those_that_many_contests_give(tries: int) -> None:
    pool = np.array([99.1, 99.2, 99.2, 99.5])
    lead, weight = stills.leads(pool, tries)
    assert weight.sum() == pytest.approx(1)
    draw = np.random.default_rng(0)
    played = draw.choice(pool, (40_000, tries)).max(1) - draw.choice(pool, 40_000)
    assert weight[lead >= 0.09].sum() == pytest.approx((played >= 0.09).mean(), abs=0.01)
    assert (lead * weight).sum() == pytest.approx(played.mean(), abs=0.005)


@pytest.mark.parametrize("name", ["still_read", "still_draw", "still_push", "still_cell", "still_luck"])
def test_a_still_fills_a_phones_column_and_no_more(name: str) -> None:
    picture = getattr(stills, name)(Sources(RESULTS))
    assert picture.get_figwidth() * 96 <= 358  # pixels, beside the margins of a screen of 390
