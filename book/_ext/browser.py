"""A headless Chromium, for what only a browser can tell or do: the tests of pages, and the printed book."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-gpu",
)  # fmt: skip
MISSING = (
    f"no browser: none of {', '.join(NAMES)} is installed, playwright has fetched none (playwright install chromium), "
    "and S6_CHROMIUM names none"
)


def launch(playwright: Any) -> Any:
    """Start the browser that S6_CHROMIUM names, or the system's, or playwright's own; return None without any."""
    path = os.environ.get("S6_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and not Path(playwright.chromium.executable_path).exists():
        return None
    return playwright.chromium.launch(executable_path=path, args=list(QUIET))
