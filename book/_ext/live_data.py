"""What the live components show, exported from results/ while the book is built: one classic script for each name.

    net-<variant>    rows, weights and normalisation of a stored net, for book/_static/live/net.js
    cells            the cells of the factorial: which levels, how large, how good
    pushes           accuracy of the two heads on moved, turned and scaled digits
    luck             test accuracy, epoch by epoch, of every seed of the reference
    variants         every stored variant of every question: settings, runs, curves, verdicts
    missed           which test digits seed 0 of each of them misses

A page that is opened as a file may load a script but may not fetch JSON, hence the form: `S6Live.stored[name] = …`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from experiments.answers import variants
from experiments.answers.sources import Sources
from experiments.topics import FACTORS, cells
from s6core.config import NetConfig, unknown
from s6core.datasets import DATASETS
from s6core.layers import layers

STUDY = "ablations"
FOLDER = "live-data"  # below the site's _static
EPSILON = 1e-5  # torch's default for a batch norm; the config leaves it alone
HEADS = {"gap": "reference", "fc": "fc"}
Weights = dict[str, np.ndarray]


def stored_net(variant: str, sources: Sources) -> dict[str, Any]:
    """Return a variant's net with the weights of seed 0. Raises `KeyError` where they are not stored."""
    path = sources.folder / STUDY / variant / "seed-0.safetensors"
    sources.used.add(path)
    if not path.is_file():
        known = (other.parent.name for other in path.parent.parent.glob("*/seed-0.safetensors"))
        raise KeyError(f"stored weights: {unknown('variant', variant, sorted(known))}")
    record = sources.record(STUDY, variant)
    (mean,), (deviation,) = DATASETS[record.train.dataset].scale or ((0.0,), (1.0,))
    return net(record.net, load_file(path), mean=mean, deviation=deviation)


def net(config: NetConfig, weights: Weights, *, mean: float, deviation: float) -> dict[str, Any]:
    """Return the rows of a net with its trained numbers, and the normalisation of its images."""
    rows = [
        {name: value for name, value in asdict(row).items() if name != "bias"}  # says only whether there are numbers
        | _trained(row.shares or row.name, row.op, weights)
        for row in layers(config)
    ]
    return {"rows": rows, "mean": mean, "deviation": deviation}


def _trained(name: str, op: str, weights: Weights) -> dict[str, str]:
    if op == "batch-norm":
        weight, bias, mean, variance = (
            weights[f"{name}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(variance + EPSILON)
        return {"scale": _base64(scale), "shift": _base64(bias - mean * scale)}
    return {part: _base64(weights[f"{name}.{part}"]) for part in ("weight", "bias") if f"{name}.{part}" in weights}


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers, dtype="<f4").tobytes()).decode()


def factorial(sources: Sources) -> dict[str, Any]:
    """Return the factors' levels and, for each cell, its levels, parameters and the test accuracy of seed 0."""
    runs = sources.runs(STUDY)
    first = runs[runs["seed"] == 0].set_index("variant")
    baseline = {factor: next(iter(levels)) for factor, levels in FACTORS.items()}
    rows = [
        {"name": name, **baseline, **changed}
        | {"parameters": int(first.at[name, "parameters"]), "accuracy": float(first.at[name, "test_accuracy"])}
        for name, changed in cells().items()
    ]
    return {"levels": {factor: list(levels) for factor, levels in FACTORS.items()}, "cells": rows}


def pushes(sources: Sources) -> dict[str, Any]:
    """Return how both heads read test digits that are moved (a mean of four directions), turned and scaled.

    For each way and head a list of [how far, accuracy], from least to most; and the number of images.
    """
    shifts = sources.table("evidence/shifts.csv").rename(columns={"pixels": "by"}).assign(way="moved")
    table = pd.concat([shifts, sources.table("live/pushes.csv")])
    means = table.groupby(["way", "variant", "by"])["accuracy"].mean().reset_index()
    found = {
        way: {
            head: own[own["variant"] == variant][["by", "accuracy"]].values.tolist() for head, variant in HEADS.items()
        }
        for way, own in means.groupby("way")
    }
    (images,) = table["images"].unique()
    return {"images": int(images), **found}


def luck(sources: Sources) -> list[dict[str, Any]]:
    """Return the reference's finished runs: the seed and its test accuracy after every epoch."""
    runs, epochs = sources.runs(STUDY), sources.epochs(STUDY)
    own = runs[(runs["variant"] == "reference") & (runs["status"] == "finished")]
    curves = epochs[epochs["variant"] == "reference"].sort_values("epoch").groupby("seed")["test_accuracy"]
    return [{"seed": int(seed), "accuracy": curves.get_group(seed).tolist()} for seed in sorted(own["seed"])]


TABLES: dict[str, Callable[[Sources], Any]] = {
    "cells": factorial,
    "pushes": pushes,
    "luck": luck,
    "variants": variants.as_data,
    "missed": variants.missed,
}
NETS = {f"net-{cell}": cell for cell in cells()}


def content(name: str, sources: Sources) -> Any:
    """Return what is stored under a name. Raises `KeyError` for one that is unknown."""
    if name in NETS:
        return stored_net(NETS[name], sources)
    if name not in TABLES:
        raise KeyError(unknown("data", name, [*NETS, *TABLES]))
    return TABLES[name](sources)


def export(name: str, sources: Sources, static: Path) -> None:
    """Write what is stored under a name into the site's _static folder."""
    text = json.dumps(content(name, sources), separators=(",", ":"), allow_nan=False)
    path = static / FOLDER / f"{name}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"((window.S6Live ??= {{}}).stored ??= {{}})[{json.dumps(name)}] = {text};\n", encoding="utf-8")
