"""Renders a page, or the one part of it that a live refresh asked for, from the same template."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

# The region of the shell that every dashboard page has.
BANNERS_TARGET = "banners"
BANNERS_TEMPLATE = "ui/banners.html"


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    fragments: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    """The page; or, for an htmx request whose target is one of `fragments`, that partial alone.

    A fragment is a `{% partialdef name %}` whose outermost element has the same id.
    """
    name = template
    target = request.headers.get("HX-Target", "")
    if request.headers.get("HX-Request") and target == BANNERS_TARGET:
        name = BANNERS_TEMPLATE
    elif request.headers.get("HX-Request") and target in fragments:
        name = f"{template}#{target}"
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    # A page shows money and keys: never from a cache without asking us first.
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return response
