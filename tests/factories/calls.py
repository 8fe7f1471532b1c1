"""Small makers of what pages show: usage records, refusals, block episodes."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import ApiKey, Organization
from billing.models import BlockEpisode, Refusal, UsageRecord

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
    return UsageRecord.objects.create(**(fields | changes))


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
