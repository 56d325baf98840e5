"""Write the repository's address, `repository: url` in _config.yml, into the two files that cannot read it there.

A notebook that is opened alone on Colab installs the package from it, and CITATION.cff names it. `make site` runs this.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PLACES = {
    "experiments/ablation.ipynb": (r'_address = \\"[^"\\]*\\"', r"_address = \"{}\""),
    "CITATION.cff": (r'(?m)^repository-code: ".*"$', 'repository-code: "{}"'),
}
"""Where the address stands in each file, and how it is written there."""


def write(root: Path = ROOT) -> list[str]:
    """Bring both files up to date, and return the names of those that changed."""
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    address = (settings["repository"]["url"] or "").rstrip("/")
    if not re.fullmatch(r"[\w:/.@~+-]*", address):
        sys.exit(f"_config.yml: repository url={address!r}: allowed is an address without spaces or quotes")
    changed = []
    for name, (pattern, line) in PLACES.items():
        before = (root / name).read_text(encoding="utf-8")
        after, found = re.subn(pattern, lambda _, line=line: line.format(address), before)
        if found != 1:
            sys.exit(f"{name}: the address stands there {found} times, not once: see {Path(__file__).name}")
        if after != before:
            (root / name).write_text(after, encoding="utf-8")
            changed.append(name)
    return changed


if __name__ == "__main__":
    for name in write():
        print(f"{name}: the repository's address is new")
