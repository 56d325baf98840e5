"""Do runs with the same seed share their luck?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from experiments.answers.frames import frame
from experiments.answers.registry import figure, table
from experiments.answers.sources import Sources
from experiments.answers.values import Value, write
from s6core import stats
from s6core.plots.ink import bar, soft
from s6core.plots.rows import rows
from s6core.style import colours, marker

STUDY = "ablations"


def pairs(sources: Sources) -> pd.DataFrame:
    """Return what pairing with the reference buys, variant by variant, see `s6core.stats.pairing`; three pairs or more.

    Runs that failed are left out: one such run decides any correlation.
    """
    runs = sources.runs(STUDY)
    found = stats.pairing(runs[~stats.did_not_learn(runs)]).set_index("variant")
    return found[found["n"] >= 3]


@frame
def pairing_overall(sources: Sources) -> pd.DataFrame:
    """One row, `all`: over the variants, how many gain from pairing, and how large a correlation chance alone gives."""
    known = pairs(sources).dropna(subset="correlation")
    n = int(known["n"].median()) if len(known) else 0
    row = {
        "variants": len(known), "n": n, "gain": int((known["ratio"] < 1).sum()),
        "median_ratio": known["ratio"].median(), "lowest": known["correlation"].min(),
        "highest": known["correlation"].max(), "intervals": int(known["low"].notna().sum()),
        "beyond": int((known["low"] > 0).sum()), "chance": _chance(n) if n > 2 else np.nan,
    }  # fmt: skip
    answer = pd.DataFrame([row], index=["all"])
    counts = dict.fromkeys(("variants", "n", "gain", "intervals", "beyond"), "count")
    shares = dict.fromkeys(("median_ratio", "lowest", "highest", "chance"), "share")
    answer.attrs = {"kinds": counts | shares, "note": f"results/{STUDY}/runs.csv"}
    return answer


def _chance(n: int) -> float:
    """Return the correlation that n unrelated pairs exceed, up or down, once in twenty times."""
    limit = t.ppf(0.975, n - 2)
    return float(limit / np.sqrt(n - 2 + limit**2))


@table
def pairing_table(sources: Sources) -> pd.DataFrame:
    """Correlation with the reference, and the spread of the paired difference beside the unpaired one."""
    rows = [
        {"variant": name, "pairs": int(row["n"]), "correlation": row["correlation"], "95% interval": _interval(row),
         "sd, paired": row["paired"], "sd, unpaired": row["unpaired"], "ratio": row["ratio"]}
        for name, row in pairs(sources).iterrows()
    ]  # fmt: skip
    answer = pd.DataFrame(rows)
    answer.attrs["formats"] = {"correlation": ".2f", "sd, paired": ".3f", "sd, unpaired": ".3f", "ratio": ".2f"}
    answer.attrs["right"] = ("95% interval",)
    return answer


def _interval(row: pd.Series) -> str:
    ends = (write(Value(kind="share", number=row[end])) for end in ("low", "high"))
    return "–" if pd.isna(row["low"]) else " to ".join(ends)


ENOUGH = 5
"""Pairs of runs that a correlation is drawn of: with fewer its interval covers nearly all that is possible."""


@figure
def noise_pairing(sources: Sources) -> Any:
    """The correlation with the reference over the seeds, with its interval, of each variant that has five or more."""
    found = pairs(sources).dropna(subset="correlation")
    found = found[found["n"] >= ENOUGH]
    ax = rows(list(found.index), [f"n = {n:.0f}" for n in found["n"]], step=0.36)
    ax.axvline(0, color=soft(), linewidth=1.2)
    for place, (name, row) in enumerate(found.iterrows()):
        tint = colours([name])[name]
        bar(ax, [row["low"], row["high"]], [place] * 2, tint)
        ax.plot(row["correlation"], place, marker(name), color=tint, markersize=8)
    ax.set(xlim=(-1.05, 1.05), xlabel="correlation with the reference, seed by seed")
    return ax
