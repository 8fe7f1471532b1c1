"""What an organization used: sums by day or hour, model or key, and the log of its calls."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Fields, Flag, Nanos, QueryCount, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page, PageQuery
from accounts.api.problems import not_found
from accounts.api.views import OrganizationView
from accounts.permissions import Act
from accounts.scopes import Scope
from billing import explain, plans
from billing.models import BlockEpisode, Refusal, UsageRecord
from billing.reports import calls, days, hours, spend

DAYS_MAX, DAYS = 366, 30
# 744 rows; more would be an answer of megabytes.
HOUR, HOURS_DAYS_MAX = "hour", 31
BIG = 2**63 - 1
OUTCOMES = ("ok", "refused", "failed")


class UsageQuery(Fields):
    """Local days up to today, in the organization's time zone."""

    group = serializers.ChoiceField([*spend.GROUPS, HOUR], required=False, default="day")
    days = QueryCount(required=False, default=DAYS, min_value=1, max_value=DAYS_MAX)

    def validate(self, attrs: Any) -> Any:
        if attrs["group"] == HOUR and attrs["days"] > HOURS_DAYS_MAX:
            raise serializers.ValidationError(
                {"days": f"By hour at most {HOURS_DAYS_MAX}."}, code="max_value"
            )
        return attrs


class UsageSum(Fields):
    """`key` is a day, an hour's first instant, a model's id or a key's id; `label` what a person
    calls it."""

    key = Text(allow_blank=True)
    label = Text(allow_blank=True)  # type: ignore[assignment]  # not DRF's attribute
    calls = Fields.integer(max_value=BIG)
    failed = Fields.integer(max_value=BIG)
    refused = Fields.integer(max_value=BIG)
    input_tokens = Fields.integer(max_value=BIG)
    cached_tokens = Fields.integer(max_value=BIG)
    output_tokens = Fields.integer(max_value=BIG)
    charge_nanos = Nanos()


class Usage(Fields):
    """Sums, and the sum of them."""

    items = UsageSum(many=True)
    total = UsageSum()


class CallLine(Fields):
    """One call of the log; a refused one may stand for `multiplier` of them."""

    id = Text()
    at = Time()
    status = Fields.integer()
    code = Text(allow_blank=True)
    rule = Text(allow_blank=True)
    model = Text(allow_blank=True)
    key_id = Text(allow_null=True)
    is_refused = Flag()
    multiplier = Fields.integer()
    input_tokens = Fields.integer(allow_null=True, max_value=BIG)
    output_tokens = Fields.integer(allow_null=True, max_value=BIG)
    charge_nanos = Nanos(allow_null=True)
    first_byte_ms = Fields.integer(allow_null=True)
    duration_ms = Fields.integer(allow_null=True)
    is_stream = Flag()
    is_estimated = Flag()


class ChargeLine(Fields):
    """One line of the arithmetic: so much of a bucket, at the price per million or per one."""

    bucket = Text()
    quantity = Fields.integer(max_value=BIG)
    nanos_per_mtok = Nanos(allow_null=True)
    nanos_per_unit = Nanos(allow_null=True)
    nanos = Text(help_text="exact, as a decimal: the charge is their sum, rounded once")


class CallDetailDocument(CallLine):
    """The call, and how its charge was worked out."""

    endpoint = Text()
    ending = Text(allow_blank=True)
    price_from = Time(allow_null=True, help_text="since when the price was in force")
    adjustment_percent = Text(allow_blank=True, help_text="of the plan; the lines have it in")
    lines = ChargeLine(many=True)


class CallQuery(PageQuery):
    """Narrows the log."""

    outcome = serializers.ChoiceField(OUTCOMES, required=False)
    model = Text(required=False, max_length=200)
    key_id = Text(required=False, max_length=40)
    day = serializers.DateField(required=False, help_text="a local day")


class Block(Fields):
    """Calls are being refused for this."""

    code = Text()
    status = Fields.integer()
    key_id = Text(source="api_key_id", allow_null=True)
    model = Text(allow_blank=True)
    refused_count = Fields.integer(max_value=BIG)
    opened_at = Time()
    last_at = Time()


class Limits(Fields):
    """Of the organization as a whole (its plan's; null: none), and what stops it now."""

    plan = Text(allow_null=True)
    requests_per_minute = Fields.integer(allow_null=True)
    tokens_per_minute = Fields.integer(allow_null=True, max_value=BIG)
    concurrency = Fields.integer(allow_null=True)
    is_suspended = Flag()
    is_frozen = Flag()
    blocks = Block(many=True)


