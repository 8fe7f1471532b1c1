"""The books: balanced, idempotent, append-only, and right whoever races."""

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Organization, User
from billing import ledger
from billing.ledger import (
    AccountKind,
    InsufficientBalance,
    LedgerError,
    Posting,
    PostingDiffers,
    TransactionKind,
    Unbalanced,
)
from billing.models import LedgerAccount, LedgerEntry, LedgerTransaction
from tests.factories.threads import together


def top_up(organization: Organization, nanos: int, external_id: str, **changes: object) -> Posting:
    fields = {
        "site_id": organization.site_id,
        "kind": TransactionKind.TOP_UP,
        "external_id": external_id,
        "amounts": {
            ledger.customer(organization.site_id, organization.pk): nanos,
            ledger.house(organization.site_id, AccountKind.CLEARING): -nanos,
        },
    }
    return Posting(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_posting_moves_both_accounts_and_says_what_was_left(zero: Organization) -> None:
    ledger.post(top_up(zero, 500, "a"))
    ledger.post(top_up(zero, 300, "b"))
    assert ledger.balance_nanos(zero.pk) == 800
    account = LedgerAccount.objects.get(organization=zero)
    entries = account.entries.order_by("pk").values_list("amount_nanos", "balance_after_nanos")
    assert list(entries) == [(500, 500), (300, 800)]
    assert LedgerAccount.objects.get(site=zero.site, kind="clearing").balance_nanos == -800


@pytest.mark.django_db
def test_the_same_posting_again_gives_the_old_transaction(zero: Organization) -> None:
    first = ledger.post(top_up(zero, 500, "a"))
    again = ledger.post(top_up(zero, 500, "a", reason="said otherwise"))
    assert (again.transaction_id, again.is_replay) == (first.transaction_id, True)
    assert ledger.balance_nanos(zero.pk) == 500


@pytest.mark.django_db
def test_an_external_id_can_not_be_used_for_other_money(
    zero: Organization, globex: Organization
) -> None:
    ledger.post(top_up(zero, 500, "a"))
    with pytest.raises(PostingDiffers):
        ledger.post(top_up(zero, 501, "a"))
    with pytest.raises(PostingDiffers):
        ledger.post(top_up(globex, 500, "a"))
    ledger.post(top_up(zero, 1, "a", kind=TransactionKind.GRANT))
    assert ledger.balance_nanos(zero.pk) == 501


@pytest.mark.django_db
@pytest.mark.parametrize("amounts", [(5, -4), (0, 0), (2**63, -(2**63))])
def test_what_does_not_balance_is_not_booked(zero: Organization, amounts: tuple[int, int]) -> None:
    posting = top_up(zero, 1, "a")
    wrong = dict(zip(posting.amounts, amounts, strict=True))
    with pytest.raises(Unbalanced):
        ledger.post(top_up(zero, 1, "a", amounts=wrong))
    assert not LedgerTransaction.objects.filter(external_id="a").exists()


@pytest.mark.django_db
def test_all_postings_of_one_go_are_booked_or_none(zero: Organization, acme: Organization) -> None:
    with pytest.raises(InsufficientBalance):
        ledger.post_all([top_up(acme, 5, "a"), top_up(zero, -1, "b")])
    assert not LedgerTransaction.objects.filter(external_id="a").exists()


@pytest.mark.django_db
def test_only_a_charge_may_leave_less_than_nothing(zero: Organization) -> None:
    with pytest.raises(InsufficientBalance):
        ledger.post(top_up(zero, -1, "a", kind=TransactionKind.ADJUSTMENT))
    ledger.post(top_up(zero, -1, "a", kind=TransactionKind.CHARGE))
    assert ledger.balance_nanos(zero.pk) == -1


@pytest.mark.django_db
@pytest.mark.parametrize("external_id", ["", "x" * 121])
def test_an_external_id_must_fit(zero: Organization, external_id: str) -> None:
    with pytest.raises(LedgerError):
        ledger.post(top_up(zero, 1, external_id))


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,  # a database on a busy machine
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.integers(-50, 100), st.integers(0, 5)), max_size=8))
def test_balances_are_the_sum_of_what_was_booked(
    zero: Organization, moves: list[tuple[int, int]]
) -> None:
    """Against a model of a few lines: once per external id, never below zero."""
    with transaction.atomic():
        model: dict[str, int] = {}
        for nanos, number in moves:
            name = f"m{number}"
            refused = (
                nanos == 0
                or (name in model and model[name] != nanos)
                or (name not in model and sum(model.values()) + nanos < 0)
            )
            try:
                ledger.post(top_up(zero, nanos, name))
            except LedgerError:
                assert refused
            else:
                assert not refused
                model[name] = nanos
            assert ledger.balance_nanos(zero.pk) == sum(model.values())
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_racing_postings_neither_lose_nor_double_anything(
    zero: Organization, globex: Organization
) -> None:
    """Eight threads post the same ten external ids, in pairs that touch accounts crosswise."""

    def post_all() -> int:
        fresh = 0
        for number in range(10):
            pair = [top_up(zero, 100, f"z{number}"), top_up(globex, 10, f"g{number}")]
            fresh += sum(not posted.is_replay for posted in ledger.post_all(pair))
        return fresh

    opening = ledger.balance_nanos(globex.pk)
    assert sum(together([post_all] * 8)) == 20
    assert ledger.balance_nanos(zero.pk) == 1000
    assert ledger.balance_nanos(globex.pk) == opening + 100
    assert LedgerAccount.objects.filter(kind="clearing").count() == 1


