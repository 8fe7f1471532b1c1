"""Addresses of the site staff's pages of customers and their money."""

from django.urls import URLPattern, path

from billing.web import customer_urls, site_overview

urlpatterns: list[URLPattern] = [
    path("", site_overview.overview, name="site_overview"),
    *customer_urls.site_urls,
]
