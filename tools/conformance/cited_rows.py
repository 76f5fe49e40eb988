"""Which tests cite which rows of a checklist: `@pytest.mark.ch("CH-011", ...)`, `@pytest.mark.pd("PD-007")`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def cited_rows(marker: str) -> dict[str, list[str]]:
    """Return, by row, the tests that cite it with this marker, as path::name."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = _constants(tree)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                for row in _rows(node, constants, marker):
                    found.setdefault(row, []).append(f"{path.relative_to(ROOT).as_posix()}::{node.name}")
    return found


def linked(test: str) -> str:
    """Return a test as a link that says its sentence."""
    path, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../{path})"


def _constants(tree: ast.Module) -> Mapping[str, list[str]]:
    """Read the module's lists of rows, such as `CONTEXT_ROWS = ["CH-171", "CH-172"]`."""
    assigned = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    return {name: ast.literal_eval(value) for name, value in assigned.items() if name.endswith("_ROWS")}


def _rows(function: ast.FunctionDef, constants: Mapping[str, list[str]], marker: str) -> Iterator[str]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == f"pytest.mark.{marker}":
            for argument in decorator.args:
                if isinstance(argument, ast.Starred):
                    yield from constants[ast.unparse(argument.value)]
                else:
                    yield str(ast.literal_eval(argument))
