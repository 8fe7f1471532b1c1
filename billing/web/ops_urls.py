"""Addresses of the operators' pages of customers and their money."""

from django.urls import URLPattern, path

from billing.web import customer_urls, ops_books, ops_jobs, ops_plans

urlpatterns: list[URLPattern] = [
    *customer_urls.ops_urls,
    path("plans", ops_plans.plan_list, name="ops_plans"),
    path(
        "plans/adjustments/<int:adjustment_id>/cancel",
        ops_plans.cancel_adjustment,
        name="ops_adjustment_cancel",
    ),
    path("plans/id/<slug:plan_id>", ops_plans.plan_detail, name="ops_plan"),
    path("jobs", ops_jobs.overview, name="ops_jobs"),
    path("jobs/start", ops_jobs.start, name="ops_job_start"),
    path("books", ops_books.overview, name="ops_books"),
    path("books/audit", ops_books.start_audit, name="ops_books_audit"),
    path("books/frozen/<slug:organization_id>/lift", ops_books.lift_freeze, name="ops_freeze_lift"),
    path("books/events/<int:event_id>/retry", ops_books.retry_event, name="ops_event_retry"),
    path("books/events/<int:event_id>/discard", ops_books.discard_event, name="ops_event_discard"),
]
