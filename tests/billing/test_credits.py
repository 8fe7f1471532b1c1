"""A top-up is booked once, reaches the gate once, and is never lost between the two."""

import pytest
from django.db import transaction
from redis import Redis

from accounts.models import Organization
from billing import balances, connections, credits, gates, ledger
from billing.credits import CreditRefused
from billing.ledger import PostingDiffers
from billing.models import CreditOutbox
from billing.signals import balance_changed
from tests.factories.billing import UNIT
from tests.factories.threads import together

transactional = pytest.mark.django_db(transaction=True)


def top_up(organization: Organization, units: int, external_id: str = "pay-1") -> credits.Credit:
    return credits.top_up(
        organization, amount_nanos=units * UNIT, reason="bank transfer", external_id=external_id
    )


@transactional
def test_a_top_up_can_be_spent_at_once(gate: Redis, zero: Organization) -> None:
    top_up(zero, 5)
    assert balances.read(zero) == balances.Balance(5 * UNIT, 0, 5 * UNIT, is_live=True)
    assert CreditOutbox.objects.get(organization=zero).applied_at is not None


@transactional
def test_the_same_top_up_counts_once(gate: Redis, zero: Organization) -> None:
    first, again = top_up(zero, 5), top_up(zero, 5)
    assert (again.transaction_id, again.is_replay) == (first.transaction_id, True)
    assert balances.read(zero).available_nanos == 5 * UNIT


@transactional
def test_another_amount_under_the_same_id_is_refused(gate: Redis, zero: Organization) -> None:
    top_up(zero, 5)
    with pytest.raises(PostingDiffers):
        top_up(zero, 6)
    assert balances.read(zero).available_nanos == 5 * UNIT


@pytest.mark.django_db
@pytest.mark.parametrize("nanos", [0, -1, 2**53])
def test_what_is_no_credit_is_refused(zero: Organization, nanos: int) -> None:
    with pytest.raises(CreditRefused):
        credits.top_up(zero, amount_nanos=nanos, reason="", external_id="x")


@transactional
def test_a_credit_that_is_rolled_back_never_reaches_the_gate(
    gate: Redis, zero: Organization
) -> None:
    with transaction.atomic():
        top_up(zero, 5)
        transaction.set_rollback(True)
    assert credits.apply_waiting() == 0
    assert balances.read(zero).available_nanos == 0


@transactional
def test_with_the_gate_closed_a_credit_waits_and_then_counts_once(
    gate: Redis, zero: Organization, globex: Organization
) -> None:
    opening = balances.read(globex).available_nanos
    connections.steward().close(zero.site_id)
    top_up(zero, 5)
    assert balances.read(zero) == balances.Balance(5 * UNIT, 0, 5 * UNIT, is_live=False)
    assert credits.apply_waiting() == 0
    assert gates.open_gates() == 1  # posted contains the credit already
    assert credits.apply_waiting() == 1
    assert balances.read(zero).available_nanos == 5 * UNIT
    assert balances.read(globex).available_nanos == opening


@transactional
def test_telling_the_gate_again_after_a_crash_changes_nothing(
    gate: Redis, zero: Organization
) -> None:
    """The worker dies after the gate took it and before the outbox says so."""
    credit = top_up(zero, 5)
    CreditOutbox.objects.filter(pk=credit.transaction_id).update(applied_at=None)
    assert credits.apply_waiting() == 1
    assert balances.read(zero).available_nanos == 5 * UNIT


@transactional
def test_a_double_submit_on_many_threads_credits_once(gate: Redis, zero: Organization) -> None:
    made = together([lambda: top_up(zero, 5)] * 8)
    assert len({credit.transaction_id for credit in made}) == 1
    assert sum(not credit.is_replay for credit in made) == 1
    assert balances.read(zero).available_nanos == 5 * UNIT
    assert ledger.balance_nanos(zero.pk) == 5 * UNIT


@transactional
def test_pages_hear_of_a_credit(gate: Redis, zero: Organization) -> None:
    heard: list[frozenset[str]] = []

    def listen(organization_ids: frozenset[str], **_: object) -> None:
        heard.append(organization_ids)

    balance_changed.connect(listen)
    try:
        top_up(zero, 5)
    finally:
        balance_changed.disconnect(listen)
    assert heard == [frozenset({zero.pk})]
