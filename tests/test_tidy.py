"""The house rules that no linter knows (style guide 3.2): sizes, nesting, names, docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PRODUCT = ("accounts", "billing", "relay", "platform")
ALL = (*PRODUCT, "tests", "bench")

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
NESTING_MAX = 3

# Catch-all names: what such a module owns cannot be said in a sentence.
BANNED_NAMES = {"utils", "util", "helpers", "common", "services", "base", "misc"}
# Words that the glossary (design section 2) replaces; only where no library's own word is meant.
BANNED_WORDS = ("wallet", "tenant")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")  # split, or this file would match

# What adds a level for the reader. `with` and `try` do not: they mostly wrap, they do not branch.
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _modules(*roots: str) -> list[Path]:
    found = (path for root in roots for path in (CHECKOUT / root).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def _relative(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def _depth(node: ast.AST) -> int:
    """How many branches stand inside each other below a node; `elif` is no deeper than its `if`."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            continue  # measured on its own
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        own = isinstance(child, BRANCHES) and not is_elif
        deepest = max(deepest, own + _depth(child))
    return deepest


@pytest.mark.parametrize("path", _modules(*ALL), ids=_relative)
def test_a_module_is_tidy(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert path.stem not in BANNED_NAMES
    assert source.count("\n") <= MODULE_LINES_MAX
    assert UNFINISHED.findall(source) == []
    is_empty = not source.strip()
    assert is_empty or ast.get_docstring(ast.parse(source)), "say what the module owns"
    for function in _functions(path):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= FUNCTION_LINES_MAX, f"{function.name} has {length} lines"
        depth = _depth(function)
        assert depth <= NESTING_MAX, f"{function.name} nests {depth} deep"


@pytest.mark.parametrize("path", _modules(*PRODUCT), ids=_relative)
def test_a_module_keeps_to_the_glossary(path: Path) -> None:
    source = path.read_text(encoding="utf-8").lower()
    assert [word for word in BANNED_WORDS if word in source] == []
