"""The Celery tasks that keep books and gate together: short, idempotent, run every second or so.

A server that is out of reach is logged and tried again at the next tick; one site's trouble holds
up no other site. Which task runs when is `CELERY_BEAT_SCHEDULE` in the settings.
"""

import logging
import os
import socket
import time
from collections.abc import Callable

from celery import shared_task
from django.db import InterfaceError, OperationalError

from accounts.models import Site
from billing import credits, drift, gates, posting, reaper, refusals, usage_days, usage_months
from billing.gate.errors import GateClosed, GateError, ScriptRefused
from billing.reports import kept_overviews, status

logger = logging.getLogger(__name__)

# A tick's work ends after this, so that a worker with a long backlog still gets to the others; the
# next tick is waiting already. With the batch that it ends with, shorter than the two seconds in
# which pages hear of a Call.
RUN_S = 1.0

# What trouble with Redis or Postgres looks like from here.
TROUBLE = (GateError, OperationalError, InterfaceError)


@shared_task(name="billing.tasks.post_usage")
def post_usage() -> None:
    """Post the usage of every site."""
    consumer = f"{socket.gethostname()}:{os.getpid()}"
    until_s = time.monotonic() + RUN_S
    _for_each_site("usage", lambda site_id: posting.drain(site_id, consumer, until_s=until_s))


@shared_task(name="billing.tasks.post_refusals")
def post_refusals() -> None:
    """Count the refusals of every site."""
    until_s = time.monotonic() + RUN_S

    def drain(site_id: str) -> None:
        while refusals.drain(site_id) and time.monotonic() < until_s:
            pass

    _for_each_site("refusals", drain)


@shared_task(name="billing.tasks.apply_credits")
def apply_credits() -> None:
    """Tell the gates of credits that could not be told at once."""
    _quietly("credits", credits.apply_waiting)


@shared_task(name="billing.tasks.reap_holds")
def reap_holds() -> None:
    """End the Holds of dead relays, and episodes that fell silent."""
    _for_each_site("holds", reaper.reap)
    _quietly("episodes", reaper.close_silent_episodes)


@shared_task(name="billing.tasks.open_gates")
def open_gates() -> None:
    """Open gates that are closed: Redis is new, was emptied, or somebody asked for a rebuild."""
    _quietly("gates", gates.open_gates)


@shared_task(name="billing.tasks.check_drift")
def check_drift() -> None:
    """Compare books, usage and gate, and alarm."""
    _quietly("drift", drift.check)


@shared_task(name="billing.tasks.audit_books")
def audit_books() -> None:
    """The whole audit, when an operator asks for it."""
    _quietly("audit", drift.audit_all)


@shared_task(name="billing.tasks.fold_usage_days")
def fold_usage_days() -> None:
    """Fold what rollups of some hours ago come to into days."""
    _quietly("usage days", usage_days.fold)


@shared_task(name="billing.tasks.renew_overviews")
def renew_overviews() -> None:
    """Work out overviews and status pages of big sites ahead of whoever looks at them."""
    _quietly("overviews", kept_overviews.renew)
    _quietly("status pages", status.renew)


@shared_task(name="billing.tasks.keep_usage_months")
def keep_usage_months() -> None:
    """Make the months ahead of usage records and drop those past their time."""
    _quietly("usage months", usage_months.keep)


def _for_each_site(what: str, work: Callable[[str], object]) -> None:
    site_ids: list[str] = []
    _quietly(what, lambda: site_ids.extend(Site.objects.values_list("pk", flat=True)))
    for site_id in site_ids:
        if not _quietly(f"{what} of site {site_id}", lambda site_id=site_id: work(site_id)):  # type: ignore[misc]
            return


def _quietly(what: str, work: Callable[[], object]) -> bool:
    """False when a server is out of reach: then no other site will fare better."""
    try:
        work()
    except TROUBLE as error:
        logger.warning("%s must wait: %s", what, error)
        return isinstance(error, (GateClosed, ScriptRefused))
    return True
