"""Addresses of the management API, under `/api/v1/`; what leads nowhere is a problem document."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from accounts.api import problems
from accounts.api.docs import docs
from accounts.api.schema import SchemaView

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema", SchemaView.as_view(), name="api_schema"),
    path("docs", docs, name="api_docs"),
    path("", include("accounts.api.urls")),
    path("", include("billing.api.urls")),
    path("", include("relay.api.urls")),
    re_path(r"^.*$", problems.unknown_path),
]
