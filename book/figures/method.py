"""The verdicts of the first plan beside those of the second, from results/first-plan.csv."""

from __future__ import annotations

import pandas as pd

from experiments.answers.frames import frame
from experiments.answers.registry import table
from experiments.answers.sources import Sources
from experiments.answers.values import Value, write, write_interval

FILE = "first-plan.csv"


@frame
def both_plans(sources: Sources) -> pd.DataFrame:
    """A row per comparison of the first plan, by variant: both verdicts, and what they rest on; `all` counts them."""
    then = sources.table(FILE)
    rows = {}
    for _, row in then.iterrows():
        now = sources.effects(row["family"]).set_index("variant").loc[row["variant"]]
        rows[row["variant"]] = {
            "family": row["family"], "pairs": row["n"], "points": row["difference"], "low": row["low"],
            "high": row["high"], "first": row["verdict"], "runs": now["n"], "failed": now["n_failed"],
            "ratio": now["ratio"], "ratio_low": now["low"], "ratio_high": now["high"], "second": now["verdict"],
        }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index")
    clear = found[["first", "second"]].isin(["helps", "hurts"]).all(axis=1)
    found.loc["all", ["pairs", "changed", "settled", "reversed", "commit"]] = [
        len(found), int((found["first"] != found["second"]).sum()),
        int(((found["first"] == "undecided") & (found["second"] != "undecided")).sum()),
        int((clear & (found["first"] != found["second"])).sum()), str(then["commit"].iloc[0])[:10],
    ]  # fmt: skip
    kinds = dict.fromkeys(("pairs", "runs", "changed", "settled", "reversed"), "count")
    found.attrs = {"kinds": kinds, "note": f"results/{FILE} and results/ablations/runs.csv"}
    return found


@table
def plans_compared(sources: Sources) -> pd.DataFrame:
    """Every comparison that the first plan judged, with the verdicts of both."""
    rows = []
    for variant, row in both_plans(sources).drop(index="all").iterrows():
        failed = f" ({int(row['failed'])} failed)" if row["failed"] else ""
        rows.append({
            "variant": variant, "first plan": row["first"], "second plan": f"{row['second']}{failed}",
            "pairs": int(row["pairs"]), "points": _ends("points", row, ""), "runs": int(row["runs"]),
            "times the errors": _ends("times", row, "ratio_"), "question": row["family"],
        })  # fmt: skip
    answer = pd.DataFrame(rows)
    answer.attrs["right"] = ("points", "times the errors")
    return answer


def _ends(kind: str, row: pd.Series, prefix: str) -> str | None:
    number = row["points" if kind == "points" else "ratio"]
    if pd.isna(number):
        return None
    ends = write_interval(Value(kind=kind, low=float(row[f"{prefix}low"]), high=float(row[f"{prefix}high"])))
    return f"{write(Value(kind=kind, number=float(number)))} ({ends})"
