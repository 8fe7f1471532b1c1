"""Operators find a customer by what they were told, see all of it, suspend and resume it."""

import pytest
from django.test import Client
from django.urls import reverse
from redis import Redis

from accounts.models import ApiKey, Membership, Organization, User
from billing import budgets
from tests.factories.billing import UNIT

LIST = "ops_organizations"


@pytest.fixture
def ann(acme: Organization, globex: Organization) -> User:
    user = User.objects.create_user("ann@acme.example")
    Membership.objects.create(organization=acme, user=user)
    return user


def found(operator: Client, search: str) -> str:
    return operator.get(reverse(LIST), {"q": search}).content.decode()


@pytest.mark.parametrize("search", ["acme", "ACM", "ann@acme", "org_acme", " Acme "])
def test_one_is_found_by_name_email_or_id(operator: Client, ann: User, search: str) -> None:
    text = found(operator, search)
    assert "org_acme" in text
    assert "org_globex" not in text


def test_one_is_found_by_a_key_as_lists_show_it(
    operator: Client, acme_key: ApiKey, globex: Organization
) -> None:
    for search in (acme_key.masked, f"sk-{acme_key.pk}", acme_key.pk[:6]):
        text = found(operator, search)
        assert "org_acme" in text
        assert "org_globex" not in text


@pytest.mark.parametrize("search", ["nobody", "%", "_", "\x00", "sk-", "x" * 5000])
def test_odd_searches_find_nothing_and_break_nothing(
    operator: Client, acme: Organization, search: str
) -> None:
    response = operator.get(reverse(LIST), {"q": search})
    assert response.status_code == 200


def test_a_page_ends_and_the_next_begins_where_it_ended(
    operator: Client, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        Organization.objects.create(site=acme.site, name=f"Customer {number:02d}")
    first = operator.get(reverse(LIST))
    older = first.context["older_url"]
    second = operator.get(older)
    names = [
        row.organization.name
        for response in (first, second)
        for row in response.context["page"].rows
    ]
    assert len(names) == len(set(names)) == Organization.objects.count()
    assert second.context["older_url"] == ""


def test_the_page_of_one_shows_balance_keys_members_and_ledger(
    operator: Client, gate: object, ann: User, acme: Organization, acme_key: ApiKey
) -> None:
    text = operator.get(reverse("ops_organization", args=[acme.pk])).content.decode()
    assert "$100.00" in text
    assert acme_key.masked in text
    assert "ann@acme.example" in text
    assert "opening" in text
    assert "Globex" not in text


def test_with_the_gate_closed_the_figures_are_said_not_to_be_live(
    operator: Client, empty_redis: object, acme: Organization
) -> None:
    text = operator.get(reverse("ops_organization", args=[acme.pk])).content.decode()
    assert "not live" in text


def test_suspend_and_resume(operator: Client, acme: Organization, globex: Organization) -> None:
    for active in ("0", "1"):
        sent = {"active": active, "reason": "late"}
        operator.post(reverse("ops_organization_switch", args=[acme.pk]), sent)
        acme.refresh_from_db()
        globex.refresh_from_db()
        assert acme.is_active is (active == "1")
        assert globex.is_active


def test_an_operator_sets_and_removes_a_budget(
    operator: Client, gate: Redis, acme: Organization
) -> None:
    page, form = (
        reverse(name, args=[acme.pk]) for name in ("ops_organization", "ops_organization_budget")
    )
    response = operator.post(form, {"amount": "5.00", "period": "month"}, follow=True)
    assert response.redirect_chain == [(page, 302)]
    assert "$0.00 of $5.00" in response.content.decode()
    assert budgets.limits_of(acme.pk) == (("month", 5 * UNIT),)
    operator.post(form, {"remove": "month"})
    assert budgets.limits_of(acme.pk) == ()


@pytest.mark.parametrize(
    "sent",
    [
        {"amount": "x", "period": "month"},
        {"amount": "-1", "period": "month"},
        {"amount": "0", "period": "day"},
        {"amount": "99999999999", "period": "day"},
        {"amount": "1", "period": "year"},
        {"remove": "year"},
        {},
    ],
)
def test_what_is_no_budget_is_answered_with_the_reason(
    operator: Client, gate: Redis, acme: Organization, sent: dict[str, str]
) -> None:
    form = reverse("ops_organization_budget", args=[acme.pk])
    response = operator.post(form, sent, follow=True)
    assert response.status_code == 200
    assert budgets.limits_of(acme.pk) == ()
