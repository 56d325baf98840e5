"""Write the test digits that the page of mistakes may show, as book/figures/mistakes.npz.

    python book/_scripts/mistakes.py

They are those that at least a quarter of the study's stored runs miss, more than the page shows, so that a few new runs
change no file, and those whose label people contradict. `index` counts from 0 in MNIST's test set, `images` are bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from experiments.answers.sources import Sources
from s6core import data

BOOK = Path(__file__).parents[1]
sys.path.append(str(BOOK))

from figures.mistakes import CONTRADICTED, IMAGES, votes  # noqa: E402

SHARE = 0.25


def main() -> None:
    found = votes(Sources(BOOK.parent / "results"))
    often = np.flatnonzero(found.missed >= SHARE * len(found.read))
    index = np.union1d(often, CONTRADICTED)
    np.savez_compressed(IMAGES, index=index, images=data.load().test.images.numpy()[index])


if __name__ == "__main__":
    main()
