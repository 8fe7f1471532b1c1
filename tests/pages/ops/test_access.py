"""Each of the operators' pages in a few queries; who may not open them is in
`tests/pages/authorization`."""

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Organization
from accounts.web import staff_urls
from billing.models import Model
from billing.web import ops_urls as billing_pages
from relay.models import Route, Upstream
from relay.web import ops_urls as relay_pages
from tests.factories import calls

OURS = [row for row in staff_urls.urlpatterns if str(row.name).startswith("ops_")]
PATTERNS = [*relay_pages.urlpatterns, *billing_pages.urlpatterns, *OURS]
PAGES = [str(pattern.name) for pattern in PATTERNS]
# The budget of every page (performance of the dashboard), session and log-in included.
QUERIES_MAX = 15
POSTS_ONLY = {
    "ops_try",
    "ops_upstream_switch",
    "ops_credential_add",
    "ops_credential_remove",
    "ops_alias_add",
    "ops_alias_remove",
    "ops_organization_switch",
    "ops_organization_budget",
    "ops_organization_plan",
    "ops_organization_tags",
    "ops_organization_note",
    "ops_codes_withdraw",
    "ops_books_audit",
    "ops_freeze_lift",
    "ops_event_retry",
    "ops_event_discard",
    "ops_price_cancel",
}


@pytest.fixture
def addresses(upstream: Upstream, model: Model, acme: Organization) -> dict[str, str]:
    """Every staff page by name, each for something that exists."""
    route = Route.objects.create(model=model, upstream=upstream, name="gpt-4o")
    known = {
        "upstream_id": upstream.pk,
        "credential_id": upstream.held()[0].id,
        "model_id": model.pk,
        "alias_id": model.aliases.create(alias="vendor/latest").pk,
        "route_id": route.pk,
        "site_id": acme.site_id,
        "organization_id": acme.pk,
        "request_id": calls.record(acme).pk,
        "event_id": 1,
        "version_id": 1,
        "batch_id": 1,
        "plan_id": "default",
    }
    found = {}
    for pattern in PATTERNS:
        arguments = {name: known[name] for name in pattern.pattern.converters}
        found[str(pattern.name)] = reverse(str(pattern.name), kwargs=arguments)
    return found


@pytest.mark.parametrize("page", [page for page in PAGES if page not in POSTS_ONLY])
def test_an_operator_gets_the_page_in_a_few_queries(
    operator: Client,
    addresses: dict[str, str],
    page: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(QUERIES_MAX):
        response = operator.get(addresses[page])
    assert response.status_code == 200
    assert "sk-vendor-12345678" not in response.getvalue().decode()


@pytest.mark.parametrize(
    "page",
    ["ops_upstream", "ops_model", "ops_prices", "ops_site", "ops_organization", "ops_request"],
)
def test_what_does_not_exist_is_not_found(operator: Client, page: str) -> None:
    address = reverse(page, args=["gone"])
    assert operator.get(address).status_code == 404


def test_every_staff_address_is_walked_here() -> None:
    known = {str(name) for name in get_resolver().reverse_dict if str(name).startswith("ops_")}
    assert known == set(PAGES)
