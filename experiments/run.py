"""Run a study: one papermill notebook per variant, results and notebook stored where `s6core.results` says."""

from __future__ import annotations

from pathlib import Path

import papermill

from s6core import lab, results

TEMPLATE = Path(__file__).with_name("ablation.ipynb")


def execute(plan: lab.Plan, parameters: dict[str, object]) -> None:
    """Execute the template with a variant's parameters; the notebook takes its place only when it is through."""
    target = results.notebook_path(plan.folder, plan.variant)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial.ipynb")
    papermill.execute_notebook(str(TEMPLATE), str(partial), parameters=parameters, progress_bar=False)
    partial.replace(target)
