"""Everything flows one way: which module may import which, and what must not wait for torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ALLOWED: dict[str, set[str]] = {
    "__init__": set(),
    "datasets": set(),
    "operations": set(),
    "config": {"datasets", "operations"},
    "idx": {"datasets"},
    "folder": {"config", "datasets", "idx"},
    "downloads": {"datasets", "idx"},
    "sources": {"config", "datasets", "downloads", "folder", "idx"},
    "data": {"config", "datasets", "sources"},
    "matters": {"config"},
    "layers": {"config", "operations"},
    "net": {"config", "layers", "operations"},
    "receptive": {"config", "layers", "net", "operations"},
    "devices": {"config"},
    "step": {"config", "data"},
    "train": {"config", "data", "step"},
    "results": {"config"},
    "stats": set(),
    "style": set(),
    "plots": {"receptive", "stats", "style", "layers", "config"},
    "diagrams": {"plots", "receptive", "stats", "style", "layers", "operations", "config"},
}
"""What each module of the library may import of it; those not named stand on top and may import all."""


def module(path: Path) -> str:
    return path.relative_to(ROOT / "s6core").parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return the dotted names a file imports, wherever in it."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            names |= {f"{base}.{alias.name}" for alias in node.names} if node.level else set()
            names |= set() if node.level else {f"{node.module}.{alias.name}" for alias in node.names}
    return names


FILES = sorted((ROOT / "s6core").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_imports_run_one_way(path: Path):
    names = imported(path)
    foreign = {name for name in names if name.split(".")[0] in ("experiments", "book", "tests")}
    assert not foreign, "the library stands by itself"
    own = {name.split(".")[1] for name in names if name.startswith("s6core.")} - {module(path)}
    submodules = own & {module(other) for other in FILES}
    assert submodules <= ALLOWED.get(module(path), submodules), f"{path.name} may not import them"


def test_no_two_modules_import_each_other():
    graph: dict[str, set[str]] = {}
    for path in FILES:
        names = {name.split(".")[1] for name in imported(path) if name.startswith("s6core.")} - {module(path)}
        graph.setdefault(module(path), set()).update(names)

    def reaches(start: str, goal: str, seen: frozenset[str] = frozenset()) -> bool:
        nexts = graph.get(start, set()) - seen
        return goal in nexts or any(reaches(one, goal, seen | nexts) for one in nexts)

    assert [name for name in graph if reaches(name, name)] == []


def test_the_walk_sees_every_kind_of_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = tmp_path / "s6core" / "stats" / "a.py"
    path.parent.mkdir(parents=True)
    path.write_text("import s6core.net\nfrom s6core import data\nfrom ..lab import run\ndef f():\n  from .b import c\n")
    assert imported(path) == {"s6core.net", "s6core.data", "s6core.lab.run", "s6core.stats.b.c"}


LIGHT = [
    "import s6core, s6core.config, s6core.layers, s6core.plan, s6core.results, s6core.stats, experiments.studies",
    "from experiments.cli import s6; s6(['--help'], standalone_mode=False); s6(['net'], standalone_mode=False)",
]


@pytest.mark.parametrize("code", LIGHT)
def test_what_only_describes_or_reads_does_not_wait_for_what_takes_seconds(code: str):
    program = f"{code}\nimport sys; print('imported:', *{{'torch', 'scipy.stats'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1:] == ["imported:"], done.stdout[-200:] + done.stderr


UNIX = {"fcntl", "grp", "pwd", "resource", "termios"}
OURS = [*FILES, *sorted((ROOT / "experiments").rglob("*.py"))]


def unix(path: Path) -> set[str]:
    """Return the modules of Unix alone that a file imports."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Import)]
    froms = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    return UNIX & {*(alias.name for node in nodes for alias in node.names), *(node.module for node in froms)}


def test_nothing_imports_what_only_unix_has(tmp_path: Path):
    assert {str(path.relative_to(ROOT)): found for path in OURS if (found := unix(path))} == {}
    (tmp_path / "a.py").write_text("import os, fcntl\nfrom pwd import getpwnam")
    assert unix(tmp_path / "a.py") == {"fcntl", "pwd"}
