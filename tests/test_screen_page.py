"""What the page of the screen shows: nothing of effects while runs are missing, and the effects once all are there."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "book"))

from figures import screen  # noqa: E402

from experiments import screen as plan  # noqa: E402
from experiments.answers.sources import Sources  # noqa: E402
from experiments.topics import TOPICS  # noqa: E402
from s6core.results import RUN_COLUMNS  # noqa: E402


def stored(folder: Path, count: int, effects: dict[str, float]) -> Sources:
    """Store invented runs in which each choice multiplies the errors by what `effects` says, and scatter a little."""
    noise = np.random.default_rng(3).normal(0, 0.02, 32)
    rows = []
    for number, (variant, levels) in enumerate(zip(plan.variants(), plan.design(), strict=True)):
        log = np.log(0.8) + noise[number] + sum(np.log(f) / 2 * levels[name] for name, f in effects.items())
        rows.append(
            {
                **dict.fromkeys(RUN_COLUMNS, ""), "study": "screen", "variant": variant, "seed": number,
                "status": "finished", "parameters": 15_662, "epochs": 6, "test_accuracy": round(100 - np.exp(log), 4),
                "train_accuracy": 99.9, "test_loss": 0.02, "train_loss": 0.01,
            }
        )  # fmt: skip
    (folder / "screen").mkdir(parents=True)
    pd.DataFrame(rows)[:count].to_csv(folder / "screen" / "runs.csv", index=False)
    return Sources(folder)


def test_effects_that_were_put_in_come_out(tmp_path: Path):
    table = screen.screen(stored(tmp_path, 32, {"dropout": 1.5, "augmentation": 0.7}))
    assert table.loc["dropout", "ratio"] == pytest.approx(1.5, rel=0.03)
    assert table.loc["augmentation", "ratio"] == pytest.approx(0.7, rel=0.03)
    assert table.loc["dropout", "p_holm"] < 0.001 and table.loc["order", "p_holm"] > 0.05


def test_the_choices_that_stay_clear_are_counted_and_the_better_level_is_named(tmp_path: Path):
    sources = stored(tmp_path, 32, {"dropout": 1.5, "augmentation": 0.7})
    assert screen.screen_runs(sources).loc["all", "clear"] == 2
    better = screen.screen_choices(sources).set_index("choice")["better"]
    assert better["dropout"] == "none" and better["augmentation"] == "affine"


def test_the_nets_that_check_the_prediction_are_those_that_the_stored_runs_name():
    effects = screen.measured(Sources(ROOT / "results")).query("kind == 'main'").set_index("factor")["ratio"]
    asked = TOPICS["screen-check"].variants
    assert asked["screen-best"] == plan.made(*effects.index[effects < 1])
    assert asked["pool-after-2"] == plan.made(effects.idxmin())


def test_choices_are_made_together():
    assert plan.made("dropout", "first kernel") == {"dropout": 0.05, "kernel": [5, 3, 3, 3]}
    assert plan.variants()["run-01"] == {"seeds": [0]}
    assert plan.variants()["run-32"] == {"seeds": [31], **plan.made(*(factor.name for factor in plan.FACTORS))}


def test_the_prediction_takes_every_choice_at_its_better_level(tmp_path: Path):
    table = screen.screen(stored(tmp_path, 32, {"dropout": 1.5, "augmentation": 0.7}))
    # without dropout and with augmentation: 0.8 · 1.5^(−1/2) · 0.7^(1/2), and a little less for 14 effects of scatter
    assert 0.95 * 0.8 * (0.7 / 1.5) ** 0.5 < table.loc["all", "ratio"] < 0.8 * (0.7 / 1.5) ** 0.5
    assert table.loc["all", "low"] < table.loc["all", "ratio"] < table.loc["all", "high"]


def test_no_effect_is_told_before_the_last_run(tmp_path: Path):
    sources = stored(tmp_path, 31, {"dropout": 1.5})
    assert screen.screen(sources)["ratio"].isna().all()
    assert screen.screen_runs(sources).loc["all", "stored"] == 31
    assert "errors, times" not in screen.screen_choices(sources)


def test_no_run_at_all_is_no_error(tmp_path: Path):
    assert screen.screen_runs(Sources(tmp_path)).loc["all", "stored"] == 0


def test_eight_pairs_share_each_comparison(tmp_path: Path):
    aliases = screen.screen_aliases(Sources(tmp_path))["pairs that share a contrast"]
    assert [line.count(",") + 1 for line in aliases] == [8] * 15
