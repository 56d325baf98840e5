"""The figures and tables that many chapters share. A chapter's own ones stand in book/figures/.

`variants=` may name what the study plans to train: what is not stored yet is left out.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from experiments.answers.registry import figure, table
from experiments.answers.sources import REFERENCE, Sources
from experiments.answers.values import Value, write_interval
from experiments.studies import STUDIES
from s6core import diagrams, plots, receptive, stats
from s6core.config import RECIPES, NetConfig, TrainConfig, diff, parse, to_dict, unknown
from s6core.layers import layers
from s6core.operations import OPERATIONS


def stored(sources: Sources, study: str, variants: list[str] | None) -> list[str] | None:
    """Leave out the variants that the study plans and that no run is stored of.

    Raises `KeyError` for a name that it does not know, with the nearest names.
    """
    if variants is None:
        return None
    known = set(sources.runs(study)["variant"])
    planned = STUDIES[study].variants if study in STUDIES else {}
    for variant in variants:
        if variant not in {*known, *planned}:
            raise KeyError(f"study {study}: {unknown('variant', variant, {*known, *planned})}")
    return [variant for variant in variants if variant in known]


@figure
def curves(sources: Sources, *, study: str, variants: list[str] | None = None, **options: Any) -> Any:
    """A column of epochs.csv over the epochs; see `s6core.plots.plot_curves`."""
    return plots.plot_curves(sources.epochs(study), variants=stored(sources, study, variants), **options)


@figure
def accuracy_parameters(sources: Sources, *, study: str, variants: list[str] | None = None, **options: Any) -> Any:
    """Accuracy against parameters; see `s6core.plots.plot_accuracy_parameters`."""
    return plots.plot_accuracy_parameters(sources.runs(study), variants=stored(sources, study, variants), **options)


@figure
def net_diagram(sources: Sources, **fields: Any) -> Any:
    """The net that a config describes, with what its units see: `net-diagram head=fc`."""
    return diagrams.plot_net(layers(_config(fields)))


@table
def net_blocks(sources: Sources, **fields: Any) -> pd.DataFrame:
    """The net that a config describes, a line per block: a convolution, the activation, norm and dropout after it."""
    rows = layers(_config(fields))
    table: list[dict[str, Any]] = []
    for row, seen in zip(rows, receptive.fields(rows), strict=True):
        operation = OPERATIONS[row.op]
        if operation.reach in ("window", "whole"):
            kernel = " × ".join(map(str, row.kernel))
            window = f" {kernel}" * (operation.reach == "window") + f", padding {row.padding[0]}" * (row.op == "conv")
            table.append({
                "block": f"{operation.word}{window}",
                "output (C, H, W)": " × ".join(map(str, row.output)),
                "parameters": f"{row.parameters:,}",
                "receptive field": seen.size[0],
                "effective stride": seen.stride[0] if max(seen.units) > 1 else None,  # one unit has no neighbour
                "_count": row.parameters,
            })  # fmt: skip
        else:
            table[-1]["block"] += f" → {operation.word}"
            table[-1]["_count"] += row.parameters
            if row.parameters:
                table[-1]["parameters"] += f" + {row.parameters}"
    total = sum(line.pop("_count") for line in table)
    frame = pd.DataFrame([*table, {"block": "total", "parameters": f"{total:,}"}], dtype=object)
    frame.attrs["right"] = ("output (C, H, W)", "parameters", "receptive field", "effective stride")
    frame.attrs["missing"] = ""  # a total has no shape
    return frame


def _config(fields: dict[str, Any]) -> NetConfig:
    return parse(NetConfig, [f"{k}={','.join(map(str, v)) if isinstance(v, list) else v}" for k, v in fields.items()])


@table
def changes(sources: Sources, *, study: str, variants: list[str] | None = None) -> pd.DataFrame:
    """What each variant of a study changes: the diff of its config from the reference's, as data."""
    base = sources.record(study, REFERENCE)
    rows = []
    chosen = stored(sources, study, variants)
    others = [variant for variant in dict.fromkeys(sources.runs(study)["variant"]) if variant != REFERENCE]
    for variant in others if chosen is None else chosen:
        own = sources.record(study, variant)
        differing = diff(base.net, own.net) | diff(base.train, own.train)
        rows += [
            {"variant": variant, "field": name, REFERENCE: _words(before), "here": _words(after)}
            for name, (before, after) in differing.items()
        ]
    return pd.DataFrame(rows, columns=["variant", "field", REFERENCE, "here"])


