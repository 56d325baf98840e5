"""Training on small invented images: repeatable, paired, and with the figures it says."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from s6core.config import RECIPES, NetConfig, TrainConfig, from_dict
from s6core.data import Data, Images
from s6core.net import build
from s6core.train import SAMPLE, Epoch, fit, logits, score

NET = NetConfig(channels=(2, 2), padding=0, pool_after=(1,))
TRAIN = TrainConfig(epochs=2, batch_size=16, lr=0.05, schedule="constant", normalise="none")


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def images(count: int, *, seed: int) -> Images:
    """Invent images that can be learned: class k has a bright bar in row 2k + 4."""
    noise = torch.Generator().manual_seed(seed)
    labels = torch.randint(10, (count,), generator=noise)
    pixels = torch.randint(60, (count, 28, 28), generator=noise)
    pixels[torch.arange(count), 2 * labels + 4] += 150
    pixels[:, 0, 0], pixels[:, 0, 1] = torch.arange(count) // 256, torch.arange(count) % 256  # each can be told
    return Images(images=pixels.byte(), labels=labels.byte())


def invented(count: int = 42, validation: int = 0) -> Data:
    part = images(validation, seed=3) if validation else None
    return Data(name="mnist", train=images(count, seed=1), validation=part, test=images(30, seed=2), sha256="invented")


def untimed(rows: list[Epoch]) -> list[dict[str, float]]:
    return [{k: v for k, v in asdict(row).items() if k != "seconds" and v == v} for row in rows]


def batches(net: nn.Module, data: Data, train: TrainConfig, *, seed: int) -> list[torch.Tensor]:
    """Train, and return the batches the net was trained on."""
    seen: list[torch.Tensor] = []
    hook = net.register_forward_pre_hook(
        lambda module, given: seen.append(given[0].clone()) if module.training else None
    )
    list(fit(net, data, train, seed=seed))
    hook.remove()
    return seen


def numbers(batch: torch.Tensor) -> list[int]:
    """Return which images a batch holds."""
    pair = (batch[:, 0, 0, :2] * 255).round().long()
    return (pair[:, 0] * 256 + pair[:, 1]).tolist()


class Fixed(nn.Module):
    """Gives the n-th image the n-th row of a table."""

    def __init__(self, table: list[list[float]]) -> None:
        super().__init__()
        self.table = torch.tensor(table)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self.table[torch.tensor(numbers(batch))]


def flat() -> nn.Sequential:
    """Return a linear net that starts from zero: its first logits are all 0, its gradients known."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    nn.init.zeros_(net[1].weight)
    nn.init.zeros_(net[1].bias)
    return net


@pytest.mark.parametrize("augment", ["none", "affine"])
def test_a_run_repeats_bit_for_bit_whatever_draws_in_between(augment: str):
    train = replace(TRAIN, augment=augment)
    config = replace(NET, dropout=0.2)
    first = build(config, seed=1)
    rows = list(fit(first, invented(), train, seed=1))
    second, again = build(config, seed=1), []
    torch.manual_seed(99)
    for row in fit(second, invented(), train, seed=1):
        again.append(row)
        torch.rand(17)  # another user of torch's random stream, between two epochs
        torch.randn(3)
    assert untimed(rows) == untimed(again)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name


def test_training_leaves_torch_s_random_stream_where_it_was():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    list(fit(build(replace(NET, dropout=0.5)), invented(), TRAIN, seed=0))
    assert torch.equal(torch.get_rng_state(), state)


def test_another_seed_is_another_run():
    runs = [untimed(list(fit(build(NET, seed=0), invented(), TRAIN, seed=seed))) for seed in (0, 1)]
    assert runs[0] != runs[1]


def test_all_variants_of_a_seed_see_the_same_batches():
    variants = (NET, replace(NET, dropout=0.5), replace(NET, norm="none", head="fc"))
    train = replace(TRAIN, augment="affine")
    seen = [batches(build(config, seed=4), invented(), train, seed=4) for config in variants]
    for other in seen[1:]:
        assert len(other) == len(seen[0]) and all(map(torch.equal, seen[0], other))


def test_an_epoch_shows_every_training_image_once_in_an_order_of_its_own():
    seen = batches(build(NET), invented(42, validation=20), TRAIN, seed=2)
    epochs = [[n for batch in part for n in numbers(batch)] for part in (seen[:3], seen[3:])]
    assert [len(batch) for batch in seen] == [16, 16, 10] * 2
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(42))
    assert epochs[0] != epochs[1] != list(range(42))


def test_an_epoch_s_draws_do_not_depend_on_how_many_epochs_there_are():
    short, long = (batches(build(NET), invented(), replace(TRAIN, epochs=n), seed=2) for n in (1, 3))
    assert all(map(torch.equal, short, long[: len(short)]))


def test_it_learns():
    net = build(replace(NET, head="fc"))
    rows = list(fit(net, invented(300), replace(TRAIN, epochs=4), seed=0))
    assert [row.epoch for row in rows] == [1, 2, 3, 4]
    assert rows[-1].train_loss < rows[0].train_loss
    assert rows[-1].test_accuracy > 90  # a bright bar per class: chance is 10
    assert all(row.seconds > 0 and not row.diverged for row in rows)


