"""Addresses of the first-run wizard; each answers 404 once it is over."""

from django.urls import URLPattern, path

from relay.web import setup_model, setup_pages, setup_upstream

urlpatterns: list[URLPattern] = [
    path("", setup_pages.start, name="setup"),
    path("/site", setup_pages.site, name="setup_site"),
    path("/upstream", setup_upstream.upstream, name="setup_upstream"),
    path("/upstream/<slug:upstream_id>/try", setup_upstream.try_upstream, name="setup_try"),
    path("/model", setup_model.model, name="setup_model"),
    path("/skip/<slug:step>", setup_pages.skip, name="setup_skip"),
    path("/done", setup_pages.done, name="setup_done"),
]
