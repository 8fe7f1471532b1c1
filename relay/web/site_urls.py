"""Addresses of the pages on which a site's staff set it up."""

from django.urls import URLPattern, path

from relay.web import site_pages

urlpatterns: list[URLPattern] = [
    path("settings", site_pages.settings, name="site_settings"),
    path("brand", site_pages.brand, name="site_brand"),
    path("content", site_pages.content, name="site_content"),
    path("errors", site_pages.error_page, name="site_errors"),
    path("announcements", site_pages.announcements, name="site_announcements"),
    path("setup", site_pages.setup, name="site_setup"),
]
