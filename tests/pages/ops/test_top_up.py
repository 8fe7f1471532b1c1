"""A top-up form credits once, however often it is sent, and says who did it and why."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization
from billing import balances
from billing.models import LedgerTransaction

UNIT = 10**9


def form_of(operator: Client, organization: Organization) -> dict[str, str]:
    """A fresh form as the page gives it, filled in."""
    page = operator.get(reverse("ops_top_up", args=[organization.pk]))
    form_id: str = page.context["form"].initial["form_id"]
    return {"form_id": form_id, "amount": "25.50", "reason": "invoice 7"}


def posted(organization: Organization) -> int:
    return balances.read(organization).posted_nanos


def test_it_credits_the_books_with_reason_and_actor(
    operator: Client, gate: object, acme: Organization
) -> None:
    response = operator.post(
        reverse("ops_top_up", args=[acme.pk]), form_of(operator, acme), follow=True
    )
    assert posted(acme) == 125 * UNIT + UNIT // 2
    entry = LedgerTransaction.objects.latest("pk")
    assert entry.actor is not None
    assert (entry.kind, entry.reason, entry.actor.email) == (
        "top_up",
        "invoice 7",
        "op@example.com",
    )
    assert "25.50 USD is credited to Acme." in response.content.decode()


def test_a_double_submit_credits_once(operator: Client, gate: object, acme: Organization) -> None:
    address, form = reverse("ops_top_up", args=[acme.pk]), form_of(operator, acme)
    operator.post(address, form)
    again = operator.post(address, form, follow=True)
    assert posted(acme) == 125 * UNIT + UNIT // 2
    assert "was credited to Acme already" in again.content.decode()


def test_a_used_form_credits_neither_another_amount_nor_another_customer(
    operator: Client, gate: object, acme: Organization, globex: Organization
) -> None:
    form = form_of(operator, acme)
    operator.post(reverse("ops_top_up", args=[acme.pk]), form)
    changed = operator.post(reverse("ops_top_up", args=[acme.pk]), form | {"amount": "99"})
    other = operator.post(reverse("ops_top_up", args=[globex.pk]), form)
    assert (changed.status_code, other.status_code) == (422, 422)
    assert (posted(acme), posted(globex)) == (125 * UNIT + UNIT // 2, 50 * UNIT)


def test_two_forms_credit_twice(operator: Client, gate: object, acme: Organization) -> None:
    for _ in range(2):
        operator.post(reverse("ops_top_up", args=[acme.pk]), form_of(operator, acme))
    assert posted(acme) == 151 * UNIT


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": ""},
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "1e3"},
        {"amount": "0.0000000001"},
        {"amount": "99999999999"},
        {"reason": " "},
        {"form_id": ""},
        {"form_id": "dev-seed"},
    ],
)
def test_nonsense_credits_nothing(
    operator: Client, gate: object, acme: Organization, wrong: dict[str, str]
) -> None:
    form = form_of(operator, acme) | wrong
    assert operator.post(reverse("ops_top_up", args=[acme.pk]), form).status_code == 422
    assert posted(acme) == 100 * UNIT


def test_with_redis_out_of_reach_the_credit_is_booked_and_waits(
    operator: Client, empty_redis: object, acme: Organization
) -> None:
    form = form_of(operator, acme)
    assert operator.post(reverse("ops_top_up", args=[acme.pk]), form).status_code == 302
    assert posted(acme) == 125 * UNIT + UNIT // 2
