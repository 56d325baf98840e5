"""Do runs with the same seed share their luck?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

from s6core.stats.pairs import DECIMALS, paired_differences
from s6core.stats.rule import LEVEL


def pairing(runs: pd.DataFrame, *, reference: str = "reference", metric: str = "test_accuracy") -> pd.DataFrame:
    """Return what pairing by seed buys: variant, n, correlation, low, high, sd, reference_sd, paired, unpaired, ratio.

    correlation is that of a variant's runs with the reference's over their n common seeds, low and high its 95%
    interval (Fisher's, from four seeds on); paired is the standard deviation of the differences, unpaired the one they
    would have if the seeds were strangers, √(sd² + reference_sd²), ratio the first over the second: below 1 pairing
    helps. Pairs with a run that did not finish are left out; fewer than three pairs, or no spread, give NaN.
    """
    rows = []
    for variant, table in paired_differences(runs, reference=reference, metric=metric).groupby("variant", sort=False):
        both = table.dropna(subset="difference")
        own, other = both["value"], both["reference_value"]
        sd, reference_sd, paired = (float(x.std()) for x in (own, other, both["difference"]))
        row = {"variant": variant, "n": len(both), "correlation": np.nan, "low": np.nan, "high": np.nan}
        unpaired = float(np.hypot(sd, reference_sd))
        if len(both) >= 3 and min(np.ptp(own.round(DECIMALS)), np.ptp(other.round(DECIMALS))) > 0:
            found = scipy.stats.pearsonr(own, other)
            row["correlation"] = float(found.statistic)
            if len(both) >= 4:
                row["low"], row["high"] = found.confidence_interval(LEVEL)
        ratio = paired / unpaired if len(both) >= 3 and unpaired > 0 else np.nan
        spreads = {"sd": sd, "reference_sd": reference_sd, "paired": paired, "unpaired": unpaired, "ratio": ratio}
        rows.append({**row, **spreads})
    return pd.DataFrame(rows)
