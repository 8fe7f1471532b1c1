"""The books: posts transactions and reads balances. The one writer of `billing.models.ledger`.

Never updates or deletes an entry (triggers refuse it too) and knows nothing of the gate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Sum

from billing import ledger_rows
from billing.errors import BillingError
from billing.ledger_rows import LockedAccount
from billing.models import LedgerAccount, LedgerEntry, LedgerTransaction
from billing.money import NANOS_MAX

AccountKind = LedgerAccount.Kind
TransactionKind = LedgerTransaction.Kind

EXTERNAL_ID_CHARS_MAX = 120  # the column's
# A charge is a fact that the gate let happen, a dispute one that a bank did: both are booked
# whatever the balance says. Everything else is refused instead.
MAY_OVERDRAW = frozenset({TransactionKind.CHARGE, TransactionKind.DISPUTE})


class LedgerError(BillingError):
    """Entries that must not be booked."""

    code = "ledger_error"


class Unbalanced(LedgerError):
    """The entries do not sum to zero, move nothing, or do not fit BIGINT."""

    code = "unbalanced"


class PostingDiffers(LedgerError):
    """The (kind, external id) was used before, for other money."""

    code = "external_id_reused"


class InsufficientBalance(LedgerError):
    """The organization's balance would go below zero."""

    code = "insufficient_balance"


class Account(NamedTuple):
    """Names an account; it comes into being with its first entry."""

    site_id: str
    kind: str
    organization_id: str | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """A transaction to be: what each account gains (positive) or loses, in nanos, by account."""

    site_id: str
    kind: str
    external_id: str
    amounts: Mapping[Account, int]
    reason: str = ""
    actor_id: int | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """`is_replay`: the transaction was there already and nothing was booked."""

    transaction_id: int
    is_replay: bool


def customer(site_id: str, organization_id: str) -> Account:
    """The account of what we owe an organization."""
    return Account(site_id, AccountKind.ORGANIZATION, organization_id)


def house(site_id: str, kind: str) -> Account:
    """An account of the site itself."""
    return Account(site_id, kind)


def post(posting: Posting) -> Posted:
    """Book one transaction; see `post_all`."""
    return post_all([posting])[0]


def post_all(postings: Sequence[Posting]) -> list[Posted]:
    """Book transactions, all or none, in one database transaction; answers in the same order.

    Idempotent by (kind, external id): the same amounts again give the old transaction back,
    others raise PostingDiffers. Account locks are taken once, sorted, and held until the
    outermost transaction ends: call it once per database transaction, or deadlocks are possible.
    Raises Unbalanced and InsufficientBalance with nothing booked.
    """
    moves = [_checked(posting) for posting in postings]
    with transaction.atomic():
        accounts = _lock({account for amounts in moves for account in amounts})
        old = _find(postings)
        fresh: dict[tuple[str, str], int] = {}
        for index, (posting, amounts) in enumerate(zip(postings, moves, strict=True)):
            name = (posting.kind, posting.external_id)
            if name in old:
                _compare(posting, amounts, old[name])
            elif name in fresh:
                raise PostingDiffers(f"{posting.kind} {posting.external_id} twice in one go")
            else:
                fresh[name] = index
        made = _book([(postings[index], moves[index]) for index in fresh.values()], accounts)
    return [
        Posted(old[name], True) if name in old else Posted(made[name], False)
        for name in ((posting.kind, posting.external_id) for posting in postings)
    ]


def balance_nanos(organization_id: str) -> int:
    """The posted balance; 0 for an organization that never had any money."""
    return balances_nanos([organization_id])[organization_id]


def balances_nanos(organization_ids: Iterable[str]) -> dict[str, int]:
    """The posted balance of each."""
    wanted = list(organization_ids)
    rows = LedgerAccount.objects.filter(organization_id__in=wanted)
    found = dict(rows.values_list("organization_id", "balance_nanos"))
    return {each: found.get(each, 0) for each in wanted}


def balance_nanos_at(organization_id: str, at: datetime) -> int:
    """What was posted before an instant; of the future, what is posted now."""
    entries = LedgerEntry.objects.filter(
        account__organization_id=organization_id, transaction__created_at__lt=at
    )
    return int(entries.aggregate(nanos=Sum("amount_nanos", default=0))["nanos"])


