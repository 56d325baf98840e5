"""Write the ten digits that the receptive-field explorer shows: the first test image of each class of MNIST.

    python book/_scripts/explorer_digits.py FOLDER

FOLDER holds the raw files t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte. The images go, byte for byte, as base64
into book/_static/receptive-explorer/digits.js, with the positions from which they were taken.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "_static" / "receptive-explorer" / "digits.js"
SHA256 = {
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
HEADERS = (16, 8)  # bytes before the data of an IDX file of images, and of labels
PIXELS = 28 * 28

TEMPLATE = """\
/* Written by book/_scripts/explorer_digits.py: the first image of each class in the test set of MNIST
   (Y. LeCun, C. Cortes, C. J. C. Burges; CC BY-SA 3.0). `index` counts from 0 in the file {images},
   SHA-256 {sha}.
   `pixels` is base64 of 784 bytes, row by row, 0 paper to 255 ink. */
(window.S6Receptive ??= {{}}).digits = {digits};
"""


def first_of_each_class(folder: Path) -> list[dict[str, int | str]]:
    """Return label, index and base64 pixels of the first test image of each class.

    Raises `ValueError` naming the file whose content is not MNIST's.
    """
    contents = [(folder / name).read_bytes() for name in SHA256]
    for content, (name, sha) in zip(contents, SHA256.items(), strict=True):
        if hashlib.sha256(content).hexdigest() != sha:
            raise ValueError(f"{folder / name}: not MNIST's file, whose SHA-256 is {sha}")
    images, labels = (content[header:] for content, header in zip(contents, HEADERS, strict=True))
    indices = [labels.index(label) for label in range(10)]
    pixels = [images[PIXELS * index : PIXELS * (index + 1)] for index in indices]
    return [
        {"label": label, "index": index, "pixels": base64.b64encode(image).decode()}
        for label, (index, image) in enumerate(zip(indices, pixels, strict=True))
    ]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    digits = json.dumps(first_of_each_class(Path(sys.argv[1])), indent=1)
    images = next(iter(SHA256))
    TARGET.write_text(TEMPLATE.format(digits=digits, images=images, sha=SHA256[images]))
