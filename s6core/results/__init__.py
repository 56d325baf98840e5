"""What a run leaves on disk, and the tidy tables made of it.

results/<study>/<variant>/seed-0.json          one run: config, rows, predictions, provenance
results/<study>/<variant>/seed-0.safetensors   the trained weights of seed 0
results/<study>/<variant>/notebook.ipynb       the executed notebook of the variant's runs
results/<study>/runs.csv, epochs.csv           tidy tables of all its runs
"""

from s6core.results.files import abandoned, write
from s6core.results.origin import code, now, provenance
from s6core.results.paths import (
    PUBLISHED,
    REPOSITORY,
    TABLES_LOCK,
    checkpoint_path,
    failure_path,
    notebook_path,
    progress_path,
    record_path,
    record_paths,
    weights_path,
)
from s6core.results.record import (
    FIGURES,
    SIGNS,
    STATUSES,
    Record,
    ResultsError,
    digest,
    load,
    load_all,
    mark,
    save,
)
from s6core.results.tables import (
    EPOCH_COLUMNS,
    RUN_COLUMNS,
    collect,
    epochs_table,
    load_epochs,
    load_runs,
    runs_table,
)

__all__ = [
    "EPOCH_COLUMNS",
    "FIGURES",
    "PUBLISHED",
    "REPOSITORY",
    "RUN_COLUMNS",
    "SIGNS",
    "STATUSES",
    "TABLES_LOCK",
    "Record",
    "ResultsError",
    "abandoned",
    "checkpoint_path",
    "code",
    "collect",
    "digest",
    "epochs_table",
    "failure_path",
    "load",
    "load_all",
    "load_epochs",
    "load_runs",
    "mark",
    "notebook_path",
    "now",
    "progress_path",
    "provenance",
    "record_path",
    "record_paths",
    "runs_table",
    "save",
    "weights_path",
    "write",
]
