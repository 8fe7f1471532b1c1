"""Taking back a version of a price, a cost or an adjustment that has not begun; its instant is free
again. Tells nobody: whoever asks for it records and announces it."""

from datetime import timedelta

from django.utils import timezone

from billing.errors import BillingError
from billing.models.versions import Version

# Clocks of relays differ by less: one that begins sooner may be in force at some already.
CANCEL_LEAD_S = 5


class VersionBegun(BillingError):
    """A version that has begun, or is about to, cannot be taken back."""

    code = "price_begun"


def take_back(version: Version) -> bool:
    """Whether this did it: False where it was taken back before. Call it in a transaction, which
    keeps the row locked. Raises VersionBegun."""
    row = type(version).every.select_for_update(of=("self",)).get(pk=version.pk)
    if row.cancelled_at is not None:
        return False
    now = timezone.now()
    if row.effective_from < now + timedelta(seconds=CANCEL_LEAD_S):
        raise VersionBegun("it has begun, or is about to: publish another one instead")
    row.cancelled_at = now
    row.save(update_fields=["cancelled_at"])
    return True
