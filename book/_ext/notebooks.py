"""The executed notebooks as an appendix, and the buttons that open one elsewhere.

A notebook of results/ is shown as it was stored, but for five things: no search finds it, its title says which variant
it is, the cells that papermill passes parameters through are folded, progress bars are left out, and a picture's
alternative text is the text above its cell.

    ```{launch} experiments/ablation.ipynb
    ```

is a pair of links that open a notebook on Colab and Binder, or nothing while `repository: url` in _config.yml is empty.
"""

from __future__ import annotations

import json
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.matching import patfilter

COLAB = "https://colab.research.google.com"
BINDER = "https://mybinder.org"
FOLDED = {"parameters", "injected-parameters"}


def prepare(app: Sphinx, docname: str, source: list[str]) -> None:
    """Name the notebook after its folder, and fold the cells that only pass parameters."""
    folders = docname.split("/")
    if folders[0] != "results" or folders[-1] != "notebook":
        return
    try:
        content = json.loads(source[0])
    except ValueError:
        return  # not JSON: whoever parses it says so
    app.env.metadata[docname]["nosearch"] = "yes"  # sixty of them would hide the chapters
    study, variant = "/".join(folders[1:-2]), folders[-2]
    above = ""
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            above = " ".join("".join(cell["source"]).replace("#", "").split())
        tags = cell.setdefault("metadata", {}).setdefault("tags", [])
        if FOLDED & set(tags) and "hide-input" not in tags:
            tags.append("hide-input")
        # a progress bar writes to stderr, thousands of times; warnings and errors of a stored run stay in the file
        outputs = cell.get("outputs", [])
        cell["outputs"] = [out for out in outputs if out.get("name") != "stderr"]
        if cell["cell_type"] == "code":
            cell["metadata"].setdefault("mystnb", {}).setdefault("image", {}).setdefault("alt", above)
        else:
            del cell["outputs"]
    cells = content["cells"]
    if cells and cells[0]["cell_type"] == "markdown":
        text = "".join(cells[0]["source"])
        first, _, rest = text.partition("\n")
        cells[0]["source"] = f"# {study}: {variant}\n{rest if first.startswith('# ') else text}"
    source[0] = json.dumps(content)


def reread_contents(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Render the page that lists notebooks again when one appears or goes, which sphinx-external-toc forgets."""
    stale = []
    for name, page in app.config.external_site_map.items():
        patterns = [str(item) for tree in page.subtrees for item in tree.items if "*" in str(item)]
        docname = name.removesuffix(".md")
        if docname in env.found_docs and any(patfilter(added | removed, pattern) for pattern in patterns):
            stale.append(docname)
    return stale


def switch_buttons(app: Sphinx, config: Any) -> None:
    """Switch the buttons on that need a public address, if there is one."""
    options = config.html_theme_options
    if options.get("repository_url"):
        options["use_repository_button"] = True
        options["launch_buttons"] = {"notebook_interface": "jupyterlab", "colab_url": COLAB, "binderhub_url": BINDER}
    else:
        options.pop("repository_url", None)
        options.pop("launch_buttons", None)


class Launch(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        options = self.config.html_theme_options
        address = options.get("repository_url", "").rstrip("/")
        if not address:
            return []
        owner = "/".join(address.split("/")[-2:])
        branch, path = options.get("repository_branch", "main"), self.arguments[0]
        links = {
            "Open in Colab": f"{COLAB}/github/{owner}/blob/{branch}/{path}",
            "Open in Binder": f"{BINDER}/v2/gh/{owner}/{branch}?urlpath=lab/tree/{path}",
        }
        line = nodes.paragraph(classes=["launch"])
        for text, target in links.items():
            line += [nodes.reference("", text, refuri=target), nodes.Text(" ")]
        return [line]


def setup(app: Sphinx) -> None:
    app.connect("config-inited", switch_buttons, priority=400)  # before the theme reads them
    app.connect("source-read", prepare)
    app.connect("env-get-outdated", reread_contents, priority=900)  # after the site map has reached the environment
    app.add_directive("launch", Launch)
