"""What the operators' page of the books shows: last checks, frozen organizations, backlog, events
set aside. Reads only."""

from dataclasses import dataclass

from accounts.models import Site
from billing import backlog, connections
from billing.gate.errors import GateError
from billing.models import AuditRun, Freeze, QuarantinedEvent

# A page for people: what is older or more is in the database.
FROZEN_MAX = 50
EVENTS_MAX = 50


@dataclass(frozen=True, slots=True)
class Backlog:
    """Usage of a site that waits for posting; None: the gate can't be read."""

    site: Site
    events: int | None
    oldest_ms: int | None
    is_open: bool


def last_run(kind: str) -> AuditRun | None:
    """The newest of its kind, finished or not."""
    return AuditRun.objects.filter(kind=kind).order_by("-started_at").first()


def frozen() -> list[Freeze]:
    """Organizations that can't call until somebody lifts it, the latest first."""
    rows = Freeze.objects.filter(lifted_at=None).select_related("organization__site")
    return list(rows.order_by("-frozen_at")[:FROZEN_MAX])


def waiting_events() -> list[QuarantinedEvent]:
    """Events nobody has decided about, the latest first."""
    rows = QuarantinedEvent.objects.filter(outcome="").select_related("site")
    return list(rows.order_by("-set_aside_at")[:EVENTS_MAX])


def waiting_events_count() -> int:
    """All of them, over all sites."""
    return QuarantinedEvent.objects.filter(outcome="").count()


def backlogs() -> list[Backlog]:
    """Every site's, in the order of their ids."""
    return [_backlog(site) for site in Site.objects.order_by("pk")]


def _backlog(site: Site) -> Backlog:
    try:
        is_open = connections.steward().read_epoch(site.pk) is not None
        waiting = backlog.read_site(site.pk)
    except GateError:
        return Backlog(site, None, None, is_open=False)
    return Backlog(site, waiting.events, waiting.oldest_ms, is_open)
