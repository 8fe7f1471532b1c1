"""No float comes near money: the modules that name an amount can't make one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
# The unit is in every amount's name, so that a module which handles money says so.
UNIT = "nanos"
ROOTS = ("accounts", "billing", "relay")
# Times are floats by nature and touch no amount; what they are called says that they are times.
TIME_SUFFIXES = ("_S", "_S_MAX", "_S_MIN", "_s", "_at")


def money_modules() -> list[Path]:
    """Every module of the product that names an amount."""
    found = (path for root in ROOTS for path in (CHECKOUT / root).rglob("*.py"))
    return sorted(
        path for path in found if "migrations" not in path.parts and UNIT in path.read_text()
    )


MODULES = money_modules()


def floats_in(source: str) -> Iterator[str]:
    """What makes or names a float, Decimal or true division."""
    tree = ast.parse(source)
    times = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_time(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            if id(node) not in times:
                yield f"line {node.lineno}: {node.value}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            if not is_harmless(node):
                yield f"line {node.lineno}: /"
        elif isinstance(node, ast.Name) and node.id in {"Decimal", "round"}:
            yield f"line {node.lineno}: {node.id}"
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
            yield f"line {node.lineno}: float()"


def is_time(node: ast.Assign | ast.AnnAssign) -> bool:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    return isinstance(target, ast.Name) and target.id.endswith(TIME_SUFFIXES)


def is_harmless(node: ast.BinOp | ast.AugAssign) -> bool:
    """Milliseconds made seconds, and paths."""
    if isinstance(node, ast.AugAssign):
        return False
    is_path = isinstance(node.right, ast.Constant) and isinstance(node.right.value, str)
    name = getattr(node.left, "attr", None) or getattr(node.left, "id", "")
    return is_path or str(name).endswith("_ms")


@pytest.mark.parametrize(
    "module", MODULES, ids=lambda path: str(path.relative_to(CHECKOUT).with_suffix(""))
)
def test_a_money_module_makes_no_float(module: Path) -> None:
    assert list(floats_in(module.read_text())) == []


@pytest.mark.parametrize(
    "name",
    [
        *(
            "money",
            "pricing",
            "ledger",
            "credits",
            "balances",
            "posting",
            "usage_rows",
            "rollup_rows",
        ),
        *("gates", "events", "quarantine", "explain", "audit/recent", "models/ledger"),
        *("gate/wire", "gate/steward", "reports/spend", "templatetags/money"),
    ],
)
def test_the_walk_covers_what_we_know_to_be_money(name: str) -> None:
    assert CHECKOUT / "billing" / f"{name}.py" in MODULES


@pytest.mark.parametrize(
    "source", ["x = 0.5", "x = a / b", "x = a_nanos / 1000", "x /= 2", "x = float(a)", "round(a)"]
)
def test_the_walk_finds_them(source: str) -> None:
    assert list(floats_in(source))
