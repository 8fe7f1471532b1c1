"""Sites: their settings as their staff change them, and all of them as operators do."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts import sites
from accounts.api import paging
from accounts.api.fields import Fields, Flag, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView, SiteView
from accounts.models import Site
from accounts.models.sites import LANGUAGES
from accounts.permissions import StaffAct
from accounts.scopes import Scope

LANGUAGE_CODES = [code for code, _name in LANGUAGES]


class SiteChange(Fields):
    """What is left out stays as it is."""

    name = Text(max_length=100, required=False)
    time_zone = Text(max_length=64, required=False, help_text="IANA name")
    language = serializers.ChoiceField(LANGUAGE_CODES, required=False)
    languages = serializers.ListField(
        child=serializers.ChoiceField(LANGUAGE_CODES), required=False, min_length=1, max_length=10
    )
    sign_up = serializers.ChoiceField(Site.SignUp.values, required=False)
    support_contact = Text(max_length=200, required=False, allow_blank=True)
    footer = serializers.DictField(child=Text(allow_blank=True, max_length=300), required=False)
    sender_name = Text(max_length=100, required=False, allow_blank=True)
    sender_address = Text(max_length=254, required=False, allow_blank=True)


class AnySiteChange(SiteChange):
    """The same with what only operators change."""

    currency = serializers.RegexField(
        r"^[A-Z]{3}$", required=False, help_text="ISO 4217; fixed once there is a customer"
    )


class SiteDocument(Fields):
    """A storefront."""

    id = Text(source="pk")
    name = Text()
    currency = Text()
    language = Text()
    languages = serializers.ListField(child=Text())
    time_zone = Text()
    sign_up = serializers.ChoiceField(Site.SignUp.values)
    support_contact = Text(allow_blank=True)
    footer = serializers.DictField()
    sender_name = Text(allow_blank=True)
    sender_address = Text(allow_blank=True)
    is_active = Flag(help_text="false: suspended, calls get 403")
    domains = serializers.ListField(child=Text(), help_text="the first is used in links")
    created_at = Time()

    def to_representation(self, instance: Site) -> Any:
        rows = {
            name: getattr(instance, name)
            for name in SiteDocument.names()
            if name not in ("id", "domains")
        }
        domains = [row.domain for row in instance.domains.all()]
        return super().to_representation(rows | {"pk": instance.pk, "domains": domains})


class NewSite(Fields):
    """A site that sells nothing yet."""

    id = serializers.RegexField(r"^[a-z0-9][a-z0-9-]*$", max_length=40)
    name = Text(max_length=100)
    domains = serializers.ListField(child=Text(max_length=253), min_length=1, max_length=20)
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="ISO 4217")
    language = serializers.ChoiceField(LANGUAGE_CODES)
    time_zone = Text(max_length=64, help_text="IANA name")


class Domains(Fields):
    """The whole list; the first is used in links."""

    domains = serializers.ListField(child=Text(max_length=253), min_length=1, max_length=20)


class Switch(Fields):
    """Suspend or resume, and why."""

    is_active = Flag()
    reason = Text(max_length=500)


class SiteDetail(SiteView):
    @operation("site.read", Scope.SITE_READ, act=StaffAct.SEE_SITE, answer=SiteDocument)
    def get(self, call: Call) -> Site:
        """Read the site that answers at this host."""
        return call.site

    @operation(
        "site.change",
        Scope.SITE_WRITE,
        act=StaffAct.CHANGE_SITE,
        body=SiteChange,
        answer=SiteDocument,
    )
    def patch(self, call: Call) -> Site:
        """Change the site's settings."""
        return sites.change(call.site, call.body, by=call.by)


class SiteList(OperatorView):
    @operation("ops.sites", Scope.OPS_READ, answer=SiteDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List sites by id."""
        return paging.by_id(all_sites(), call.query, kind=str)

    @operation("ops.sites.create", Scope.OPS_WRITE, body=NewSite, answer=SiteDocument, status=201)
    def post(self, call: Call) -> Site:
        """Add a site."""
        given = dict(call.body)
        return sites.create(given.pop("id"), **given, by=call.by)


class SiteOfOperators(OperatorView):
    @operation("ops.site", Scope.OPS_READ, answer=SiteDocument)
    def get(self, call: Call, site_id: str) -> Site:
        """Read any site."""
        return find(site_id)

    @operation("ops.site.change", Scope.OPS_WRITE, body=AnySiteChange, answer=SiteDocument)
    def patch(self, call: Call, site_id: str) -> Site:
        """Change any site's settings."""
        return sites.change(find(site_id), call.body, by=call.by)


class SiteDomains(OperatorView):
    @operation("ops.site.domains", Scope.OPS_WRITE, body=Domains, answer=SiteDocument)
    def put(self, call: Call, site_id: str) -> Site:
        """Set the host names that a site answers at."""
        sites.set_domains(find(site_id), call.body["domains"], by=call.by)
        return find(site_id)


class SiteSwitch(OperatorView):
    @operation("ops.site.switch", Scope.OPS_WRITE, body=Switch, answer=SiteDocument)
    def put(self, call: Call, site_id: str) -> Site:
        """Suspend a site, or resume it."""
        body = call.body
        sites.set_active(
            find(site_id), is_active=body["is_active"], by=call.by, reason=body["reason"]
        )
        return find(site_id)


def all_sites() -> QuerySet[Site]:
    return Site.objects.prefetch_related("domains")


def find(site_id: str) -> Site:
    return get_object_or_404(all_sites(), pk=site_id)
