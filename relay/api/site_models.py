"""The models that a site offers: on and off, and how each is listed."""

from dataclasses import dataclass
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api import paging, sites
from accounts.api.fields import Count, Fields, Flag, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView, SiteView
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing import site_models
from billing.models import Model, SiteModel
from relay import site_listing

BY_LANGUAGE = "texts by language: " + ", ".join(sites.LANGUAGE_CODES)


class OfferDocument(Fields):
    """A model of the deployment as one site has it."""

    model = Text()
    is_offered = Flag(help_text="false: calls get 404")
    is_hidden = Flag(help_text="in no list; whoever knows the name can call it")
    shown_as = Text(allow_blank=True, help_text="an alias that lists name it by; empty: its id")
    position = Count(help_text="in the list, lower first; 0: after all others")
    description = serializers.DictField(child=Text(), help_text=BY_LANGUAGE)
    retires_at = Time(allow_null=True)
    successor = Text(allow_null=True)


class OfferChange(Fields):
    """What is left out stays as it is."""

    is_offered = Flag(required=False)
    is_hidden = Flag(required=False)
    shown_as = Text(required=False, allow_blank=True, max_length=200)
    position = Count(required=False, max_value=site_models.POSITION_MAX)
    description = serializers.DictField(
        required=False,
        child=Text(allow_blank=True, max_length=site_models.DESCRIPTION_CHARS_MAX),
        help_text=BY_LANGUAGE,
    )


class RangeDocument(Fields):
    """Whether models that the operator adds are offered by themselves."""

    sells_all_models = Flag()


@dataclass(frozen=True, slots=True)
class Offered:
    """A row of OfferDocument."""

    model: str
    is_offered: bool
    look: SiteModel
    of: Model

    def __getattr__(self, name: str) -> Any:
        return getattr(self.look, name)

    @property
    def retires_at(self) -> Any:
        return self.of.retires_at

    @property
    def successor(self) -> str | None:
        return self.of.successor_id


class SiteModelList(SiteView):
    @operation(
        "site.models", Scope.SITE_READ, act=StaffAct.SEE_SITE, answer=OfferDocument, is_page=True
    )
    def get(self, call: Call) -> Page:
        """List the deployment's models as the site has them, by id."""
        return listed(call, call.site)


class SiteModelDetail(SiteView):
    @operation(
        "site.models.change",
        Scope.PRICES_WRITE,
        act=StaffAct.CHANGE_PRICES,
        body=OfferChange,
        answer=OfferDocument,
    )
    def patch(self, call: Call, model_id: str) -> Offered:
        """Offer a model or stop, and say how it is listed."""
        return changed(call, call.site, model_id)


class SiteRange(SiteView):
    @operation(
        "site.range",
        Scope.PRICES_WRITE,
        act=StaffAct.CHANGE_PRICES,
        body=RangeDocument,
        answer=RangeDocument,
    )
    def put(self, call: Call) -> dict[str, bool]:
        """Say whether future models are offered by themselves; those of now stay as they are."""
        sells_all: bool = call.body["sells_all_models"]
        site_models.set_sells_all(call.site, sells_all=sells_all, by=call.by)
        return {"sells_all_models": sells_all}


class ModelsOfSite(OperatorView):
    @operation("ops.site.models", Scope.OPS_READ, answer=OfferDocument, is_page=True)
    def get(self, call: Call, site_id: str) -> Page:
        """List the deployment's models as any site has them."""
        return listed(call, sites.find(site_id))


class ModelOfSite(OperatorView):
    @operation("ops.site.models.change", Scope.OPS_WRITE, body=OfferChange, answer=OfferDocument)
    def patch(self, call: Call, site_id: str, model_id: str) -> Offered:
        """Offer a model on any site or stop, and say how it is listed."""
        return changed(call, sites.find(site_id), model_id)


def listed(call: Call, site: Site) -> Page:
    found = paging.by_id(Model.objects.all(), call.query, kind=str)
    sold, looks = site_models.range_of(site.pk), site_models.looks(site)
    rows = [
        Offered(row.pk, sold.has(row.pk), looks.get(row.pk) or SiteModel(), row)
        for row in found.items
    ]
    return Page(rows, found.next_cursor)


def changed(call: Call, site: Site, model_id: str) -> Offered:
    model = get_object_or_404(Model, pk=model_id)
    given = dict(call.body)
    if (is_offered := given.pop("is_offered", None)) is not None:
        site_models.set_offered(site, [model], is_offered=is_offered, by=call.by)
    if given:
        site_listing.set_look(site, model, given, by=call.by)
    look = site_models.looks(site).get(model.pk) or SiteModel()
    return Offered(model.pk, site_models.range_of(site.pk).has(model.pk), look, model)
