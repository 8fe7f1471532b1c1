"""The words of prices, for templates."""

from django import template

from billing import price_words
from billing.money import format_nanos, round_half_even
from billing.percent import format_percent
from billing.price_versions import ADJUSTMENT_UNIT

register = template.Library()


@register.filter
def bucket_word(name: str) -> str:
    """What is priced apart, in the reader's language."""
    return price_words.word(name)


@register.filter
def bucket_unit(name: str) -> str:
    """What its price is per."""
    return price_words.unit(name)


@register.filter
def amount_exact(nanos: int) -> str:
    """An amount with every digit that counts, for a price that is in no one currency."""
    return format_nanos(nanos)


@register.filter
def percent(basis_points: int) -> str:
    """A share or a change, without its sign: `-12.5`."""
    return format_percent(basis_points)


@register.filter
def moved_from(nanos: int, before: int) -> str:
    """By how much an amount has moved: `+10 %`, to a hundredth; "" where there was nothing."""
    if before <= 0:
        return ""
    moved = round_half_even((nanos - before) * ADJUSTMENT_UNIT, before)
    return f"{'+' if moved > 0 else ''}{format_percent(moved)} %"
