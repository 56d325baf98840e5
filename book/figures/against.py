"""Two variants against each other where neither is what its question compares with."""

from __future__ import annotations

import pandas as pd

from experiments.answers.frames import frame
from experiments.answers.questions import STUDY
from experiments.answers.sources import Sources
from experiments.studies import STUDIES
from s6core import stats

AGAINST = {  # base -> what is compared with it, one family
    "no-bn": ["group", "layer", "instance", "no-bn+lr-0.03", "no-bn+linear-logits"],
    "linear-logits": ["no-bn+linear-logits"],
    "depth-5": ["depth-7"],
    "depth-6": ["depth-7"],
    "field-20": ["field-28", "depth-7"],
}


@frame
def against(sources: Sources) -> pd.DataFrame:
    """By `variant@base`: times the errors of another base than the reference, see `s6core.stats.effects`.

    The members of a base are one family. A base without a run has no rows.
    """
    runs, rows = sources.runs(STUDY), {}
    for base, members in AGAINST.items():
        if base in set(runs["variant"]):
            found = stats.effects(runs, base=base, family=members, study=STUDIES[STUDY].variants)
            rows |= {f"{row.variant}@{base}": row._asdict() for row in found.itertuples(index=False)}
    answer = pd.DataFrame.from_dict(rows, orient="index")
    answer.attrs = {"kinds": {"ratio": "times"}, "note": f"all seeds, unpaired, results/{STUDY}/runs.csv"}
    return answer
