"""Write the trail of changes: one `AuditRecord` for each thing that a person changed.

Called in the transaction of the change, so that neither stands without the other. Never reads the
trail (`accounts.reports.audit_log` does) and never takes a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.http import HttpRequest

from accounts.models import AuditRecord, Organization, Site, User, Via

NAME_CHARS_MAX = 254  # as the columns are
REASON_CHARS_MAX = 500


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change and through which door. `user` is None for a command."""

    via: Via
    name: str
    user: User | None = None
    ip: str | None = None
    request_id: str = ""


def actor_of(request: HttpRequest, *, via: Via = Via.PAGE) -> Actor:
    """Whoever is logged in to this request."""
    user = request.user
    assert isinstance(user, User)  # the decorators of accounts.web.access saw to it
    return Actor(
        via=via,
        name=user.email,
        user=user,
        ip=request.META.get("REMOTE_ADDR") or None,
        request_id=getattr(request, "request_id", ""),
    )


def command(name: str) -> Actor:
    """A management command, run by somebody with a shell."""
    return Actor(via=Via.COMMAND, name=f"manage.py {name}")


def record(
    actor: Actor,
    action: str,
    target: models.Model | str | None = None,
    *,
    site: Site | None = None,
    organization: Organization | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditRecord:
    """Add one row. `action` is `noun.verb`; of `before` and `after` only what differs is kept.

    A target without a row of its own is named by a text. The site of an organization need not be
    named. Call it once per change, inside its transaction.
    """
    old, new = _differing(before, after)
    target_id = target.pk if isinstance(target, models.Model) else target
    return AuditRecord.objects.create(
        actor=actor.user,
        actor_name=actor.name[:NAME_CHARS_MAX],
        via=actor.via,
        site=site or (organization.site if organization else None),
        organization=organization,
        action=action,
        target_id="" if target is None else str(target_id)[:NAME_CHARS_MAX],
        target_name="" if target is None else str(target)[:NAME_CHARS_MAX],
        reason=reason[:REASON_CHARS_MAX],
        before=old,
        after=new,
        ip=actor.ip,
        request_id=actor.request_id,
    )


def fields_of(row: models.Model, *names: str) -> dict[str, Any]:
    """The named fields of a row as JSON has them, for `before` and `after`."""
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, (str, int, bool, list, dict, type(None))) else str(value)


def _differing(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both sides without what stayed the same; a side that was not given stays None."""
    if before is None or after is None:
        return (None if before is None else dict(before), None if after is None else dict(after))
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )
