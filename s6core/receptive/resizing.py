"""Rules for resizing, and for channels that become places and back."""

from __future__ import annotations

from typing import Any

from s6core.receptive.maps import Maps
from s6core.receptive.reads import Reads, adaptive, nearest, resample, window
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
    taps = 4 if mode == "bicubic" else 2

    def reads(number: int, before: int, after: int) -> Reads | None:
        if mode == "area":
            return None if after == 1 else adaptive(before, after)
        factor = factors[number]
        if mode.startswith("nearest"):
            return nearest(before, after, factor=factor, middle=mode == "nearest-exact")
        return resample(before, after, taps, factor=factor, corners=bool(align_corners))

    return slide(call, x, count, reads, "replicate")


@rule(
    "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "upsample_linear1d", "upsample_bilinear2d",
    "upsample_trilinear3d", "upsample_bicubic2d",
)  # fmt: skip
def upsample(call: Call, x: Any, size: Any, *rest: Any) -> Maps | list[Maps]:
    """The operations behind `interpolate`, as an exported net calls them: corners, if any, before the factors."""
    mode = "nearest" if "nearest" in call.op else "bicubic" if "bicubic" in call.op else "bilinear"
    corners = bool(rest[0]) if mode != "nearest" and rest else False
    factors = next((n for n in rest if isinstance(n, list | tuple)), None)
    return interpolate(call, x, size, factors, mode, corners)


@rule("pixel_shuffle")
def pixel_shuffle(call: Call, x: Any, upscale_factor: int) -> Maps:
    reads: Sliding = lambda i, before, after: nearest(before, after, factor=upscale_factor)  # noqa: E731
    return slide(call, x, 2, reads, channels=True)


@rule("pixel_unshuffle")
def pixel_unshuffle(call: Call, x: Any, downscale_factor: int) -> Maps:
    return slide(call, x, 2, lambda *_: window(downscale_factor, downscale_factor), channels=True)
