"""Words of the trail of changes: what a field was and is, as people read it. Never its names."""

import re
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format

from accounts.time_zones import readers_zone

register = template.Library()

# As `datetime.isoformat` writes a moment; a text that only begins so is left as it is.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)")


@register.filter
def trail_value(value: Any) -> str:
    """One side of a change: a moment in the reader's time zone, a list as its members, texts by
    language as "en: …"; "-" for what is not there."""
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, dict):
        return " · ".join(f"{name}: {trail_value(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(trail_value(each) for each in value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        local = timezone.localtime(datetime.fromisoformat(value), readers_zone())
        return date_format(local, "Y-m-d H:i:s ") + f"{local:%Z}"
    return str(value)