def test_figures_are_the_last_state_s_on_the_parts_themselves():
    data, net = invented(validation=20), build(NET)
    *_, last = fit(net, data, TRAIN, seed=0)
    assert (last.train_loss, last.train_accuracy) == score(net, data.train, TRAIN)
    assert (last.validation_loss, last.validation_accuracy) == score(net, data.validation, TRAIN)
    assert (last.test_loss, last.test_accuracy) == score(net, data.test, TRAIN)


def test_without_a_validation_split_its_figures_are_nan():
    row = next(fit(build(NET), invented(), TRAIN, seed=0))
    assert math.isnan(row.validation_loss) and math.isnan(row.validation_accuracy)
    assert not row.diverged


def test_train_figures_are_taken_on_the_first_images():
    many = images(SAMPLE + 1, seed=1).take(slice(None))
    spoilt = replace(many, images=many.images.clone())
    spoilt.images[SAMPLE:] = 255  # beyond the sample: must not count
    data = replace(invented(), train=spoilt)
    net = flat()
    row = next(fit(net, data, replace(TRAIN, epochs=1, batch_size=2000), seed=0))
    assert (row.train_loss, row.train_accuracy) == score(net, many.take(slice(SAMPLE)), TRAIN)


def test_score_is_what_one_computes_by_hand():
    part = images(3, seed=0)
    part = replace(part, labels=torch.tensor([0, 1, 2], dtype=torch.uint8))
    table = [[2.0, 1.0, 0.0], [3.0, 0.0, 1.0], [0.0, 0.0, 5.0]]
    loss, accuracy = score(Fixed(table), part, TRAIN)
    by_hand = [-math.log(math.exp(row[k]) / sum(map(math.exp, row))) for k, row in enumerate(table)]
    assert loss == pytest.approx(np.mean(by_hand), abs=1e-6)
    assert accuracy == pytest.approx(100 * 2 / 3)


def test_score_of_no_images_is_nan():
    assert all(map(math.isnan, score(build(NET), None, TRAIN)))


def test_logits_do_not_depend_on_the_batch_and_leave_no_gradient():
    net, part = build(replace(NET, dropout=0.5)).train(), images(40, seed=4)
    whole, parts = logits(net, part, TRAIN), logits(net, part, TRAIN, size=16)
    assert whole.shape == (40, 10) and not whole.requires_grad
    assert torch.allclose(whole, parts, atol=1e-5)


def test_label_smoothing_and_weight_decay_make_the_step_they_define():
    """One full-batch step from zero weights: softmax is 1/10 everywhere, so the bias's gradient is known."""
    data, smoothing, decay, lr = invented(), 0.2, 0.5, 0.1
    net = flat()
    nn.init.ones_(net[1].bias)  # equal logits still, and something to decay
    train = replace(TRAIN, epochs=1, batch_size=42, lr=lr, label_smoothing=smoothing, weight_decay=decay)
    list(fit(net, data, train, seed=0))
    frequency = torch.bincount(data.train.labels.long(), minlength=10) / 42
    gradient = 0.1 - ((1 - smoothing) * frequency + smoothing / 10) + decay * 1.0
    assert torch.allclose(net[1].bias, 1 - lr * gradient, atol=1e-6)


def test_momentum_carries_the_last_step_on():
    """With one class alone the bias moves by v ← m·v + g: the second step is m times the first, plus its own."""
    data = invented()
    data = replace(
        data, train=replace(data.train, labels=torch.zeros(42, dtype=torch.uint8), images=data.train.images * 0)
    )
    steps = {}
    for momentum in (0.0, 0.9):
        net = flat()
        list(fit(net, data, replace(TRAIN, batch_size=42, momentum=momentum, lr=1e-3), seed=0))
        steps[momentum] = net[1].bias[0].item()
    first = 1e-3 * 0.9  # minus the gradient, 1/10 − 1
    assert steps[0.0] == pytest.approx(2 * first, rel=1e-3)
    assert steps[0.9] == pytest.approx(2.9 * first, rel=1e-3)


def rates(**changes: object) -> list[float]:
    train = replace(TRAIN, batch_size=42, **changes)
    return [row.lr for row in fit(flat(), invented(), train, seed=0)]


def test_the_published_schedule_falls_to_a_tenth_after_epoch_15():
    published = from_dict(TrainConfig, RECIPES["reference"])
    found = rates(epochs=20, schedule=published.schedule, step_epoch=published.step_epoch, lr=published.lr)
    assert found == pytest.approx([0.05] * 15 + [0.005] * 5)


def test_the_step_schedule_counts_epochs_not_steps():
    train = replace(TRAIN, epochs=4, schedule="step", step_epoch=2)  # three steps in an epoch
    found = [row.lr for row in fit(flat(), invented(), train, seed=0)]
    assert found == pytest.approx([0.05, 0.05, 0.005, 0.005])


def test_the_constant_schedule_stays():
    assert rates(epochs=3, schedule="constant") == [0.05] * 3


