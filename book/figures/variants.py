"""The table that the variant explorer is made from: what a reader without JavaScript has of it, and a printed book."""

from __future__ import annotations

import pandas as pd

from experiments.answers import effects, variants
from experiments.answers.registry import table
from experiments.answers.sources import Sources


@table
def every_variant(sources: Sources) -> pd.DataFrame:
    """Every stored variant of every question, the fewest errors first."""
    rows = [
        {
            "variant": name,
            "errors (%)": row["error"],
            "95% interval": None
            if pd.isna(row["low"])
            else f"{effects.times(row['low'])}–{effects.times(row['high'])}",
            "runs": int(row["n"]),
            "failed": int(row["n_failed"]),
            "parameters": int(row["parameters"]),
            "cost": row["cost"],
        }
        for name, row in variants.summaries(sources).iterrows()
    ]
    frame = pd.DataFrame(rows)
    frame.attrs["formats"] = {"parameters": ",", "cost": ".2f", "errors (%)": ".2f"}
    frame.attrs["right"] = ("95% interval",)
    return frame
