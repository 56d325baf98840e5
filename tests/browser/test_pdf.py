"""The printed book: `make pdf` in small."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "book" / "_static"


def printed(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    page = folder / "index.html"
    page.write_text(
        f'<!doctype html><html lang="en" data-theme="dark"><head><meta charset="utf-8"><title>Book</title>'
        f'<link rel="stylesheet" href="{(STATIC / "style.css").as_uri()}">'
        f'<script defer src="{(STATIC / "print.js").as_uri()}"></script></head><body><main><article class="bd-article">'
        '<h1>Book</h1><span id="document-one"></span><section><h1>One</h1><p>What is two and two?</p>'
        '<div class="solution">Four.</div></section><span id="document-two"></span><section><h1>Two</h1></section>'
        '<span id="document-results/ablations/fc/notebook"></span><section><h1>A lab report</h1></section>'
        "</article></main></body></html>"
    )
    command = [sys.executable, str(ROOT / "book/_scripts/pdf.py"), str(page), str(folder / "book.pdf")]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)


def test_each_chapter_begins_a_page_and_the_answers_come_last(browser: Any, tmp_path: Path) -> None:
    done = printed(tmp_path)
    assert done.returncode == 0, done.stderr
    content = (tmp_path / "book.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 4  # the title, two chapters, the answers, no lab report


def test_without_a_browser_it_says_so(tmp_path: Path) -> None:
    done = printed(tmp_path, PATH="", HOME=str(tmp_path), S6_CHROMIUM="")
    assert done.returncode == 1
    assert "no browser: none of chromium-headless-shell, chromium" in done.stderr
    assert not (tmp_path / "book.pdf").exists()
