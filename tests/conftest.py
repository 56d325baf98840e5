"""The long files first, so that no worker is left alone with one of them while the others have nothing to do."""

from __future__ import annotations

import pytest

LONG = (
    "test_snippets",
    "test_run_faults",
    "test_book_site",
    "test_live_net",
    "test_run_real",
    "test_receptive_support",
    "test_receptive_fuzz",
    "test_results",
    "test_matters",
    "test_publishing",
)
"""By time, the longest first. A file that is missing here only starts in its turn."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONG)))
