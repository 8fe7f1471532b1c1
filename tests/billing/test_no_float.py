"""No float comes near money: the modules that compute with it can't make one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

BILLING = Path(__file__).resolve().parents[2] / "billing"
NAMES = ("money", "pricing", "prices", "ledger", "credits", "balances", "posting", "usage_rows")
MODULES = [BILLING / f"{name}.py" for name in (*NAMES, "gates", "events", "quarantine")]
MODULES += sorted((BILLING / "audit").glob("*.py")) + sorted((BILLING / "models").glob("*.py"))
# Durations in seconds are floats by nature and touch no amount.
DURATIONS = {"LOOK_AGAIN_S"}


def floats_in(source: str) -> Iterator[str]:
    """What makes or names a float, Decimal or true division."""
    tree = ast.parse(source)
    durations = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in DURATIONS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            if id(node) not in durations:
                yield f"line {node.lineno}: {node.value}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield f"line {node.lineno}: /"
        elif isinstance(node, ast.Name) and node.id in {"Decimal", "round"}:
            yield f"line {node.lineno}: {node.id}"
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
            yield f"line {node.lineno}: float()"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_money_module_makes_no_float(module: Path) -> None:
    assert list(floats_in(module.read_text())) == []


@pytest.mark.parametrize("source", ["x = 0.5", "x = a / b", "x /= 2", "x = float(a)", "round(a)"])
def test_the_walk_finds_them(source: str) -> None:
    assert list(floats_in(source))
