"""A worse run never softens a verdict, whatever the runs are."""

import numpy as np
import pandas as pd
import pytest

from s6core.stats import Prior, effect, effects
from s6core.stats.arms import Arm
from s6core.stats.comparison import judged, weigh
from s6core.stats.invented import CHANCE

RANK = {"helps": 0, "equivalent": 1, "undecided": 1, "hurts": 2}


def arm(name, logs, failed):
    return Arm(name=name, logs=np.asarray(logs), values=100 - np.exp(logs), failed=failed, chance=CHANCE)


def random_arm(rng, name, *, least=3):
    """Draw runs close to a border: a shift, a spread, perhaps outliers, perhaps failures."""
    n = int(rng.integers(least, 11))
    failed = int(rng.integers(0, n)) if rng.random() < 0.2 else 0
    x = rng.normal(rng.normal(0, 0.15), rng.choice([0.02, 0.09, 0.3]), n - failed)
    if rng.random() < 0.3:
        x[: 1 + n // 4] += rng.normal(0, 1)
    if rng.random() < 0.3:
        x = x.round(1) + rng.choice([0, 1e-3], len(x))  # ties
    return arm(name, np.clip(x, -4, 4), failed)


def worse(rng, side, *, fail=True):
    """Make runs worse: one, several, a little, a lot, or a failure of it."""
    logs, failed = np.array(side.logs), side.failed
    if fail and len(logs) and rng.random() < 0.3:
        return arm(side.name, np.delete(logs, rng.integers(len(logs))), failed + 1)
    which = rng.random(len(logs)) < rng.choice([0.2, 0.5, 1.0])
    logs[which] += rng.exponential(rng.choice([0.02, 0.2, 1.0]), which.sum())
    return arm(side.name, np.minimum(logs, np.log(79.9) - 1e-3 * np.arange(len(logs))), failed)


def copies(side):
    return len(side.logs) > 1 and np.ptp(side.logs) == 0  # refused without a prior


def verdict(a, b, prior):
    found = judged([weigh(a, b, prior)])[0]
    return found.verdict, found


@pytest.mark.parametrize("seed", range(4))
def test_a_worse_run_of_the_variant_never_softens_a_verdict(seed):
    rng = np.random.default_rng(seed)
    turned = 0
    for _ in range(40):
        prior = Prior(0.0081, 4.0) if rng.random() < 0.7 else None
        a, b = random_arm(rng, "a"), random_arm(rng, "b")
        if prior is None and (copies(a) or copies(b)):
            continue
        before, row = verdict(a, b, prior)
        for _ in range(3):
            a = worse(rng, a)
            if prior is None and copies(a):
                break
            after, then = verdict(a, b, prior)
            assert RANK[after] >= RANK[before], (row, then)
            if before == "hurts":
                assert then.p <= row.p * (1 + 0.02)
            turned += after != before
            before, row = after, then
    assert turned > 5  # else nothing was tried


@pytest.mark.parametrize("seed", range(2))
def test_a_worse_run_of_the_base_never_softens_that_a_variant_helps(seed):
    rng = np.random.default_rng(100 + seed)
    turned = 0
    for _ in range(40):
        prior = Prior(0.0081, 4.0)
        a, b = random_arm(rng, "a"), random_arm(rng, "b")
        before, row = verdict(a, b, prior)
        for _ in range(3):
            b = worse(rng, b, fail=False)  # from its first failure on, ranks alone decide
            after, then = verdict(a, b, prior)
            assert RANK[after] <= RANK[before], (row, then)
            turned += after != before
            before, row = after, then
    assert turned > 5


def test_a_verdict_in_a_family_stands_while_its_worst_run_gets_worse():
    """From a clear harm on: one run falls to 90, 50, 20.5, 11%, then diverges, in a whole study."""
    rng = np.random.default_rng(7)
    rows = [
        {"variant": v, "seed": k, "status": "finished", "test_accuracy": 100 - 0.83 * ratio * np.exp(0.09 * z)}
        for v, ratio in [("reference", 1), ("a", 1.6), *[(f"v{i}", 1) for i in range(8)]]
        for k, z in enumerate(rng.standard_normal(30 if v == "reference" else 4))
    ]
    frame = pd.DataFrame(rows)
    run = (frame["variant"] == "a") & (frame["seed"] == 0)
    p = [effects(frame, family=["a", "v0", "v1"]).loc[0, ["verdict", "p"]].tolist()]
    for accuracy in (97, 90, 50, 20.5, 11, np.nan):
        frame.loc[run, "test_accuracy"] = accuracy
        if np.isnan(accuracy):
            frame.loc[run, "status"] = "diverged"
        p.append(effects(frame, family=["a", "v0", "v1"]).loc[0, ["verdict", "p"]].tolist())
    assert [verdict for verdict, _ in p] == ["hurts"] * 7
    assert all(later <= earlier * (1 + 0.02) for (_, earlier), (_, later) in zip(p, p[1:], strict=False))


def test_welchs_own_p_is_not_monotone_so_that_these_tests_can_fail():
    from scipy import stats

    base = np.log(0.83) + 0.09 * np.random.default_rng(0).standard_normal(30)
    before = np.log(0.83 * np.array([1.5, 1.6, 1.55, 1.62]))
    after = before + [0, 0, 0, 4.0]
    p = [stats.ttest_ind(x, base, equal_var=False).pvalue for x in (before, after)]
    assert p[0] < 0.05 < p[1]
    accuracies = [list(100 - np.exp(x)) for x in (before, after, base)]
    assert [effect(x, accuracies[2], percent=True).verdict for x in accuracies[:2]] == ["hurts", "hurts"]
