"""The project's own Python files and functions, for rules that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("runner", "lynxweb")
EVERYTHING = (*PACKAGES, "tests", ".ci")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    """Every Python file under the folders (relative to the root), in order; an empty answer is an error, so that no rule runs on nothing."""
    found = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert found, f"no Python files under {folders}"
    return found


def hand_written(*folders: str) -> list[Path]:
    """The files a person writes: without migrations and without empty `__init__.py`."""
    return [path for path in python_files(*folders) if "migrations" not in path.parts and path.stat().st_size]


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method of a module."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import of a module, wherever it stands; relative imports are named with their dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def is_under(name: str, package: str) -> bool:
    """Whether a dotted name is `package` or something inside it."""
    return name == package or name.startswith(f"{package}.")


def place(path: Path) -> str:
    """The path as people write it, relative to the root."""
    return str(path.relative_to(ROOT))
