"""Whatever staff do to customers, prices and upstreams is in the audit log, exactly once."""

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from accounts import audit, organizations
from accounts.models import AuditRecord, BudgetPeriod, Organization, User
from billing import adjustments, budgets, freezes, hand_moves, ledger, plans, prices
from billing.models import Plan
from relay import aliases, offers, routes, upstreams
from relay.models import Upstream
from tests.factories import billing
from tests.factories.billing import UNIT

pytestmark = pytest.mark.django_db
BY = audit.command("test")

ACTS: dict[str, Callable[[Organization], Any]] = {
    "organization.suspend": lambda acme: organizations.set_active(acme, is_active=False, by=BY),
    "organization.plan": lambda acme: plans.choose(acme, Plan.objects.create(pk="gold"), by=BY),
    "budget.set": lambda acme: budgets.choose(
        acme, period=BudgetPeriod.DAY, limit_nanos=UNIT, by=BY
    ),
    "price.publish": lambda acme: prices.publish(
        billing.model("m"), components={"input": 1, "output": 1}, by=BY
    ),
    "contract.publish": lambda acme: prices.publish(
        billing.model("m"), organization=acme, components={"request": 1}, by=BY
    ),
    "adjustment.publish": lambda acme: adjustments.publish(
        Plan.objects.get_or_create(pk="gold")[0], adjustment_bp=-500, by=BY
    ),
    "model.change": lambda acme: offers.update_model(
        billing.model("m"),
        name="M",
        owned_by="",
        context_tokens=1,
        max_output_tokens=1,
        is_active=True,
        by=BY,
    ),
    "alias.add": lambda acme: aliases.add(billing.model("m"), "mm", acme.site, by=BY),
    "upstream.pause": lambda acme: upstreams.set_active(upstream(), is_active=False, by=BY),
    "route.add": lambda acme: routes.add(billing.model("m"), upstream(), name="m", by=BY),
}


def upstream() -> Upstream:
    row, _ = Upstream.objects.get_or_create(pk="u", defaults={"base_url": "https://u.test/v1"})
    return row


@pytest.mark.parametrize("action", ACTS)
def test_an_act_is_recorded_once_and_its_repetition_is_not(acme: Organization, action: str) -> None:
    ACTS[action](acme)
    if action not in ("alias.add", "route.add", "organization.plan"):
        ACTS[action](acme)
    assert AuditRecord.objects.filter(action=action, actor_name=BY.name).count() == 1


def test_credit_and_debit_keep_amount_and_reason(gate: Redis, acme: Organization) -> None:
    user = User.objects.create_user("op@example.com")
    by = audit.Actor(BY.via, user.email, user)
    for _ in range(2):
        hand_moves.credit(acme, amount_nanos=5 * UNIT, reason="invoice 7", external_id="f", by=by)
    row = AuditRecord.objects.get(action="balance.credit")
    assert (row.reason, row.after, row.actor) == (
        "invoice 7",
        {"kind": "top_up", "amount": "5.00 USD"},
        user,
    )
    assert row.organization_id == acme.pk


@pytest.mark.django_db(transaction=True)
def test_a_debit_is_recorded_and_a_refused_one_is_not(gate: Redis, acme: Organization) -> None:
    hand_moves.debit(acme, amount_nanos=UNIT, reason="typo", external_id="d1", by=BY)
    with pytest.raises(ledger.InsufficientBalance):
        hand_moves.debit(acme, amount_nanos=500 * UNIT, reason="all", external_id="d2", by=BY)
    row = AuditRecord.objects.get(action="balance.debit")
    assert (row.reason, row.after) == ("typo", {"kind": "adjustment", "amount": "-1.00 USD"})


def test_unfreezing_is_recorded_with_its_reason(acme: Organization) -> None:
    freezes.freeze(acme.pk, "differs")
    freezes.lift(acme.pk, by=BY, reason="repaired")
    assert AuditRecord.objects.get(action="organization.unfreeze").reason == "repaired"


def test_no_secret_of_an_upstream_reaches_the_log() -> None:
    row = upstreams.create(
        "v",
        dialect="openai",
        base_url="https://v.test/v1",
        provider="openai",
        credential="sk-very-secret",
        by=BY,
    )
    upstreams.update(
        row,
        dialect="openai",
        base_url="https://v.test/v2",
        provider="openai",
        credential="sk-other-secret",
        by=BY,
    )
    upstreams.add_credential(row, label="second", secret="sk-third-secret", by=BY)
    text = str(list(AuditRecord.objects.values()))
    assert AuditRecord.objects.count() == 3
    assert "secret" not in text
