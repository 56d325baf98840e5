"""A published copy: one address that everything follows, a site that hosts and previews take, and the reference."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from PIL import Image
from test_book_site import build, lay_out, page, words

import s6core
from experiments.topics import Topic
from s6core import datasets, net, operations
from s6core.plan import plan
from s6core.receptive import fields

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "book"))

from _ext import api, publishing  # noqa: E402
from _ext.check_site import foreign  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BASE, ADDRESS = "https://someone.github.io/study", "https://github.com/someone/study"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book that is to be published below a sub-path, with the reference of the library as a page."""
    folder = lay_out(tmp_path_factory.mktemp("published"))
    settings = (folder / "_config.yml").read_text()
    settings = settings.replace('baseurl: ""', f"baseurl: {BASE}/").replace('  url: ""', f"  url: {ADDRESS}")
    (folder / "_config.yml").write_text(settings)
    shutil.copy(ROOT / "book" / "api.md", folder / "book")
    contents = folder / "book" / "_toc.yml"
    contents.write_text(
        contents.read_text().replace("      - file: book/more\n", "      - file: book/more\n      - file: book/api\n")
    )
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def html(site: Path) -> Path:
    return site / "book/_build/html"


# the site


def test_every_page_says_of_which_day_and_commit_its_results_are(site: Path):
    day, commit = publishing.newest(site / "results")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", day) and re.fullmatch(r"[0-9a-f]{10}", commit)
    for name in ("book/intro", "book/api", "results/ablations/no-bn/notebook"):
        found = re.search(r'<p class="results-stamp">(.*?)</p>', page(site, name), re.DOTALL)
        assert found and re.sub("<.*?>", "", found[1]) == f"Results up to {day}, made by commit {commit}."
        assert f"{ADDRESS}/commit/{commit}" in found[1]


def test_the_newest_run_is_the_last_to_finish(tmp_path: Path):
    assert publishing.newest(tmp_path) == ("", "")
    for study, day, commit in (("a", "2026-01-02T00:00:00Z", "a" * 40), ("b", "2026-01-01T23:59:59Z", "b" * 40)):
        (tmp_path / study).mkdir()
        (tmp_path / study / "runs.csv").write_text(f"seed,commit,finished_at\n0,{commit},{day}\n1,,\n")
    assert publishing.newest(tmp_path) == ("2026-01-02", "a" * 10)


def test_other_sites_are_told_title_words_and_picture(site: Path):
    text = page(site, "book/intro")
    tags = dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)"', text))
    assert tags["og:url"] == f"{BASE}/book/intro.html" and tags["og:image"] == f"{BASE}/_static/preview.png"
    assert tags["og:title"] and "<" not in tags["og:title"] and 40 < len(tags["og:description"]) <= 202
    assert text.count('property="og:title"') == 1 and text.count('name="description"') == 1
    with Image.open(html(site) / "_static/preview.png") as card:
        assert card.size == (1200, 630)


def test_what_a_host_looks_for_lies_at_the_root(site: Path):
    assert (html(site) / ".nojekyll").is_file()
    lost = (html(site) / "404.html").read_text()
    assert f'href="{BASE}/"' in lost and not re.search(r'(?:src|href)="(?!https?:)', lost)  # nothing relative
    listed = re.findall(r"<loc>(.*?)</loc>", (html(site) / "sitemap.xml").read_text())
    assert f"{BASE}/book/intro.html" in listed and len(listed) == len(set(listed))
    assert all((html(site) / address.removeprefix(f"{BASE}/")).is_file() for address in listed)
    assert f"Sitemap: {BASE}/sitemap.xml" in (html(site) / "robots.txt").read_text()


def test_it_works_below_a_sub_path_and_asks_nobody_else(site: Path):
    """No link from the host's root, which would miss the sub-path; and no request elsewhere."""
    for path in html(site).rglob("*.html"):
        assert not re.search(r'(?:src|href)="/', path.read_text()), path
    assert list(foreign(html(site))) == []


def test_buttons_follow_the_one_address(site: Path):
    assert "colab.research.google.com/github/someone/study/blob/main/results/ablations/no-bn/notebook.ipynb" in page(
        site, "results/ablations/no-bn/notebook"
    )
    assert "```{launch} experiments/ablation.ipynb" in (ROOT / "book/rerun.md").read_text()


# the reference


def test_the_reference_has_every_public_function_of_the_library(site: Path):
    text = words(page(site, "book/api"))
    for path in (ROOT / "s6core").rglob("*.py"):
        for member in api.public(ast.parse(path.read_text())):
            assert member.name in text, f"{path}: {member.name}"
    assert "load( dataset: str = 'mnist', *, device: torch.device | str = 'cpu'" in text
    assert "Load a data set, fetching what is missing." in text
    assert "class NetConfig" in text and "channels: tuple[int, ...] = (8, 16, 32, 32)" in text
    assert 'href="#s6core-data"' in page(site, "book/api")  # in the page's own contents


@pytest.mark.parametrize(
    ("source", "head"),
    [
        ("def f(a, /, b: int = 1, *, c=2, **d) -> int:\n 'x'", ["f(a, /, b: int=1, *, c=2, **d) -> int"]),
        ("class A(B):\n 'x'\n n: int = 1", ["class A(B)", "    n: int = 1"]),
        (
            f"def f(first: {'x' * 60}, *, second: {'y' * 60} = 1):\n 'x'",
            ["f(", f"    first: {'x' * 60},", "    *,", f"    second: {'y' * 60} = 1,", ")"],
        ),
    ],
)
def test_signatures_are_written_as_in_the_source(source: str, head: list[str]):
    (member,) = api.public(ast.parse(source))
    assert api.signature(member) == head