def _checked(posting: Posting) -> dict[Account, int]:
    """The amounts that move money, or why they can not be booked."""
    if not 0 < len(posting.external_id) <= EXTERNAL_ID_CHARS_MAX:
        raise LedgerError(f"an external id has 1 to {EXTERNAL_ID_CHARS_MAX} characters")
    amounts = {account: nanos for account, nanos in posting.amounts.items() if nanos != 0}
    if not amounts or sum(amounts.values()) != 0:
        raise Unbalanced(f"the entries of {posting.external_id} sum to {sum(amounts.values())}")
    if max(abs(nanos) for nanos in amounts.values()) > NANOS_MAX:
        raise Unbalanced(f"an amount of {posting.external_id} does not fit the books")
    if any(account.site_id != posting.site_id for account in amounts):
        raise LedgerError(f"{posting.external_id} would move money between sites")
    return amounts


def _lock(wanted: set[Account]) -> dict[Account, LockedAccount]:
    """The accounts' rows, made where missing, locked in the order of their ids."""
    if not wanted:
        return {}
    locked = _select_locked(wanted)
    missing = wanted - locked.keys()
    if missing:
        rows = sorted(
            missing, key=lambda each: (each.site_id, each.kind, each.organization_id or "")
        )
        LedgerAccount.objects.bulk_create(
            [
                LedgerAccount(
                    site_id=each.site_id, kind=each.kind, organization_id=each.organization_id
                )
                for each in rows
            ],
            ignore_conflicts=True,
        )
        locked = _select_locked(wanted)
    if wanted - locked.keys():
        raise LedgerError("an organization's account belongs to another site")
    return locked


def _select_locked(wanted: set[Account]) -> dict[Account, LockedAccount]:
    rows = ledger_rows.lock_accounts(
        [each.organization_id for each in wanted if each.organization_id],
        [(each.site_id, each.kind) for each in wanted if each.organization_id is None],
    )
    return {Account(row.site_id, row.kind, row.organization_id): row for row in rows}


def _find(postings: Sequence[Posting]) -> dict[tuple[str, str], int]:
    names: dict[str, list[str]] = {}
    for posting in postings:
        names.setdefault(posting.kind, []).append(posting.external_id)
    found: dict[tuple[str, str], int] = {}
    for kind, external_ids in names.items():
        found |= ledger_rows.find_transactions(kind, external_ids)
    return found


def _compare(posting: Posting, amounts: Mapping[Account, int], old_id: int) -> None:
    booked = {
        Account(entry.account.site_id, entry.account.kind, entry.account.organization_id): (
            entry.amount_nanos
        )
        for entry in LedgerEntry.objects.filter(transaction=old_id).select_related("account")
    }
    if booked != dict(amounts):
        raise PostingDiffers(f"{posting.kind} {posting.external_id} was posted with other entries")


def _book(
    fresh: Sequence[tuple[Posting, Mapping[Account, int]]],
    accounts: Mapping[Account, LockedAccount],
) -> dict[tuple[str, str], int]:
    """Write what is new, with locked accounts; returns the transactions' ids."""
    if not fresh:
        return {}
    try:
        with transaction.atomic():
            ids = ledger_rows.insert_transactions(
                [
                    (each.site_id, each.kind, each.external_id, each.reason, each.actor_id)
                    for each, _ in fresh
                ]
            )
    except IntegrityError as error:
        # With the same accounts their locks would have shown it to us: so the accounts differ.
        raise PostingDiffers("an external id is being posted with other accounts") from error
    entries = []
    for posting, amounts in fresh:
        transaction_id = ids[posting.kind, posting.external_id]
        for account, nanos in amounts.items():
            row = accounts[account]
            entries.append((transaction_id, row.pk, nanos, _moved(row, nanos, posting)))
    ledger_rows.insert_entries(entries)
    moved = {account for _, amounts in fresh for account in amounts}
    ledger_rows.save_balances([(accounts[each].pk, accounts[each].balance_nanos) for each in moved])
    return ids


def _moved(account: LockedAccount, nanos: int, posting: Posting) -> int:
    balance = account.balance_nanos + nanos
    is_customer = account.kind == AccountKind.ORGANIZATION
    if is_customer and nanos < 0 and balance < 0 and posting.kind not in MAY_OVERDRAW:
        raise InsufficientBalance(
            f"{account.organization_id} has {account.balance_nanos} nanos, {-nanos} were asked for"
        )
    if abs(balance) > NANOS_MAX:
        raise Unbalanced(f"the balance of account {account.pk} would not fit the books")
    account.balance_nanos = balance
    return balance
