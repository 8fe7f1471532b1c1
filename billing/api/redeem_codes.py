"""Redeem codes: made and withdrawn by a site's staff, redeemed by its customers."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api import paging, throttles
from accounts.api.fields import OPERATOR, Fields, Nanos, StaffName, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.shapes import Reasoned
from accounts.api.views import OrganizationView, SiteView
from accounts.models import Organization
from accounts.permissions import Act, StaffAct
from accounts.scopes import Scope
from billing import redeem_codes
from billing.api.money import Balance, balance_of
from billing.credits import CreditRefused
from billing.models import RedeemBatch


class BatchDraft(Fields):
    """So many codes, each worth the same."""

    name = Text(max_length=redeem_codes.NAME_CHARS_MAX)
    amount_nanos = Nanos()
    count = Fields.integer(min_value=1, max_value=redeem_codes.COUNT_MAX)
    prefix = serializers.RegexField(
        r"^[A-Z0-9]{0,8}$", required=False, allow_blank=True, default="", help_text="begins each"
    )
    expires_at = Time(required=False, allow_null=True, default=None)


class Batch(Fields):
    """Codes that were made together; the codes themselves are kept nowhere."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    name = Text()
    amount_nanos = Nanos()
    made = Fields.integer()
    used = Fields.integer()
    expires_at = Time(allow_null=True)
    withdrawn_at = Time(allow_null=True)
    created_by = StaffName(allow_null=True, help_text=OPERATOR)
    created_at = Time()


class MadeBatch(Fields):
    """A batch and, in this answer only, its codes; null where an earlier answer is repeated."""

    batch = Batch()
    codes = serializers.ListField(child=Text(), allow_null=True)


class Code(Fields):
    """As somebody was given it, typed in any case and with any hyphens."""

    code = Text(max_length=redeem_codes.TEXT_CHARS_MAX)


class Redeemed(Fields):
    """What it was worth, and the balance after it."""

    amount_nanos = Nanos()
    balance = Balance()


class CodeBatches(SiteView):
    @operation("site.codes", Scope.MONEY_READ, act=StaffAct.MOVE_MONEY, answer=Batch, is_page=True)
    def get(self, call: Call) -> Page:
        """List batches, the newest first."""
        return paging.by_id(batches(call), call.query)

    @operation(
        "site.codes.create",
        Scope.MONEY_WRITE,
        act=StaffAct.MOVE_MONEY,
        body=BatchDraft,
        answer=MadeBatch,
        status=201,
        raises=(redeem_codes.BatchRefused, CreditRefused),
    )
    def post(self, call: Call) -> dict[str, Any]:
        """Make codes. They are in this answer and never again."""
        made = redeem_codes.create(call.site, **call.body, by=call.by)
        return {"batch": batches(call).get(pk=made.batch.pk), "codes": made.codes}


class CodeBatch(SiteView):
    @operation(
        "site.codes.withdraw",
        Scope.MONEY_WRITE,
        act=StaffAct.MOVE_MONEY,
        body=Reasoned,
        answer=Batch,
    )
    def post(self, call: Call, batch_id: int) -> RedeemBatch:
        """Let nobody redeem a batch's codes any more. What was redeemed stays."""
        row: RedeemBatch = get_object_or_404(batches(call), pk=batch_id)
        redeem_codes.withdraw(row, by=call.by, reason=call.body["reason"])
        found: RedeemBatch = batches(call).get(pk=batch_id)
        return found


class Redemption(OrganizationView):
    @operation(
        "balance.redeem",
        Scope.MONEY_WRITE,
        act=Act.MANAGE_MONEY,
        body=Code,
        answer=Redeemed,
        raises=(
            redeem_codes.UnknownCode,
            redeem_codes.CodeUsed,
            redeem_codes.OnePerOrganization,
        ),
    )
    def post(self, call: Call) -> dict[str, Any]:
        """Credit a code to the organization. A person tries so many an hour as on the page."""
        throttles.act(call.request, "redeem")
        organization: Organization = call.organization
        nanos = redeem_codes.redeem(organization, call.body["code"], by=call.by)
        return {"amount_nanos": nanos, "balance": balance_of(organization)}


def batches(call: Call) -> QuerySet[RedeemBatch, Any]:
    """The site's own, each with how many codes it has and how many are used."""
    rows = RedeemBatch.objects.filter(site=call.site).select_related("created_by")
    return redeem_codes.counted(rows)
