"""Frames in, axes out: every statistical picture of the book. Nothing here loads, trains or sets a global style.

Draw inside `s6core.style.style("light")` or `("dark")`; without it the functions draw in matplotlib's current style.
Accuracies are per cent, differences percentage points, errors per cent of the test images.
"""

from s6core.plots.curves import plot_curves
from s6core.plots.effects import errors, plot_effects, plot_sweep
from s6core.plots.factorial import plot_interaction
from s6core.plots.ink import LABELS
from s6core.plots.overview import plot_overview
from s6core.plots.size import plot_accuracy_parameters

__all__ = [
    "LABELS",
    "errors",
    "plot_accuracy_parameters",
    "plot_curves",
    "plot_effects",
    "plot_interaction",
    "plot_overview",
    "plot_sweep",
]
