"""Calls that are paid when what they made is ready: who decides how they end, and what the gate is
told then. The books hear of them as of any other Call, by one usage event.

The outcome is one UPDATE in Postgres: the first end that is seen counts. Only then is the gate
told, and told again until the record is posted; it takes each request id once, so that a crash
between any two steps charges neither twice nor never.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from msgspec.structs import replace

from billing import events, usage_rows
from billing.gate.types import (
    Budget,
    HoldRef,
    RenewRequest,
    RestoreRequest,
    Scope,
    SettleRequest,
)
from relay.models import DeferredCall, UpstreamObject

State = UpstreamObject.State
Outcome = DeferredCall.Outcome

# A job that is not done in a day is given up: vendors keep none so long (OpenAI: an hour).
LIFE = timedelta(hours=24)
# An open job's Hold is renewed at each look; workers may be away for so long.
HOLD_LIFETIME_MS = 600_000
# Between two looks: soon at first, then so far apart that a day of them is bounded.
LOOK_FIRST_MS, LOOK_MAX_MS = 3_000, 60_000
_GROWTH_LOOKS_MAX = 20  # beyond it the longest pause is reached anyway
# The gate is told again if the record is not posted after so long; posting takes a second.
TELL_AGAIN = timedelta(seconds=15)

UPSTREAM_FAILED, FAILED_CODE = "upstream_failed", "upstream_error"


@dataclass(frozen=True, slots=True)
class Due:
    """A deferred Call that has to be looked after."""

    call: DeferredCall
    object: UpstreamObject


def pause(looks: int) -> timedelta:
    """Until the next look, after so many: half as long again each time."""
    grown_by = min(looks, _GROWTH_LOOKS_MAX)
    grown_ms = LOOK_FIRST_MS * 3**grown_by // 2**grown_by
    return timedelta(milliseconds=min(grown_ms, LOOK_MAX_MS))


def begin(made: UpstreamObject, call: DeferredCall) -> None:
    """Keep both. Idempotent by the object's id."""
    with transaction.atomic():
        if not UpstreamObject.objects.filter(pk=made.pk).exists():
            made.save(force_insert=True)
            call.save(force_insert=True)


def decide(object_id: str, state: str, document: bytes, now: datetime) -> UpstreamObject:
    """A look showed this: note it, and the outcome if it is an end. What ended stays ended.

    Raises UpstreamObject.DoesNotExist.
    """
    with transaction.atomic():
        found = UpstreamObject.objects.select_for_update().get(pk=object_id)
        if found.state != State.PENDING:
            return found
        found.state, found.document, found.looked_at = state, document, now
        found.save(update_fields=["state", "document", "looked_at"])
        if state != State.PENDING:
            outcome = Outcome.CHARGED if state == State.COMPLETED else Outcome.RELEASED
            DeferredCall.objects.filter(pk=object_id).update(
                outcome=outcome, decided_at=now, next_look_at=now + TELL_AGAIN
            )
    return found


def take_due(now: datetime, limit: int) -> list[Due]:
    """Calls whose time for a look has come; each is due again only after its pause.

    Two workers get different ones.
    """
    with transaction.atomic():
        rows = list(
            DeferredCall.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("object")
            .filter(next_look_at__lte=now)
            .order_by("next_look_at")[:limit]
        )
        for row in rows:
            row.looks += 1
            row.next_look_at = now + pause(row.looks)
            DeferredCall.objects.filter(pk=row.pk).update(
                looks=F("looks") + 1, next_look_at=row.next_look_at
            )
    return [Due(row, row.object) for row in rows]


def close_posted(calls: list[DeferredCall]) -> set[str]:
    """Of decided Calls, those that are on record: nothing is left to do. Their objects' ids."""
    known = usage_rows.find_records([each.request_id for each in calls])
    done = {
        each.pk
        for each in calls
        if (record := known.get(each.request_id)) is not None
        and not (record.is_uncharged_reaped and each.outcome == Outcome.CHARGED)
    }
    DeferredCall.objects.filter(pk__in=done).delete()
    return done


def find(object_id: str) -> DeferredCall | None:
    """The Call that an object belongs to, while it is not over."""
    return DeferredCall.objects.select_related("object").filter(pk=object_id).first()


def settlement(call: DeferredCall, now: datetime) -> SettleRequest:
    """What the gate is told of a decided Call."""
    is_charged = call.outcome == Outcome.CHARGED
    event = events.decode_usage(bytes(call.event))
    if not is_charged:
        event = _uncharged(event)
    ended_at_ms = int((call.decided_at or now).timestamp() * 1000)
    event = replace(event, ended_at_ms=max(ended_at_ms, event.admitted_at_ms))
    return SettleRequest(
        hold=hold_ref(call),
        charge_nanos=call.charge_nanos if is_charged else 0,
        tokens=0,
        ending=event.ending,
        event=events.encode(event),
    )


def renewal(call: DeferredCall) -> RenewRequest:
    """A sign of life of an open Call. Should nobody look any more it is released."""
    return RenewRequest(hold=hold_ref(call), checkpoint_nanos=0, event=_given_up(call))


def restoration(call: DeferredCall) -> RestoreRequest:
    """Its Hold, which Redis lost."""
    return RestoreRequest(
        hold=hold_ref(call),
        hold_nanos=call.hold_nanos,
        output_tokens_cap=0,
        checkpoint_nanos=0,
        event=_given_up(call),
    )


def hold_ref(call: DeferredCall) -> HoldRef:
    """Names the Call's Hold, as it was admitted."""
    found = call.object
    return HoldRef(
        site=found.site_id,
        request_id=call.request_id,
        organization=found.organization_id,
        key=found.key_id,
        budgets=tuple(Budget(Scope(scope), *rest) for scope, *rest in call.budgets),
    )


def budget_rows(budgets: tuple[Budget, ...]) -> list[list[Any]]:
    """Budgets as the table keeps them."""
    return [[each.scope, each.period, each.limit_nanos, each.resets_at_ms] for each in budgets]


def _given_up(call: DeferredCall) -> bytes:
    return events.encode(_uncharged(events.decode_usage(bytes(call.event))))


def _uncharged(event: events.UsageEvent) -> events.UsageEvent:
    """The same Call, which came to nothing."""
    return replace(
        event,
        ending=UPSTREAM_FAILED,
        error_code=FAILED_CODE,
        lines=(),
        quantities={},
        cost_nanos=0,
        attempts=tuple(replace(each, cost_nanos=0, cost_id=0) for each in event.attempts),
    )
