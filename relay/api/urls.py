"""Addresses of the resources of the relay's control plane."""

from django.urls import URLPattern, path, re_path

from relay.api import models, upstream_checks, upstreams

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
    # Public ids are the vendors' own spelling and may hold slashes.
    re_path(
        r"^ops/models/(?P<model_id>[A-Za-z0-9][A-Za-z0-9._:/+@-]{0,199})$",
        models.ModelDetail.as_view(),
    ),
    path("ops/routes", models.RouteList.as_view()),
    path("ops/routes/<int:route_id>", models.RouteDetail.as_view()),
]
