"""Adds a record that a test wrote itself to the sums, as posting does for those it writes."""

from datetime import timedelta

from django.db.models import F

from billing.models import UsageRecord, UsageRollup

SUMMED = (
    *("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"),
    *("charge_nanos", "written_off_nanos", "cost_nanos"),
)


def add(record: UsageRecord) -> UsageRecord:
    """The record, which is in its sum now."""
    at = record.admitted_at
    start = at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    row, _ = UsageRollup.objects.get_or_create(
        start=start,
        organization_id=record.organization_id,
        api_key=record.api_key_id or "",
        model=record.model,
        upstream=record.upstream,
        status=record.status,
        defaults={"site_id": record.site_id, "calls": 0, "errors": 0} | dict.fromkeys(SUMMED, 0),
    )
    is_error = int(not 200 <= record.status < 400)
    UsageRollup.objects.filter(pk=row.pk).update(
        calls=F("calls") + 1,
        errors=F("errors") + is_error,
        **{name: F(name) + getattr(record, name) for name in SUMMED},
    )
    return record
