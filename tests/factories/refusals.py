"""Refusal events as the relay appends them."""

from datetime import UTC, datetime, timedelta
from itertools import count

from accounts.models import ApiKey, Organization
from billing import connections
from billing.events import REFUSALS_STREAM, RefusalEvent, encode
from billing.gate.blocking import command

# A minute's beginning in the past, so that seconds can be added without leaving the minute.
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_numbers = count(1)


def refusal(
    organization: Organization,
    key: ApiKey | None = None,
    *,
    code: str = "credit_balance_exhausted",
    status: int = 402,
    seconds: int = 0,
    times: int = 1,
    model: str = "small",
) -> RefusalEvent:
    """`times` Calls refused at noon + `seconds`."""
    at_ms = int((NOON + timedelta(seconds=seconds)).timestamp()) * 1000
    return RefusalEvent(
        request_id=f"req_r{next(_numbers):011d}",
        organization=organization.pk,
        api_key=key.pk if key else "",
        code=code,
        status=status,
        endpoint="chat/completions",
        model=model,
        rule="",
        param="",
        count=times,
        first_at_ms=at_ms,
        last_at_ms=at_ms,
    )


def append(site_id: str, *events: RefusalEvent) -> None:
    for event in events:
        fields = {"event": encode(event)}
        command(connections.redis(), "xadd", REFUSALS_STREAM % site_id, fields)
