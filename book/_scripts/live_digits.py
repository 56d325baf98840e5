"""Write the hundred test digits that the live components offer, as book/_static/live/digits.js.

    python book/_scripts/live_digits.py

They are the first eight of each class in MNIST's test set, and the twenty that most of the study's stored runs miss.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from s6core import data, results

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "book" / "_static" / "live" / "digits.js"
STUDY = ROOT / "results" / "ablations"
EACH, HARD = 8, 20

TEMPLATE = """\
/* Written by book/_scripts/live_digits.py: the first {each} of each class in the test set of MNIST (Y. LeCun,
   C. Cortes, C. J. C. Burges; CC BY-SA 3.0), then the {hard} that most stored runs of the study miss, most missed
   first. `index` counts from 0 in the test set (SHA-256 of the four files: {sha}).
   `pixels` is base64 of 784 bytes each, row by row, 0 paper to 255 ink. */
((window.S6Live ??= {{}}).stored ??= {{}}).digits = {{
  "labels": {labels},
  "index": {index},
  "hard": {hard},
  "pixels": "{pixels}"
}};
"""


def main() -> None:
    images = data.load()
    test = images.test
    labels = test.labels.numpy()
    easy = [int(n) for label in range(10) for n in np.flatnonzero(labels == label)[:EACH]]
    reads = [np.array(list(r.predictions), dtype=np.uint8) for r in results.load_all(STUDY) if r.status == "finished"]
    missed = np.sum([read != labels for read in reads], axis=0)
    hard = [int(n) for n in np.argsort(-missed, kind="stable") if n not in easy][:HARD]
    index = easy + hard
    TARGET.write_text(
        TEMPLATE.format(
            each=EACH,
            hard=HARD,
            sha=images.sha256,
            labels=json.dumps(labels[index].tolist()),
            index=json.dumps(index),
            pixels=base64.b64encode(test.images.numpy()[index].tobytes()).decode(),
        )
    )


if __name__ == "__main__":
    main()
