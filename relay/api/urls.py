"""Addresses of the resources of the relay's control plane."""

from django.urls import URLPattern, path, re_path

from relay.api import (
    aliases,
    bulk_prices,
    costs,
    models,
    prices,
    routing,
    site_errors,
    site_models,
    upstream_checks,
    upstreams,
)

# Public ids are the vendors' own spelling and may hold slashes.
MODEL_ID = r"(?P<model_id>[A-Za-z0-9][A-Za-z0-9._:/+@-]{0,199})"
CUSTOMER = "site/customers/<slug:organization_id>"
UPSTREAM = "ops/upstreams/<slug:upstream_id>"

urlpatterns: list[URLPattern] = [
    path("ops/upstreams", upstreams.UpstreamList.as_view()),
    path(UPSTREAM, upstreams.UpstreamDetail.as_view()),
    path(f"{UPSTREAM}/active", upstreams.UpstreamSwitch.as_view()),
    path(f"{UPSTREAM}/health", upstream_checks.UpstreamHealth.as_view()),
    path(f"{UPSTREAM}/test", upstream_checks.UpstreamTest.as_view()),
    path(f"{UPSTREAM}/models", upstream_checks.UpstreamModels.as_view()),
    path(f"{UPSTREAM}/credentials", upstreams.UpstreamCredentials.as_view()),
    path(f"{UPSTREAM}/credentials/<slug:credential_id>", upstreams.UpstreamCredential.as_view()),
    path("ops/models", models.ModelList.as_view()),
    re_path(rf"^ops/models/{MODEL_ID}$", models.ModelDetail.as_view()),
    path("site/models", site_models.SiteModelList.as_view()),
    re_path(rf"^site/models/{MODEL_ID}$", site_models.SiteModelDetail.as_view()),
    path("site/range", site_models.SiteRange.as_view()),
    path("ops/sites/<slug:site_id>/models", site_models.ModelsOfSite.as_view()),
    re_path(
        rf"^ops/sites/(?P<site_id>[a-z0-9][a-z0-9-]*)/models/{MODEL_ID}$",
        site_models.ModelOfSite.as_view(),
    ),
    path(f"{CUSTOMER}/prices", prices.ContractList.as_view()),
    path("site/prices", prices.SitePriceList.as_view()),
    path("site/prices/<int:version_id>", prices.SitePrice.as_view()),
    path("site/prices/<int:version_id>/revert", prices.SitePriceRevert.as_view()),
    path("ops/prices", prices.DefaultPriceList.as_view()),
    path("ops/prices/<int:version_id>", prices.AnyPrice.as_view()),
    path("ops/prices/<int:version_id>/revert", prices.AnyPriceRevert.as_view()),
    path("site/prices/change", bulk_prices.SitePriceChange.as_view()),
    path("ops/prices/change", bulk_prices.PriceChange.as_view()),
    path("ops/aliases", aliases.AliasList.as_view()),
    path("ops/aliases/<int:alias_id>", aliases.AliasDetail.as_view()),
    path("site/errors", site_errors.SiteErrors.as_view()),
    path("site/errors/<slug:cause>", site_errors.SiteError.as_view()),
    path("ops/routing/dry-run", routing.DryRun.as_view()),
    path("ops/routing/requests/<slug:request_id>", routing.Trail.as_view()),
    path("ops/routes", models.RouteList.as_view()),
    path("ops/routes/<int:route_id>", models.RouteDetail.as_view()),
    path("ops/routes/<int:route_id>/costs", costs.RouteCosts.as_view()),
    path("ops/costs/<int:cost_id>", costs.AnyCost.as_view()),
]
