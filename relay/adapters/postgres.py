"""Asking Postgres from the event loop: on a thread, and an outage is a 503."""

import logging
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from relay.proxy.errors import ApiError, Cause

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


def asked(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """The function on a thread; with Postgres away an ApiError(GATE_UNAVAILABLE)."""

    async def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            found: T = await database_sync_to_async(function)(*args, **kwargs)
        except (DatabaseError, OSError) as error:
            log.warning("Postgres is out of reach: %s", error)
            raise ApiError(Cause.GATE_UNAVAILABLE, retry_after_s=1) from None
        return found

    return ask
