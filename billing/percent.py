"""Percentages as people write them, to basis points and back. Never a float."""

import re

from billing.errors import BillingError

# A hundredth of a percent is a basis point.
DECIMALS = 2
_PERCENT = re.compile(r"([+-]?)([0-9]{1,4})(?:\.([0-9]{1,2}))?", re.ASCII)


class PercentError(BillingError, ValueError):
    """Not a percentage with at most two decimals."""

    code = "invalid_percent"


def parse_percent(text: str) -> int:
    """The basis points of `-10`, `5.5` or `+0.25`. Raises PercentError."""
    match = _PERCENT.fullmatch(text.strip())
    if match is None:
        raise PercentError(f"not a percentage with at most two decimals: {text[:20]!r}")
    sign, whole, fraction = match[1], match[2], match[3] or ""
    basis_points = int(whole) * 100 + int(fraction.ljust(DECIMALS, "0"))
    return -basis_points if sign == "-" else basis_points


def format_percent(basis_points: int) -> str:
    """`-10`, `5.5`, `0.25`: `parse_percent` reads it back to the same number."""
    whole, rest = divmod(abs(basis_points), 100)
    fraction = f".{rest:02d}".rstrip("0").rstrip(".")
    return f"{'-' if basis_points < 0 else ''}{whole}{fraction}"
