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
  once; `invented`: the simulations that show all this right; `first_plan`: the old verdicts as a table.

An interval covers other seeds on these same test images. Where a run failed, ratio and points speak of those that
learned alone.

**The first plan** (`compare`, `evidence`, `pairs`, `pairing`, `intervals`, `factorial`, `subset`, `power`,
`simulation`) stays until the pages that use it have moved. Its rule: seed k gives every variant the same data order
and the same seeded initialisation, so a comparison is made of the differences, seed by seed, between a variant and the
reference. Their mean comes with a 95% t interval: in
simulations of differences like ours (whole test errors among 10,000 images) it covers the truth 94 to 96 times in a
hundred at 3, 5, 10 and 30 seeds, while the BCa bootstrap manages about 75, 84, 90 and 94. The variants that answer one
question are one family, declared with the study: all of them count, whether they are trained yet or not. A verdict must
hold for the variant alone and within the family:

- *helps* or *hurts*: the 95% interval lies on one side of zero, the paired t test is still at or below .05 after
  Holm's correction over the family, and the exact sign-flip test, which assumes no normal distribution, does not
  contradict: its own p is at most .05 or, with five seeds or fewer, the smallest that so few seeds can give, which
  means that all of them agree. The sign-flip p alone cannot decide here, since it never falls below .25 with three
  seeds or .0625 with five, however large the difference.
- *equivalent*: the 95% interval lies inside the margin of ±0.05 points, declared before any run, and the two one-sided
  t tests against the margin are at or below .05 after Holm's correction. Where a difference is both clear and inside
  the margin, equivalent is said: it is too small to matter.
- *undecided*: everything else, above all fewer than three seeds, a seed that one side lacks, or a run that failed.

A run that diverged is a result and is never dropped. No mean exists then, so none is given; the run counts as worse
than every run that finished, and only the sign-flip test, after Holm's correction, can still say helps or hurts.

What an interval covers: other seeds, on these same test images. It does not cover other test images, whose choice alone
moves one run at 99.4% by about 0.08 points (`sampling_error`), nor a recipe that was tuned on them. It leans on
differences that are about symmetric, which counts of errors are: were they as skewed as an exponential distribution,
it would hold the truth 88 to 93 times in a hundred.
"""

from s6core.stats.compare import compare
from s6core.stats.comparison import effect
from s6core.stats.crossed import crossed_effects
from s6core.stats.digits import AnyDigits, any_digits
from s6core.stats.evidence import ALPHA, MARGIN, MINIMUM_SEEDS, sign_flip
from s6core.stats.factorial import factorial, factorial_effects
from s6core.stats.failures import did_not_learn, ended_at_chance, share_interval
from s6core.stats.family import effects
from s6core.stats.flattery import best_epoch_flattery, best_seed_flattery, expected_best_seed
from s6core.stats.holm import holm
from s6core.stats.intervals import Interval, mean_interval, summary
from s6core.stats.pairing import pairing
from s6core.stats.pairs import StatsError, paired_differences
from s6core.stats.power import detectable_difference, sampling_error
from s6core.stats.prior import Prior, study_prior
from s6core.stats.row import Effect
from s6core.stats.rule import EQUIVALENT
from s6core.stats.screen import contrasts, predicted
from s6core.stats.simulation import claim_rates, coverage, simulated_accuracies, simulated_differences
from s6core.stats.subset import largest_factorial
from s6core.stats.summaries import error_summary

__all__ = [
    "ALPHA",
    "EQUIVALENT",
    "MARGIN",
    "MINIMUM_SEEDS",
    "AnyDigits",
    "Effect",
    "Interval",
    "Prior",
    "StatsError",
    "any_digits",
    "best_epoch_flattery",
    "best_seed_flattery",
    "claim_rates",
    "compare",
    "contrasts",
    "coverage",
    "crossed_effects",
    "detectable_difference",
    "did_not_learn",
    "effect",
    "effects",
    "ended_at_chance",
    "error_summary",
    "expected_best_seed",
    "factorial",
    "factorial_effects",
    "holm",
    "largest_factorial",
    "mean_interval",
    "paired_differences",
    "pairing",
    "predicted",
    "sampling_error",
    "share_interval",
    "sign_flip",
    "simulated_accuracies",
    "simulated_differences",
    "study_prior",
    "summary",
]
