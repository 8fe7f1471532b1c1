"""Addresses of the operators' pages of customers and their money."""

from django.urls import URLPattern, path

from billing.web import ops_books, ops_organizations, ops_plans, ops_requests, ops_top_up

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
        "organizations/id/<slug:organization_id>/budget",
        ops_organizations.set_budget,
        name="ops_organization_budget",
    ),
    path(
        "organizations/id/<slug:organization_id>/top-up",
        ops_top_up.top_up,
        name="ops_top_up",
    ),
    path("plans", ops_plans.plan_list, name="ops_plans"),
    path("plans/id/<slug:plan_id>", ops_plans.plan_detail, name="ops_plan"),
    path("requests/<str:request_id>", ops_requests.request_detail, name="ops_request"),
    path("books", ops_books.overview, name="ops_books"),
    path("books/audit", ops_books.start_audit, name="ops_books_audit"),
    path("books/frozen/<slug:organization_id>/lift", ops_books.lift_freeze, name="ops_freeze_lift"),
    path("books/events/<int:event_id>/retry", ops_books.retry_event, name="ops_event_retry"),
    path("books/events/<int:event_id>/discard", ops_books.discard_event, name="ops_event_discard"),
]
