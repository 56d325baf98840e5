"""The library's reference, read from its source: names, signatures and docstrings, without importing anything.

    ```{api} s6core
    ```

Importing the library takes seconds and pulls in torch; parsing it takes none. Docstrings are Markdown, as the book is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

Public = ast.FunctionDef | ast.ClassDef
WIDTH = 100  # of a signature's line


class Api(SphinxDirective):
    """Render every module of a package that has something public, a section each: its docstring and its members."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        root, package = Path(self.env.srcdir), self.arguments[0]
        sections: list[nodes.Node] = []
        for path in sorted((root / package).rglob("*.py")):
            self.env.note_dependency(str(path))
            tree = ast.parse(path.read_text(encoding="utf-8"))
            members = list(public(tree))
            if members:
                sections.append(self.section(name_of(path, root), tree, members))
        if not sections:
            raise self.error(f"api: there is no package {package!r}")
        return sections

    def section(self, name: str, tree: ast.Module, members: list[Public]) -> nodes.section:
        section = nodes.section("", nodes.title(name, name), ids=[nodes.make_id(name)], names=[name], classes=["api"])
        lines = [*(ast.get_docstring(tree) or "").splitlines(), ""]
        for member in members:
            lines += ["```python", *signature(member), "```", "", *documented(member), ""]
        self.state.nested_parse(lines, self.content_offset, section)
        return section


def name_of(path: Path, root: Path) -> str:
    """Return a file's dotted name; a package has its folder's."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def public(tree: ast.Module | ast.ClassDef) -> Iterator[Public]:
    """Yield the functions and classes that have a docstring and no underscore in front."""
    for node in tree.body:
        if isinstance(node, Public) and not node.name.startswith("_") and ast.get_docstring(node):
            yield node


def signature(node: Public) -> list[str]:
    """Return a definition's head as it would be written, over several lines where it is long."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        fields = [f"    {ast.unparse(line)}" for line in node.body if isinstance(line, ast.AnnAssign)]
        return [f"class {node.name}" + (f"({bases})" if bases else ""), *fields]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    whole = f"{node.name}({ast.unparse(node.args)}){returns}"
    if len(whole) <= WIDTH:
        return [whole]
    return [f"{node.name}(", *(f"    {part}," for part in arguments(node.args)), f"){returns}"]


def arguments(given: ast.arguments) -> list[str]:
    """Return a function's arguments one by one, with `*` where those by keyword alone begin."""
    positional = [*given.posonlyargs, *given.args]
    defaults: list[Any] = [None] * (len(positional) - len(given.defaults)) + given.defaults
    found = [_written(arg, default) for arg, default in zip(positional, defaults, strict=True)]
    if given.vararg:
        found.append(f"*{ast.unparse(given.vararg)}")
    elif given.kwonlyargs:
        found.append("*")
    found += [_written(arg, default) for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return found + ([f"**{ast.unparse(given.kwarg)}"] if given.kwarg else [])


def documented(node: Public) -> list[str]:
    """Return a definition's docstring, and below it the public methods of a class."""
    lines = (ast.get_docstring(node) or "").splitlines()
    if isinstance(node, ast.ClassDef):
        for method in public(node):
            first = (ast.get_docstring(method) or "").partition("\n")[0]
            call = "" if any(ast.unparse(mark) == "property" for mark in method.decorator_list) else "()"
            lines += ["", f"- `{method.name}{call}`: {first}"]
    return lines


def _written(arg: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(arg) + (f" = {ast.unparse(default)}" if default else "")


def setup(app: Sphinx) -> None:
    app.add_directive("api", Api)
