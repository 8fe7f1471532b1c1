"""Small makers of what pages show: usage records, refusals, block episodes."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import ApiKey, Organization
from billing.models import AuditRun, BlockEpisode, Freeze, QuarantinedEvent, Refusal, UsageRecord
from tests.factories import rollups

_numbers = count(1)


def record(
    organization: Organization, *, at: datetime | None = None, **changes: Any
) -> UsageRecord:
    """A completed Call of ten tokens that cost 0.0001."""
    at = at or timezone.now()
    fields: dict[str, Any] = {
        "request_id": f"req_{next(_numbers):012d}",
        "site_id": organization.site_id,
        "organization": organization,
        "endpoint": "chat/completions",
        "model": "small",
        "ending": "completed",
        "status": 200,
        "input_tokens": 8,
        "output_tokens": 2,
        "charge_nanos": 100_000,
        "admitted_at": at,
        "ended_at": at + timedelta(milliseconds=500),
        "first_byte_ms": 120,
        "duration_ms": 500,
    }
    return rollups.add(UsageRecord.objects.create(**(fields | changes)))


def refusal(organization: Organization, *, at: datetime | None = None, **changes: Any) -> Refusal:
    """A Call that the balance could not cover."""
    fields: dict[str, Any] = {
        "id": f"req_{next(_numbers):012d}",
        "organization": organization,
        "at": at or timezone.now(),
        "status": 402,
        "code": "credit_balance_exhausted",
        "rule": "balance",
        "endpoint": "chat/completions",
        "model": "small",
    }
    return Refusal.objects.create(**(fields | changes))


def episode(organization: Organization, key: ApiKey | None = None, **changes: Any) -> BlockEpisode:
    """An open run of 37 refusals for want of credit."""
    now = timezone.now()
    fields: dict[str, Any] = {
        "organization": organization,
        "api_key": key,
        "code": "credit_balance_exhausted",
        "status": 402,
        "refused_count": 37,
        "opened_at": now - timedelta(minutes=30),
        "last_at": now - timedelta(minutes=1),
    }
    return BlockEpisode.objects.create(**(fields | changes))


def trouble(organization: Organization) -> QuarantinedEvent:
    """A drift run that found something, whom it froze, and an event that was set aside."""
    now = timezone.now()
    text = f"{organization.pk}: 4 nanos available; posted 5 - unposted 0 - held 0 = 5"
    AuditRun.objects.create(
        kind=AuditRun.Kind.DRIFT,
        started_at=now,
        ended_at=now,
        is_ok=False,
        differences=1,
        findings=[{"check": "I7", "text": text, "organization": organization.pk}],
    )
    Freeze.objects.create(organization=organization, reason=f"I7: {text}", frozen_at=now)
    Organization.objects.filter(pk=organization.pk).update(is_frozen=True)
    return spoiled(organization)


def spoiled(organization: Organization) -> QuarantinedEvent:
    """An event that was set aside."""
    return QuarantinedEvent.objects.create(
        site_id=organization.site_id,
        stream_id=f"{next(_numbers)}-0",
        request_id="req_spoiled",
        organization_id=organization.pk,
        key_id="key",
        debited_nanos=1_250_000,
        written_off_nanos=0,
        state="settled",
        ending="completed",
        event=b"{}",
        reason="an event of the site 'elsewhere'",
    )
