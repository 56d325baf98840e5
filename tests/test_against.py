"""What a lab report says of a variant against the reference, and which runs it takes for that."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from s6core import against, plan, report, results
from s6core.layers import layers, parameters
from s6core.plan import Plan


def stored(root: Path, accuracies: list[float], *, study: str = "papermill", **given: Any) -> Plan:
    """Leave finished runs with these accuracies; NaN for one that diverged."""
    values = {"epochs": 2, **given}
    planned = plan.plan({**values, "study": study, "seeds": len(accuracies), "results": str(root)})
    for seed, accuracy in enumerate(accuracies):
        row = {"lr": 0.1, **dict.fromkeys(results.FIGURES, accuracy), "seconds": 1.0}
        lost = math.isnan(accuracy)
        results.save(planned.folder, results.Record(
            study=study, variant=planned.variant, seed=seed, status="diverged" if lost else "finished",
            net=planned.net, train=planned.train, parameters=parameters(layers(planned.net)),
            epochs=[{"epoch": n, **row} for n in (1, 2)], predictions="" if lost else "7" * 100,
            provenance={"device": "invented"},
        ))  # fmt: skip
    results.collect(planned.folder)
    return planned


@pytest.fixture(autouse=True)
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(against, "PUBLISHED", tmp_path / "published")
    return tmp_path / "published"


GOOD, BAD = [99.0, 99.1, 98.9, 99.05], [98.0, 98.2, 97.9, 98.1]


def test_the_published_runs_come_first_and_then_those_beside(tmp_path: Path, published: Path) -> None:
    ours = stored(tmp_path, BAD, norm="none")
    stored(tmp_path, GOOD)
    assert "Changed in papermill/epochs-2: norm batch → none.\n" in against.against(ours)
    stored(published, GOOD, study="study", variant="reference")
    said = against.against(ours)
    assert said.startswith("Changed in study/reference: norm batch → none.\n")
    assert ": hurts; 4 runs against 4." in said and "points of accuracy" in said and "Why hurts: " in said


@pytest.mark.parametrize(
    ("other", "why"), [({"epochs": 3}, "epochs"), ({"train_images": 600}, "data"), ({"norm": "group"}, "net")]
)
def test_runs_of_other_data_epochs_or_nets_are_no_reference(
    tmp_path: Path, published: Path, other: dict[str, Any], why: str
) -> None:
    if why == "epochs":
        stored(published, GOOD, study="study", variant="reference")
        ours = plan.plan({"norm": "none", **other, "results": str(tmp_path)})
    else:
        stored(published, GOOD, study="study", variant="reference", **other)
        ours = stored(tmp_path, BAD, norm="none")
    said = against.against(ours)
    assert said.startswith("No runs of the reference net have these data and epochs. What makes them:\n\n    papermill")


def test_the_line_that_makes_a_reference_makes_one(tmp_path: Path) -> None:
    ours = stored(tmp_path, BAD, norm="none", train_images=600)
    line = against.against(ours).splitlines()[-1].split()
    words = dict(zip(line[4::3], line[5::3], strict=True))
    assert line[3::3] == ["-p"] * len(words)
    made = plan.plan(words)
    assert (made.folder, len(made.seeds)) == (ours.folder, 4)
    stored(tmp_path, GOOD, **{k: v for k, v in words.items() if k not in ("seeds", "results", "study")})
    assert against.against(ours).startswith(f"Changed in papermill/{made.variant}: norm batch → none.\n")


def test_a_closer_recipe_wins_over_a_published_one(tmp_path: Path, published: Path) -> None:
    stored(published, GOOD, study="study", variant="reference")
    stored(tmp_path, GOOD, lr=0.05)
    ours = stored(tmp_path, BAD, norm="none", lr=0.05)
    assert against.against(ours).startswith("Changed in papermill/epochs-2_lr-0.05: norm batch → none.")


def test_what_did_not_learn_is_said_in_words_and_in_the_table(tmp_path: Path, published: Path) -> None:
    stored(published, GOOD, study="study", variant="reference")
    ours = stored(tmp_path, [9.8, math.nan, 11.35, 98.0], norm="none")
    assert "of which 3 and 0 did not learn" in against.against(ours)
    runs, history = report.tables(ours)
    assert report.final(ours, runs)["status"].tolist() == ["did not learn", "diverged", "did not learn", "finished"]
    assert len(history) == 8
    assert len(results.load_runs(ours.folder)) == 4, "the tables beside the records are up to date"


def test_the_reference_itself_has_nothing_to_compare_with(tmp_path: Path) -> None:
    assert against.against(stored(tmp_path, GOOD)).startswith("This is the reference net")


def test_tables_that_cannot_be_written_do_not_stop_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = stored(tmp_path, GOOD)

    def refuse(_: Path) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(report, "collect", refuse)
    assert len(report.tables(ours)[0]) == 4
