"""Frames in, axes out: every statistical picture of the book. Nothing here loads, trains or sets a global style.

Draw inside `s6core.style.style("light")` or `("dark")`; without it the functions draw in matplotlib's current style.
Accuracies are per cent, differences percentage points.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from s6core import stats
from s6core.style import colours, marker

LABELS = {
    "test_accuracy": "test accuracy (%)",
    "train_accuracy": "training accuracy (%)",
    "validation_accuracy": "validation accuracy (%)",
    "test_loss": "test loss (nats)",
    "train_loss": "training loss (nats)",
    "validation_loss": "validation loss (nats)",
    "lr": "learning rate",
    "parameters": "parameters",
    "seconds": "seconds",
}


def plot_curves(
    epochs: pd.DataFrame,
    *,
    metric: str = "test_accuracy",
    variants: Iterable[str] | None = None,
    first: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """Draw a column of `epochs.csv` over the epochs: the mean of each variant's seeds, a band from lowest to highest.

    `first` leaves out the epochs before it, where the early rise would flatten everything else.
    """
    _require_columns(epochs, "variant", "seed", "epoch", metric)
    ax = ax or _axes()
    chosen = _order(epochs, variants)
    rows = epochs[epochs["variant"].isin(chosen) & (epochs["epoch"] >= first)]
    palette = colours(chosen)
    sns.lineplot(
        rows, x="epoch", y=metric, ax=ax, legend=False, errorbar=("pi", 100), err_kws={"alpha": 0.18, "linewidth": 0},
        hue="variant", hue_order=chosen, palette=palette,
        style="variant", style_order=chosen, dashes=False, markers={v: marker(v) for v in chosen},
        markersize=5.5, markeredgewidth=0,
    )  # fmt: skip
    for drawn, variant in zip(ax.lines[-len(chosen) :], chosen, strict=True):
        drawn.set_label(variant)  # seaborn names its lines only in a legend of its own
    means = rows.groupby(["variant", "epoch"])[metric].mean()
    ends = [(v, palette[v], float(means[v].index[-1]), float(means[v].iloc[-1])) for v in chosen]
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel=LABELS.get(metric, metric))
    if len(ends) > 1:  # a single line needs no name beside what the page says of it
        _label(ax, ends, at=1.02, axis="axes fraction")
    return ax


def plot_accuracy_parameters(
    runs: pd.DataFrame,
    *,
    metric: str = "test_accuracy",
    variants: Iterable[str] | None = None,
    target: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each variant's accuracy against its parameters: a dot per seed, the mean, and its 95% interval.

    `target` draws the accuracy that was asked for as a line.
    """
    _require_columns(runs, "variant", "seed", "parameters", metric)
    ax = ax or _axes()
    chosen = _order(runs, variants)
    summary = stats.summary(runs[runs["variant"].isin(chosen)], metric=metric).set_index("variant")
    counts = runs.groupby("variant")["parameters"].first()[chosen]
    tint = colours(chosen)
    for group in _neighbours(counts):
        labels = []
        for variant, shift in zip(group, _spread(len(group), 0.011 * (len(group) - 1)), strict=True):
            x, row = counts[variant] * 10**shift, summary.loc[variant]
            each = runs.loc[(runs["variant"] == variant) & runs[metric].notna(), metric]
            # no accuracy lies beyond 0 or 100%: Student's t does not know that
            _bar(ax, [x, x], np.clip([row["low"], row["high"]], 0, 100).tolist(), tint[variant])
            beside = [x * 10**-0.007] * len(each)
            ax.plot(beside, each, "o", color=tint[variant], markersize=4.5, markeredgewidth=0, alpha=0.55)
            ax.plot(x, row["mean"], marker(variant), color=tint[variant], markersize=9, label=variant)
            labels.append((variant, tint[variant], x, row["mean"]))
        _label(ax, labels, at=counts[group].max() * 10 ** (0.011 * len(group) + 0.02), axis="data")
    if target is not None:
        ax.axhline(target, color=_soft(), linestyle=(0, (4, 3)), linewidth=1.2, zorder=1)
        ax.annotate(
            f"{target:.2f}%", (1, target), xycoords=("axes fraction", "data"), xytext=(0, 3),
            textcoords="offset points", ha="right", va="bottom", color=_soft(), size=9,
        )  # fmt: skip
    _parameter_axis(ax, counts)
    ax.set(xlabel="parameters", ylabel=LABELS.get(metric, metric))
    return ax


