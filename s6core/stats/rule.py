"""The numbers of the second plan, declared before any run that it judges."""

LEVEL = 0.95  # of every interval
ALPHA = 0.05  # what a p must not exceed, after Holm's correction within the question

MINIMUM = 3
"""Runs on each side that a verdict needs. Two that happen to lie close together would prove anything."""

EQUIVALENT = 1.15
"""Errors within 1/1.15 and 1.15 times the base's do not matter. That is 0.12 points at the reference, about as much as
the choice of the 10,000 test images moves a single run (one standard error: 0.09 points)."""

CHANCE = 2
"""A run failed if it ended at or below so many times the accuracy of guessing: 20% for ten classes. A net that always
names one digit has 8.9 to 11.4% on MNIST and the worst stored net that learned anything 83%: any line between sorts the
stored runs alike."""

CLASSES = 10
IMAGES = 10_000  # MNIST's test images; stored accuracies have two decimals, which is as fine as that

PRIOR_DF = 4.0
"""The prior of the spread never weighs more than this many degrees of freedom. A few dozen variants cannot tell 4 from
infinity, and a prior that is too sure errs where it costs most: with the variants whose true spread is large."""

PRIOR_SPREADS = 5  # from fewer no prior is estimated
OUTLIER = 0.01  # a spread to which the prior gives less than this probability does not feed it
