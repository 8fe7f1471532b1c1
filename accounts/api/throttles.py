"""How often one caller may call: so many requests within each minute of the clock; and the acts
that pages count, by the same counters.

Counted in the cache that all processes share. With that away nobody is turned away: the API is how
staff mend things.
"""

import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request

from accounts.api.problems import Problem
from accounts.web import throttles as page_throttles

logger = logging.getLogger(__name__)

WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of the running minute."""

    limit: int
    remaining: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset_s),
        }


def act(request: Request, action: str) -> None:
    """Count an act that `accounts.web.throttles.RATES` bounds by person; 429 once too many."""
    if seconds := page_throttles.tried(request._request, action):
        raise Problem(
            429,
            "rate_limit_exceeded",
            "This was done too often.",
            headers={"Retry-After": str(seconds)},
        )


def count(caller: str) -> Standing:
    """Count a request of `caller`; 429 once there were too many."""
    now = int(time.time())
    limit: int = settings.API_REQUESTS_PER_MINUTE
    name = f"api:{caller}:{now // WINDOW_S}"
    try:
        cache.add(name, 0, timeout=2 * WINDOW_S)
        used = cache.incr(name)
    except (RedisError, ValueError) as error:  # ValueError: it ended between the two
        logger.warning("requests of the API are not counted: %s", error)
        used = 1
    standing = Standing(limit, max(0, limit - used), WINDOW_S - now % WINDOW_S)
    if used > limit:
        raise Problem(
            429,
            "rate_limit_exceeded",
            f"At most {limit} requests a minute.",
            headers={**standing.headers, "Retry-After": str(standing.reset_s)},
        )
    return standing
