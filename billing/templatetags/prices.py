"""The words of prices, for templates."""

from django import template

from billing import price_words
from billing.money import format_nanos

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
