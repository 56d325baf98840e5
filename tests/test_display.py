"""What a run looks like in a terminal."""

from __future__ import annotations

import logging

import pytest

from experiments.runner import display, notebook
from experiments.runner.progress import Run


def test_a_kernel_s_death_is_no_line_of_papermill_s_own():
    """A logger without a handler writes its errors to the terminal, in the midst of the bar, as after Ctrl-C."""
    assert notebook.TEMPLATE.exists()
    logger = logging.getLogger("papermill")
    assert any(isinstance(handler, logging.NullHandler) for handler in logger.handlers)


def test_in_fifty_columns_the_bar_still_says_how_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "50")
    runs = [Run(variant="v", seed=0, state="running", epoch=1.0, epochs=4), Run(variant="v", seed=1, state="waiting")]
    with display.Live(runs, terminal=True) as live:
        live.bar.ncols = 50
        live.bar.dynamic_ncols = None
        live.update(runs, 180)
        live.bar.refresh()
        shown = str(live.bar)
    assert "3 min left" in shown and ", about" not in shown


def test_a_run_that_did_not_learn_is_no_part_of_the_mean():
    """81.55 ± 39.24 % would be a mean of two kinds of runs, and reach beyond 100%."""
    ends = [(99.0, True), (99.2, True), (11.35, False)]
    runs = [
        Run(variant="v", seed=seed, state="finished", accuracy=accuracy, learned=learned)
        for seed, (accuracy, learned) in enumerate(ends)
    ]
    assert display.figure(runs) == "99.10 ± 0.14 %" and display.figure(runs[2:]) == "–"
