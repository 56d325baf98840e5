"""The directive that puts the explorer into a page, in a book of two plain pages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BOOK = Path(__file__).parents[1] / "book"
sys.path.append(str(BOOK))

from _ext.explorer import FOLDER, PRESETS, SCRIPTS  # noqa: E402

SOURCE = BOOK / "_static" / FOLDER
CONFIG = f"""
import sys
sys.path.append({str(BOOK)!r})
extensions = ["_ext.pages", "_ext.explorer"]
html_static_path = [{str(BOOK / "_static")!r}]
html_theme = "basic"
"""
PAGE = """
With
====
.. receptive-explorer::
   :stack: conv3p1, head:conv5
   :unit: head:1,2
   :hide: bar tools
   :paths:
   :name: My net

   *Nothing* moves here.

.. receptive-explorer::

.. toctree::

   without
"""


def build(folder: Path, page: str) -> subprocess.CompletedProcess[str]:
    (folder / "conf.py").write_text(CONFIG)
    (folder / "index.rst").write_text(page)
    (folder / "without.rst").write_text("Without\n=======\n")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-n",
        "-b",
        "html",
        str(folder),
        str(folder / "html"),
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_element_has_its_attributes_and_its_text(tmp_path: Path) -> None:
    done = build(tmp_path, PAGE)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "html" / "index.html").read_text()
    element = (
        '<receptive-explorer stack="conv3p1, head:conv5" unit="head:1,2" paths="" hide="bar tools" id="my-net">\n'
        "<p><em>Nothing</em> moves here.</p>\n</receptive-explorer>"
    )
    assert element in html
    assert re.search(r"<receptive-explorer>\s*<p>[^<]*It needs JavaScript\.</p>", html)
    scripts = re.findall(rf'<script defer="defer" src="_static/{FOLDER}/(\w+)\.js', html)
    assert scripts == list(SCRIPTS)
    assert f"_static/{FOLDER}/explorer.css" in html
    assert FOLDER not in (tmp_path / "html" / "without.html").read_text()  # its scripts load nowhere else


def test_an_option_that_does_not_exist_fails_the_build(tmp_path: Path) -> None:
    wrong = [":preset: resnet", ":hide: maps menu", ":digit: 10"]
    done = build(tmp_path, PAGE + "".join(f"\n.. receptive-explorer::\n   {option}\n" for option in wrong))
    assert done.returncode != 0
    for message in ('"resnet" unknown; choose from "reference"', '"menu" unknown', '"10" unknown'):
        assert message in done.stderr


def test_a_role_links_to_a_state_in_a_window_of_its_own(tmp_path: Path) -> None:
    text = "\n:own-window:`Two blocks <stack=[conv3p1, conv3p1|]&unit=add1:1,2&hide=table,tools>`\n"
    done = build(tmp_path, PAGE + text)
    assert done.returncode == 0, done.stderr
    link = (
        f'<a class="reference" href="_static/{FOLDER}/explorer.html?stack=%5Bconv3p1,conv3p1%7C%5D&amp;unit=add1:1,2'
        '&amp;hide=table,tools" target="_blank" rel="noopener">Two blocks</a>'
    )
    assert link in (tmp_path / "html" / "index.html").read_text()
    assert (tmp_path / "html" / "_static" / FOLDER / "explorer.html").is_file()


def test_a_link_to_what_does_not_exist_fails_the_build(tmp_path: Path) -> None:
    wrong = ["preset=resnet", "hide=menu", "stuck=conv3"]
    done = build(tmp_path, PAGE + "".join(f"\n:own-window:`x <{query}>`\n" for query in wrong))
    assert done.returncode != 0
    for message in ('"resnet" unknown', '"menu" unknown', "no option 'stuck': choose from preset, stack,"):
        assert message in done.stderr


def test_the_directive_knows_the_files_and_presets_that_there_are() -> None:
    assert {path.stem for path in SOURCE.glob("*.js")} == {*SCRIPTS, "window"}  # which explorer.html alone loads
    presets = (SOURCE / "presets.js").read_text().partition("const PRESETS = {")[2]
    assert tuple(re.findall(r"^    (\w+): \{ title", presets, re.MULTILINE)) == PRESETS


def test_the_explorer_is_small_and_names_no_host() -> None:
    files = list(SOURCE.iterdir())
    assert sum(path.stat().st_size for path in files) < 150_000
    hosts = {host for path in files for host in re.findall(r"https?://([\w.]+)", path.read_text())}
    assert hosts <= {"www.w3.org"}  # the name of SVG's namespace, which nothing fetches
