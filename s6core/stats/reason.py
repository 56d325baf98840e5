"""Why a verdict is what it is, in one plain sentence."""

from __future__ import annotations

from s6core.stats.row import Effect
from s6core.stats.rule import ALPHA, EQUIVALENT, MINIMUM

HOLM = ", after Holm's correction too"


def reason(effect: Effect, *, ranks_agree: bool, alone: bool) -> str:
    """Return the sentence for an effect that has its verdict; `alone`: nothing else is judged with it."""
    if not effect.n:
        return f"{effect.variant} has no run yet."
    for name, n in ((effect.variant, effect.n), (effect.base, effect.n_base)):
        if n < MINIMUM:
            return f"{name} has {n} run{'s' * (n > 1)}, and a verdict needs at least {MINIMUM} on each side."
    return f"{_failures(effect)}{_judgement(effect, ranks_agree, '' if alone else HOLM)}."


def _failures(effect: Effect) -> str:
    counts = [
        f"{k} of {n} runs of {name} did not learn"
        for name, k, n in (
            (effect.variant, effect.n_failed, effect.n),
            (effect.base, effect.n_base_failed, effect.n_base),
        )
        if k
    ]
    return "".join(f"{count}; " for count in counts)


def _judgement(effect: Effect, ranks_agree: bool, holm: str) -> str:
    if effect.verdict in ("hurts", "helps"):
        if effect.n_failed or effect.n_base_failed:
            return f"counted as worst, they make the difference clear{holm}"
        if effect.low <= 1 <= effect.high:
            other = "worst" if effect.verdict == "hurts" else "best"
            return f"the interval is wide for its {other} runs alone: were they less so, the difference would be clear"
        return f"the interval lies {'above' if effect.low > 1 else 'below'} 1{holm}"
    if effect.verdict == "equivalent":
        return f"the errors lie within 1/{EQUIVALENT:g} and {EQUIVALENT:g} times the base's{holm}"
    if effect.p_holm <= ALPHA and not ranks_agree:
        return f"the means differ, but the ranks do not agree (p = {effect.p_ranks:.2g})"
    if effect.p <= ALPHA:
        return f"clear by itself, but not after Holm's correction for its question (p = {effect.p_holm:.2g})"
    seen = f"; a ratio of {effect.notices:.2f} would have been clear" if effect.notices > 1 else ""
    return f"nothing is proved{seen}"
