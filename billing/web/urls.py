"""Addresses of the billing pages."""

from django.urls import URLPattern, URLResolver, include, path

from billing.web import (
    balance,
    gallery,
    key_pages,
    keys,
    landing,
    new_key,
    overview,
    public_models,
    public_status,
    redeem_pages,
    requests,
    usage,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", landing.landing, name="landing"),
    path("models", public_models.models, name="public_models"),
    path("status", public_status.status, name="status"),
    path("app/", overview.overview, name="overview"),
    path("app/keys", keys.keys, name="keys"),
    path("app/keys/new", new_key.create_key, name="create_key"),
    path("app/keys/change", keys.change_keys, name="change_keys"),
    path("app/keys/<slug:key_id>", key_pages.key, name="key"),
    path("app/keys/<slug:key_id>/edit", key_pages.edit_key, name="edit_key"),
    path("app/keys/<slug:key_id>/rotate", new_key.rotate_key, name="rotate_key"),
    path("app/keys/<slug:key_id>/revoke", key_pages.revoke_key, name="revoke_key"),
    path("app/keys/<slug:key_id>/switch", key_pages.switch_key, name="switch_key"),
    path(
        "app/keys/<slug:key_id>/secrets/<int:retired_id>/end",
        key_pages.end_old_secret,
        name="end_old_secret",
    ),
    path("app/usage", usage.usage, name="usage"),
    path("app/requests", requests.requests, name="requests"),
    path("app/requests/<str:request_id>", requests.request_detail, name="request"),
    path("app/balance", balance.balance, name="balance"),
    path("app/balance/statement.csv", balance.statement_csv, name="statement_csv"),
    path("app/balance/redeem", redeem_pages.redeem, name="redeem"),
    path("ops/ui", gallery.gallery, name="gallery"),
    path("ops/", include("billing.web.ops_urls")),
    path("site/", include("billing.web.site_urls")),
]