@table
def recipe(sources: Sources, *, recipes: list[str] | None = None) -> pd.DataFrame:
    """The training recipes side by side, a row per field in which they differ or that any of them sets."""
    chosen = {name: TrainConfig(**RECIPES[name]) for name in recipes or RECIPES}
    fields = [name for name in to_dict(TrainConfig()) if name not in HIDDEN]
    rows = [{"field": f, **{name: _words(getattr(config, f)) for name, config in chosen.items()}} for f in fields]
    return pd.DataFrame(rows)


HIDDEN = {"dataset", "validate", "train_images"}  # of a run rather than of a recipe


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@table
def summary(sources: Sources, *, study: str, metric: str = "test_accuracy", variants: list[str] | None = None) -> Any:
    """A figure of every variant with its interval, best first, without a comparison."""
    found = stats.summary(sources.runs(study), metric)
    chosen = stored(sources, study, variants)
    found = found if chosen is None else found[found["variant"].isin(chosen)]
    words = plots.LABELS.get(metric, metric)
    rows = [
        {"variant": row["variant"], "seeds": row["n"], words: row["mean"], "95% interval": interval("percent", row)}
        for _, row in found.sort_values("mean", ascending=metric.endswith("loss")).iterrows()
    ]
    frame = pd.DataFrame(rows)
    frame.attrs["formats"] = {words: ".2f"}
    frame.attrs["right"] = ("95% interval",)
    return frame


@table
def side_by_side(sources: Sources, *, study: str, other: str | None = None) -> pd.DataFrame:
    """A study's published runs beside the reader's own, `yours/<study>`: `side-by-side study=smoke`."""
    pair = {"published": study, "yours": other or f"yours/{study}"}
    runs = {who: sources.runs(name) for who, name in pair.items()}
    rows = []
    for variant in dict.fromkeys(variant for frame in runs.values() for variant in frame["variant"]):
        row: dict[str, Any] = {"variant": variant}
        for who, frame in runs.items():
            own = frame[frame["variant"] == variant]
            done = own[own["status"] == "finished"]
            row |= {
                f"{who}: seeds": len(own),
                f"{who}: test accuracy (%)": done["test_accuracy"].mean(),
                f"{who}: seconds a run": done["seconds"].mean(),
            }
        rows.append(row)
    frame = pd.DataFrame(rows)
    frame.attrs["formats"] = {c: ".2f" if "accuracy" in c else ".0f" for c in frame.columns[1:]}
    return frame


@table
def csv(sources: Sources, *, file: str, columns: list[str] | None = None) -> pd.DataFrame:
    """Any table of results/, as it is: `csv file=speed.csv`. Underscores of its headings become spaces."""
    frame = sources.table(file)
    frame = frame if columns is None else frame[columns]
    return frame.rename(columns=lambda name: name.replace("_", " "))


@table
def speed(sources: Sources) -> pd.DataFrame:
    """Images per second of each way to train, see `experiments.measure.speed`."""
    found = sources.table("speed.csv")
    rows = [
        {
            "way": row["name"],
            "images per second": row["images_per_second"],
            "rounds from – to": f"{row['low']:,.0f}–{row['high']:,.0f}",
            "times published": row["ratio"],
            "from – to": f"{row['ratio_low']:.2f}–{row['ratio_high']:.2f}",
        }
        for _, row in found[found["images_per_second"].notna()].iterrows()
    ]
    frame = pd.DataFrame(rows)
    frame.attrs["formats"] = {"images per second": ",.0f", "times published": ".2f"}
    frame.attrs["right"] = ("rounds from – to", "from – to")
    return frame


def interval(kind: str, row: pd.Series) -> str | None:
    """Write a row's interval, or nothing where one seed has none."""
    if pd.isna(row["low"]):
        return None
    return write_interval(Value(kind=kind, low=float(row["low"]), high=float(row["high"])))
