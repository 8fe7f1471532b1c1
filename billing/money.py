"""The unit of money: integer nanos, 1e-9 of a site's currency. All parsing, formatting, rounding.

Never touches float or Decimal; a currency's name is no business of this module.
"""

import re

from billing.errors import BillingError

NANOS_PER_UNIT = 10**9
NANOS_DIGITS = 9
# Prices are published per million tokens; kept so, they stay integers.
TOKENS_PER_PRICE_UNIT = 10**6
# Postgres BIGINT: about 9.2 billion units.
NANOS_MAX = 2**63 - 1

# ASCII digits only, so that full-width ones or "1e9" are refused and not reinterpreted.
_AMOUNT = re.compile(r"([+-]?)([0-9]{1,19})(?:\.([0-9]{1,19}))?", re.ASCII)
_CENTS_DIGITS = 2


class MoneyError(BillingError, ValueError):
    """Not an amount of money that we can hold exactly."""

    code = "invalid_amount"


def parse_nanos(text: str) -> int:
    """The nanos of a decimal string such as `5`, `-0.0375` or `12.50`.

    Raises MoneyError for anything else, for more than nine decimals that are not zero (rounding
    somebody's money silently is not parsing) and for what BIGINT cannot hold.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise MoneyError(f"not a decimal amount: {text[:40]!r}")
    sign, whole, fraction = match[1], match[2], (match[3] or "").rstrip("0")
    if len(fraction) > NANOS_DIGITS:
        raise MoneyError(f"more than {NANOS_DIGITS} decimals: {text[:40]!r}")
    nanos = int(whole) * NANOS_PER_UNIT + int(fraction.ljust(NANOS_DIGITS, "0"))
    if nanos > NANOS_MAX:
        raise MoneyError(f"more than the books can hold: {text[:40]!r}")
    return -nanos if sign == "-" else nanos


def format_nanos(nanos: int) -> str:
    """The exact decimal string, with at least two decimals: `5.00`, `0.0375`, `-0.000000001`.

    `parse_nanos` reads it back to the same number.
    """
    whole, rest = divmod(abs(nanos), NANOS_PER_UNIT)
    fraction = f"{rest:0{NANOS_DIGITS}d}".rstrip("0").ljust(_CENTS_DIGITS, "0")
    return f"{'-' if nanos < 0 else ''}{whole}.{fraction}"


def round_half_even(numerator: int, denominator: int) -> int:
    """The integer nearest to the fraction; of two equally near, the even one."""
    if denominator <= 0:
        raise MoneyError("the denominator must be positive")
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2 == 1):
        return quotient + 1
    return quotient


def round_up(numerator: int, denominator: int) -> int:
    """The smallest integer that is not below the fraction: for what is held, never charged."""
    if denominator <= 0:
        raise MoneyError("the denominator must be positive")
    return -(-numerator // denominator)
