"""The announcements that every page of a site shows on top."""

from typing import Any

from django import template
from django.utils import timezone

from accounts import announcements
from accounts.models import Announcement, Site

register = template.Library()

LEVELS = {Announcement.Kind.INCIDENT: "warn", Announcement.Kind.MAINTENANCE: "info"}


@register.inclusion_tag("ui/announcements.html", takes_context=True)
def announcement_banners(context: template.Context) -> dict[str, Any]:
    """At most two, incidents first; nothing where the request has no site."""
    site = context.get("site")
    if not isinstance(site, Site):
        return {"rows": []}
    rows = announcements.shown(site, timezone.now())[: announcements.BANNERS_MAX]
    return {
        "rows": [(row, LEVELS.get(Announcement.Kind(row.kind), "plain")) for row in rows],
        "site": site,
    }


@register.filter
def worded(texts: dict[str, str], site: Site) -> str:
    """A text by language in the reader's."""
    return announcements.worded(texts, site)
