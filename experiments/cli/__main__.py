"""`python -m experiments.cli`: the command `s6` of this very folder."""

from experiments.cli import s6

s6(prog_name="s6")
