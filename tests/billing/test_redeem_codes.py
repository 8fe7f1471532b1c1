"""A code pays whoever enters it first, exactly once, whatever arrives at the same moment."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone
from redis import Redis

from accounts import audit
from accounts.models import AuditRecord, Organization, Site
from billing import credits, ledger, redeem_codes
from billing.credits import CreditRefused
from billing.ledger import TransactionKind
from billing.models import LedgerTransaction, RedeemCode
from tests.factories import accounts
from tests.factories.billing import UNIT

pytestmark = pytest.mark.django_db
BY = audit.command("test")
CUSTOMERS, THREADS = 100, 16


def made(site: Site, count: int = 1, **more: object) -> list[str]:
    given = {"name": "Spring", "amount_nanos": 5 * UNIT, "count": count, **more}
    return redeem_codes.create(site, **given, by=BY).codes  # type: ignore[arg-type]


def test_a_code_is_credited_as_such(gate: Redis, acme: Organization) -> None:
    (code,) = made(acme.site, prefix="HELLO")
    assert code.startswith("HELLO-")
    typed = f" {code.lower().replace('-', ' ')} "
    assert redeem_codes.redeem(acme, typed, by=BY) == 5 * UNIT
    assert ledger.balance_nanos(acme.pk) == 105 * UNIT
    entry = LedgerTransaction.objects.latest("pk")
    assert (entry.kind, entry.reason) == (TransactionKind.REDEEM_CODE, "Spring")
    assert AuditRecord.objects.filter(action="code.redeem").count() == 1


def test_no_code_is_stored(acme: Organization) -> None:
    (code,) = made(acme.site)
    rows = str(list(RedeemCode.objects.values())) + str(list(AuditRecord.objects.values()))
    assert code not in rows
    assert code.replace("-", "") not in rows


def test_a_used_code_pays_nobody_else_nor_again(
    gate: Redis, acme: Organization, globex: Organization
) -> None:
    (code,) = made(acme.site)
    redeem_codes.redeem(acme, code, by=BY)
    for customer in (acme, globex):
        with pytest.raises(redeem_codes.CodeUsed):
            redeem_codes.redeem(customer, code, by=BY)
    assert ledger.balance_nanos(globex.pk) == 50 * UNIT


def test_an_organization_has_one_of_a_batch(gate: Redis, acme: Organization) -> None:
    first, second = made(acme.site, 2)
    redeem_codes.redeem(acme, first, by=BY)
    with pytest.raises(redeem_codes.OnePerOrganization):
        redeem_codes.redeem(acme, second, by=BY)
    assert ledger.balance_nanos(acme.pk) == 105 * UNIT


def test_withdrawn_expired_foreign_and_made_up_codes_look_alike(acme: Organization) -> None:
    batch, (withdrawn,) = redeem_codes.create(
        acme.site, name="Old", amount_nanos=UNIT, count=1, by=BY
    )
    redeem_codes.withdraw(batch, by=BY)
    (expired,) = made(acme.site, expires_at=timezone.now() + timedelta(days=1))
    redeem_codes.RedeemBatch.objects.exclude(expires_at=None).update(expires_at=timezone.now())
    (foreign,) = made(accounts.site("other"))
    for code in (withdrawn, expired, foreign, "", "\0", "ABC", "x" * 10_000):
        with pytest.raises(redeem_codes.UnknownCode):
            redeem_codes.redeem(acme, code, by=BY)
    assert ledger.balance_nanos(acme.pk) == 100 * UNIT


@pytest.mark.parametrize(
    "wrong",
    [{"count": 0}, {"count": 10_001}, {"name": " "}, {"prefix": "no-no"}, {"amount_nanos": 0}],
)
def test_nonsense_makes_no_codes(site: Site, wrong: dict[str, object]) -> None:
    with pytest.raises((redeem_codes.BatchRefused, CreditRefused)):
        made(site, **wrong)  # type: ignore[arg-type]
    assert not RedeemCode.objects.exists()


def credited() -> int:
    rows = LedgerTransaction.objects.filter(kind=TransactionKind.REDEEM_CODE)
    mine = rows.filter(entries__account__kind="organization")
    return int(mine.aggregate(nanos=Sum("entries__amount_nanos", default=0))["nanos"])


def careless(organization: Organization, code: str) -> None:
    """What a redeem without lock and name would be: look, then pay."""
    row = RedeemCode.objects.get(code_hash=redeem_codes.hash_code(code))
    if row.redeemed_at is None:
        credits.top_up(
            organization,
            amount_nanos=5 * UNIT,
            reason="",
            external_id=uuid.uuid4().hex,
            kind=TransactionKind.REDEEM_CODE,
        )
        RedeemCode.objects.filter(pk=row.pk).update(redeemed_at=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_careless", [False, True])
def test_a_hundred_customers_at_once_share_one_code(gate: Redis, is_careless: bool) -> None:
    site = Site.objects.get()
    customers = [accounts.organization(f"Customer {n}", on=site) for n in range(CUSTOMERS)]
    (code,) = made(site)

    def enter(customer: Organization) -> None:
        try:
            if is_careless:
                careless(customer, code)
            else:
                redeem_codes.redeem(customer, code, by=BY)
        except redeem_codes.CodeUsed:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(enter, customers))
    if is_careless:
        assert credited() > 5 * UNIT  # the race is there to be lost
    else:
        assert credited() == 5 * UNIT