# Open ones; more causes at once than anybody could act on.
BLOCKS_MAX = 50


class UsageDetail(OrganizationView):
    @operation("usage.read", Scope.USAGE_READ, act=Act.SEE_USAGE, query=UsageQuery, answer=Usage)
    def get(self, call: Call) -> dict[str, Any]:
        """Read what was used and spent over the last days, summed by day, hour, model or key. By
        hour at most 31 days."""
        span = days.last(call.query["days"])
        if call.query["group"] == HOUR:
            rows = hours.totals(call.organization, span)
        else:
            rows = spend.totals(call.organization, span, call.query["group"])
        return {"items": rows, "total": spend.summed(rows)}


class CallList(OrganizationView):
    @operation(
        "requests.list",
        Scope.USAGE_READ,
        act=Act.SEE_USAGE,
        query=CallQuery,
        answer=CallLine,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List calls, answered and refused ones, the newest first."""
        query = call.query
        filters = calls.Filters(
            outcome=query.get("outcome", ""),
            model=query.get("model", ""),
            key=query.get("key_id", ""),
            day=query.get("day"),
        )
        after = paging.unpack(query.get("cursor"), datetime, str)
        found = calls.page(
            call.organization,
            filters,
            after=calls.Cursor(*after) if after else None,
            rows_max=query["limit"],
        )
        older = found.older
        return Page(
            [line_of(row) for row in found.rows], paging.pack(older.at, older.id) if older else None
        )


class CallDetail(OrganizationView):
    @operation("requests.read", Scope.USAGE_READ, act=Act.SEE_USAGE, answer=CallDetailDocument)
    def get(self, call: Call, request_id: str) -> dict[str, Any]:
        """Read one call and how its charge was worked out."""
        ours = {"organization": call.organization}
        record = UsageRecord.objects.filter(request_id=request_id, **ours).first()
        if record is not None:
            return told_of(record)
        refusal = Refusal.objects.filter(pk=request_id, **ours).first()
        if refusal is None:
            raise not_found()
        return refusal_of(refusal)


class LimitDetail(OrganizationView):
    @operation("limits.read", Scope.ORGANIZATION_READ, act=Act.SEE_USAGE, answer=Limits)
    def get(self, call: Call) -> dict[str, Any]:
        """Read the limits of the organization as a whole, and what its calls are refused for."""
        organization = call.organization
        plan = plans.plan_of(organization)
        limits = plans.limits_of(organization)
        episodes = BlockEpisode.objects.filter(organization=organization, closed_at=None)
        return {
            "plan": plan.pk if plan else None,
            "requests_per_minute": limits.requests_per_minute,
            "tokens_per_minute": limits.tokens_per_minute,
            "concurrency": limits.concurrency,
            "is_suspended": not organization.is_active,
            "is_frozen": organization.is_frozen,
            "blocks": episodes.order_by("-last_at")[:BLOCKS_MAX],
        }


def line_of(row: calls.CallRow) -> dict[str, Any]:
    """A row of the log as it is answered."""
    plain = {name: getattr(row, name) for name in CallLine.names() if name != "key_id"}
    return plain | {"key_id": row.key.pk if row.key else None}


def refusal_of(refusal: Refusal) -> dict[str, Any]:
    """A call that was turned away, in the shape of one that was not."""
    extra = {"endpoint": refusal.endpoint, "ending": "", "price_from": None}
    line = line_of(calls.row_of_refusal(refusal))
    return line | extra | {"adjustment_percent": "", "lines": []}


def told_of(record: UsageRecord) -> dict[str, Any]:
    """What a customer is told of a call: nothing of upstreams and what they cost us."""
    told = explain.explain(record)
    lines = [
        {
            "bucket": line.bucket,
            "quantity": line.quantity,
            "nanos_per_mtok": None if line.nanos_per_unit else line.nanos_per_mtok,
            "nanos_per_unit": line.nanos_per_unit or None,
            "nanos": explain.exact_nanos(line.product),
        }
        for line in told.lines
    ]
    return line_of(calls.row_of_record(record)) | {
        "endpoint": record.endpoint,
        "ending": record.ending,
        "price_from": told.price.effective_from if told.price else None,
        "adjustment_percent": told.adjustment,
        "lines": lines,
    }
