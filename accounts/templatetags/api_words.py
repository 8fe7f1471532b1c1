"""Shows the words of the management API's document: what stands between backticks is code."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def coded(text: str) -> SafeString:
    """Every second part of what backticks divide; all of it is escaped."""
    parts = text.split("`")
    shown = [(format_html("<code>{}</code>" if at % 2 else "{}", p),) for at, p in enumerate(parts)]
    return format_html_join("", "{}", shown)