# the address


def load_address():
    spec = importlib.util.spec_from_file_location("address", ROOT / ".ci" / "address.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_notebook_and_citation_name_the_address_of_the_settings():
    address = (yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"] or "").rstrip("/")
    assert rf"_address = \"{address}\"" in (ROOT / "experiments/ablation.ipynb").read_text()
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["repository-code"] == address


def test_one_setting_reaches_both(tmp_path: Path):
    address = load_address()
    (tmp_path / "experiments").mkdir()
    for name in ("_config.yml", *address.PLACES):
        shutil.copy(ROOT / name, tmp_path / name)
    settings = (tmp_path / "_config.yml").read_text()
    for url, told in ((f"{ADDRESS}/", ADDRESS), ("", "")):
        (tmp_path / "_config.yml").write_text(re.sub(r'(?m)^  url: ".*"$', f'  url: "{url}"', settings))
        address.write(tmp_path)
        assert address.write(tmp_path) == []
        assert rf"_address = \"{told}\"" in (tmp_path / "experiments/ablation.ipynb").read_text()
        assert yaml.safe_load((tmp_path / "CITATION.cff").read_text())["repository-code"] == told
    (tmp_path / "_config.yml").write_text(settings.replace('  url: ""', "  url: 'https://a b'"))
    with pytest.raises(SystemExit, match="repository url='https://a b': allowed is an address"):
        address.write(tmp_path)


def test_a_notebook_without_the_package_says_what_to_do():
    cell = next(
        c for c in yaml.safe_load((ROOT / "experiments/ablation.ipynb").read_text())["cells"] if c["id"] == "install"
    )
    source = "".join(cell["source"]).replace('find_spec("s6core")', 'find_spec("no_such_package")')
    with pytest.raises(ModuleNotFoundError, match="s6core is missing: pip install it from its repository"):
        exec(re.sub(r'_address = ".*?"', '_address = ""', source), {})


# the package


def test_the_package_is_described_alike_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == s6core.__version__
    assert citation["license"] == "MIT" and (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert f"## {s6core.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_binder_has_what_the_package_asks_for():
    """pip, called by postBuild, finds torch and torchvision there already, as builds for the CPU."""
    environment = yaml.safe_load((ROOT / "binder/environment.yml").read_text())
    assert {"pytorch-cpu", "torchvision", "jupyterlab", "pip"} <= {
        re.split("[=<>]", d)[0] for d in environment["dependencies"]
    }
    done = subprocess.run(["bash", "-n", ROOT / "binder/postBuild"], capture_output=True, text=True)
    assert done.returncode == 0 and (ROOT / "binder/postBuild").stat().st_mode & 0o111


def test_the_workflow_calls_what_ci_calls_and_uploads_the_site():
    text = (ROOT / ".github/workflows/site.yml").read_text()
    steps = yaml.safe_load(text)["jobs"]["check"]["steps"]
    assert any(step.get("run", "").strip() == ".ci/run" for step in steps)
    assert any(step.get("with", {}).get("path") == "book/_build/html" for step in steps)


def test_every_file_that_contributors_are_sent_to_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?<!})`((?:[\w.-]+/)+(?:[\w.-]+\.\w+)?)`", text))
    assert len(named) > 12
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_what_contributors_are_told_to_write_is_accepted(monkeypatch: pytest.MonkeyPatch):
    """The rows and the question of CONTRIBUTING.md, evaluated as they stand there."""
    row, question, operation = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    for name, new in eval(f"{{{row}}}", {"Dataset": datasets.Dataset}).items():
        monkeypatch.setitem(datasets.DATASETS, name, new)
        assert plan({"dataset": name}).net.classes == new.classes
    for topic in eval(f"{{{question}}}", {"Topic": Topic}).values():
        assert all(plan(changes).variant for changes in topic.variants.values())
    for name, new in eval(f"{{{operation}}}", {"Operation": operations.Operation}).items():
        monkeypatch.setitem(operations.OPERATIONS, name, new)
        rows = [operations.Layer(name="new", op=name, input=(1, 4, 4), output=(1, 4, 4))]
        assert type(net.build(rows)[0]).__name__ == new.module and fields(rows)[0].size == (1, 1)


def test_every_pin_is_one_version_and_the_ranges_allow_it():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = [line for line in (ROOT / ".ci/constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pins = {canonicalize_name(r.name): r.specifier for r in map(Requirement, lines)}
    assert len(pins) == len(lines) and all(str(spec).startswith("==") for spec in pins.values())
    wanted = [*PROJECT["dependencies"], *(r for extra in PROJECT["optional-dependencies"].values() for r in extra)]
    for requirement in map(Requirement, wanted):
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(str(pin).removeprefix("=="), prereleases=True), requirement


def test_installed_elsewhere_runs_lie_where_one_works(tmp_path: Path):
    """Copied out of its repository, as pip installs it: own runs go below the current folder, not beside the code."""
    shutil.copytree(ROOT / "s6core", tmp_path / "site/s6core", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "work").mkdir()
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    code = "from s6core import plan, results; print(plan.YOURS, results.provenance()['commit'])"
    environment = {"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "work", env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(tmp_path / "work/results/yours"), "None"], done.stderr
