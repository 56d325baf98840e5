"""The small commands: `s6` alone, studies, net --fields, rm, --version, and what a shell completes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from stored_runs import store

import s6core
from experiments.cli import s6
from experiments.studies import STUDIES
from experiments.topics import TOPICS
from s6core.config import FIELDS, ConfigError, NetConfig, TrainConfig
from s6core.fields import describe, values
from s6core.matters import MATTERS
from s6core.plan import plan
from s6core.results import load_runs


def call(*arguments: str, **options: object) -> Result:
    return CliRunner().invoke(s6, list(arguments), **options)  # type: ignore[arg-type]


def test_version():
    assert call("--version").stdout == f"s6 {s6core.__version__}\n"


def test_s6_alone_lists_every_study_and_topic_with_its_question():
    alone = call()
    assert alone.exit_code == 0
    text = " ".join(alone.stdout.split())
    for name, asks in {**STUDIES, **TOPICS}.items():
        assert f"{name} " in text and asks.question in text, name
    assert "s6 --help" in alone.stdout


def test_studies_count_what_is_stored():
    rows = {(row["study"], row["topic"]): row for row in json.loads(call("studies", "--format", "json").stdout)}
    smoke = rows["smoke", ""]
    assert (smoke["stored"], smoke["planned"]) == (2, 2)
    assert (
        rows["ablations", ""]["planned"] > rows["ablations", "head"]["planned"] > 30
    )  # ten of fc, thirty of reference
    assert all(0 <= row["stored"] <= row["planned"] for row in rows.values())


def test_every_field_is_described_from_its_own_line():
    found = {field.name: field for field in describe()}
    assert list(found) == list(FIELDS)
    assert all(field.means and field.allowed for field in found.values()), [f for f in found.values() if not f.means]
    assert found["head"].allowed == "gap, fc, gap-fc, max, conv" and found["head"].default == "gap"
    assert (
        found["dropout"].allowed == "a number from 0 to below 1" and "training sets to zero" in found["dropout"].means
    )
    assert found["padding"].allowed.startswith("auto or an integer from 0") and found["lr"].of == "training"
    assert found["bias"].allowed == "true or false" and found["channels"].default == "8-16-32-32"


def test_what_a_field_says_is_allowed_is_what_is_allowed():
    for field in describe():
        kind = NetConfig if field.of == "net" else TrainConfig
        for word in values(field.name):
            value = {"true": True, "false": False}.get(word, word)
            assert word in field.allowed and getattr(kind(**{field.name: value}), field.name) == value
    with pytest.raises(ConfigError):
        NetConfig(norm="?")  # type: ignore[arg-type]


def test_net_fields_are_printed_and_can_be_chosen():
    everything = call("net", "--fields").stdout
    assert all(f"\n{name} (" in f"\n{everything}" for name in FIELDS)
    assert call("net", "--fields", "lr").stdout.splitlines()[0] == "lr (training)"
    assert [row["name"] for row in json.loads(call("net", "--fields", "--json", "lr", "norm").stdout)] == ["norm", "lr"]
    wrong = call("net", "--fields", "nrom")
    assert wrong.exit_code == 2 and wrong.stderr.startswith("s6: unknown field 'nrom': did you mean norm")


def test_a_field_that_does_not_always_matter_says_when():
    means = {field.name: field.means for field in describe()}
    assert means["dropout_kind"] == "channel: whole maps; matters where dropout is above 0"
    assert {name for name, text in means.items() if "; matters where " in text} == set(MATTERS)
    assert values("dataset")[:2] == ["mnist", "fashion-mnist"]


def test_a_path_may_begin_with_the_home_folder(root: Path, monkeypatch: pytest.MonkeyPatch):
    """In quotes, or behind an equals sign, no shell expands it."""
    monkeypatch.setenv("HOME", str(root.parent))
    told = call("run", "smoke", "--results", f"~/{root.name}", "--dry-run")
    assert told.stdout.splitlines()[0] == f"{root}/smoke", told.output
    assert call("rm", "mine/fc", "--results", f"~/{root.name}", "--yes").exit_code == 0
    assert not (root / "mine" / "fc").exists()
    assert plan({"results": f"~/{root.name}"}).folder == root / "papermill"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, changed in (("reference", {}), ("fc", {"head": "fc"})):
        values = {"epochs": 1, "study": "mine", "variant": name, "results": str(tmp_path), **changed}
        store(plan(values), [98.0, 98.1])
    return tmp_path


def test_rm_asks_then_removes_a_variant_and_its_rows(root: Path):
    kept = call("rm", "mine/fc", "--results", str(root), input="n\n")
    assert kept.exit_code == 1 and "with 2 runs?" in kept.stdout and (root / "mine" / "fc").is_dir()
    gone = call("rm", "mine/fc", "--results", str(root), "--yes")
    assert gone.exit_code == 0 and not (root / "mine" / "fc").exists()
    assert set(load_runs(root / "mine")["variant"]) == {"reference"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine/fd", "unknown variant 'mine/fd': did you mean mine/fc"),
        ("mine", "'mine': allowed is STUDY/VARIANT"),
        ("mine/..", "'mine/..': allowed is STUDY/VARIANT"),
        ("../mine/fc", "'../mine/fc': allowed is STUDY/VARIANT"),
    ],
)
def test_rm_refuses_what_is_no_variant(root: Path, name: str, message: str):
    answer = call("rm", name, "--results", str(root), "--yes")
    assert answer.exit_code == 2 and message in answer.stderr and (root / "mine" / "fc").is_dir()


def test_published_runs_are_removed_only_where_their_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert call("rm", "ablations/fc", "--yes").exit_code == 2
    assert (Path(__file__).parent.parent / "results" / "ablations" / "fc").is_dir()


@pytest.mark.parametrize(
    ("typed", "start", "expected"),
    [
        (["run"], "abl", ["ablations"]),
        (["status"], "smo", ["smoke"]),
        (["table"], "hea", ["head"]),
        (["compare"], "smoke/", ["smoke/reference", "smoke/fc"]),
        (["compare"], "smo", ["smoke/"]),
        (["net"], "hea", ["head="]),
        (["net"], "norm=n", ["norm=none"]),
        (["net"], "bias=", ["bias=true", "bias=false"]),
        ([], "stu", ["studies"]),
    ],
)
def test_a_shell_completes(typed: list[str], start: str, expected: list[str]):
    shell = ShellComplete(s6, {}, "s6", "_S6_COMPLETE")
    assert [item.value for item in shell.get_completions(typed, start)] == expected