def test_the_cosine_schedule_falls_to_zero_on_half_a_wave():
    expected = [0.05 * (1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)]
    assert rates(epochs=4, schedule="cosine") == pytest.approx(expected)


def test_one_cycle_climbs_for_a_fifth_and_falls_for_the_rest():
    """Smith & Topin 2019, on cosines: 1/25 of the peak, the peak at the tenth of 50 steps, then down to nothing."""
    found = rates(epochs=50, schedule="one-cycle", lr=0.5)
    up = [0.02 + 0.48 * (1 - math.cos(math.pi * step / 9)) / 2 for step in range(10)]
    down = [0.5 * (1 + math.cos(math.pi * (step - 9) / 40)) / 2 for step in range(10, 50)]
    assert found == pytest.approx(up + down, abs=1e-5)


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5, 6, 9])
def test_one_cycle_may_be_as_short_as_a_step(epochs: int):
    assert len(rates(epochs=epochs, schedule="one-cycle")) == epochs


@pytest.mark.parametrize("count", [1, 10, 42])
def test_a_subset_smaller_than_a_batch_trains(count: int):
    rows = list(fit(build(NET), invented(count), replace(TRAIN, batch_size=64), seed=0))
    assert len(rows) == 2 and not rows[-1].diverged


def diverges(net: nn.Module, train: TrainConfig) -> Epoch:
    *_, last = fit(net, invented(), train, seed=0)
    return last


@pytest.mark.parametrize(
    "make",
    [lambda: build(replace(NET, norm="none")), lambda: build(NET), flat],
    ids=["no norm", "batch norm", "linear"],
)
@pytest.mark.parametrize("batch_size", [16, 128], ids=["within an epoch", "in an epoch's last step"])
def test_a_loss_that_is_lost_ends_the_run_with_a_row_of_nan(make: Callable[[], nn.Module], batch_size: int):
    train = replace(TRAIN, epochs=5, batch_size=batch_size, lr=1e38, momentum=0.0)
    last = diverges(make(), train)
    assert last.diverged and last.epoch < 5
    figures = asdict(last)
    lost = [name for name in figures if name.endswith(("loss", "accuracy"))]
    assert len(lost) == 6 and all(math.isnan(figures[name]) for name in lost)
    assert last.lr == 1e38


def test_nan_weights_are_seen_at_once():
    net = flat()
    nn.init.constant_(net[1].bias, math.nan)
    rows = list(fit(net, invented(), TRAIN, seed=0))
    assert [row.epoch for row in rows] == [1] and rows[0].diverged


@pytest.mark.parametrize("optimiser", ["sgd", "nesterov", "adam", "adamw"])
def test_every_optimiser_takes_the_step_that_its_paper_gives(optimiser: str):
    """From zero weights at rate r, gradient g: −r·g for SGD, −r·(1 + m)·g for Nesterov, −r·sign(g) for Adam."""
    data, net = invented(16), flat()
    train = replace(TRAIN, epochs=1, optimiser=optimiser, lr=0.01, momentum=0.9)
    other = flat()
    images_ = data.train.images.unsqueeze(1).float() / 255
    nn.functional.cross_entropy(other(images_), data.train.labels.long()).backward()
    gradient = other[1].weight.grad
    list(fit(net, data, train, seed=0))
    expected = {
        "sgd": -0.01 * gradient, "nesterov": -0.01 * 1.9 * gradient,
        "adam": -0.01 * gradient.sign(), "adamw": -0.01 * gradient.sign(),
    }[optimiser]  # fmt: skip
    sure = gradient.abs() > 1e-3 if "adam" in optimiser else torch.ones_like(gradient, dtype=torch.bool)
    assert torch.allclose(net[1].weight[sure], expected[sure], rtol=1e-3, atol=1e-7)


def test_an_epoch_of_a_tenth_ten_times_takes_as_many_steps_as_all():
    few = replace(TRAIN, epochs=1, repeats=3)
    seen = batches(build(NET, seed=0), invented(20), few, seed=0)
    passes = sum(map(numbers, seen), [])
    assert [len(one) for one in seen] == [16, 16, 16, 12]
    assert all(sorted(passes[start : start + 20]) == list(range(20)) for start in (0, 20, 40))
    assert passes[:20] != passes[20:40]


def test_dropout_acts_from_its_epoch_on():
    config, late = replace(NET, dropout=0.5), replace(TRAIN, epochs=3, dropout_from=3)
    with_, without = build(config, seed=1), build(NET, seed=1)
    rows, plain = (
        untimed(list(fit(net, invented(), train, seed=1))) for net, train in ((with_, late), (without, late))
    )
    assert rows[:2] == plain[:2]  # the weights are the same, whatever the net is called
    assert rows[2] != plain[2]


def test_a_seed_can_vary_the_weights_alone():
    only = replace(TRAIN, seed_varies="weights")
    orders = [batches(build(NET, seed=0), invented(), only, seed=seed) for seed in (0, 5)]
    assert [numbers(b) for b in orders[0]] == [numbers(b) for b in orders[1]]
