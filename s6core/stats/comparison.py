"""One variant against its base: how many times the errors, and what that proves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from s6core.stats.arms import Arm, arm_of
from s6core.stats.checks import StatsError, numbers
from s6core.stats.failures import share_interval
from s6core.stats.holm import holm
from s6core.stats.prior import Prior
from s6core.stats.ranks import rank_p, separated
from s6core.stats.reason import reason
from s6core.stats.row import Effect
from s6core.stats.rule import ALPHA, CLASSES, EQUIVALENT, IMAGES, MINIMUM
from s6core.stats.welch import closed_p, closed_threshold, half_width, p_above, spread

SIGNS = {"hurts": 1, "helps": -1}  # what turns log errors so that the claim is: a lies above b


def effect(
    a: Sequence[float],
    b: Sequence[float],
    *,
    names: tuple[str, str] = ("a", "b"),
    percent: bool | None = None,
    prior: Prior | None = None,
    images: int = IMAGES,
    classes: int = CLASSES,
) -> Effect:
    """Return how accuracies `a` compare with accuracies `b`, the base, a run each: unpaired, in any order.

    `percent` says what they are, per cent (True) or fractions (False); it is never guessed. `prior` is what another
    study says about the spread (`study_prior`). Without it the interval is Welch's on log errors; for the verdict a's
    spread is then taken to be at least that of b, so that three runs that happen to lie close prove nothing.
    Raises `StatsError` for what is no accuracy, and for runs that are all equal: those are copies, not seeds.
    """
    if not isinstance(percent, (bool, np.bool_)):
        raise StatsError("percent: say percent=True for 99.3, percent=False for 0.993")
    sides = []
    for values, name in zip((a, b), names, strict=True):
        x = numbers(np.ravel(np.asarray(values)), name)
        if not percent and ((x < 0) | (x > 1)).any():
            raise StatsError(f"{name}={x[(x < 0) | (x > 1)][0]:g}: with percent=False allowed are fractions, 0 to 1")
        x = x if percent else np.round(100 * x, 9)
        sides.append(arm_of(list(x), name, images=images, classes=classes))
    return judged([weigh(sides[0], sides[1], prior)])[0]


@dataclass(frozen=True)
class Weighed:
    """A comparison before its family is known: on which side it is clear, if it is, and whether the ranks agree."""

    effect: Effect
    side: str
    ranks_agree: bool


def weigh(a: Arm, b: Arm, prior: Prior | None, *, members: int = 1) -> Weighed:
    """Weigh a against its base b; `members` of the family tell what the comparison can notice."""
    for arm in (a, b):
        if prior is None and len(arm.logs) > 1 and np.ptp(arm.logs) == 0:
            raise StatsError(f"{arm.name}: all {len(arm.logs)} runs have {arm.values[0]:g}: copies are no seeds")
    effect = effect_of(a, b, prior)
    if min(a.n, b.n) < MINIMUM:
        return Weighed(effect, "hurts", False)
    # without a study a's spread is at least the base's: else the cuts of the closed test could make it vanish
    own = prior or _floor(b)
    ranks = {"hurts": rank_p(a.scores, b.scores), "helps": rank_p(-a.scores, -b.scores)}
    clear = {name: closed_p(sign * a.scores, sign * b.scores, own, prior) for name, sign in SIGNS.items()}
    # where ranks decide their p counts twice: they take both sides to scatter alike, which nets do not
    decided = {name: min(1.0, 2 * p) for name, p in ranks.items()}
    if b.failed:  # errors of a base that fails at times are not normal: ranks decide, both ways
        clear = decided
    elif a.failed:  # ranks may prove that a is worse, not that it is better: a run that fails must not turn to its gain
        clear["hurts"] = min(clear["hurts"], decided["hurts"])
    side = min(clear, key=lambda name: clear[name])
    apart = separated(a.scores, b.scores) if side == "hurts" else separated(-a.scores, -b.scores)
    effect = replace(
        effect,
        notices=_notices(a, b, own, prior, ALPHA / members),
        p=min(1.0, 2 * clear[side]),
        p_ranks=min(1.0, 2 * min(ranks.values())),
        p_equivalent=_p_equivalent(a, b, prior),
    )
    return Weighed(effect, side, apart or 2 * ranks[side] <= ALPHA)


def judged(found: Sequence[Weighed]) -> list[Effect]:
    """Return the comparisons of one family with p after Holm, verdict and reason. All of them count as members."""
    p_holm = holm([one.effect.p for one in found])
    q_holm = holm([one.effect.p_equivalent for one in found])
    done = []
    for one, p, q in zip(found, p_holm, q_holm, strict=True):
        clear = p <= ALPHA and one.ranks_agree
        inside = one.effect.low > 1 / EQUIVALENT and one.effect.high < EQUIVALENT and q <= ALPHA
        verdict = one.side if clear else "equivalent" if inside else "undecided"
        effect = replace(one.effect, p_holm=float(p), p_equivalent_holm=float(q), verdict=verdict)
        done.append(replace(effect, reason=reason(effect, ranks_agree=one.ranks_agree, alone=len(found) == 1)))
    return done


def effect_of(a: Arm, b: Arm, prior: Prior | None) -> Effect:
    """Return what can be said without a test: counts, errors, ratio and points with their intervals."""
    low, high = share_interval(a.failed, a.n)
    counts = Effect(
        variant=a.name, base=b.name, n=a.n, n_failed=a.failed, n_base=b.n, n_base_failed=b.failed,
        error=_geometric(a), error_base=_geometric(b), failed_low=low, failed_high=high,
    )  # fmt: skip
    if not (len(a.logs) and len(b.logs)):
        return counts
    sides = spread(a.logs, prior), spread(b.logs, prior)
    middle, half = a.logs.mean() - b.logs.mean(), half_width(*sides)
    points, points_low, points_high = _points(a, b)
    return replace(
        counts,
        ratio=float(np.exp(middle)), low=float(np.exp(middle - half)), high=float(np.exp(middle + half)),
        points=points, points_low=points_low, points_high=points_high,
    )  # fmt: skip


def _p_equivalent(a: Arm, b: Arm, prior: Prior | None) -> float:
    """Return the larger p of the two one-sided tests against the margin (Schuirmann 1987); 1 where a run failed."""
    if a.failed or b.failed:
        return 1.0
    sides = spread(a.logs, prior), spread(b.logs, prior)
    middle, margin = a.logs.mean() - b.logs.mean(), np.log(EQUIVALENT)
    return float(max(p_above(margin + sign * middle, *sides) for sign in SIGNS.values()))


def _notices(a: Arm, b: Arm, prior_a: Prior | None, prior_b: Prior | None, alpha: float) -> float:
    if min(len(a.logs), len(b.logs)) < 2:
        return np.nan
    return float(np.exp(closed_threshold(a.logs, b.logs, prior_a, prior_b, alpha)))


def _geometric(arm: Arm) -> float:
    return float(np.exp(arm.logs.mean())) if len(arm.logs) else np.nan


def _floor(base: Arm) -> Prior | None:
    if len(base.logs) < 2:
        return None
    return Prior(float(base.logs.var(ddof=1)), 0)


def _points(a: Arm, b: Arm) -> tuple[float, float, float]:
    """Return the difference of mean accuracies with Welch's interval, all that is possible where there is none."""
    difference = float(a.values.mean() - b.values.mean())
    sides = spread(a.values, None), spread(b.values, None)
    half = float(half_width(*sides))
    if np.isnan(half):
        return difference, -100.0, 100.0
    return difference, max(difference - half, -100.0), min(difference + half, 100.0)
