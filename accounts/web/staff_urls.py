"""Addresses of the staff's pages that accounts owns, behind either door (`accounts.web.doors`)."""

from django.urls import URLPattern, path

from accounts.web import audit_pages
from accounts.web.doors import Pair

# Address, name, view.
PAGES: list[tuple[str, str, Pair]] = [
    ("audit", "audit", audit_pages.audit_log),
    ("audit.csv", "audit_csv", audit_pages.audit_csv),
]
urlpatterns: list[URLPattern] = [
    *(path(f"ops/{below}", pair.ops, name=f"ops_{name}") for below, name, pair in PAGES),
    *(path(f"site/{below}", pair.site, name=f"site_{name}") for below, name, pair in PAGES),
]
