"""Images in, axes out: digits as pictures."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike


def plot_digit(image: ArrayLike, *, title: str = "", ax: plt.Axes | None = None) -> plt.Axes:
    """Draw one image (H, W), ink dark on a light ground, whatever the page's colours."""
    ax = ax or plt.figure(figsize=(2, 2)).add_subplot()
    ax.imshow(np.asarray(image), cmap="gray_r", interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)
    ax.set_title(title, fontsize=9)
    return ax


def plot_mistakes(images: ArrayLike, mistakes: pd.DataFrame, *, columns: int = 8) -> Figure:
    """Draw the images of a frame of `report.mistakes`: what each is labelled, and what it was taken for."""
    images = np.asarray(images)
    rows = max(1, math.ceil(len(mistakes) / columns))
    figure, axes = plt.subplots(rows, columns, figsize=(1.15 * columns, 1.5 * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, row in zip(axes.flat, mistakes.itertuples(), strict=False):
        ax.axis("on")
        plot_digit(
            images[row.index], title=f"a {row.label}, read as {row.predicted}\n{row.wrong} of {row.seeds} seeds", ax=ax
        )
        ax.title.set_fontsize(6.5)
    figure.tight_layout()
    return figure
