"""Rules for resizing, and for channels that become places and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from s6core.receptive import pieces
from s6core.receptive.maps import Maps
from s6core.receptive.reads import Reads, adaptive, nearest, resample
from s6core.receptive.rules import Call, numbers, rule
from s6core.receptive.sliding import slide


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
    """As the same by views: each of the r² channels of a place becomes a place of its own."""
    r, (*_, channels, height, width) = upscale_factor, x.shape
    return _regrouped(call, x, (channels // r**2, r, r, height, width), (0, 3, 1, 4, 2))


@rule("pixel_unshuffle")
def pixel_unshuffle(call: Call, x: Any, downscale_factor: int) -> Maps:
    r, (*_, channels, height, width) = downscale_factor, x.shape
    return _regrouped(call, x, (channels, height // r, r, width // r, r), (0, 2, 4, 1, 3))


def _regrouped(call: Call, x: Any, parts: Sequence[int], order: Sequence[int]) -> Maps:
    """Return the maps after the last three dimensions were cut into parts that were put together in another order."""
    maps = call.maps(x)
    try:
        cut = pieces.reshaped(maps.dims[-3:], parts)
        return maps.on((*maps.dims[:-3], *pieces.reshaped([cut[i] for i in order], call.shape[-3:])))
    except pieces.IncommensurableError:
        lost = call.lost(maps, range(x.ndim))
        return lost.on(pieces.plain(size) for size in call.shape)
