"""What n seeds can show at all."""

from __future__ import annotations

from typing import Literal

import numpy as np

from s6core.stats.checks import StatsError
from s6core.stats.rule import ALPHA


def sampling_error(accuracy: float, *, images: int = 10_000) -> float:
    """Return the standard error, in points, of one net's accuracy (per cent) that comes from the choice of test images.

    The binomial one: 0.077 at 99.4% on 10,000 images. All runs here share the test images, yet little of it drops out
    of a difference between two nets that err on different images, and none of it is in an interval over seeds: see
    `any_interval`.
    """
    if not 0 <= accuracy <= 100:
        raise StatsError(f"accuracy={accuracy!r}: allowed are per cent, 0 to 100")
    if images < 1:
        raise StatsError(f"images={images!r}: allowed is an integer from 1")
    return float(np.sqrt(accuracy * (100 - accuracy) / images))


def detectable_difference(
    sd: float,
    n: int,
    *,
    power: float = 0.8,
    alpha: float = ALPHA,
    design: Literal["paired", "unpaired"] = "paired",
    known_sd: bool = False,
) -> float:
    """Return the smallest true difference that a two-sided test with n seeds (per arm) shows with the given power.

    `sd` is that of the per-seed differences where paired, of one arm's runs where unpaired; the answer has its unit.
    The test is Student's t; `known_sd` takes the spread as known (z test), which is the best that n seeds can do. For
    one of m comparisons, `alpha / m` bounds Holm's correction. Solved by statsmodels.
    """
    if design not in ("paired", "unpaired"):
        raise StatsError(f"design={design!r}: allowed is paired or unpaired")
    for name, value, holds, allowed in (
        ("sd", sd, sd >= 0, "a number from 0"),
        ("n", n, n >= 2, "an integer from 2 (one seed shows no spread)"),
        ("alpha", alpha, 0 < alpha < 1, "a number between 0 and 1"),
        ("power", power, alpha < power < 1, f"a number between alpha={alpha:g} and 1"),
    ):
        if not holds:
            raise StatsError(f"{name}={value!r}: allowed is {allowed}")
    from statsmodels.stats.power import NormalIndPower, TTestIndPower, TTestPower  # slow to import, rarely needed

    if design == "paired":
        effect = NormalIndPower(ddof=0) if known_sd else TTestPower()
        size = {"nobs1": n, "ratio": 0} if known_sd else {"nobs": n}
    else:
        effect, size = (NormalIndPower() if known_sd else TTestIndPower()), {"nobs1": n}
    found = effect.solve_power(alpha=alpha, power=power, **size)
    # where its first search fails, as for 73 pairs, the second gives an array of one, and may find the negative root
    return sd * float(np.abs(np.ravel(found)[0]))
