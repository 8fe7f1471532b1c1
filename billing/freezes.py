"""Stops the calls of an organization whose figures differ, until an operator lifts it.

The flag on the organization is what relays read; a Freeze row says why, since when and who lifted
it. Never touches money: what is wrong stays as it is until a person corrects it.
"""

import logging

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Organization
from accounts.signals import organization_changed
from billing.errors import BillingError
from billing.models import Freeze

logger = logging.getLogger(__name__)

REASON_CHARS_MAX = 500  # the column's


class NotFrozen(BillingError):
    """There is nothing to lift."""

    code = "not_frozen"


@transaction.atomic
def freeze(organization_id: str, reason: str) -> bool:
    """Refuse its Calls from now on (relays hear of it within a second); running ones finish.

    False when it was frozen already, for whatever reason, or does not exist.
    """
    rows = Organization.objects.select_for_update(no_key=True)
    organization = rows.filter(pk=organization_id, is_frozen=False).first()
    if organization is None:
        return False
    Freeze.objects.create(
        organization=organization, reason=reason[:REASON_CHARS_MAX], frozen_at=timezone.now()
    )
    _set(organization, is_frozen=True)
    logger.error("organization %s is frozen: %s", organization_id, reason)
    return True


@transaction.atomic
def lift(organization_id: str, *, by: audit.Actor, reason: str) -> None:
    """Let it call again. Raises NotFrozen. What still differs freezes it anew within a minute."""
    rows = Organization.objects.select_for_update(no_key=True)
    organization = rows.filter(pk=organization_id, is_frozen=True).first()
    if organization is None:
        raise NotFrozen(f"{organization_id} is not frozen")
    Freeze.objects.filter(organization=organization, lifted_at=None).update(
        lifted_at=timezone.now(), lifted_by=by.user, lift_reason=reason
    )
    _set(organization, is_frozen=False)
    audit.record(
        by, "organization.unfreeze", organization, organization=organization, reason=reason
    )
    logger.warning("organization %s may call again: %s", organization_id, reason)


def _set(organization: Organization, *, is_frozen: bool) -> None:
    organization.is_frozen = is_frozen
    organization.save(update_fields=["is_frozen"])
    transaction.on_commit(
        lambda: organization_changed.send_robust(sender=Organization, organization=organization)
    )
