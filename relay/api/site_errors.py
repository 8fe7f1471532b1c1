"""A site's error contract: how its callers see each cause, and what of that is the site's own."""

from typing import Any

from rest_framework import serializers

from accounts.api.fields import Fields, Flag, Text
from accounts.api.operations import Call, operation
from accounts.api.problems import not_found
from accounts.api.sites import LANGUAGE_CODES
from accounts.api.views import SiteView
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from relay import site_errors
from relay.catalog.error_rows import MESSAGE_CHARS_MAX, WORD_CHARS_MAX
from relay.proxy.causes import Cause
from relay.proxy.error_contract import ErrorContract
from relay.storefronts import contract_of

# What stands in a message where the cause of the single case goes.
DETAIL = "…"


class ContractChange(Fields):
    """What is left out stays as it is."""

    preset = Text(max_length=60, required=False, help_text="one of the files of deploy/sites/")
    no_credit_status = serializers.ChoiceField(
        Site.NoCreditStatus.values,
        required=False,
        allow_null=True,
        help_text="of a spent balance or budget; null: the preset's",
    )


class OwnLooks(Fields):
    """What the site says of one cause; what is empty or left out is the preset's."""

    status = Fields.integer(required=False, allow_null=True, min_value=400, max_value=599)
    type = Text(max_length=WORD_CHARS_MAX, required=False, allow_blank=True)
    code = Text(max_length=WORD_CHARS_MAX, required=False, allow_blank=True)
    message = serializers.DictField(
        child=Text(max_length=MESSAGE_CHARS_MAX, allow_blank=True),
        required=False,
        help_text=f"by language: {', '.join(LANGUAGE_CODES)}",
    )


class Looks(Fields):
    """One cause as callers see it, in the site's language."""

    cause = Text()
    status = Fields.integer()
    type = Text()
    code = Text()
    message = Text()
    is_own = Flag(help_text="false: as the preset has it")


class Contract(Fields):
    """Every cause."""

    preset = Text()
    no_credit_status = Fields.integer(allow_null=True)
    items = Looks(many=True)


class SiteErrors(SiteView):
    @operation("site.errors", Scope.SITE_READ, act=StaffAct.SEE_SITE, answer=Contract)
    def get(self, call: Call) -> dict[str, Any]:
        """Read how the site's callers see each error."""
        return shown(call.site)

    @operation(
        "site.errors.change",
        Scope.SITE_WRITE,
        act=StaffAct.CHANGE_SITE,
        body=ContractChange,
        answer=Contract,
    )
    def patch(self, call: Call) -> dict[str, Any]:
        """Choose a preset, or the status of a spent balance. What is the site's own stays."""
        if "preset" in call.body:
            site_errors.set_preset(call.site, call.body["preset"], by=call.by)
        if "no_credit_status" in call.body:
            status = call.body["no_credit_status"]
            site_errors.set_no_credit_status(call.site, status, by=call.by)
        return shown(Site.objects.get(pk=call.site.pk))


class SiteError(SiteView):
    @operation(
        "site.errors.set",
        Scope.SITE_WRITE,
        act=StaffAct.CHANGE_SITE,
        body=OwnLooks,
        answer=Looks,
    )
    def put(self, call: Call, cause: str) -> dict[str, Any]:
        """Say something else of one cause. Relays do so within a second."""
        found = cause_of(cause)
        site_errors.set_override(call.site, found.name, call.body, by=call.by)
        site = Site.objects.get(pk=call.site.pk)
        return looks_of(site, contract_of(site), found)

    @operation("site.errors.reset", Scope.SITE_WRITE, act=StaffAct.CHANGE_SITE, status=204)
    def delete(self, call: Call, cause: str) -> None:
        """Take one cause back to the preset's. Repeating it changes nothing."""
        site_errors.set_override(call.site, cause_of(cause).name, {}, by=call.by)


def cause_of(name: str) -> Cause:
    """404 for none of ours."""
    if name not in Cause.__members__:
        raise not_found()
    return Cause[name]


def shown(site: Site) -> dict[str, Any]:
    contract = contract_of(site)
    return {
        "preset": site.preset,
        "no_credit_status": site.no_credit_status,
        "items": [looks_of(site, contract, cause) for cause in Cause],
    }


def looks_of(site: Site, contract: ErrorContract, cause: Cause) -> dict[str, Any]:
    """As the relay resolves it."""
    looks = contract.of(cause)
    return {
        "cause": cause.name,
        "status": looks.status,
        "type": looks.type,
        "code": looks.code,
        "message": looks.message(site.language, DETAIL),
        "is_own": cause.name in site.error_overrides,
    }
