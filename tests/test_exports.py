"""Tables of other trackers as runs: their columns, their states, their units."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from s6core.config import ConfigError
from s6core.exports import read_export

WANDB = """\
"Name","State","Notes","User","Tags","Created","Runtime","Sweep","head","lr","seed","test_accuracy","train_accuracy"
"a","finished","-","me","","2026-01-01T00:00:00.000Z","120","","fc","0.10","1","0.9923","0.99"
"b","finished","-","me","","2026-01-01T00:00:00.000Z","121","","fc","0.1","0","0.9921","0.98"
"c","crashed","-","me","","2026-01-01T00:00:00.000Z","12","","fc","0.1","2","",""
"d","running","-","me","","2026-01-01T00:00:00.000Z","12","","fc","0.1","3","0.5","0.4"
"e","finished","-","me","","2026-01-01T00:00:00.000Z","90","","fc","0.1","4","NaN","NaN"
"""
MLFLOW_SEARCH = """\
run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.test_accuracy,params.seed,params.norm,tags.user
f1,1,FINISHED,x,2026-01-01,2026-01-01,99.2,0,none,me
f2,1,FINISHED,x,2026-01-01,2026-01-01,99.3,1,none,me
f3,1,FAILED,x,2026-01-01,2026-01-01,,2,none,me
"""
MLFLOW_PAGE = """\
Start Time,Duration,Run ID,Name,Source Type,Source Name,User,Status,norm,seed,test_accuracy
2026-01-01,2.0min,f1,kind-owl-1,LOCAL,x.py,me,FINISHED,none,0,99.2
2026-01-01,2.0min,f2,kind-owl-2,LOCAL,x.py,me,FINISHED,none,1,99.3
"""
TRACKIO = """\
run,step,timestamp,seed,train/accuracy,test/accuracy
owl,1,2026-01-01T00:00:00,0,0.5,
owl,1,2026-01-01T00:00:01,,,0.90
owl,2,2026-01-01T00:00:02,,,0.99
owl,3,2026-01-01T00:00:03,,,0.98
elk,1,2026-01-01T00:00:00,1,0.6,0.91
elk,3,2026-01-01T00:00:03,,0.99,0.97
"""


def read(folder: Path, text: str, **options):
    path = folder / "runs.csv"
    path.write_text(text, encoding="utf-8")
    return read_export(path, **{"percent": True, **options})


def test_a_wandb_table_gives_seeds_accuracies_and_known_fields(tmp_path: Path):
    frame, left_out = read(tmp_path, WANDB, percent=False)
    assert frame["seed"].tolist() == [0, 1, 4]
    assert frame["test_accuracy"].tolist()[:2] == [99.21, 99.23] and math.isnan(frame["test_accuracy"][2])
    assert frame["status"].tolist() == ["finished", "finished", "diverged"]
    assert set(frame["head"]) == {"fc"} and set(frame["lr"]) == {0.1}
    assert (
        len(left_out) == 2
        and "1 run is crashed" in left_out[0] + left_out[1]
        and "running" in left_out[0] + left_out[1]
    )


@pytest.mark.parametrize("text", [MLFLOW_SEARCH, MLFLOW_PAGE])
def test_both_tables_of_mlflow_are_read(tmp_path: Path, text: str):
    frame, left_out = read(tmp_path, text)
    assert frame["test_accuracy"].tolist() == [99.2, 99.3] and set(frame["norm"]) == {"none"}
    assert len(left_out) == (text is MLFLOW_SEARCH)


def test_of_a_log_the_last_step_counts_never_the_best(tmp_path: Path):
    frame, _ = read(tmp_path, TRACKIO, percent=False)
    assert frame["seed"].tolist() == [0, 1] and frame["test_accuracy"].tolist() == [98.0, 97.0]


def test_rows_of_one_variant_can_be_chosen(tmp_path: Path):
    text = "variant,seed,acc\na,0,99\na,1,98\nb,0,97\nb,1,96\n"
    assert read(tmp_path, text, where=["variant=b"])[0]["test_accuracy"].tolist() == [97, 96]
    with pytest.raises(ConfigError, match="seed 0 stands there twice; is that more than one variant"):
        read(tmp_path, text)
    with pytest.raises(ConfigError, match="variant='c': allowed is one of a, b"):
        read(tmp_path, text, where=["variant=c"])
    with pytest.raises(ConfigError, match="'kind=c': allowed is COLUMN=VALUE with one of variant, seed, acc"):
        read(tmp_path, text, where=["kind=c"])


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("seed,acc\n0,0.99\n", {"percent": None}, "column 'acc': say what its numbers are, --percent or --fractions"),
        ("seed,acc\n0,0.99\n", {}, "acc is 0.99 at most: these are no per cent; say --fractions"),
        ("seed,acc\n0,99\n", {"percent": False}, "acc 99: allowed are fractions, 0 to 1"),
        ("seed,acc\n0,101\n", {}, "acc 101: allowed are per cent, 0 to 100"),
        ("seed,acc\n0,-1\n", {}, "acc -1: allowed are per cent"),
        ("seed,acc\n0,\n", {}, "line 2: acc '': allowed is a number"),
        ("seed,acc\n0,99\n1,hm\n", {}, "line 3: acc 'hm': allowed is a number"),
        ("seed,acc\n0.5,99\n", {}, "column 'seed': allowed are whole numbers from 0"),
        ("seed,acc\n-1,99\n", {}, "column 'seed': allowed are whole numbers from 0"),
        ("acc\n99\n", {}, "no column for the seed; say which it is with --seed COLUMN: acc"),
        ("seed,loss\n0,1\n", {}, "no column for the accuracy; say which it is with --accuracy COLUMN"),
        ("seed,val_acc,top5_acc\n0,1,2\n", {}, "columns val_acc, top5_acc: say which one is meant with --accuracy"),
        ("seed,acc\n0,99\n", {"accuracy": "acx"}, "unknown column 'acx': did you mean acc"),
        ("seed,acc,State\n0,99,odd\n", {}, "State 'odd': allowed is one of finished, diverged, running"),
        ("seed,acc,State\n0,99,failed\n", {}, "no run is finished"),
        ("", {}, "not a CSV"),
        ("seed,acc\n", {}, "the table has no rows"),
    ],
)
def test_what_cannot_be_told_is_refused_by_name(tmp_path: Path, text: str, options: dict, message: str):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, **options)
    assert message in str(caught.value) and str(caught.value).startswith(str(tmp_path))


def test_a_column_can_be_named(tmp_path: Path):
    frame, _ = read(tmp_path, "n,val_acc,top5_acc\n3,98,99\n", accuracy="top5_acc", seed="n")
    assert frame[["seed", "test_accuracy"]].values.tolist() == [[3, 99]]
