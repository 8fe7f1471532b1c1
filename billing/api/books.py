"""The books as operators mind them: what checks found, who is frozen for it, what was set aside."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.api import paging
from accounts.api.fields import Count, Fields, Flag, Nanos, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView
from accounts.models import Organization
from accounts.scopes import Scope
from billing import freezes, job_starts, quarantine
from billing.models import AuditRun, Freeze, QuarantinedEvent
from billing.reports import books

BIG = 2**63 - 1


class Run(Fields):
    """One look at the books; without an end it is under way, or its worker died."""

    kind = serializers.ChoiceField(AuditRun.Kind.values)
    started_at = Time()
    ended_at = Time(allow_null=True)
    is_ok = Flag(allow_null=True)
    differences = Count(max_value=BIG, help_text="all of them; `findings` are the first")
    findings = serializers.ListField(
        child=serializers.DictField(), help_text="`check`, `text`, `organization` of each"
    )


class Waiting(Fields):
    """A site's usage that is not booked yet; null: its gate can't be read."""

    site = Text(source="site_id")
    events = Count(allow_null=True, max_value=BIG)
    oldest_ms = Count(allow_null=True, max_value=BIG)
    is_open = Flag(help_text="false: its gate is closed, and calls get 503")


class Books(Fields):
    """The last check of every minute, the last whole audit, and what waits."""

    drift = Run(allow_null=True)
    full = Run(allow_null=True)
    backlogs = Waiting(many=True)
    events_waiting = Count(max_value=BIG, help_text="events set aside, `/ops/events`")


class Cause(Fields):
    """Why; the audit log keeps it."""

    reason = Text(max_length=300)


class FreezeDocument(Fields):
    """An organization that can't call because its figures differed."""

    organization = Text(source="organization_id")
    site = Text(source="organization.site_id")
    reason = Text()
    frozen_at = Time()


class Event(Fields):
    """Usage that could not be booked. Nobody is charged by it until it is retried."""

    id = Fields.integer(source="pk", max_value=BIG)
    site = Text(source="site_id")
    request_id = Text()
    organization = Text(source="organization_id")
    debited_nanos = Nanos()
    written_off_nanos = Nanos()
    reason = Text()
    set_aside_at = Time()
    outcome = Text(allow_blank=True, help_text="retried, discarded; empty: it waits")


class BooksDetail(OperatorView):
    @operation("ops.books", Scope.OPS_READ, answer=Books)
    def get(self, call: Call) -> dict[str, Any]:
        """Read how the books are."""
        return {
            "drift": books.last_run(AuditRun.Kind.DRIFT),
            "full": books.last_run(AuditRun.Kind.FULL),
            "backlogs": [
                {
                    "site_id": each.site.pk,
                    "events": each.events,
                    "oldest_ms": each.oldest_ms,
                    "is_open": each.is_open,
                }
                for each in books.backlogs()
            ],
            "events_waiting": books.waiting_events_count(),
        }


class BooksAudit(OperatorView):
    @operation("ops.books.audit", Scope.OPS_WRITE, status=202, raises=(job_starts.BrokerAway,))
    def post(self, call: Call) -> None:
        """Start the whole audit. A worker does it; `GET /ops/books` has its end."""
        job_starts.start_audit(by=call.by)


class Freezes(OperatorView):
    @operation("ops.freezes", Scope.OPS_READ, answer=FreezeDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List organizations that are frozen, the latest first."""
        rows = Freeze.objects.filter(lifted_at=None).select_related("organization")
        return paging.by_id(rows, call.query)


class FreezeLift(OperatorView):
    @operation(
        "ops.freezes.lift",
        Scope.OPS_WRITE,
        body=Cause,
        status=204,
        raises=(freezes.NotFrozen,),
    )
    def post(self, call: Call, organization_id: str) -> None:
        """Let a frozen organization call again. What still differs freezes it anew."""
        get_object_or_404(Organization, pk=organization_id)
        freezes.lift(organization_id, by=call.by, reason=call.body["reason"])


class Events(OperatorView):
    @operation("ops.events", Scope.OPS_READ, answer=Event, is_page=True)
    def get(self, call: Call) -> Page:
        """List events that wait for a decision, the latest first."""
        return paging.by_id(QuarantinedEvent.objects.filter(outcome=""), call.query)


class EventRetry(OperatorView):
    @operation(
        "ops.events.retry",
        Scope.OPS_WRITE,
        answer=Event,
        raises=(quarantine.AlreadyDecided, quarantine.TooSoon),
    )
    def post(self, call: Call, event_id: int) -> QuarantinedEvent:
        """Book an event anew. What still can't be comes back as another."""
        row: QuarantinedEvent = get_object_or_404(QuarantinedEvent, pk=event_id)
        quarantine.retry(event_id, by=call.by)
        row.refresh_from_db()
        return row


class EventDiscard(OperatorView):
    @operation(
        "ops.events.discard",
        Scope.OPS_WRITE,
        body=Cause,
        answer=Event,
        raises=(quarantine.AlreadyDecided,),
    )
    def post(self, call: Call, event_id: int) -> QuarantinedEvent:
        """Give an event up. Nobody is charged by it; the row stays."""
        row: QuarantinedEvent = get_object_or_404(QuarantinedEvent, pk=event_id)
        quarantine.discard(event_id, by=call.by, reason=call.body["reason"])
        row.refresh_from_db()
        return row