@pytest.mark.django_db(transaction=True)
def test_racing_takes_can_not_overdraw(zero: Organization) -> None:
    ledger.post(top_up(zero, 5, "start"))

    def take(number: int) -> bool:
        try:
            ledger.post(top_up(zero, -1, f"t{number}", kind=TransactionKind.ADJUSTMENT))
        except InsufficientBalance:
            return False
        return True

    taken = together([lambda number=number: take(number) for number in range(12)])  # type: ignore[misc]
    assert sum(taken) == 5
    assert ledger.balance_nanos(zero.pk) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_ledgerentry SET amount_nanos = amount_nanos + 1",
        "UPDATE billing_ledgertransaction SET reason = 'other'",
        "DELETE FROM billing_ledgerentry",
        "DELETE FROM billing_ledgertransaction",
    ],
)
def test_the_database_refuses_to_change_or_delete_what_is_booked(
    acme: Organization, statement: str
) -> None:
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="append-only"):
        cursor.execute(statement)


@pytest.mark.django_db
def test_deleting_a_user_only_forgets_who_acted(zero: Organization) -> None:
    user = User.objects.create_user("staff@example.com")
    posted = ledger.post(top_up(zero, 1, "a", actor_id=user.pk))
    user.delete()
    assert LedgerTransaction.objects.get(pk=posted.transaction_id).actor is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("entries", [[], [1], [1, -2]])
def test_the_database_refuses_to_commit_what_does_not_balance(
    acme: Organization, entries: list[int]
) -> None:
    with pytest.raises(IntegrityError, match="sum to"):
        write_entries(acme, entries)
    assert not LedgerTransaction.objects.filter(external_id="x").exists()


@transaction.atomic
def write_entries(organization: Organization, entries: list[int]) -> None:
    """Past billing.ledger, straight into the tables."""
    accounts = list(LedgerAccount.objects.order_by("pk"))
    row = LedgerTransaction.objects.create(site=organization.site, kind="grant", external_id="x")
    for account, nanos in zip(accounts, entries, strict=False):
        LedgerEntry.objects.create(
            transaction=row, account=account, amount_nanos=nanos, balance_after_nanos=0
        )
