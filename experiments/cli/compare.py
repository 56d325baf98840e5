"""The command `s6 compare`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click

from experiments.cli import formats
from experiments.cli.completion import complete_variants
from experiments.cli.options import HomePath, folders
from experiments.cli.sides import find, others, reference
from experiments.terminal import paragraph
from experiments.topics import TOPICS
from s6core.compare import Comparison, Side
from s6core.compare import compare as compared


@click.command()
@click.argument("a", metavar="A", shell_complete=complete_variants)
@click.argument("b", metavar="[B]", required=False, shell_complete=complete_variants)
@formats.formats
@click.option("--plot", type=HomePath(dir_okay=False), metavar="FILE", help="Draw it: .svg, .png, .pdf.")
@click.option("--percent/--fractions", default=None, help="What the accuracies of a CSV are; never guessed.")
@click.option("--accuracy", metavar="COLUMN", help="The CSV's column of accuracies, where it cannot be told.")
@click.option("--seed", metavar="COLUMN", help="The CSV's column of seeds, where it cannot be told.")
@folders
def compare(
    a: str, b: str | None, kind: str, plot: Path | None, percent: bool | None, accuracy: str | None, seed: str | None,
    roots: list[Path],
) -> None:  # fmt: skip
    """Compare two groups of runs: what differs, how many times the errors, and what that proves.

    A and B are each STUDY/VARIANT, a folder of records, or a CSV with a seed and an accuracy per run, such as W&B,
    MLflow and Trackio export them; FILE.csv:COLUMN=VALUE takes the rows of one variant. Without B the runs of the
    reference net under the same recipe are taken. Where B lies in a study, how much seeds scatter is learnt from its
    other variants too, as in `s6 table`.

    \b
    Examples: s6 compare ablations/fc
              s6 compare ablations/fc ablations/gap-fc --format markdown
              s6 compare runs.csv:head=fc runs.csv:head=gap --percent
    """
    one, left_out = find(a, roots, percent=percent, accuracy=accuracy, seed=seed)
    if b is None:
        other: Side = reference(one, roots)
    else:
        other, more = find(b, roots, percent=percent, accuracy=accuracy, seed=seed)
        left_out += more
    found = compared(one, other, others=others(one, other))
    for line in (*left_out, *found.warnings):
        click.echo(f"s6: {line}", err=True)
    if plot:
        draw(found, plot)
    row = found.row()
    if kind == "json":
        click.echo(json.dumps(row, indent=1, ensure_ascii=False))
    elif kind == "table":
        click.echo("\n".join(lines(found)))
    else:
        flat = row | {"diff": differences(found)}
        click.echo(formats.render([flat], [shown(found)], kind))


def lines(found: Comparison) -> list[str]:
    """Return a comparison as it is read: who, what differs, the figures, what they prove."""
    a, b, it = found.a, found.b, found.effect
    facts: list[tuple[str, str, str]] = [
        ("runs", str(it.n), str(it.n_base)),
        ("did not learn", str(it.n_failed), str(it.n_base_failed)),
        (
            "accuracy, mean",
            *(formats.MISSING if math.isnan(mean) else f"{formats.number(mean)} %" for mean in (a.mean, b.mean)),
        ),
        *((name, *map(str, values)) for name, values in found.diff.items()),
    ]
    left, middle = (max(len(row[i]) for row in facts) + 2 for i in (0, 1))
    table = [f"{'':<{left}}{'a':<{middle}}b", *(f"{name:<{left}}{x:<{middle}}{y}" for name, x, y in facts)]
    said = [f"a  {a.name}", f"b  {b.name}", "", *table, ""]
    if not math.isnan(it.ratio):
        said += [paragraph(sentence) for sentence in figures(found)]
    word, _, rest = f"{it.verdict}: {it.reason}".partition(":")
    said.append(paragraph(f"{word}:{rest}").replace(word, formats.coloured(word), 1))
    if not math.isnan(it.notices) and "would have been clear" not in it.reason:
        said.append(paragraph(f"So many runs would have noticed {it.notices:.2f} times the errors."))
    topic = next((name for name, asks in TOPICS.items() if a.name in {f"ablations/{v}" for v in asks.variants}), None)
    if topic:
        said.append(paragraph(f"This is one comparison alone. Among all variants of its topic: s6 table {topic}"))
    return said


def figures(found: Comparison) -> list[str]:
    it = found.effect
    low, high = found.points
    return [
        f"errors    {it.ratio:.2f} times those of b ({formats.interval(it.low, it.high, level=True)})",
        f"accuracy  {_points(it.points, low, high, ' points from b')}",
    ]


def shown(found: Comparison) -> dict[str, str]:
    """Return a comparison as one row for readers."""
    it = found.effect
    low, high = found.points
    return {
        "a": found.a.name,
        "b": found.b.name,
        "runs": f"{it.n} and {it.n_base}",
        "did not learn": f"{it.n_failed} and {it.n_base_failed}",
        "times the errors": formats.estimate(it.ratio, it.low, it.high),
        "points": _points(it.points, low, high),
        "verdict": it.verdict,
        "notices": formats.number(it.notices),
        "differs in": differences(found),
    }


def _points(value: float, low: float, high: float, unit: str = "") -> str:
    return f"{formats.number(value, signed=True)}{unit} ({formats.interval(low, high, signed=True)})"


def differences(found: Comparison) -> str:
    return "; ".join(f"{name} {x} (b: {y})" for name, (x, y) in found.diff.items()) or "nothing known"


def draw(found: Comparison, path: Path) -> None:
    """Draw the runs and the ratio into a file. Its suffix says the format."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from s6core.compare_plot import plot_comparison
    from s6core.config import ConfigError
    from s6core.style import PAPER, style

    allowed = sorted(plt.figure().canvas.get_supported_filetypes())
    if path.suffix.removeprefix(".").lower() not in allowed:
        raise ConfigError(f"plot={str(path)!r}: allowed is a file that ends in .{', .'.join(allowed)}")
    options: dict[str, Any] = {"metadata": {"Date": None}} if path.suffix == ".svg" else {}
    with style("light"):
        figure = plot_comparison(found).figure
        figure.savefig(path.expanduser(), facecolor=PAPER["light"], **options)  # type: ignore[union-attr]
        plt.close("all")
