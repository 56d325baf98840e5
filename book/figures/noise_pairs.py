"""Do runs with the same seed share their luck?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from experiments.answers.frames import frame
from experiments.answers.registry import figure, table
from experiments.answers.sources import REFERENCE, Sources
from experiments.answers.values import Value, write
from s6core import stats
from s6core.plots.ink import bar, soft
from s6core.plots.rows import rows
from s6core.style import colours, marker

STUDY = "ablations"
SHUFFLES = 10_000
ROUNDING = 1e-9


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
        "median_ratio": known["ratio"].median(), "mean": known["correlation"].mean(),
        "lowest": known["correlation"].min(), "highest": known["correlation"].max(),
        "intervals": int(known["low"].notna().sum()), "beyond": int((known["low"] > 0).sum()),
        "chance": _chance(n) if n > 2 else np.nan,
        "shuffled": _by_luck(sources, list(known.index)) if n else np.nan,
    }  # fmt: skip
    answer = pd.DataFrame([row], index=["all"])
    counts = dict.fromkeys(("variants", "n", "gain", "intervals", "beyond"), "count")
    shares = dict.fromkeys(("median_ratio", "mean", "lowest", "highest", "chance", "shuffled"), "share")
    answer.attrs = {"kinds": counts | shares, "note": f"results/{STUDY}/runs.csv"}
    return answer


def _chance(n: int) -> float:
    """Return the correlation that n unrelated pairs exceed, up or down, once in twenty times."""
    limit = t.ppf(0.975, n - 2)
    return float(limit / np.sqrt(n - 2 + limit**2))


def _by_luck(sources: Sources, variants: list[str]) -> float:
    """Return in how many of a hundred shuffles of the reference's seeds the variants' mean correlation is as high."""
    runs = sources.runs(STUDY)
    table = runs[~stats.did_not_learn(runs)].pivot(index="seed", columns="variant", values="test_accuracy")
    own = table[REFERENCE].dropna()
    others = table.loc[own.index, variants]
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(np.tile(own - own.mean(), (SHUFFLES, 1)), axis=1)
    orders = np.vstack([own - own.mean(), shuffled]).T
    there, moves = others.notna().to_numpy(float).T, (others - others.mean()).fillna(0).to_numpy().T
    squares = there @ orders**2 - (there @ orders) ** 2 / there.sum(1, keepdims=True)
    spread = np.sqrt(squares.clip(0))
    scale = spread * np.linalg.norm(moves, axis=1, keepdims=True)
    found = np.divide(moves @ orders, scale, out=np.zeros_like(scale), where=scale > ROUNDING).mean(0)  # no spread: 0
    return float(100 * np.mean(found[1:] >= found[0] - ROUNDING))


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
