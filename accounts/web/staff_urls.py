"""Addresses of the staff's pages that accounts owns, under /ops/ and /site/."""

from django.urls import URLPattern, path

from accounts.web import audit_pages

urlpatterns: list[URLPattern] = [
    path("ops/audit", audit_pages.ops_audit, name="ops_audit"),
    path("ops/audit.csv", audit_pages.ops_audit_csv, name="ops_audit_csv"),
    path("site/audit", audit_pages.site_audit, name="site_audit"),
    path("site/audit.csv", audit_pages.site_audit_csv, name="site_audit_csv"),
]
