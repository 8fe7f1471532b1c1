"""The Celery tasks of the relay: jobs that go on after their answer, objects past their time.

Short and idempotent; trouble is logged and tried again at the next tick.
"""

import asyncio
import logging

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from relay import objects
from relay.adapters import jobs

log = logging.getLogger(__name__)

# A round asks other people's servers: it ends before its worker is missed elsewhere.
ROUND_S = 8.0


@shared_task(name="relay.tasks.look_after_jobs")
def look_after_jobs() -> None:
    """Ask about videos in the making, and charge for those that are done."""
    try:
        asyncio.run(asyncio.wait_for(jobs.look_after(), ROUND_S))
    except (OperationalError, InterfaceError, TimeoutError) as error:
        log.warning("jobs must wait: %s", error)


@shared_task(name="relay.tasks.drop_expired_objects")
def drop_expired_objects() -> None:
    """Forget objects past their retention."""
    try:
        while objects.drop_expired(timezone.now()) == objects.DROPPED_AT_ONCE:
            pass
    except (OperationalError, InterfaceError) as error:
        log.warning("expired objects must wait: %s", error)
