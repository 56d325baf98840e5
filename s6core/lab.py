"""One variant's runs from start to finish: train the seeds that are missing and keep their records.

This is what a notebook of `experiments/` runs; papermill gives the parameters, `plan` checks them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import torch
from safetensors.torch import save as to_safetensors

from s6core import checkpoint, data, devices, results
from s6core.config import TrainConfig
from s6core.data import Data
from s6core.layers import layers, parameters
from s6core.net import build
from s6core.plan import Plan, plan
from s6core.results import SIGNS, Record
from s6core.train import Epoch, fit, logits
from s6core.watch import Watch

__all__ = ["Plan", "plan", "predict", "run", "weights"]


def run(plan: Plan, say: Callable[[str], object] = lambda line: None) -> Iterator[tuple[int, Epoch]]:
    """Train every seed of the plan that has no record yet, and yield (seed, epoch's row) as they come.

    `say` gets a line per epoch with the time left, and more of them in long epochs. A run's record is written when its
    last epoch is through; one that was killed goes on from its last finished epoch. Progress stands beside it in
    `seed-0.progress`, for whoever watches from another process.
    """
    missing = plan.missing()
    if not missing:
        return
    origin = results.provenance()
    device = devices.choose(plan.device)
    images = data.load(
        plan.train.dataset, device=device, validate=plan.train.validate, train_images=plan.train.train_images
    )
    watch = Watch(plan, missing, say)
    for seed in missing:
        for row in _train(plan, seed, images, origin, watch):
            yield seed, row


def _train(plan: Plan, seed: int, images: Data, origin: dict[str, Any], watch: Watch) -> Iterator[Epoch]:
    device = images.train.images.device
    net = build(plan.net, seed=0 if plan.train.seed_varies == "order" else seed).to(device)
    stand = checkpoint.load(plan, seed, device)
    watch.start(seed, stand.rows)
    for row in fit(net, images, plan.train, seed=seed, state=stand.state, watch=watch.step):
        stand.rows.append(_rounded(row))
        if row.epoch < plan.train.epochs and not row.diverged:
            checkpoint.save(plan, seed, device, stand)
        watch.epoch(diverged=row.diverged)
        yield row
    diverged = row.diverged
    record = Record(
        study=plan.study,
        variant=plan.variant,
        seed=seed,
        status="diverged" if diverged else "finished",
        net=plan.net,
        train=plan.train,
        parameters=parameters(layers(plan.net)),
        epochs=stand.rows,
        predictions="" if diverged else predict(net, images, plan.train),
        provenance={
            **origin,
            "started_at": stand.started_at,
            "finished_at": results.now(),
            **({"resumed": stand.resumed} if stand.resumed else {}),
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
