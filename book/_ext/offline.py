"""A site that asks no other host for anything, over http: and from file: alike."""

from __future__ import annotations

import shutil
from importlib.metadata import files
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.osutil import ensuredir

MATHJAX = "sphinx-mathjax-offline"  # the Python package that carries MathJax 3; 2 of its 24 MB are needed here
NEEDED = ("output/chtml/fonts/", "input/tex/extensions/")  # extensions are loaded when a formula uses one


def drop_thebe(app: Sphinx, config: Any) -> None:
    """Unplug sphinx-thebe, which Jupyter Book always loads.

    It names a script on another host on every page and writes its inline script twice, which is an error in the
    browser's console. The book has no live cells.
    """
    for listeners in list(app.events.listeners.values()):
        for listener in list(listeners):
            if listener.handler.__module__ == "sphinx_thebe":
                app.disconnect(listener.id)
    app.registry.css_files[:] = [entry for entry in app.registry.css_files if entry[0] != "sphinx-thebe.css"]


def copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    """Copy tex-chtml.js, its fonts and extensions, and nothing else, to where `mathjax_path` points."""
    if exception or app.builder.format != "html":
        return
    target = Path(app.outdir, "_static", app.config.mathjax_path).parent
    copied = 0
    for file in files(MATHJAX) or ():
        inside = file.as_posix().partition("static/mathjax/")[2]
        if inside == "tex-chtml.js" or inside.startswith(NEEDED):
            destination = target / inside
            if not destination.exists():
                ensuredir(destination.parent)
                shutil.copyfile(file.locate(), destination)
            copied += 1
    if not copied:
        raise ExtensionError(f"the package {MATHJAX} holds no tex-chtml.js: pip install --force-reinstall {MATHJAX}")


def setup(app: Sphinx) -> None:
    app.connect("config-inited", drop_thebe)
    app.connect("build-finished", copy_mathjax)
