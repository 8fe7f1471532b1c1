"""Addresses of the operators' pages of customers and their money."""

from django.urls import URLPattern, path

from billing.web import ops_organizations, ops_top_up

urlpatterns: list[URLPattern] = [
    path("organizations", ops_organizations.organization_list, name="ops_organizations"),
    path(
        "organizations/id/<slug:organization_id>",
        ops_organizations.organization_detail,
        name="ops_organization",
    ),
    path(
        "organizations/id/<slug:organization_id>/switch",
        ops_organizations.switch_organization,
        name="ops_organization_switch",
    ),
    path(
        "organizations/id/<slug:organization_id>/top-up",
        ops_top_up.top_up,
        name="ops_top_up",
    ),
]
