"""How a BlockEpisode ends: a Call passes, the balance is paid up, or nobody runs into it any more.

Opening and counting is `billing.refusals`. Nothing here sends signals; callers do.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from billing.causes import CAUSES, ENDING_WITH_CALL, NO_CREDIT
from billing.models import BlockEpisode, UsageRecord

_CLOSE_CURED = """
UPDATE billing_blockepisode AS episode SET closed_at = %s
WHERE episode.closed_at IS NULL AND episode.organization_id = ANY(%s) AND episode.code = ANY(%s)
  AND EXISTS (
    SELECT 1 FROM billing_usagerecord AS call
    WHERE call.organization_id = episode.organization_id
      AND call.admitted_at > episode.last_at AND call.ending = %s
      AND (episode.api_key_id IS NULL OR call.api_key_id = episode.api_key_id)
      AND (episode.model = '' OR call.model = episode.model))
RETURNING episode.organization_id
"""


def close_cured(organization_ids: Collection[str]) -> frozenset[str]:
    """Close the episodes whose cause a completed Call, admitted after the last refusal, disproves.

    Idempotent. Returns the organizations that had one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CLOSE_CURED,
            [
                timezone.now(),
                sorted(organization_ids),
                ENDING_WITH_CALL,
                UsageRecord.Ending.COMPLETED.value,
            ],
        )
        return frozenset(organization_id for (organization_id,) in cursor.fetchall())


def close_paid(organization_id: str, at: datetime) -> bool:
    """Close the episode of an empty balance: there is money again. Idempotent."""
    rows = BlockEpisode.objects.filter(
        organization_id=organization_id, code=NO_CREDIT, closed_at=None
    )
    return rows.update(closed_at=at) > 0


def close_silent(at: datetime) -> frozenset[str]:
    """Close the episodes that nobody has run into for as long as their cause allows."""
    closed: set[str] = set()
    spans = {cause.silent_s for cause in CAUSES.values() if cause.silent_s is not None}
    for silent_s in spans:
        codes = [code for code, cause in CAUSES.items() if cause.silent_s == silent_s]
        rows = BlockEpisode.objects.filter(
            closed_at=None, code__in=codes, last_at__lt=at - timedelta(seconds=silent_s)
        )
        closed.update(rows.values_list("organization_id", flat=True))
        rows.update(closed_at=at)
    return frozenset(closed)
