"""Prices: what a site's customers pay, contracts of single customers, and the defaults."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Fields, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page, PageQuery
from accounts.api.views import OperatorView, SiteView
from accounts.models import Organization, Site
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing import prices
from billing.api import customers
from billing.models import Model, Price

COMPONENTS = (
    "Integers of nanos: token buckets and characters per million, `seconds`, `request` and `image` "
    "kinds one by one, `tiers` by `above_tokens`, `minimum`. Empty: no price of its own any more."
)


class PriceDocument(Fields):
    """One version of a price; never edited."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    model = Text(source="model_id")
    organization = Text(source="organization_id", allow_null=True, help_text="of a contract")
    components = serializers.DictField(help_text=COMPONENTS)
    effective_from = Time()
    created_at = Time()


class PriceDraft(Fields):
    """The next version, from now on or from a later instant."""

    model = Text(max_length=200)
    components = serializers.DictField(help_text=COMPONENTS)
    effective_from = Time(required=False)


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
        return listed(Price.objects.filter(site=call.site, organization=None), call)

    @operation(
        "site.prices.create",
        Scope.PRICES_WRITE,
        act=StaffAct.CHANGE_PRICES,
        body=PriceDraft,
        answer=PriceDocument,
        status=201,
    )
    def post(self, call: Call) -> Price:
        """Publish the site's own price of a model. What changes nothing gives the one in force."""
        return published(call, site=call.site)


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
        return listed(Price.objects.filter(organization=customer), call)

    @operation(
        "site.contracts.create",
        Scope.PRICES_WRITE,
        act=StaffAct.CHANGE_PRICES,
        body=PriceDraft,
        answer=PriceDocument,
        status=201,
    )
    def post(self, call: Call, organization_id: str) -> Price:
        """Publish a customer's contract price of a model."""
        return published(call, organization=customers.find(call, organization_id))


class DefaultPriceList(OperatorView):
    @operation("ops.prices", Scope.OPS_READ, query=PriceQuery, answer=PriceDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List versions of the default prices, the newest first."""
        return listed(Price.objects.filter(site=None, organization=None), call)

    @operation(
        "ops.prices.create", Scope.OPS_WRITE, body=PriceDraft, answer=PriceDocument, status=201
    )
    def post(self, call: Call) -> Price:
        """Publish the default price of a model, for every site without its own."""
        return published(call)


def listed(rows: QuerySet[Price, Any], call: Call) -> Page:
    if "model" in call.query:
        rows = rows.filter(model=call.query["model"])
    return paging.by_id(rows, call.query)


def published(
    call: Call, *, site: Site | None = None, organization: Organization | None = None
) -> Price:
    """A version in one scope."""
    start: datetime | None = call.body.get("effective_from")
    return prices.publish(
        get_object_or_404(Model, pk=call.body["model"]),
        site=site,
        organization=organization,
        components=call.body["components"],
        effective_from=start,
        by=call.by,
    )
