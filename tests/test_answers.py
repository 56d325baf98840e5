"""From results to answers: effects in words, conditions that stay open, claims, and one way to write each figure."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from experiments.answers import claims, frames, topics
from experiments.answers.conditions import value_of, weigh
from experiments.answers.effects import effect, known_before, provenance, verdict_in_words
from experiments.answers.keys import look_up
from experiments.answers.registry import load
from experiments.answers.sources import Sources
from experiments.answers.values import as_json, write
from experiments.cli import s6
from experiments.studies import STUDIES
from experiments.topics import TOPICS
from s6core import results

FIXTURE = Path(__file__).parent / "fixtures" / "book" / "results" / "ablations" / "runs.csv"


def stored(folder: Path, **variants: list[float | None]) -> Sources:
    """Write runs of the ablations: an accuracy per seed, None for a run that diverged."""
    run = pd.read_csv(FIXTURE).iloc[0].to_dict()
    rows = [
        {**run, "variant": variant.replace("_", "-"), "seed": seed, "finished_at": "2026-11-27T00:00:00Z",
         "status": "finished" if accuracy else "diverged", "test_accuracy": accuracy or np.nan}
        for variant, values in variants.items() for seed, accuracy in enumerate(values)
    ]  # fmt: skip
    (folder / "ablations").mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "ablations" / "runs.csv", index=False)
    return Sources(folder)


BASE = [99.0, 99.1, 98.95, 99.05, 99.0, 99.02]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    worse = [98.0, 98.1, 97.95, 98.05, 98.0, 98.02]
    return stored(tmp_path, reference=BASE, fc=worse, gap_fc=BASE[::-1], max=[None] * 6)


@pytest.mark.parametrize(
    ("n", "verdict", "p", "p_holm", "said"),
    [
        (4, "hurts", 0.01, 0.03, "hurts"),
        (4, "equivalent", 0.6, 0.6, "no difference that matters"),
        (4, "undecided", 0.2, 0.4, "undecided"),
        (4, "undecided", 0.03, 0.09, "undecided among several comparisons"),
        (4, "undecided", 0.01, 0.03, "undecided"),  # the ranks do not agree: no correction took it away
        (2, "undecided", 0.03, 0.09, "too few runs for a verdict"),
    ],
)
def test_a_verdict_says_why_there_is_none(n: int, verdict: str, p: float, p_holm: float, said: str):
    row = pd.Series({"n": n, "n_base": 30, "verdict": verdict, "p": p, "p_holm": p_holm})
    assert verdict_in_words(row) == said


def test_topics_and_studies_have_different_names():
    assert not set(TOPICS) & set(STUDIES), "a key's first word says which of the two it means"


def test_an_effect_in_words(sources: Sources):
    errors = [
        np.exp(np.log(100 - np.array(values)).mean()) for values in ([98.0, 98.1, 97.95, 98.05, 98.0, 98.02], BASE)
    ]
    told = effect("head/fc", sources)
    assert told.words.startswith(f"{errors[0] / errors[1]:.2f} times the errors (") and told.words.endswith(": hurts)")
    assert "6 seeds" in told.note and "results/ablations/runs.csv" in told.note
    assert effect("head/max", sources).words == "6 of 6 runs failed: hurts"
    assert write(effect("head/conv-head", sources)) == "(not trained yet)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("heads/fc", "unknown topic 'heads': did you mean head"),
        ("head", "write topic/variant"),
        ("head/fcc", "topic head: unknown variant 'fcc': did you mean fc"),
    ],
)
def test_a_wrong_effect_names_the_part(text: str, message: str, sources: Sources):
    with pytest.raises(KeyError, match=message):
        effect(text, sources)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("head/fc/verdict:interval", "no aspect 'interval'; it has none"),
        ("head/fc/n:interval", "no aspect 'interval'; it has none"),
        ("net/parameters:low", "no aspect 'low'; it has none"),
        ("recipe[study]/lr:mean", "unknown aspect 'mean'"),
        ("head/fc/ratio:sd", "no aspect 'sd'; allowed is interval, low, high"),
        ("head/fc/test_error:intervall", "unknown aspect 'intervall': did you mean interval"),
        ("head/reference/ratio", "reference is what others are compared with"),
        ("head/fc/difference", "unknown quantity 'difference'"),
        ("head/fc/test_eror", "unknown quantity 'test_eror': did you mean test_error"),
        ("head/group/ratio", "topic head: unknown variant 'group'"),
        ("head/fc", "write topic/variant/quantity"),
    ],
)
def test_a_misplaced_part_of_a_key_is_an_error(key: str, message: str, sources: Sources):
    with pytest.raises(KeyError, match=message):
        look_up(key, sources)


def test_the_same_quantity_is_written_the_same_way_everywhere(sources: Sources):
    ratio = look_up("head/fc/ratio", sources)
    row = topics.as_data("head", sources)["variants"][0]
    assert write(ratio) == as_json(ratio)["text"] == f"{row['ratio']:.2f}"
    assert effect("head/fc", sources).words == row["text"]
    json.dumps(topics.as_data("head", sources), allow_nan=False)


def test_errors_are_the_geometric_mean_of_all_runs_as_in_the_tables(sources: Sources):
    value = look_up("head/fc/test_error", sources)
    errors = 100 - np.array([98.0, 98.1, 97.95, 98.05, 98.0, 98.02])
    assert value.number == pytest.approx(np.exp(np.log(errors).mean()))
    assert write(value_of("head/fc/test_error / head/reference/test_error", sources)) == write(
        look_up("head/fc/ratio", sources)
    )
    assert write(look_up("head/fc/test_error:n", sources)) == "6"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("head/fc/ratio > 1.5 and head/fc/verdict == hurts", True),
        ("head/fc/ratio < 1.5 or head/fc/verdict == helps", False),
        ("not head/fc/verdict == helps", True),
        ("head/max/verdict == hurts", True),
        ("head/max/ratio > 2", None),  # no mean where all runs failed
        ("head/conv-head/ratio > 1", None),
        ("head/conv-head/ratio > 1 and head/fc/ratio < 1", False),  # false whatever conv-head will be
        ("head/conv-head/ratio > 1 or head/fc/ratio > 1", True),
        ("head/conv-head/ratio > 1 or head/fc/ratio < 1", None),
        ("not head/conv-head/verdict == hurts", None),
        ("width/width-half/test_error - width/reference/test_error > .1", None),
        ("net[head=fc]/parameters > 1.8 * net/parameters", True),
        ("abs(head/fc/points) > max(.5, .1) and (head/fc/n - 1) / 5 == 1", True),
        ("-head/fc/points > 0", True),
        ("1 < head/fc/ratio < 1.5", False),
    ],
)
def test_conditions_hold_fail_or_stay_open(condition: str, expected: bool | None, sources: Sources):
    assert weigh(condition, sources)[0] is expected


def test_a_claim_about_an_effect_stays_open_until_there_are_runs_enough_for_a_verdict(tmp_path: Path):
    sources = stored(tmp_path, reference=BASE, fc=[98.0, 98.1])
    assert weigh("head/fc/verdict == hurts", sources)[0] is None
    assert weigh("head/fc/verdict != helps", sources)[0] is None
    assert weigh("head/fc/ratio > 1", sources)[0] is None
    assert write(look_up("head/fc/verdict", sources)) == "too few runs yet"


def test_cautious_reading_needs_the_whole_interval(sources: Sources):
    assert weigh("head/gap-fc/ratio > .5", sources, cautious=True)[0] is True
    assert weigh("head/gap-fc/ratio > 2", sources, cautious=True)[0] is False
    assert weigh("head/gap-fc/ratio >= 1", sources)[0] is not None
    assert weigh("head/gap-fc/ratio > 1", sources, cautious=True)[0] is None
    assert weigh("head/gap-fc/ratio - head/fc/ratio < 0", sources, cautious=True)[0] is True
    assert weigh("head/fc/n == 6 and net/parameters == 15662", sources, cautious=True)[0] is True  # counted, exact
    assert weigh("head/fc/verdict == helps", sources, cautious=True)[0] is False


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("head/fc/ratio", "no condition"),
        ("head/fc/ratio > 1 head/fc/n", "not a condition from"),
        ("head/fc/ratio >", "ends too early"),
        ("(head/fc/ratio > 1", r"not a condition from '\(head/fc/ratio > 1' on"),
        ("head/fc/verdict > 1", "a number cannot be compared with a word"),
        ("head/fc/verdict < helps", "words are the same or not"),
        ("head/fc/verdict == hurt", "not a condition from 'hurt'"),
        ("head/fc/ratio + hurts > 1", "stands between numbers"),
        ("head/fc/ratio and head/fc/ratio > 1", "stand between conditions"),
        ("__import__('os')", "allowed are abs, round, min and max"),
        ("head/fc/n.__class__ == 1", "unknown quantity"),
        ("exec(head/fc/n) > 1", "allowed are abs, round, min and max"),
        ("head/fc/n / 0 > 1", "division by zero"),
        ("head/fc/ratio ** 2 > 1", "not a condition from 'head/fc/ratio"),
        ("[1 for x in 'ab'] == 1", "not a condition"),
    ],
)
def test_what_is_no_condition_is_refused(condition: str, message: str, sources: Sources):
    with pytest.raises((KeyError, ValueError), match=message):
        weigh(condition, sources)


def test_a_sum_with_a_missing_value_is_missing(sources: Sources):
    assert write(value_of("head/conv-head/test_error - head/fc/test_error", sources)) == "not trained yet"


def test_what_was_known_before_is_said(tmp_path: Path):
    sources = stored(tmp_path, reference=BASE, fc=BASE, max=BASE)
    assert not known_before("head", "fc", sources)
    path = tmp_path / "ablations" / "runs.csv"
    runs = pd.read_csv(path)
    runs["finished_at"] = "2026-11-23T00:00:00Z"
    runs.loc[runs["variant"] == "max", "finished_at"] = "2026-11-28T00:00:00Z"
    (tmp_path / "other").mkdir()
    runs.to_csv(path, index=False)
    sources = Sources(tmp_path)
    assert known_before("head", "fc", sources) and not known_before("head", "max", sources)
    assert not known_before("head", "conv-head", sources)
    assert provenance("head", sources).endswith("Known before the plan was written: fc.")


def test_without_any_result_every_topic_is_missing(tmp_path: Path):
    sources = Sources(tmp_path)
    for name in TOPICS:
        assert {row["text"] for row in topics.as_data(name, sources)["variants"]} == {"not trained yet"}
    assert weigh("head/fc/ratio > 1 and head/fc/train_error < head/reference/train_error", sources)[0] is None


@pytest.mark.parametrize("name", TOPICS)
def test_every_topic_says_what_it_changes(name: str):
    changes = topics.changes(name)
    assert list(changes) == list(TOPICS[name].variants) and all(changes.values())


@pytest.mark.parametrize("name", [name for name, topic in TOPICS.items() if topic.axis])
def test_every_axis_has_a_number_for_each_variant(name: str):
    places = topics.along(name)
    assert list(places) == [TOPICS[name].base, *TOPICS[name].variants]
    assert len(set(places.values())) == len(places)


def test_claims_are_found_where_they_are_meant(tmp_path: Path):
    (tmp_path / "_ext").mkdir()
    (tmp_path / "_ext" / "no.md").write_text("```{holds} a/b/c > 1\nNot a page.\n```\n")
    (tmp_path / "page.md").write_text(
        "# Page\n\n````{answer} head\n"
        "```{holds} head/fc/ratio > 1\nInside, **bold**: {value}`head/fc/n`.\n```\n````\n\n"
        "````markdown\n```{holds} head/fc/ratio > 7\nOnly an example.\n```\n````\n\n"
        "## Under {doc}`here <there>`\n\n```bash\n# no heading\n```\n\n"
        ":::{holds} net/parameters < 20000\nColons.\n:::\n"
    )
    found = claims.claims(tmp_path)
    assert [(claim.page, claim.line, claim.argument) for claim in found] == [
        ("page", 4, "head/fc/ratio > 1"), ("page", 21, "net/parameters < 20000"),
    ]  # fmt: skip
    assert [claim.body for claim in found] == ["Inside, **bold**: {value}`head/fc/n`.", "Colons."]
    assert [claim.section for claim in found] == ["", "Under {doc}`here <there>`"]


def test_a_claim_is_judged_with_its_figures(sources: Sources):
    found = claims.judge("head/fc/ratio < 1", sources)
    assert found.state == "contradicted" and str(found).startswith("head/fc/ratio is 2.0")
    assert claims.plain(
        "It makes {effect}`head/fc`, **{value}`head/fc/n`** runs, {doc}`here <there>`.", sources
    ).endswith(": hurts), 6 runs, here.")


def test_a_readers_runs_support_contradict_or_cannot_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    book = tmp_path / "book"
    (book / "figures").mkdir(parents=True)
    (book / "page.md").write_text(
        "```{holds} head/fc/verdict == hurts\nFirst.\n```\n\n```{holds} head/fc/ratio < 1\nSecond.\n```\n\n"
        "```{holds} nothing.csv/column > 1\nThird.\n```\n"
    )
    monkeypatch.setattr(claims, "BOOK", book)
    monkeypatch.setattr("experiments.answers.registry.load", lambda book: None)
    monkeypatch.setattr(claims, "claims", lambda: list(claims.blocks(book, "holds")))
    stored(tmp_path / "mine", reference=BASE, fc=[98.0, 98.1, 97.95, 98.05, 98.0, 98.02])
    done = CliRunner().invoke(s6, ["claims", "--results", str(tmp_path / "mine"), "--json"])
    assert done.exit_code == 0, done.output
    assert [row["runs"] for row in json.loads(done.output)] == ["supports", "contradicts", "cannot tell"]
    done = CliRunner().invoke(s6, ["claims", "--results", str(tmp_path / "mine")])
    assert done.output.endswith("3 claims: supports 1, contradicts 1, cannot tell 1\n")
    assert "contradicts page, line 5: Second.\n" in done.output


def test_an_interval_belongs_to_the_quantity_before_it_and_to_no_other():
    frame = pd.DataFrame({"n": [5], "ratio": [0.5], "low": [0.4], "high": [0.6], "p_holm": [0.01]})
    assert frames.measured(frame) == "ratio"
    assert frames.measured(frame[["n", "ratio"]]) is None


def test_the_published_runs_contradict_no_claim_even_by_their_intervals():
    load(claims.BOOK)
    sources = Sources(results.REPOSITORY / "results")
    states = {claim.argument: claims.judge(claim.argument, sources, cautious=True).state for claim in claims.claims()}
    assert [argument for argument, state in states.items() if state == "contradicted"] == []
    assert "holds" in states.values()


def test_every_comparison_whose_predictions_are_stored_speaks_of_new_digits_too():
    """The images' own variance is estimated, and may come out as none: then both ends stay, and of few comparisons."""
    sources, wider, equal = Sources(results.REPOSITORY / "results"), 0, 0
    for topic in TOPICS:
        for row in sources.effects(topic).itertuples():
            if row.n - row.n_failed > 1 and row.n_base - row.n_base_failed > 1:
                if np.allclose([row.any_low, row.any_high], [row.low, row.high], rtol=1e-12):
                    equal += 1
                else:
                    assert row.any_low < row.low < row.high < row.any_high, f"{topic}/{row.variant}"
                    wider += 1
    assert wider > 20 and equal <= wider / 10
    value = look_up("head/fc/any_digits", sources)
    assert value.number == look_up("head/fc/ratio", sources).number and value.low < value.number < value.high


def test_without_labels_nothing_is_said_of_new_digits(sources: Sources):
    assert write(look_up("head/fc/any_digits:interval", sources)) == "no interval"
    with pytest.raises(KeyError, match="mnist-test-labels.txt is missing: `s6 measure labels` makes it"):
        sources.labels()
