"""Every kind of move of a balance: what it gives or takes, what it may not, and that it counts
once."""

import pytest
from django.db import connection, transaction
from redis import Redis

from accounts.models import Organization
from billing import audit, balances, connections, credits, ledger, take_backs
from billing.credits import CreditRefused
from billing.gate.errors import GateError
from billing.gate.keys import epoch_key
from billing.ledger import InsufficientBalance, PostingDiffers, TransactionKind
from billing.models import CreditOutbox, LedgerAccount
from tests.factories.billing import UNIT, append_usage, usage_event
from tests.factories.threads import together

transactional = pytest.mark.django_db(transaction=True)


def take(organization: Organization, units: int, external_id: str = "t1") -> credits.Credit:
    return take_backs.take_back(
        organization, amount_nanos=units * UNIT, reason="wrong", external_id=external_id
    )


def give(organization: Organization, units: int, kind: TransactionKind) -> credits.Credit:
    return credits.top_up(
        organization, amount_nanos=units * UNIT, reason="", external_id=f"g-{kind}", kind=kind
    )


def dispute(organization: Organization, units: int) -> credits.Credit:
    return credits.dispute(organization, amount_nanos=units * UNIT, reason="bank", external_id="d1")


def house_units(organization: Organization, kind: str) -> int:
    return LedgerAccount.objects.get(site=organization.site, kind=kind).balance_nanos // UNIT


def assert_books_are_right() -> None:
    report = audit.run()
    assert report.is_ok, report.as_json()


@transactional
@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (TransactionKind.TOP_UP, "clearing"),
        (TransactionKind.DISPUTE_WON, "clearing"),
        (TransactionKind.GRANT, "grants"),
        (TransactionKind.REDEEM_CODE, "grants"),
        (TransactionKind.ADJUSTMENT, "adjustments"),
        (TransactionKind.WRITE_OFF, "write_off"),
    ],
)
def test_what_raises_a_balance_comes_from_its_own_account(
    gate: Redis, zero: Organization, kind: TransactionKind, source: str
) -> None:
    before = ledger.house(zero.site_id, source)
    opening = LedgerAccount.objects.filter(site=zero.site, kind=before.kind).first()
    give(zero, 3, kind)
    give(zero, 3, kind)
    assert balances.read(zero).available_nanos == 3 * UNIT
    opened = opening.balance_nanos // UNIT if opening else 0
    assert house_units(zero, source) == opened - 3
    assert_books_are_right()


@transactional
@pytest.mark.parametrize("kind", [TransactionKind.REFUND, TransactionKind.ADJUSTMENT])
def test_a_take_back_lowers_gate_and_books_once(
    gate: Redis, acme: Organization, kind: TransactionKind
) -> None:
    for _ in range(2):
        take_backs.take_back(acme, amount_nanos=30 * UNIT, reason="", external_id="r1", kind=kind)
    assert balances.read(acme) == balances.Balance(70 * UNIT, 0, 70 * UNIT, is_live=True)
    assert credits.apply_waiting() == 0
    with pytest.raises(PostingDiffers):
        take_backs.take_back(acme, amount_nanos=UNIT, reason="", external_id="r1", kind=kind)
    assert_books_are_right()


@transactional
def test_what_is_used_but_not_posted_can_not_be_taken_back(gate: Redis, acme: Organization) -> None:
    append_usage(usage_event(acme), debited_nanos=60 * UNIT)
    with pytest.raises(InsufficientBalance):
        take(acme, 50)
    assert ledger.balance_nanos(acme.pk) == 100 * UNIT
    assert balances.read(acme).available_nanos == 40 * UNIT
    assert not CreditOutbox.objects.filter(amount_nanos__lt=0).exists()


@transactional
def test_racing_take_backs_leave_nothing_below_zero(gate: Redis, globex: Organization) -> None:
    def attempt(number: int) -> bool:
        try:
            take(globex, 20, f"t{number}")
        except InsufficientBalance:
            return False
        return True

    assert sum(together([lambda n=n: attempt(n) for n in range(6)])) == 2  # type: ignore[misc]
    assert balances.read(globex).available_nanos == 10 * UNIT
    assert_books_are_right()


@transactional
def test_with_the_gate_closed_nothing_is_taken_back(gate: Redis, acme: Organization) -> None:
    connections.steward().close(acme.site_id)
    with pytest.raises(GateError):
        take(acme, 1)
    assert ledger.balance_nanos(acme.pk) == 100 * UNIT


@transactional
def test_a_commit_that_fails_gives_it_back_to_the_gate(gate: Redis, acme: Organization) -> None:
    """An entry without its other side is found at commit, after the gate was told."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no commit'; END $$;"
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON billing_creditoutbox"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    try:
        with pytest.raises(Exception, match="no commit"):
            take(acme, 5)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse ON billing_creditoutbox; DROP FUNCTION refuse")
    assert balances.read(acme).available_nanos == 100 * UNIT
    assert take(acme, 5).is_replay is False
    assert_books_are_right()


@transactional
def test_a_dispute_may_leave_less_than_nothing_and_is_not_a_fault(
    gate: Redis, globex: Organization
) -> None:
    take(globex, 30)
    dispute(globex, 50)
    dispute(globex, 50)
    assert balances.read(globex).available_nanos == -30 * UNIT
    assert ledger.balance_nanos(globex.pk) == -30 * UNIT
    assert_books_are_right()
    give(globex, 50, TransactionKind.DISPUTE_WON)
    assert balances.read(globex).available_nanos == 20 * UNIT
    assert_books_are_right()


@transactional
def test_a_dispute_reaches_a_closed_gate_later(gate: Redis, zero: Organization) -> None:
    epoch = gate.get(epoch_key(zero.site_id))
    connections.steward().close(zero.site_id)
    dispute(zero, 5)
    gate.set(epoch_key(zero.site_id), epoch)  # type: ignore[arg-type]  # stubs: awaitable
    assert credits.apply_waiting() == 1
    assert balances.read(zero).available_nanos == -5 * UNIT


@pytest.mark.django_db
def test_verbs_refuse_kinds_and_amounts_that_are_not_theirs(zero: Organization) -> None:
    with pytest.raises(CreditRefused):
        give(zero, 1, TransactionKind.REFUND)
    with pytest.raises(CreditRefused):
        give(zero, 1, TransactionKind.DISPUTE)
    for units in (0, -1):
        with pytest.raises(CreditRefused):
            take(zero, units)
        with pytest.raises(CreditRefused):
            dispute(zero, units)
    with pytest.raises(CreditRefused):
        take_backs.take_back(
            zero, amount_nanos=1, reason="", external_id="x", kind=TransactionKind.GRANT
        )


@transactional
def test_a_take_back_is_not_made_inside_a_transaction_that_may_still_fail(
    gate: Redis, acme: Organization
) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        take(acme, 1)
    assert balances.read(acme).available_nanos == 100 * UNIT
