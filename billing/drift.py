"""Looks every minute for drift between books, usage and gate; alarms, and freezes whom it concerns.

Looks only at what is new since the last look and at a stretch of the gate's balances, so that a
run is short however big the books are; `manage.py audit` looks at everything. Repairs nothing.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Max
from django.utils import timezone

from accounts.models import Organization
from billing import audit, freezes
from billing.audit import recent
from billing.audit.gate import closed_gates, lasting_differences, overdue_holds
from billing.audit.recent import Difference
from billing.gate.errors import GateError
from billing.models import AuditRun, LedgerTransaction

logger = logging.getLogger(__name__)

# Ids are given before commits are made: a transaction younger than this may still appear below
# one that was seen, so that the next look begins before it. Postings take seconds at most.
SETTLED_AFTER = timedelta(minutes=1)
# What one run looks at, a second or two of reading; the next run goes on from there.
TRANSACTIONS_MAX = 5_000
ORGANIZATIONS_MAX = 20_000
# Shown with a run; the log has them all up to DIFFERENCES_MAX.
FINDINGS_MAX = 20
DIFFERENCES_MAX = 500
# More than a few at once is a fault of ours and no customer's: then freezing would only turn an
# alarm into an outage.
FREEZES_MAX = 10
# A week of minutes; the table is a log for people.
RUNS_KEPT = 10_000


def check() -> AuditRun:
    """One run, stored with what it found. Raises OperationalError with Postgres out of reach."""
    now = timezone.now()
    last = AuditRun.objects.filter(kind=AuditRun.Kind.DRIFT, is_ok__isnull=False)
    before = last.order_by("-started_at").first() or AuditRun()
    run = AuditRun.objects.create(
        kind=AuditRun.Kind.DRIFT,
        started_at=now,
        transactions_to=before.transactions_to,
        swept_to=before.swept_to,
    )
    upto = _upto(before.transactions_to)
    differences = list(recent.find(before.transactions_to, upto))
    differences += _at_the_gate(run, touched=recent.touched(before.transactions_to, upto))
    run.transactions_to = _settled(before.transactions_to, upto, now)
    _end(run, differences)
    _raise_alarm(differences)
    _forget_old_runs()
    return run


def audit_all() -> AuditRun:
    """The whole audit, stored like a run. Takes as long as the books are big; freezes nobody."""
    run = AuditRun.objects.create(kind=AuditRun.Kind.FULL, started_at=timezone.now())
    findings = audit.run().findings
    differences = [
        Difference(finding.id, text) for finding in findings for text in finding.problems
    ]
    _end(run, differences)
    for each in differences:
        logger.error("audit %s: %s", each.check, each.text)
    return run


def _upto(since: int) -> int:
    """The newest transaction of this run."""
    ids = LedgerTransaction.objects.filter(pk__gt=since).order_by("pk")
    newest: int | None = ids[:TRANSACTIONS_MAX].aggregate(newest=Max("pk"))["newest"]
    return since if newest is None else newest


def _settled(since: int, upto: int, now: datetime) -> int:
    rows = LedgerTransaction.objects.filter(pk__gt=since, pk__lte=upto)
    settled = rows.filter(created_at__lt=now - SETTLED_AFTER).aggregate(newest=Max("pk"))["newest"]
    return since if settled is None else int(settled)


def _at_the_gate(run: AuditRun, *, touched: Iterable[str]) -> list[Difference]:
    """What differs there for organizations that were just booked and for the sweep's next ones."""
    ids = Organization.objects.filter(pk__gt=run.swept_to).order_by("pk")
    stretch = list(ids.values_list("pk", flat=True)[:ORGANIZATIONS_MAX])
    try:
        closed = closed_gates()
        found = [Difference("I7", f"the gate of site {each} is closed") for each in closed]
        found += [Difference("I5", text) for text in overdue_holds()]
        for organization_id, text in lasting_differences({*stretch, *touched}, skip=closed):
            found.append(Difference("I7", text, organization_id))
    except GateError as error:
        return [Difference("I7", f"the gate can't be read: {error}")]
    # From the beginning again after the last one.
    run.swept_to = stretch[-1] if len(stretch) == ORGANIZATIONS_MAX else ""
    return found


def _end(run: AuditRun, differences: list[Difference]) -> None:
    run.ended_at = timezone.now()
    run.is_ok = not differences
    run.differences = len(differences)
    run.findings = [each.as_json() for each in differences[:FINDINGS_MAX]]
    run.save()


def _raise_alarm(differences: list[Difference]) -> None:
    for each in islice(differences, DIFFERENCES_MAX):
        logger.error("drift %s: %s", each.check, each.text)
    concerned = {each.organization_id: each for each in differences if each.organization_id}
    if len(concerned) > FREEZES_MAX:
        logger.error("%d organizations differ: none is frozen for it", len(concerned))
        return
    for organization_id, each in concerned.items():
        freezes.freeze(organization_id, f"{each.check}: {each.text}")


def _forget_old_runs() -> None:
    newest = AuditRun.objects.order_by("-pk").values_list("pk", flat=True)
    oldest_kept = newest[RUNS_KEPT : RUNS_KEPT + 1]
    AuditRun.objects.filter(pk__lte=max(oldest_kept, default=0)).delete()
