"""One variant's runs from start to finish: train the seeds that are missing and keep their records.

This is what a notebook of `experiments/` runs; papermill gives the parameters, `plan` checks them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from safetensors.torch import save as to_safetensors

from s6core import data, devices, results
from s6core.config import TrainConfig
from s6core.layers import layers, parameters
from s6core.net import build
from s6core.plan import Plan, plan
from s6core.results import SIGNS, Record
from s6core.train import Epoch, fit, logits

__all__ = ["Plan", "plan", "predict", "run", "weights"]
LOG = logging.getLogger(__name__)


def run(plan: Plan) -> Iterator[tuple[int, Epoch]]:
    """Train every seed of the plan that has no record yet, and yield (seed, epoch's row) as they come.

    A run's record is written when its last epoch is through. Progress stands beside it in `seed-0.progress`,
    for whoever watches from another process.
    """
    missing = plan.missing()
    if not missing:
        return
    origin = results.provenance()
    device = devices.choose(plan.device)
    images = data.load(
        plan.train.dataset, device=device, validate=plan.train.validate, train_images=plan.train.train_images
    )
    for seed in missing:
        started_at = results.now()
        net = build(plan.net, seed=0 if plan.train.seed_varies == "order" else seed).to(device)
        rows: list[dict[str, Any]] = []
        mark = partial(results.mark, plan.folder, plan.variant, seed, epochs=plan.train.epochs, started_at=started_at)
        mark(rows=rows)
        for row in fit(net, images, plan.train, seed=seed):
            rows.append(_rounded(row))
            mark(rows=rows)
            LOG.info(
                "seed %d, epoch %d of %d: %.2f%% of the test set", seed, row.epoch, plan.train.epochs, row.test_accuracy
            )
            yield seed, row
        diverged = row.diverged
        predictions = "" if diverged else predict(net, images, plan.train)
        record = Record(
            study=plan.study,
            variant=plan.variant,
            seed=seed,
            status="diverged" if diverged else "finished",
            net=plan.net,
            train=plan.train,
            parameters=parameters(layers(plan.net)),
            epochs=rows,
            predictions=predictions,
            provenance={
                **origin,
                "started_at": started_at,
                "finished_at": results.now(),
                "device": devices.name(device),
                "machine": devices.machine(),
                "data": images.sha256,
            },
        )
        results.save(plan.folder, record, weights(net) if seed == 0 and not diverged else None)
        results.progress_path(plan.folder, plan.variant, seed).unlink(missing_ok=True)


def predict(net: torch.nn.Module, images: data.Data, train: TrainConfig) -> str:
    """Return the predicted class of every test image, a sign each: 0 to 9, then a to z."""
    return "".join(SIGNS[label] for label in logits(net, images.test, train).argmax(1).tolist())


def weights(net: torch.nn.Module) -> bytes:
    """Return the weights and running statistics as safetensors; shared weights stand under each of their names."""
    return to_safetensors({name: tensor.cpu().contiguous().clone() for name, tensor in net.state_dict().items()})


def _rounded(row: Epoch) -> dict[str, Any]:
    """Round to what the figures carry: 10,000 images give two decimals of a percent."""
    digits = {"lr": 8, "seconds": 3}
    rounded = {}
    for name, value in asdict(row).items():
        places = digits.get(name, 6 if name.endswith("loss") else 4)
        rounded[name] = round(value, places) if isinstance(value, float) else value
    return rounded
