"""Runs of the reader's own that no file plans, as a table."""

from __future__ import annotations

import pandas as pd

from experiments.answers.registry import table
from experiments.answers.sources import Sources
from s6core.report import spread


@table
def own_runs(sources: Sources, *, study: str) -> pd.DataFrame:
    """Every variant of a study: runs, how many did not learn, and the mean test accuracy of the others."""
    rows = []
    for variant, runs in sources.runs(study).groupby("variant", sort=False):
        row = {"variant": variant, "parameters": runs["parameters"].iloc[0], "runs": len(runs)}
        known = spread(runs)
        if "test_accuracy" in known.index:
            found = known.loc["test_accuracy"]
            interval = None if pd.isna(found["low"]) else f"{found['low']:.2f}–{found['high']:.2f}"
            row |= {"did not learn": int(found["failed"]), "test accuracy (%)": found["mean"], "95% interval": interval}
        else:
            row |= {"did not learn": len(runs)}
        rows.append(row)
    columns = ["variant", "parameters", "runs", "did not learn", "test accuracy (%)", "95% interval"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.attrs = {"formats": {"parameters": ",", "test accuracy (%)": ".2f"}, "right": ("95% interval",)}
    return frame
