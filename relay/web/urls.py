"""Addresses of the relay pages."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("ops/", include("relay.web.ops_urls")),
    path("site/", include("relay.web.site_urls")),
    path("setup", include("relay.web.setup_urls")),
]
