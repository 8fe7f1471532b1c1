"""A site's staff serve its customers, each as their role allows, and nobody else's."""

import pytest
from django.test import Client
from django.urls import reverse
from redis import Redis

from accounts.models import AuditRecord, Organization, Site, StaffRole
from billing import ledger
from billing.models import OrganizationPlan, Plan
from tests.factories import accounts
from tests.factories.billing import UNIT
from tests.pages.people import confirmed, has_password, logged_in
from tests.pages.site.conftest import staff_of

TABS = ("overview", "limits", "usage", "requests", "ledger", "prices", "notes", "audit", "nonsense")


def address(name: str, customer: Organization) -> str:
    return reverse(f"site_{name}", args=[customer.pk])


def form_of(client: Client, name: str, customer: Organization) -> dict[str, str]:
    page = client.get(address(name, customer))
    form_id: str = page.context["form"].initial["form_id"]
    return {"form_id": form_id, "amount": "5", "reason": "invoice 7"}


@pytest.fixture
def stranger(other_site: Site) -> Organization:
    return accounts.organization("Stranger", on=other_site)


def test_the_list_holds_the_sites_own_customers(
    keeper: Client, gate: Redis, stranger: Organization
) -> None:
    page = keeper.get(reverse("site_organizations")).content.decode()
    assert "Acme" in page
    assert "Stranger" not in page
    found = keeper.get(reverse("site_organizations"), {"q": stranger.pk}).content.decode()
    assert "No organization fits" in found


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_for_whoever_may_look(
    onlooker: Client, gate: Redis, acme: Organization, tab: str
) -> None:
    page = onlooker.get(address("organization", acme), {"tab": tab})
    assert page.status_code == 200
    assert b"<form method" not in page.content.split(b"<main")[1]


@pytest.mark.parametrize(
    "name",
    [
        *("organization", "organization_switch", "organization_budget", "organization_plan"),
        *("organization_tags", "organization_note", "top_up", "debit"),
    ],
)
def test_another_sites_customer_is_not_there(
    keeper: Client, stranger: Organization, name: str
) -> None:
    if name in ("organization", "top_up", "debit"):
        assert keeper.get(address(name, stranger)).status_code == 404
    sent = {"active": "0", "reason": "x", "text": "x", "amount": "1", "period": "day"}
    if name != "organization":
        assert keeper.post(address(name, stranger), sent).status_code == 404
    assert not AuditRecord.objects.exclude(action="organization.create").exists()


def test_finance_moves_money_and_support_does_not(
    home: Site, gate: Redis, acme: Organization
) -> None:
    finance = confirmed(staff_of(home, "fin@acme.example", StaffRole.FINANCE))
    support = confirmed(staff_of(home, "sup@acme.example", StaffRole.SUPPORT))
    assert support.get(address("top_up", acme)).status_code == 403
    sent = form_of(finance, "top_up", acme) | {"kind": "grant"}
    for _ in range(2):
        assert finance.post(address("top_up", acme), sent).status_code == 302
    assert ledger.balance_nanos(acme.pk) == 105 * UNIT
    assert finance.post(address("organization_note", acme), {"text": "x"}).status_code == 403
    assert support.post(address("organization_note", acme), {"text": "x"}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_debit_takes_what_is_available_and_no_more(
    keeper: Client, gate: Redis, acme: Organization
) -> None:
    sent = form_of(keeper, "debit", acme)
    assert keeper.post(address("debit", acme), sent).status_code == 302
    assert ledger.balance_nanos(acme.pk) == 95 * UNIT
    again = form_of(keeper, "debit", acme) | {"amount": "95.01"}
    assert keeper.post(address("debit", acme), again).status_code == 422
    assert ledger.balance_nanos(acme.pk) == 95 * UNIT
    assert AuditRecord.objects.get(action="balance.debit").reason == "invoice 7"


def test_money_asks_who_it_is_first(home: Site, gate: Redis, acme: Organization) -> None:
    stale = logged_in(has_password(staff_of(home, "stale@acme.example")))
    for name in ("top_up", "debit"):
        answer = stale.get(address(name, acme))
        assert answer.status_code == 302
        assert "reauthenticate" in answer["Location"]


def test_suspension_needs_a_reason_which_is_kept(keeper: Client, acme: Organization) -> None:
    keeper.post(address("organization_switch", acme), {"active": "0"})
    acme.refresh_from_db()
    assert acme.is_active
    keeper.post(address("organization_switch", acme), {"active": "0", "reason": "unpaid"})
    acme.refresh_from_db()
    assert not acme.is_active
    assert AuditRecord.objects.get(action="organization.suspend").reason == "unpaid"


def test_a_plan_of_its_own_is_given_and_taken_away(keeper: Client, acme: Organization) -> None:
    Plan.objects.create(pk="gold")
    for plan, rows in (("gold", 1), ("", 0)):
        keeper.post(address("organization_plan", acme), {"plan": plan, "reason": "deal"})
        assert OrganizationPlan.objects.filter(organization=acme).count() == rows
    assert AuditRecord.objects.filter(action="organization.plan").count() == 2


def test_a_customer_is_found_by_its_tag(
    keeper: Client, acme: Organization, globex: Organization
) -> None:
    keeper.post(address("organization_tags", acme), {"tags": "VIP, late，vip"})
    assert sorted(acme.tags.values_list("name", flat=True)) == ["late", "vip"]
    page = keeper.get(reverse("site_organizations"), {"q": "#VIP"}).content.decode()
    assert "Acme" in page
    assert "Globex" not in page
