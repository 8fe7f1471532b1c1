"""Addresses of the operators' pages of what is sold. Model ids hold slashes, so that they stand
last in a path."""

from django.urls import URLPattern, path

from relay.web import (
    ops_aliases,
    ops_import,
    ops_models,
    ops_overview,
    ops_routes,
    ops_routing,
    ops_sites,
    ops_upstreams,
    price_urls,
    site_announcements,
    site_urls,
)

urlpatterns: list[URLPattern] = [
    path("", ops_overview.overview, name="ops_overview"),
    path("upstreams", ops_upstreams.upstream_list, name="ops_upstreams"),
    path("upstreams/new", ops_upstreams.create_upstream, name="ops_upstream_new"),
    path("upstreams/id/<slug:upstream_id>", ops_upstreams.upstream_detail, name="ops_upstream"),
    path("upstreams/id/<slug:upstream_id>/try", ops_upstreams.try_upstream, name="ops_try"),
    path(
        "upstreams/id/<slug:upstream_id>/switch",
        ops_upstreams.switch_upstream,
        name="ops_upstream_switch",
    ),
    path(
        "upstreams/id/<slug:upstream_id>/models",
        ops_import.import_models,
        name="ops_models_import",
    ),
    path(
        "upstreams/id/<slug:upstream_id>/credentials",
        ops_upstreams.add_credential,
        name="ops_credential_add",
    ),
    path(
        "upstreams/id/<slug:upstream_id>/credentials/<slug:credential_id>/remove",
        ops_upstreams.remove_credential,
        name="ops_credential_remove",
    ),
    path("models", ops_models.model_list, name="ops_models"),
    path("models/new", ops_models.create_model, name="ops_model_new"),
    path("models/id/<path:model_id>", ops_models.model_detail, name="ops_model"),
    path("models/aliases/<path:model_id>", ops_aliases.add_alias, name="ops_alias_add"),
    path("aliases/<int:alias_id>/remove", ops_aliases.remove_alias, name="ops_alias_remove"),
    *price_urls.ops_urls,
    path("models/routing/<path:model_id>", ops_routing.model_routing, name="ops_routing"),
    path("routing/<str:request_id>", ops_routing.explain_request, name="ops_explain"),
    path("models/routes/<path:model_id>", ops_routes.create_route, name="ops_route_new"),
    path("routes/<int:route_id>", ops_routes.edit_route, name="ops_route"),
    path("costs/<int:cost_id>/cancel", ops_routes.cancel_cost, name="ops_cost_cancel"),
    path("routes/<int:route_id>/remove", ops_routes.remove_route, name="ops_route_remove"),
    path("sites", ops_sites.site_list, name="ops_sites"),
    path("sites/new", ops_sites.create_site, name="ops_site_new"),
    *site_urls.ops_urls,
    path("announcements", site_announcements.of_all, name="ops_announcements"),
]
