"""The days of the status page: thousands of them, which a template's loop takes too long for."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from billing.reports.status import Day

register = template.Library()

# One in ten units of the drawing is the gap to the next.
STEP = 10


@register.simple_tag
def day_bars(days: Sequence[Day]) -> SafeString:
    """A bar for each day, from the left; the drawing is STEP units wide for each."""
    return format_html_join(
        "",
        '<rect class="day-{}" x="{}" width="8" height="24"><title>{}</title></rect>',
        (
            (day.state, at * STEP, f"{day.day} {day.percent} %" if day.percent else day.day)
            for at, day in enumerate(days)
        ),
    )


@register.simple_tag
def day_rows(days: Sequence[Day]) -> SafeString:
    """The same as rows of a table, the latest first, without days that had no calls."""
    return format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="num">{} %</td></tr>',
        ((day.day, day.percent) for day in reversed(days) if day.percent),
    )
