"""Seeds to intervals, comparisons and verdicts. Frames of runs or epochs in, frames out; accuracies in per cent.

**The second plan** judges every comparison from 26 November 2026 on: `effects` for the variants of one question,
`effect` for two plain sequences of accuracies. Its numbers stand in `rule`, its steps each in a module of their own:

- `failures`: a run that diverged or ended at chance did not learn; it is counted, and ranks as the worst.
- `arms`: all other runs count by the logarithm of their errors, all seeds of both sides, unpaired.
- `prior`: how much seeds scatter is learnt from all variants of the study together (empirical Bayes, Smyth 2004). A
  spread below the common one is drawn up to it, one above it stays.
- `welch`: the 95% interval of the ratio of geometric mean errors, and the closed test behind a verdict: what would be
  clear if some runs were better is clear with the worse ones, so that a worse run never softens a verdict.
- `ranks`: the exact rank-sum test must not contradict (p at most .05, or full separation where so few runs can give no
  such p). Where runs of the base failed, ranks alone decide. Where runs of the variant did, they may prove that it
  hurts, but not that it helps: else a run that gets worse could turn "undecided" into "helps". Where ranks decide,
  their p counts twice, since they take both sides to scatter alike.
- `holm`, `comparison`: Holm's correction over all declared variants, then the verdict. *Helps* or *hurts*: clear after
  Holm, three runs or more on each side. *Equivalent*: otherwise, if the interval lies within 1/1.15 and 1.15 times the
  errors and both one-sided tests agree after Holm. *Undecided*: everything else, with the ratio it would have noticed.
- `digits`: the interval for any new digits; `summaries`: each variant alone; `screen` and `crossed`: many factors at
  once; `invented`: the simulations that show all this right.

An interval covers other seeds on these same test images. Where a run failed, ratio and points speak of those that
learned alone.

Beside them stand what single pages ask: `pairing` (what equal seeds share), `flattery` (the best epoch, the best seed),
`power` and `simulation`. The first plan compared by paired differences in points; its verdicts are kept in
results/first-plan.csv, with the commit that has its code.
"""

from s6core.stats.checks import StatsError
from s6core.stats.comparison import effect
from s6core.stats.crossed import crossed_effects
from s6core.stats.digits import any_interval
from s6core.stats.failures import did_not_learn, ended_at_chance, share_interval
from s6core.stats.family import effects
from s6core.stats.flattery import best_epoch_flattery, best_seed_flattery, expected_best_seed
from s6core.stats.holm import holm
from s6core.stats.intervals import Interval, mean_interval, summary
from s6core.stats.pairing import pairing
from s6core.stats.power import detectable_difference, sampling_error
from s6core.stats.prior import Prior, study_prior
from s6core.stats.row import Effect
from s6core.stats.rule import ALPHA, EQUIVALENT, MINIMUM
from s6core.stats.screen import contrasts, predicted, scatter
from s6core.stats.simulation import simulated_accuracies
from s6core.stats.summaries import error_summary

__all__ = [
    "ALPHA",
    "EQUIVALENT",
    "MINIMUM",
    "Effect",
    "Interval",
    "Prior",
    "StatsError",
    "any_interval",
    "best_epoch_flattery",
    "best_seed_flattery",
    "contrasts",
    "crossed_effects",
    "detectable_difference",
    "did_not_learn",
    "effect",
    "effects",
    "ended_at_chance",
    "error_summary",
    "expected_best_seed",
    "holm",
    "mean_interval",
    "pairing",
    "predicted",
    "scatter",
    "sampling_error",
    "share_interval",
    "simulated_accuracies",
    "study_prior",
    "summary",
]
