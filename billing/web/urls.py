"""Addresses of the billing pages."""

from django.urls import URLPattern, URLResolver, include, path

from billing.web import (
    balance,
    gallery,
    keys,
    landing,
    overview,
    public_models,
    public_status,
    requests,
    usage,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", landing.landing, name="landing"),
    path("models", public_models.models, name="public_models"),
    path("status", public_status.status, name="status"),
    path("app/", overview.overview, name="overview"),
    path("app/keys", keys.keys, name="keys"),
    path("app/keys/new", keys.create_key, name="create_key"),
    path("app/keys/<slug:key_id>/revoke", keys.revoke_key, name="revoke_key"),
    path("app/keys/<slug:key_id>/switch", keys.switch_key, name="switch_key"),
    path("app/usage", usage.usage, name="usage"),
    path("app/requests", requests.requests, name="requests"),
    path("app/requests/<str:request_id>", requests.request_detail, name="request"),
    path("app/balance", balance.balance, name="balance"),
    path("ops/ui", gallery.gallery, name="gallery"),
    path("ops/", include("billing.web.ops_urls")),
    path("site/", include("billing.web.site_urls")),
]
