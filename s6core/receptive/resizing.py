"""Rules for resizing, and for channels that become places and back."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from s6core.receptive.maps import Maps
from s6core.receptive.reads import Reads, adaptive, resample, window
from s6core.receptive.rules import Call, numbers, rule
from s6core.receptive.sliding import Sliding, slide


@rule("interpolate", "upsample")
def interpolate(
    call: Call, x: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None,
    recompute_scale_factor: Any = None, antialias: bool = False,
) -> Maps:  # fmt: skip
    if antialias:
        raise call.unknown("with antialias=True")
    count = x.ndim - 2
    factors = (None,) * count if scale_factor is None or recompute_scale_factor else numbers(scale_factor, count)
    taps = {"bicubic": 4}.get(mode, 1 if mode.startswith("nearest") else 2)

    def reads(number: int, before: int, after: int) -> Reads | None:
        if mode == "area":
            return None if after == 1 else adaptive(before, after)
        factor = factors[number]
        if mode == "nearest-exact":
            return nearest_exact(before, after, factor)
        return resample(before, after, taps, factor=factor, corners=bool(align_corners) and taps > 1)

    return slide(call, x, count, reads, "replicate")


def nearest_exact(units: int, outputs: int, factor: float | None) -> Reads:
    """Return the reads of the nearest unit, counted from the middle of an output: ⌊(i + ½)/factor⌋."""
    step = Fraction(units, outputs) if factor is None else 1 / Fraction(factor).limit_denominator(1 << 20)
    offsets = tuple((int((i + Fraction(1, 2)) * step // 1),) for i in range(step.denominator))
    return Reads(offsets, step.numerator, stretched=factor is None or step.numerator != 1)


@rule("pixel_shuffle")
def pixel_shuffle(call: Call, x: Any, upscale_factor: int) -> Maps:
    reads: Sliding = lambda i, before, after: resample(before, after, 1, factor=upscale_factor)  # noqa: E731
    return slide(call, x, 2, reads, channels=True)


@rule("pixel_unshuffle")
def pixel_unshuffle(call: Call, x: Any, downscale_factor: int) -> Maps:
    return slide(call, x, 2, lambda *_: window(downscale_factor, downscale_factor), channels=True)
