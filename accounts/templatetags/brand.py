"""How a site looks: its accent, its icon, its line under every page. Never reads the database."""

import hashlib
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.colours import Accent, style_sheet
from accounts.models import Site

register = template.Library()

OURS = "#0b62d6"
HASH_CHARS = 16


@register.filter
def accent_hash(site: Site) -> str:
    """What the address of the site's style sheet changes with: its content."""
    sheet = style_sheet(Accent(site.accent, site.accent_dark))
    return hashlib.sha256(sheet.encode()).hexdigest()[:HASH_CHARS]


@register.simple_tag(takes_context=True)
def favicon(context: template.Context) -> str:
    """The icon made from the site's logo, else ours in the site's accent."""
    site = context.get("site")
    if site is not None and site.icon_hash:
        return reverse("brand_image", args=[site.icon_hash])
    colour = (getattr(site, "accent", "") or OURS).replace("#", "%23")
    return render_to_string("ui/favicon.txt", {"colour": colour})


@register.filter
def footer_line(site: Any) -> str:
    """The site's own line in the reader's language, else in the site's; "" without one."""
    lines = getattr(site, "footer", None) or {}
    language = translation.get_language() or ""
    return str(lines.get(language) or lines.get(site.language, ""))
