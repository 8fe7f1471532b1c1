"""Prices: what a site's customers pay, contracts of single customers, and the defaults.

Lives here and not in billing because it refuses prices below cost, and costs belong to routes.
"""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Fields, Flag, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page, PageQuery
from accounts.api.shapes import Reasoned
from accounts.api.views import OperatorView, SiteView
from accounts.models import Organization, Site
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing import prices
from billing.api import customers
from billing.cancelling import VersionBegun
from billing.models import Model, Price
from billing.price_versions import PriceError
from relay import below_cost
from relay.below_cost import BelowCost

COMPONENTS = (
    "Integers of nanos: token buckets and characters per million, `seconds`, `request` and `image` "
    "kinds one by one, `tiers` by `above_tokens`, `minimum`. Empty: no price of its own any more."
)

ACCEPTS_LOSS = "publish below cost, too"
REFUSALS = (PriceError, BelowCost)


class PriceDocument(Fields):
    """One version of a price; never edited."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    model = Text(source="model_id")
    organization = Text(source="organization_id", allow_null=True, help_text="of a contract")
    components = serializers.DictField(help_text=COMPONENTS)
    effective_from = Time()
    created_at = Time()
    cancelled_at = Time(allow_null=True, help_text="taken back before it began")


class PriceDraft(Fields):
    """The next version, from now on or from a later instant."""

    model = Text(max_length=200)
    components = serializers.DictField(help_text=COMPONENTS)
    effective_from = Time(required=False)
    reason = Text(max_length=500, required=False, allow_blank=True, default="")
    accepts_loss = Flag(required=False, default=False, help_text=ACCEPTS_LOSS)


class Revert(Reasoned):
    """When what the former version says is in force again: now, or from a later instant."""

    effective_from = Time(required=False)
    accepts_loss = Flag(required=False, default=False, help_text=ACCEPTS_LOSS)


class PriceQuery(PageQuery):
    """Narrows the list to a model."""

    model = Text(required=False, max_length=200)


class SitePriceList(SiteView):
    @operation(
        "site.prices",
        Scope.PRICES_READ,
        act=StaffAct.SEE_SITE,
        query=PriceQuery,
        answer=PriceDocument,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List versions of the site's own prices, the newest first."""
        return listed(Price.every.filter(site=call.site, organization=None), call)

    @operation(
        "site.prices.create",
        Scope.PRICES_WRITE,
        act=StaffAct.CHANGE_PRICES,
        body=PriceDraft,
        answer=PriceDocument,
        status=201,
        raises=REFUSALS,
    )
    def post(self, call: Call) -> Price:
        """Publish the site's own price of a model. What changes nothing gives the one in force."""
        return published(call, site=call.site)


class SitePrice(SiteView):
    @operation(
        "site.prices.cancel",
        Scope.PRICES_WRITE,
        act=StaffAct.CHANGE_PRICES,
        status=204,
        raises=(VersionBegun,),
    )
    def delete(self, call: Call, version_id: int) -> None:
        """Cancel a version that has not begun, of the site or a customer's contract."""
        prices.cancel(get_object_or_404(of_site(call.site), pk=version_id), by=call.by)


class SitePriceRevert(SiteView):
    @operation(
        "site.prices.revert",
        Scope.PRICES_WRITE,
        act=StaffAct.CHANGE_PRICES,
        body=Revert,
        answer=PriceDocument,
        status=201,
        raises=REFUSALS,
    )
    def post(self, call: Call, version_id: int) -> Price:
        """Publish anew what a former version of the site or of a contract says."""
        return reverted(call, of_site(call.site), version_id)


class ContractList(SiteView):
    @operation(
        "site.contracts",
        Scope.PRICES_READ,
        act=StaffAct.SEE_SITE,
        query=PriceQuery,
        answer=PriceDocument,
        is_page=True,
    )
    def get(self, call: Call, organization_id: str) -> Page:
        """List versions of a customer's contract prices, the newest first."""
        customer = customers.find(call, organization_id)
        return listed(Price.every.filter(organization=customer), call)

    @operation(
        "site.contracts.create",
        Scope.PRICES_WRITE,
        act=StaffAct.CHANGE_PRICES,
        body=PriceDraft,
        answer=PriceDocument,
        status=201,
        raises=REFUSALS,
    )
    def post(self, call: Call, organization_id: str) -> Price:
        """Publish a customer's contract price of a model."""
        return published(call, organization=customers.find(call, organization_id))


class DefaultPriceList(OperatorView):
    @operation("ops.prices", Scope.OPS_READ, query=PriceQuery, answer=PriceDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List versions of the default prices, the newest first."""
        return listed(Price.every.filter(site=None, organization=None), call)

    @operation(
        "ops.prices.create",
        Scope.OPS_WRITE,
        body=PriceDraft,
        answer=PriceDocument,
        status=201,
        raises=REFUSALS,
    )
    def post(self, call: Call) -> Price:
        """Publish the default price of a model, for every site without its own."""
        return published(call)


class AnyPrice(OperatorView):
    @operation("ops.prices.cancel", Scope.OPS_WRITE, status=204, raises=(VersionBegun,))
    def delete(self, call: Call, version_id: int) -> None:
        """Cancel a version of any scope that has not begun."""
        prices.cancel(get_object_or_404(Price.every.all(), pk=version_id), by=call.by)


class AnyPriceRevert(OperatorView):
    @operation(
        "ops.prices.revert",
        Scope.OPS_WRITE,
        body=Revert,
        answer=PriceDocument,
        status=201,
        raises=REFUSALS,
    )
    def post(self, call: Call, version_id: int) -> Price:
        """Publish anew what a former version of any scope says."""
        return reverted(call, Price.every.all(), version_id)


def of_site(site: Site) -> QuerySet[Price, Any]:
    """The versions that a site's staff may change: its own, and its customers' contracts."""
    return Price.every.filter(Q(site=site) | Q(organization__site=site))


def reverted(call: Call, rows: QuerySet[Price, Any], version_id: int) -> Price:
    version = get_object_or_404(rows, pk=version_id)
    start: datetime | None = call.body.get("effective_from")
    if not call.body["accepts_loss"]:
        below_cost.check(version.model, version.components)
    return prices.revert(version, by=call.by, effective_from=start, reason=call.body["reason"])


def listed(rows: QuerySet[Price, Any], call: Call) -> Page:
    if "model" in call.query:
        rows = rows.filter(model=call.query["model"])
    return paging.by_id(rows, call.query)


def published(
    call: Call, *, site: Site | None = None, organization: Organization | None = None
) -> Price:
    """A version in one scope."""
    start: datetime | None = call.body.get("effective_from")
    model = get_object_or_404(Model, pk=call.body["model"])
    if not call.body["accepts_loss"]:
        below_cost.check(model, call.body["components"])
    return prices.publish(
        model,
        site=site,
        organization=organization,
        components=call.body["components"],
        effective_from=start,
        by=call.by,
        reason=call.body["reason"],
    )
