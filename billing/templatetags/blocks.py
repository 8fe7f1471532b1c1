"""The banners over every dashboard page, wherever its view lives."""

from typing import Any

from django import template

from billing.reports import blocks

register = template.Library()


@register.inclusion_tag("ui/banner_list.html", takes_context=True)
def block_banners(context: template.Context) -> dict[str, Any]:
    """Banners of the request's organization; nothing where there is none."""
    organization = getattr(context["request"], "organization", None)
    return {"banners": blocks.banners(organization) if organization else []}
