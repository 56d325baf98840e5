"""How strongly a unit listens to each pixel: the effective receptive field (Luo et al., NeurIPS 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, prod, sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from s6core.receptive.box import Box
from s6core.receptive.probe import at_unit, central, output_of
from s6core.receptive.record import Field
from s6core.receptive.twin import same_chance, twin

BATCH = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class EffectiveField:
    """The root mean square, over images, of a unit's gradient at each pixel, beside its theoretical box.

    `gradient` is (H, W), or as the signal or volume is; the squares are summed over the channels of the image and the
    layer before the root is taken.
    """

    layer: str
    unit: tuple[int, ...]
    images: int
    box: Box  # the theoretical field, clipped to the image
    gradient: NDArray[np.float64]

    @property
    def inside(self) -> float:
        """Share of the gradient, summed over pixels, inside the theoretical box; 1 unless some layer is global."""
        return float(self.gradient[self.box.slices].sum() / self.gradient.sum()) if self.gradient.any() else 0.0

    @property
    def area(self) -> float:
        """Equivalent number of pixels, (Σg)²/Σg²: of an even field, its pixels; of a Gaussian one, 4πσ²."""
        return float(self.gradient.sum() ** 2 / (self.gradient**2).sum()) if self.gradient.any() else 0.0

    @property
    def radius(self) -> float:
        """Radius in pixels of the disc of that area, 2σ of a Gaussian field; of images alone."""
        return sqrt(self.area / pi)

    @property
    def fill(self) -> float:
        """The equivalent area as a share of the theoretical box."""
        return self.area / prod(self.box.size) if not self.box.empty else 0.0


def effective(
    net: nn.Module, images: torch.Tensor, layer: str, unit: tuple[int, ...] | None, field: Field,
    channel: int | None, seed: int,
) -> EffectiveField:  # fmt: skip
    """Return the effective field of a unit: see `s6core.receptive.effective_receptive_field`."""
    unit = central(field) if unit is None else unit
    box = field.unit(*unit).clipped
    generator = torch.Generator().manual_seed(seed)
    # a copy: outside of inference mode its weights can be differentiated, and half precision would lose small gradients
    with torch.inference_mode(False), torch.enable_grad(), same_chance():
        squares = torch.zeros(images.shape[2:], dtype=torch.float64)
        copied = twin(net, values=True)
        if any(p.dtype in (torch.float16, torch.bfloat16) for p in copied.parameters()):
            copied = copied.float()
        like = next(copied.parameters(), torch.zeros(1))
        for batch in images.split(BATCH):
            x = batch.detach().clone().to(device=like.device, dtype=like.dtype).requires_grad_()
            values = at_unit(output_of(copied, layer, x), layer, unit, images.ndim - 2)
            if channel is not None and not 0 <= channel < values.shape[1]:
                raise IndexError(f"layer {layer!r} has no channel {channel}: channels 0 to {values.shape[1] - 1}")
            # with random signs the square of the sum over channels is, on average, the sum of the squares
            signs = torch.randint(0, 2, values.shape, generator=generator).to(values) * 2 - 1
            chosen = (values * signs).sum() if channel is None else values[:, channel].sum()
            (gradient,) = torch.autograd.grad(chosen, x)
            squares += gradient.cpu().double().square().sum(dim=(0, 1))  # there are no doubles on MPS
    return EffectiveField(
        layer=layer, unit=unit, images=len(images), box=box, gradient=(squares / len(images)).sqrt().numpy()
    )
