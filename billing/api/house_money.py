"""The money of a site for its staff, of all sites for operators: accounts, who owes, the ledger
transaction by transaction. Reads only."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from accounts.api import paging
from accounts.api.fields import Count, Fields, Nanos, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page, PageQuery
from accounts.api.views import OperatorView, SiteView
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing.models import LedgerAccount, LedgerTransaction
from billing.reports import house_money

BIG = 2**63 - 1


class HouseAccounts(Fields):
    """What is on each account; all of them and the customers' sum to zero."""

    clearing = Nanos()
    revenue = Nanos()
    grants = Nanos()
    adjustments = Nanos()
    write_off = Nanos()
    cost = Nanos()
    payable = Nanos()


class HouseMoney(Fields):
    """A site's books at a glance."""

    site = Text(source="site.pk")
    currency = Text(source="site.currency")
    customers_nanos = Nanos(help_text="what its customers hold together")
    accounts = HouseAccounts()


class SiteMoney(HouseMoney):
    """The same with who owes: balances go below zero by payment disputes only."""

    debtors = Count(max_value=BIG)
    owed_nanos = Nanos(help_text="what they are below zero together, as a sum below zero")


class LedgerQuery(PageQuery):
    """Narrows the list."""

    since = Time(required=False)
    until = Time(required=False, help_text="what was booked before it")


class LedgerEntryDocument(Fields):
    """One line; a positive amount raises the account."""

    account = Text(source="account.kind")
    organization = Text(source="account.organization_id", allow_null=True)
    amount_nanos = Nanos()
    balance_after_nanos = Nanos()


class LedgerDocument(Fields):
    """Entries that belong together and sum to zero."""

    id = Fields.integer(source="pk", max_value=BIG)
    kind = Text()
    external_id = Text()
    reason = Text(allow_blank=True)
    created_at = Time()
    entries = LedgerEntryDocument(many=True, source="entries.all")


class MoneyOfSite(SiteView):
    @operation("site.money", Scope.MONEY_READ, act=StaffAct.SEE_SITE, answer=SiteMoney)
    def get(self, call: Call) -> dict[str, Any]:
        """Read what is on the site's accounts, and what customers owe."""
        debts = house_money.debts(call.site)
        owed = sum(nanos for _currency, nanos in debts.sums)
        return shown(call.site) | {"debtors": debts.count, "owed_nanos": owed}


class LedgerOfSite(SiteView):
    @operation(
        "site.ledger",
        Scope.MONEY_READ,
        act=StaffAct.SEE_SITE,
        query=LedgerQuery,
        answer=LedgerDocument,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List the site's ledger transactions with their entries, the newest first."""
        return paging.by_time(transactions(call.site, call), call.query, kind=int)


class MoneyOfAll(OperatorView):
    @operation("ops.money", Scope.OPS_READ, answer=HouseMoney, is_page=True)
    def get(self, call: Call) -> Page:
        """List sites by id with what is on their accounts."""
        return paging.mapped(paging.by_id(Site.objects.all(), call.query, kind=str), shown)


class LedgerOfOne(OperatorView):
    @operation(
        "ops.site.ledger", Scope.OPS_READ, query=LedgerQuery, answer=LedgerDocument, is_page=True
    )
    def get(self, call: Call, site_id: str) -> Page:
        """List one site's ledger transactions with their entries, the newest first."""
        site = get_object_or_404(Site, pk=site_id)
        return paging.by_time(transactions(site, call), call.query, kind=int)


def shown(site: Site) -> dict[str, Any]:
    """A site's accounts; one that nothing was booked on holds nothing."""
    (money,) = house_money.by_site(site)
    kinds = set(LedgerAccount.Kind.values) - {LedgerAccount.Kind.ORGANIZATION.value}
    return {
        "site": site,
        "customers_nanos": money.customers_nanos,
        "accounts": {kind: money.accounts.get(kind, 0) for kind in kinds},
    }


def transactions(site: Site, call: Call) -> QuerySet[LedgerTransaction]:
    """Of a period, by the index of site and time."""
    rows = LedgerTransaction.objects.filter(site=site).prefetch_related("entries__account")
    if "since" in call.query:
        rows = rows.filter(created_at__gte=call.query["since"])
    if "until" in call.query:
        rows = rows.filter(created_at__lt=call.query["until"])
    return rows
