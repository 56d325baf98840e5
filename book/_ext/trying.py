"""How a reader trains a variant: its papermill line, made from the topic, and how long a seed of it took here.

    ```{try} kernel/kernel-5-first
    ```

A line that is typed can go wrong unseen; this one is what the runner itself passes.
"""

from __future__ import annotations

import pandas as pd
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from experiments.answers.questions import QUESTIONS, study_of
from experiments.answers.registry import known_as
from experiments.answers.sources import Sources
from experiments.answers.topics import check, planned
from experiments.answers.variants import papermill
from s6core.config import overrides

from .values import close, logger, open_sources


class Try(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        sources = open_sources(self.env)
        try:
            return self.parse_text_to_nodes(text(self.arguments[0], sources))
        except KeyError as error:
            logger.warning("try: %s", error.args[0], location=self.get_location(), type="s6")
            return []
        finally:
            close(self.env, sources)


def text(key: str, sources: Sources) -> str:
    """Return the line and the time as the page's author would write them. Raises `KeyError` for an unknown variant."""
    topic, _, variant = key.partition("/")
    known_as("variant", variant, QUESTIONS[check(topic)].variants, where=f"topic {topic}")
    made = planned(variant, study_of(topic))
    line = papermill(variant, overrides(made.net) | overrides(made.train), 1)
    runs = sources.runs_if_any(study_of(topic))
    return f"```bash\n{line}\n```\n\n{took(runs[runs['variant'] == variant])}\n"


def took(runs: pd.DataFrame) -> str:
    """Say how long a variant's quickest seed took, on the machine that trained most: the others had to share it."""
    if runs.empty:
        return "How long that takes was not measured yet."
    machine = runs.groupby(["device", "processor", "threads"], dropna=False)["seconds"].agg(["min", "size"])
    (device, processor, threads), row = next(machine.nlargest(1, "size").iterrows())
    where = processor if isinstance(processor, str) else device
    cores = "" if pd.isna(threads) else f", {threads:.0f} thread{'s' * (threads > 1)}"
    minutes = round(row["min"] / 60)
    long = "less than a minute" if minutes < 1 else f"about {minutes} minute{'s' * (minutes > 1)}"
    return f"The quickest seed took {long} here ({where}{cores})."


def setup(app: Sphinx) -> None:
    app.add_directive("try", Try)