def plot_differences(
    runs: pd.DataFrame,
    *,
    reference: str = "reference",
    metric: str = "test_accuracy",
    variants: Iterable[str] | None = None,
    margin: float = stats.MARGIN,
    family: Iterable[str] = (),
    comparison: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each variant's paired differences from the reference: a dot per seed, the mean, its interval, the margin.

    The drawn variants are judged together with those that `family` names beside them, drawn or not, trained or not. Or
    give `comparison`, a table of `stats.compare` indexed by variant: where the drawn ones are of several families.
    """
    _require_columns(runs, "variant", "seed", metric)
    chosen = [v for v in _order(runs, variants) if v != reference]
    ax = ax or _axes(height=1.3 + 0.55 * len(chosen))
    table = comparison
    if table is None:
        judged, rng = [*chosen, *family], np.random.default_rng(0)
        table = stats.compare(runs, reference=reference, metric=metric, family=judged, margin=margin, rng=rng)
        table = table.set_index("variant")
    drawn = runs[runs["variant"].isin([reference, *chosen])]
    pairs = stats.paired_differences(drawn, reference=reference, metric=metric)
    ax.axvspan(-margin, margin, color=_soft(), alpha=0.16, linewidth=0, zorder=0)
    ax.axvline(0, color=_soft(), linewidth=1.2, zorder=1)
    for line, (variant, colour) in enumerate(colours([reference, *chosen]).items()):
        if variant == reference:
            continue
        place = line - 1
        each = pairs.loc[pairs["variant"] == variant, "difference"].dropna()
        row = table.loc[variant]
        _bar(ax, [row["low"], row["high"]], [place, place], colour)
        ax.plot(each, [place + 0.26] * len(each), "o", color=colour, alpha=0.65, markersize=5, markeredgewidth=0)
        ax.plot(row["difference"], place, "D", color=colour, markersize=8, markeredgecolor=_ink(), markeredgewidth=0.8)
        if row["n_diverged"]:
            note = f"{row['n_diverged']} of {row['n'] + row['n_diverged']} diverged"
            ax.annotate(note, (0.02, place), xycoords=("axes fraction", "data"), va="center", size=9, color=colour)
        ax.annotate(
            str(row["verdict"]), (1.02, place), xycoords=("axes fraction", "data"), va="center", size=10, color=_ink()
        )
    ax.set_yticks(range(len(chosen)), chosen)
    ax.set_ylim(len(chosen) - 0.5, -0.5)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    scale = _stretch(ax, pairs["difference"].abs().max(), margin)
    ax.set_xlabel(
        f"difference from {reference} (percentage points{scale})\nshaded: within ±{margin:g}, too small to matter"
    )
    return ax


def plot_interaction(
    runs: pd.DataFrame,
    *,
    x: str,
    hue: str,
    metric: str = "test_accuracy",
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a factorial: one line per level of `hue` over the levels of `x`, its means with 95% intervals, its seeds.

    `runs` has one row per run with the factors as columns; categories give the levels' order. Parallel lines mean that
    the two factors do not interact. `log` takes means and intervals of the logarithms, on a logarithmic axis, where
    parallel lines mean that the one multiplies the metric alike at every level of the other.
    """
    _require_columns(runs, x, hue, "seed", metric)
    ax = ax or _axes()
    levels, groups = _levels(runs[x]), _levels(runs[hue])
    to, back = (np.log, np.exp) if log else (np.asarray, np.asarray)
    for shift, (level, colour) in zip(_spread(len(groups), 0.07), colours(map(str, groups)).items(), strict=True):
        rows = runs[runs[hue].astype(str) == level].dropna(subset=[metric])
        by = rows.groupby(x, sort=False, observed=True)[metric]
        cells = {levels.index(v): (values, stats.mean_interval(to(values))) for v, values in by}
        for place, (values, interval) in cells.items():
            _bar(ax, [place + shift] * 2, [float(back(interval.low)), float(back(interval.high))], colour)
            beside = [place + shift + np.copysign(0.05, shift)] * len(values)
            ax.plot(beside, values, "o", color=colour, markersize=4, markeredgewidth=0, alpha=0.55)
        places = sorted(cells)
        means = [float(back(cells[place][1].mean)) for place in places]
        label = f"{hue} = {level}"
        ax.plot(np.add(places, shift), means, marker=marker(level), color=colour, markersize=7, label=label)
    if log:
        ax.set_yscale("log")
    ax.set_xticks(range(len(levels)), [str(v) for v in levels])
    ax.set_xlim(-0.4, len(levels) - 0.6)
    ax.set(xlabel=x, ylabel=LABELS.get(metric, metric))
    ax.legend()
    return ax


def _axes(width: float = 6.6, height: float = 3.9) -> Axes:
    return plt.figure(figsize=(width, height)).add_subplot()


def _ink() -> str:
    return mpl.rcParams["text.color"]


def _stretch(ax: Axes, most: float, margin: float) -> str:
    """Where the largest difference would leave the margin too thin to see, make the axis logarithmic, and say so."""
    linear = 2 * margin
    if not most > 10 * linear:
        return ""
    ax.set_xscale("symlog", linthresh=linear, linscale=0.6)
    steps = (1, 3, 10, 30, 100) if most < 100 * linear else (1, 10, 100, 1000)  # as many as can be read
    ticks = [linear * step for step in steps if linear * step <= 1.5 * most]
    ax.xaxis.set_major_locator(FixedLocator([*(-tick for tick in ticks), 0, *ticks]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.margins(x=0.08)  # or the outermost dot is cut in half
    return f", logarithmic beyond ±{linear:g}"


def _soft() -> str:
    return mpl.rcParams["axes.edgecolor"]


def _bar(ax: Axes, xs: Sequence[float], ys: Sequence[float], colour: str) -> None:
    if np.isfinite([*xs, *ys]).all():  # one seed has no interval, and none is drawn
        ax.plot(xs, ys, color=colour, linewidth=2.4, solid_capstyle="round", zorder=2)


def _spread(n: int, width: float = 0.12) -> np.ndarray:
    return np.linspace(-width, width, n) if n > 1 else np.zeros(n)


def _levels(column: pd.Series) -> list[object]:
    return list(column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else dict.fromkeys(column))


def _order(frame: pd.DataFrame, variants: Iterable[str] | None) -> list[str]:
    known = list(dict.fromkeys(frame["variant"]))
    chosen = known if variants is None else list(variants)
    for variant in chosen:
        if variant not in known:
            raise ValueError(f"variant {variant!r} is not in the frame: it holds {', '.join(map(str, known))}")
    return chosen


def _require_columns(frame: pd.DataFrame, *names: str) -> None:
    if missing := [name for name in names if name not in frame]:
        raise ValueError(f"missing column {', '.join(missing)}: the frame has {', '.join(map(str, frame.columns))}")


def _neighbours(counts: pd.Series) -> list[list[str]]:
    """Return the variants in groups whose parameter counts are too close to be drawn side by side as they are."""
    groups: list[list[str]] = []
    for variant, count in counts.sort_values(kind="stable").items():
        if groups and count <= 1.05 * counts[groups[-1][-1]]:
            groups[-1].append(str(variant))
        else:
            groups.append([str(variant)])
    return groups


def _parameter_axis(ax: Axes, counts: pd.Series) -> None:
    """Make a logarithmic axis with plain, round numbers."""
    ax.set_xscale("log")
    low, high = counts.min() / 1.3, counts.max() * 1.7
    ax.set_xlim(low, high)
    steps = (1, 2, 5) if high / low > 8 else (1, 1.5, 2, 3, 4, 5, 7)
    ticks = [step * 10**power for power in range(1, 9) for step in steps]
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))


def _label(ax: Axes, points: Sequence[tuple[str, str, float, float]], *, at: float, axis: str) -> None:
    """Write each point's name (name, colour, x, y) in a column at `at`, moved apart where two would overlap."""
    ax.margins(y=0.08)
    low, high = ax.get_ylim()
    ordered = sorted(points, key=lambda point: point[3])
    for (name, colour, x, y), place in zip(ordered, _apart([p[3] for p in ordered], 0.068 * (high - low)), strict=True):
        ax.annotate(
            name, (x, y), xytext=(at, place), textcoords=(axis, "data"), va="center", color=_ink(), size=10,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": colour, "linewidth": 1.0, "shrinkA": 1, "shrinkB": 5, "relpos": (0, 0.5),
            },  # from the left of the name: from its middle the line would run through its neighbours
        )  # fmt: skip


def _apart(ys: Sequence[float], gap: float) -> list[float]:
    """Move ascending places just far enough that no two are closer than `gap`; each cluster keeps its centre."""
    clusters: list[list[float]] = []  # each the places that its members would like
    for y in ys:
        clusters.append([y])
        while len(clusters) > 1 and _ends(clusters[-2], gap)[1] + gap > _ends(clusters[-1], gap)[0]:
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    return [_ends(cluster, gap)[0] + i * gap for cluster in clusters for i in range(len(cluster))]


def _ends(cluster: Sequence[float], gap: float) -> tuple[float, float]:
    centre, half = sum(cluster) / len(cluster), gap * (len(cluster) - 1) / 2
    return centre - half, centre + half
