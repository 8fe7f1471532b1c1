"""Small makers of models, prices, money and usage events."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import ApiKey, Organization
from billing import connections, credits, events, prices
from billing.gate.blocking import command
from billing.gate.keys import organization_key, usage_key
from billing.models import CreditOutbox, Model, Price
from billing.pricing import Buckets, price

UNIT = 10**9
_numbers = count(1)

PRICE = {"input": UNIT // 10, "cached_input": UNIT // 20, "output": UNIT // 2}


def model(model_id: str = "small") -> Model:
    made, _ = Model.objects.get_or_create(pk=model_id)
    return made


def default_price(model_id: str = "small", components: Mapping[str, object] = PRICE) -> Price:
    return prices.publish(model(model_id), site=None, components=components)


def money(organization: Organization, units: int) -> None:
    """Posted and known to the gate, as a credit of long ago."""
    credit = credits.top_up(
        organization,
        amount_nanos=units * UNIT,
        reason="opening",
        external_id=f"opening:{organization.pk}:{next(_numbers)}",
    )
    CreditOutbox.objects.filter(pk=credit.transaction_id).update(applied_at=timezone.now())


def usage_event(
    organization: Organization,
    *,
    request_id: str | None = None,
    key: ApiKey | None = None,
    version: Price | None = None,
    tokens: Buckets | None = None,
    **changes: Any,
) -> events.UsageEvent:
    """A completed Call, priced by `version`; a cost of one nano."""
    buckets = tokens or Buckets()
    adjustment_bp = changes.get("adjustment_bp", 0)
    charge = price(buckets, prices.version_of(version, adjustment_bp)) if version else None
    now_ms = int(timezone.now().timestamp() * 1000)
    fields: dict[str, Any] = {
        "request_id": request_id or f"req_{next(_numbers):012d}",
        "site": organization.site_id,
        "organization": organization.pk,
        "api_key": key.pk if key else "",
        "endpoint": "chat/completions",
        "model": "small",
        "ending": "completed",
        "status": 200,
        "admitted_at_ms": now_ms,
        "ended_at_ms": now_ms,
        "duration_ms": 5,
        "price_id": version.pk if version else 0,
        "hold_nanos": 0,
        "upstream": "demo",
        "input_tokens": buckets.input,
        "cached_input_tokens": buckets.cached_input,
        "output_tokens": buckets.output + buckets.reasoning,
        "reasoning_tokens": buckets.reasoning,
        "quantities": dict(buckets.other),
        "lines": charge.lines if charge else (),
        "cost_nanos": 1,
        "attempts": (events.Attempt("demo", 200, "", 5),),
    }
    return events.UsageEvent(**(fields | changes))


def append_usage(
    event: events.UsageEvent,
    *,
    debited_nanos: int,
    written_off_nanos: int = 0,
    state: str = "settled",
    ending: str | None = None,
) -> None:
    """What the gate's settle script does for a Call whose Hold was exactly its charge."""
    redis = connections.redis()
    money_key = organization_key(event.site, event.organization)
    command(redis, "hincrby", money_key, "available", -debited_nanos)
    command(redis, "hincrby", money_key, "unposted", debited_nanos)
    fields = {
        "request_id": event.request_id,
        "organization": event.organization,
        "key": event.api_key,
        "debited": debited_nanos,
        "written_off": written_off_nanos,
        "state": state,
        "ending": ending or event.ending,
        "event": events.encode(event),
    }
    command(redis, "xadd", usage_key(event.site), fields)
