"""What a site's books come to, for staff: its accounts, customers who owe, the ledger of a period
as rows of a file. Reads only; who may see which site is the caller's business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.db.models import Count, Max, QuerySet, Sum

from accounts.models import Site
from accounts.time_zones import zone_of
from billing.models import LedgerAccount, LedgerEntry
from billing.money import format_nanos

# A page for people; a deployment with more sites asks for one of them.
SITES_MAX = 200
DEBTORS_MAX = 20
# A quarter and the days around it. A file of that length still opens in a spreadsheet.
PERIOD_DAYS_MAX = 100
ROWS_MAX = 200_000
DAY_ROWS_MAX = ROWS_MAX + 1  # what is beyond the file need not be read
# Booked many times a minute: one row a day, customer and account. All else is a row of its own.
USAGE_KINDS = ("charge", "cost", "write_off")
HEADER = (
    *("day", "time", "site", "transaction", "kind", "account", "organization", "amount"),
    *("currency", "amount_nanos", "entries", "reason", "external_id"),
)


@dataclass(frozen=True, slots=True)
class SiteMoney:
    """One site: what is on its own accounts, by kind, and what its customers hold together."""

    site: Site
    accounts: dict[str, int]

    @property
    def customers_nanos(self) -> int:
        """All accounts of a site sum to zero, so that its customers' are the rest."""
        return -sum(self.accounts.values())


@dataclass(frozen=True, slots=True)
class Debts:
    """Customers below zero: how many, by how much for each currency, and the worst of them."""

    count: int
    sums: list[tuple[str, int]]
    worst: list[LedgerAccount]


def by_site(site: Site | None) -> list[SiteMoney]:
    """Of one site, or of every one in the order of their ids."""
    sites = [site] if site else list(Site.objects.order_by("pk")[:SITES_MAX])
    found: dict[str, dict[str, int]] = {each.pk: {} for each in sites}
    rows = LedgerAccount.objects.filter(site__in=sites, organization=None)
    for site_id, kind, nanos in rows.values_list("site_id", "kind", "balance_nanos"):
        found[site_id][kind] = nanos
    return [SiteMoney(each, found[each.pk]) for each in sites]


def debts(site: Site | None) -> Debts:
    """Balances go below zero by payment disputes only."""
    rows = LedgerAccount.objects.filter(organization__isnull=False, balance_nanos__lt=0)
    if site is not None:
        rows = rows.filter(site=site)
    sums = rows.values("site__currency").annotate(nanos=Sum("balance_nanos"), count=Count("pk"))
    by_currency = list(sums.order_by("site__currency"))
    worst = rows.select_related("organization__site").order_by("balance_nanos")[:DEBTORS_MAX]
    return Debts(
        count=sum(each["count"] for each in by_currency),
        sums=[(each["site__currency"], int(each["nanos"])) for each in by_currency],
        worst=list(worst) if by_currency else [],
    )


def ledger_rows(sites: Sequence[Site], since: date, until: date) -> Iterator[list[object]]:
    """Every entry from `since` to `until`, both included, site by site and day by day in the site's
    time zone, usage summed. They sum to zero for each site. The last row says so if there were more
    than ROWS_MAX."""
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    all_of_them = (row for site in sites for day in days for row in _of_day(site, day))
    yield from islice(all_of_them, ROWS_MAX)
    if next(all_of_them, None) is not None:
        yield ["", "", "", "", "cut: choose a shorter period"]


def _of_day(site: Site, day: date) -> Iterator[list[object]]:
    entries = LedgerEntry.objects.filter(
        transaction__site=site,
        transaction__created_at__gte=_midnight(day, site),
        transaction__created_at__lt=_midnight(day + timedelta(days=1), site),
    )
    yield from _single(site, day, entries.exclude(transaction__kind__in=USAGE_KINDS))
    yield from _usage(site, day, entries.filter(transaction__kind__in=USAGE_KINDS))


def _single(site: Site, day: date, entries: QuerySet[LedgerEntry]) -> Iterator[list[object]]:
    rows = entries.select_related("transaction", "account").order_by("transaction_id", "pk")
    for entry in rows[:DAY_ROWS_MAX]:
        booked, account = entry.transaction, entry.account
        at = booked.created_at.isoformat()
        yield [
            *(day.isoformat(), at, site.pk, booked.pk, booked.kind, account.kind),
            *(account.organization_id or "", format_nanos(entry.amount_nanos), site.currency),
            *(entry.amount_nanos, 1, booked.reason, booked.external_id),
        ]


def _usage(site: Site, day: date, entries: QuerySet[LedgerEntry]) -> Iterator[list[object]]:
    sums = entries.values_list(
        "transaction__kind", "account__kind", "account__organization"
    ).annotate(nanos=Sum("amount_nanos"), entries=Count("pk"), last=Max("transaction__created_at"))
    ordered = sums.order_by("transaction__kind", "account__kind", "account__organization")
    for kind, account, organization, nanos, count, last in ordered[:DAY_ROWS_MAX]:
        yield [
            *(day.isoformat(), last.isoformat(), site.pk, "", kind, account),
            *(organization or "", format_nanos(int(nanos)), site.currency),
            *(int(nanos), count, "", ""),
        ]


def _midnight(day: date, site: Site) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone_of(site.time_zone))
