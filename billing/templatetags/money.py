"""How amounts look: exact decimal strings made from integer nanos. Never a float, never a sum.

Two decimals for sums, four in lists, six in details. An amount that would vanish at that
precision shows more digits instead: nothing that was charged reads as zero.
"""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.money import NANOS_DIGITS, round_half_even

register = template.Library()

# Line arithmetic is quantity × nanos per million tokens: 1e-9 × 1e-6 of the currency.
LINE_DIGITS = 15
SYMBOLS = {
    "USD": "$",
    "CNY": "¥",
    "EUR": "€",
    "GBP": "£",
    "JPY": "JP¥",
    "HKD": "HK$",
    "TWD": "NT$",
    "SGD": "S$",
}


def symbol(currency: str) -> str:
    """What stands before an amount: "$", or "CHF " where there is no sign of its own."""
    return SYMBOLS.get(currency, f"{currency} ")


def decimal(value: int, digits: int, decimals: int) -> str:
    """`value` × 10^-digits with `decimals` places, rounded half-even, thousands grouped."""
    whole = round_half_even(abs(value), 10 ** (digits - decimals))
    units, fraction = divmod(whole, 10**decimals)
    sign = "-" if value < 0 and whole else ""
    return f"{sign}{units:,}" + (f".{fraction:0{decimals}d}" if decimals else "")


def amount(nanos: int | None, currency: str, decimals: int) -> str:
    """The amount with its currency sign; "-" for none. More decimals when it would read as 0."""
    if nanos is None:
        return "-"
    for places in (decimals, 6, NANOS_DIGITS):
        text = decimal(nanos, NANOS_DIGITS, places)
        if nanos == 0 or text.strip("-0.,"):
            break
    return signed(text, currency)


def signed(text: str, currency: str) -> str:
    """The currency sign goes between the minus and the digits: -$1.00."""
    if text.startswith("-"):
        return f"-{symbol(currency)}{text[1:]}"
    return symbol(currency) + text


def exact(value: int, digits: int, currency: str) -> str:
    """Every digit that counts, but at least two decimals: a price, a line of arithmetic."""
    units, _, fraction = decimal(value, digits, digits).partition(".")
    return signed(f"{units}.{fraction.rstrip('0').ljust(2, '0')}", currency)


@register.filter
def money(nanos: int | None, currency: str) -> str:
    """Sums: two decimals."""
    return amount(nanos, currency, 2)


@register.filter
def money4(nanos: int | None, currency: str) -> str:
    """Lists: four decimals."""
    return amount(nanos, currency, 4)


@register.filter
def money6(nanos: int | None, currency: str) -> str:
    """Details: six decimals."""
    return amount(nanos, currency, 6)


@register.filter
def money_exact(nanos: int, currency: str) -> str:
    """Prices: as many decimals as it has, at least two."""
    return exact(nanos, NANOS_DIGITS, currency)


@register.filter
def line_exact(product: int, currency: str) -> str:
    """quantity × nanos per million tokens, exactly."""
    return exact(product, LINE_DIGITS, currency)


@register.filter
def change(nanos: int, currency: str) -> SafeString:
    """A movement of a balance, always with its sign."""
    text = amount(nanos, currency, 6)
    return format_html(
        '<span class="{}">{}</span>', "ok" if nanos > 0 else "", "+" * (nanos > 0) + text
    )


@register.filter
def currency_sign(currency: str) -> str:
    return symbol(currency).strip()
