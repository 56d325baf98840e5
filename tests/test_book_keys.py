"""The book's keys: from `study/variant/quantity` to what stands in the sentence."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "book"))

from experiments.answers.conditions import NotDefinedError, evaluate, fill, value_of  # noqa: E402
from experiments.answers.keys import look_up  # noqa: E402
from experiments.answers.sources import Sources  # noqa: E402
from experiments.answers.values import Value, write, write_interval  # noqa: E402

RESULTS = Path(__file__).parent / "fixtures" / "book" / "results"
ACCURACIES = pd.read_csv(RESULTS / "ablations" / "runs.csv").set_index(["variant", "seed"])["test_accuracy"]


@pytest.fixture
def sources() -> Sources:
    return Sources(RESULTS)


def text(key: str, sources: Sources) -> str:
    name, _, format = key.partition("|")
    return write(value_of(name, sources), format.strip())


def test_an_accuracy_is_the_mean_of_the_last_epochs(sources: Sources) -> None:
    value = look_up("ablations/no-bn/test_accuracy", sources)
    assert value.number == pytest.approx(ACCURACIES["no-bn"].mean())
    assert write(value) == f"{ACCURACIES['no-bn'].mean():.2f}"
    for part in ("3 seeds of no-bn", "95% interval", "invented CPU", "results/ablations/runs.csv"):
        assert part in value.note


def test_an_interval_has_an_en_dash_and_negative_ones_a_word(sources: Sources) -> None:
    assert text("ablations/reference/test_accuracy:interval", sources) == "99.23–99.51"
    assert re.fullmatch(r"−0\.\d\d to −0\.\d\d", text("batchnorm/no-bn/points:interval", sources))


def test_the_interval_of_an_accuracy_ends_where_accuracies_do() -> None:
    assert write_interval(Value(kind="percent", low=32.82, high=130.27)) == "32.82–100.00"
    assert write_interval(Value(kind="percent", low=-3.0, high=21.5)) == "0.00–21.50"
    assert write_interval(Value(kind="points", low=-66.5, high=131.05)) == "−66.50 to +131.05"


def test_a_difference_is_that_of_the_means(sources: Sources) -> None:
    points = ACCURACIES["no-bn"].mean() - ACCURACIES["reference"].mean()
    assert look_up("batchnorm/no-bn/points", sources).number == pytest.approx(points)
    assert text("batchnorm/no-bn/points", sources) == f"−{abs(points):.2f}"
    assert text("batchnorm/no-bn/points | abs", sources) == f"{abs(points):.2f}"
    assert text("batchnorm/no-bn/verdict", sources) == "hurts"


def test_epochs_can_be_named(sources: Sources) -> None:
    epochs = pd.read_csv(RESULTS / "reference" / "epochs.csv")
    fifth = epochs[epochs["epoch"] == 5]["test_accuracy"].mean()
    best = epochs.groupby("seed")["test_accuracy"].max().mean()
    lowest = epochs.groupby("seed")["test_loss"].min().mean()
    assert look_up("reference/reference/test_accuracy@5", sources).number == pytest.approx(fifth)
    assert look_up("reference/reference/test_accuracy@best", sources).number == pytest.approx(best)
    assert look_up("reference/reference/test_loss@best", sources).number == pytest.approx(lowest)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("net/parameters", "15,662"),  # the published table
        ("net[norm=none]/parameters", "15,466"),
        ("net[head=fc;norm=none]/layers", "13"),
        ("net/conv2/parameters", "1,168"),
        ("net/conv4/output", "32 × 12 × 12"),
        ("net/conv4/receptive_field", "12"),
        ("net/pool3/effective_stride", "2"),
        ("net/conv4/effective_padding", "3"),
        ("ablations/reference/n", "3"),
        ("ablations/reference/n | word", "three"),
        ("ablations/reference/diverged", "0"),
        ("ablations/reference/parameters", "15,662"),
        ("ablations/variants", "5"),
        ("ablations/runs | word", "15"),
        ("ablations/epochs", "6"),
        ("ablations/device", "invented CPU"),
        ("ablations/fc/parameters - ablations/reference/parameters", "14,410"),
        ("abs(batchnorm/no-bn/points) | .1f", "0.4"),
        ("reference/reference/test_accuracy:n", "3"),
        ("recipe[reference]/lr", "0.05"),
        ("recipe[reference]/epochs | word", "20"),
        ("recipe[reference]/schedule", "step"),
        ("speed.csv[pipeline=ours;device=cpu]/images_per_second", "1,990"),
        ("ablations/no-bn/train_loss | .1f", "0.0"),
    ],
)  # fmt: skip
def test_keys_are_written_as_readers_expect(key: str, expected: str, sources: Sources) -> None:
    assert text(key, sources) == expected


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("ablation/no-bn/test_accuracy", "unknown study 'ablation': did you mean ablations"),
        ("ablations/no-bm/test_accuracy", "unknown variant 'no-bm': did you mean no-bn"),
        ("ablations/no-bn/accuracy", "unknown quantity 'accuracy': did you mean .*test_accuracy"),
        ("ablations/no-bn/test_accuracy:intervall", "unknown aspect 'intervall': did you mean interval"),
        ("ablations/no-bn/test_accuracy@7", "epoch '7': allowed is 1 to 6, or best"),
        ("batchnorm/reference/ratio", "reference is what others are compared with"),
        ("ablations/parameters", "no parameters in common"),
        ("net/conv9/parameters", "unknown layer 'conv9'"),
        ("net[nrom=none]/parameters", "unknown field 'nrom': did you mean norm"),
        ("net/conv1/sise", "unknown quantity 'sise'"),
        ("recipe[refrence]/lr", "unknown recipe 'refrence': did you mean reference"),
        ("recipe[study]/rate", "unknown field 'rate'"),
        ("sped.csv/images_per_second", "unknown table 'sped.csv': did you mean speed.csv"),
        ("speed.csv[device=cpu]/images_per_second", "leaves 2 rows"),
        ("speed.csv[engine=ours]/images_per_second", "unknown column 'engine'"),
        ("ablations/no-bn/validation_accuracy", "no finished run has a validation_accuracy"),
    ],
)  # fmt: skip
def test_an_unknown_key_names_the_part_and_its_neighbours(key: str, message: str, sources: Sources) -> None:
    with pytest.raises((KeyError, ValueError), match=message):
        look_up(key, sources)


def test_conditions_compare_values_words_and_files(sources: Sources) -> None:
    assert evaluate("net/parameters < 20000 and batchnorm/no-bn/verdict == 'hurts'", sources)[0] is True
    assert evaluate("not exists:results/nothing/runs.csv", sources)[0] is True
    assert evaluate("exists:results/ablations/runs.csv", sources)[0] is True
    assert RESULTS / "nothing" / "runs.csv" in sources.used  # so that the page changes when the file appears
    with pytest.raises(ValueError, match="not a condition from '; import os'"):
        evaluate("1 ; import os", sources)
    with pytest.raises(ValueError, match="ends too early"):
        evaluate("net/parameters <", sources)


def test_texts_are_filled(sources: Sources) -> None:
    assert fill("{ablations/reference/n | word} seeds, {net/parameters} parameters", sources) == (
        "three seeds, 15,662 parameters"
    )


def test_one_seed_has_no_interval_and_says_so(sources: Sources, tmp_path: Path) -> None:
    alone = _changed(tmp_path, lambda runs: runs[runs["seed"] == 0])
    value = look_up("ablations/no-bn/test_accuracy", alone)
    assert (value.low, value.high) == (None, None)
    assert "one seed" in value.note and "interval" not in value.note
    missing = look_up("ablations/no-bn/test_accuracy:interval", alone)
    assert write(missing) == "no interval" and "one seed of no-bn" in missing.note
    for quantity in ("p", "ratio", "verdict"):
        assert write(look_up(f"batchnorm/no-bn/{quantity}", alone)) == "too few runs yet"


def test_a_right_key_without_a_number_is_named(sources: Sources, tmp_path: Path) -> None:
    shutil.copytree(RESULTS, tmp_path / "results")
    table = "variant,parameters,accuracy,ratio\na,,,inf\n"
    (tmp_path / "results" / "holes.csv").write_text(table)
    holes = Sources(tmp_path / "results")
    for column, said in (("parameters", "nan"), ("accuracy", "nan"), ("ratio", "inf")):
        key = f"holes.csv[variant=a]/{column}"
        with pytest.raises(ValueError, match=rf"^{re.escape(key)}: no number to write, but {said} \(results/"):
            text(key, holes)
    with pytest.raises(ValueError, match=r"holes.csv\[variant=a\]/accuracy: no number"):
        evaluate("holes.csv[variant=a]/accuracy > 99", holes)


def test_a_diverged_run_is_counted_and_not_averaged(sources: Sources, tmp_path: Path) -> None:
    def diverge(runs: pd.DataFrame) -> pd.DataFrame:
        hit = (runs["variant"] == "no-bn") & (runs["seed"] == 2)
        runs.loc[hit, ["status", "test_accuracy", "test_loss", "train_accuracy", "train_loss"]] = [
            "diverged", float("nan"), float("nan"), float("nan"), float("nan"),
        ]  # fmt: skip
        runs.loc[hit, "epochs"] = 1
        return runs

    changed = _changed(tmp_path, diverge)
    assert look_up("ablations/epochs", changed).number == 6
    assert look_up("ablations/no-bn/diverged", changed).number == 1
    assert look_up("ablations/no-bn/n", changed).number == 2
    assert look_up("ablations/no-bn/test_accuracy", changed).number == pytest.approx(ACCURACIES["no-bn"][:2].mean())
    verdict = look_up("batchnorm/no-bn/verdict", changed)
    assert write(verdict) == "hurts" and "1 of 3 runs of no-bn did not learn" in verdict.note


def test_what_hangs_on_runs_that_all_diverged_is_not_defined(tmp_path: Path) -> None:
    def diverge(runs: pd.DataFrame) -> pd.DataFrame:
        hit = runs["variant"] == "no-bn"
        runs.loc[hit, ["status", "test_accuracy", "test_loss", "train_accuracy", "train_loss"]] = [
            "diverged", float("nan"), float("nan"), float("nan"), float("nan"),
        ]  # fmt: skip
        return runs

    changed = _changed(tmp_path, diverge)
    missing = look_up("batchnorm/no-bn/points", changed)
    assert write(missing) == "not defined" and "3 failed" in missing.note
    for undecidable in (
        "batchnorm/no-bn/points < 0",
        "not batchnorm/no-bn/ratio > 1",
        "abs(batchnorm/no-bn/points:low)",
    ):
        with pytest.raises(NotDefinedError):
            evaluate(undecidable, changed)
    assert evaluate("ablations/no-bn/diverged == 0 and batchnorm/no-bn/points < 0", changed)[0] is False
    assert write(value_of("batchnorm/no-bn/points - head/fc/points", changed)) == "not defined"


def test_numbers_are_written_by_kind() -> None:
    assert write(Value(kind="p", number=0.0004)) == "< 0.001"
    assert write(Value(kind="points", number=0.02)) == "+0.02"
    assert write(Value(kind="percent", number=99.405)) == "99.41"
    assert write(Value(kind="nats", number=0.02)) == "0.0200"


def _changed(folder: Path, change) -> Sources:  # noqa: ANN001
    shutil.copytree(RESULTS, folder / "results")
    path = folder / "results" / "ablations" / "runs.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)
    return Sources(folder / "results")
