"""Tidy runs of an invented study."""

import numpy as np
import pandas as pd


def study(*, sd=0.09, error=0.83, ratios=None, seed=0, **seeds) -> pd.DataFrame:
    """Return runs with normal log errors: so many seeds per variant, errors `ratios` times the others'."""
    rng = np.random.default_rng(seed)
    rows = []
    for variant, n in seeds.items():
        logs = np.log(error * (ratios or {}).get(variant, 1.0)) + sd * rng.standard_normal(n)
        rows += [
            {"study": "s", "variant": variant, "seed": k, "status": "finished", "test_accuracy": 100 - np.exp(x)}
            for k, x in enumerate(logs)
        ]
    return pd.DataFrame(rows)
