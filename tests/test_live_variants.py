"""What the variant explorer is given: the results as they are, and lines that make each variant again."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from papermill.cli import _resolve_type

ROOT = Path(__file__).parents[1]
BOOK, RESULTS = ROOT / "book", ROOT / "results"
sys.path.append(str(BOOK))

from _ext import live_data  # noqa: E402
from figures.variants import every_variant  # noqa: E402

from experiments.answers import digits, variants  # noqa: E402
from experiments.answers.effects import in_words  # noqa: E402
from experiments.answers.sources import Sources  # noqa: E402
from s6core import results, style  # noqa: E402
from s6core.config import diff  # noqa: E402
from s6core.plan import plan  # noqa: E402

STORED = results.load_all(RESULTS / "ablations")


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    exported: dict[str, Any] = live_data.content("variants", Sources(RESULTS))
    return exported


def test_every_stored_run_is_there(data: dict[str, Any]) -> None:
    known = {variant["name"]: variant for variant in data["variants"]}
    assert set(known) == {record.variant for record in STORED}
    for name, variant in known.items():
        own = [record for record in STORED if record.variant == name]
        errors = [100 - record.final["test_accuracy"] for record in own]
        learned = [error if error < 80 else None for error in errors]
        assert variant["runs"] == pytest.approx(learned)
        assert len(variant["curves"]) == sum(error is not None for error in learned)
        assert [curve[-1] for curve in variant["curves"]] == pytest.approx([e for e in learned if e is not None])
        finite = np.array([error for error in learned if error is not None])
        assert variant["error"] == pytest.approx(np.exp(np.log(finite).mean()), rel=1e-3)
        assert variant["low"] < variant["error"] < variant["high"]
        assert variant["notebook"] == (RESULTS / "ablations" / name / "notebook.ipynb").is_file()
        assert (variant["colour"], variant["mark"]) == (style.colour(name), style.marker(name))
    assert [variant["error"] for variant in data["variants"]] == sorted(
        variant["error"] for variant in data["variants"]
    )


def test_the_verdicts_are_those_of_the_questions(data: dict[str, Any]) -> None:
    assert data["effects"]
    for row in data["effects"]:
        found = Sources(RESULTS).effects(row["topic"]).set_index("variant").loc[row["variant"]]
        assert (row["base"], row["verdict"], row["text"]) == (found["base"], found["verdict"], in_words(found))


def test_settings_and_defaults_say_what_two_configs_differ_in(data: dict[str, Any]) -> None:
    known = {variant["name"]: variant["changed"] for variant in data["variants"]}
    first = {record.variant: record for record in STORED if record.seed == 0}
    for a in known:
        for b in ("reference", "no-bn+fc", "dropout-0.10-channel"):
            said = {
                f for f, default in data["defaults"].items() if known[a].get(f, default) != known[b].get(f, default)
            }
            assert said == set(diff(first[a].net, first[b].net) | diff(first[a].train, first[b].train))


@pytest.mark.parametrize(
    "changed", [{"channels": (8, 16, 60), "logit_kernel": 3}, {"norm_blocks": (1,)}, {"lr": 1e-05}]
)
def test_a_papermill_line_gives_lists_and_numbers_back(changed: dict[str, Any]) -> None:
    assert read(variants.papermill("own", changed, 4)) == {
        **{k: list(v) if isinstance(v, tuple) else v for k, v in changed.items()},
        "seeds": 4,
    }


def test_a_papermill_line_makes_the_stored_variant(data: dict[str, Any]) -> None:
    first = {record.variant: record for record in STORED if record.seed == 0}
    for variant in data["variants"]:
        made = plan(read(variant["papermill"]))
        assert (made.net, made.train) == (first[variant["name"]].net, first[variant["name"]].train)
        assert len(made.seeds) == len(variant["runs"])


def read(line: str) -> dict[str, Any]:
    """Read a command line as papermill does."""
    program, template, _, *options = shlex.split(line)
    assert program == "papermill" and (ROOT / template).is_file()
    found: dict[str, Any] = {}
    while options:
        if options[0] == "-y":
            found |= yaml.safe_load(options[1])
            options = options[2:]
        else:
            flag, name, value, *options = options
            assert flag == "-p"
            found[name] = _resolve_type(value)
    return found


def test_the_labels_are_those_that_the_runs_were_judged_by() -> None:
    labels = (RESULTS / digits.LABELS).read_text().strip()
    for record in STORED:
        if record.predictions:
            right = sum(read == label for read, label in zip(record.predictions, labels, strict=True))
            assert right / 100 == pytest.approx(record.final["test_accuracy"]), f"{record.variant}, seed {record.seed}"


def test_missed_digits_are_those_of_seed_0() -> None:
    found = live_data.content("missed", Sources(RESULTS))
    for record in STORED:
        if record.seed == 0 and record.predictions:
            own = found["nets"][record.variant]
            assert len(own["at"]) == len(own["read"]) == round(100 * (100 - record.final["test_accuracy"]))
            assert all(
                record.predictions[at] == read != found["labels"][at]
                for at, read in zip(own["at"], own["read"], strict=True)
            )


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "ablations").symlink_to(RESULTS / "ablations")
    with pytest.raises(KeyError, match="mnist-test-labels.txt is missing: `s6 measure labels` makes it"):
        variants.missed(Sources(tmp_path))
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="no run of any question is stored"):
        variants.as_data(Sources(tmp_path / "none"))


def test_the_table_without_javascript_has_the_same_rows(data: dict[str, Any]) -> None:
    table = every_variant(Sources(RESULTS))
    assert list(table["variant"]) == [variant["name"] for variant in data["variants"]]
    assert table["parameters"].iloc[0] == data["variants"][0]["parameters"]
    failed = table.set_index("variant")["failed"]
    assert {name: int(count) for name, count in failed[failed > 0].items()} == {
        v["name"]: v["runs"].count(None) for v in data["variants"] if None in v["runs"]
    }


def test_no_variant_but_the_reference_is_blue() -> None:
    names = [f"variant-{n}" for n in range(200)]
    assert style.colour("reference") == style.OKABE_ITO[0]
    assert style.OKABE_ITO[0] not in {style.colour(name) for name in names}
    assert style.OKABE_ITO[0] not in style.colours(["max", "gap-fc", "group", "fc", "layer"]).values()
