"""How often one caller may call: so many requests within each minute of the clock; the acts that
pages count, by the same counters; and tokens that opened nothing, by the address they came from.

Counted in the cache that all processes share. With that away nobody is turned away: the API is how
staff mend things.
"""

import logging
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request

from accounts.api.problems import Problem
from accounts.web import throttles as page_throttles

logger = logging.getLogger(__name__)

WINDOW_S = 60
# As log-ins that failed (ACCOUNT_RATE_LIMITS): a token has 256 random bits, so this is against
# noise and against the hashing and reading that each attempt costs.
FAILED_PER_MINUTE = 20
# Who has one IPv6 address has the 2^64 of its network.
V6_PREFIX = 64


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
    used = _counted(f"api:{caller}:{now // WINDOW_S}") or 1
    standing = Standing(limit, max(0, limit - used), WINDOW_S - now % WINDOW_S)
    if used > limit:
        raise Problem(
            429,
            "rate_limit_exceeded",
            f"At most {limit} requests a minute.",
            headers={**standing.headers, "Retry-After": str(standing.reset_s)},
        )
    return standing


def check_failures(address: str) -> None:
    """429 for an address from which too many tokens came that open nothing, whatever it sends now:
    whoever guesses does not learn whether this one would open."""
    now = int(time.time())
    try:
        failed = int(cache.get(_failures(address, now)) or 0)
    except RedisError as error:
        logger.warning("tokens that failed are not counted: %s", error)
        return
    if failed >= FAILED_PER_MINUTE:
        raise Problem(
            429,
            "rate_limit_exceeded",
            "Too many tokens came from here that open nothing.",
            headers={"Retry-After": str(WINDOW_S - now % WINDOW_S)},
        )


def note_failure(address: str) -> None:
    """A token from there opened nothing."""
    _counted(_failures(address, int(time.time())))


def _failures(address: str, now: int) -> str:
    return f"api-failed:{network_of(address)}:{now // WINDOW_S}"


def network_of(address: str) -> str:
    """What an address is counted as: itself, of IPv6 its network; "" for none."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, V6_PREFIX), strict=False).network_address)


def _counted(name: str) -> int:
    """One more under a name that ends by itself; 0 where nothing can be counted now."""
    try:
        cache.add(name, 0, timeout=2 * WINDOW_S)
        return cache.incr(name)
    except (RedisError, ValueError) as error:  # ValueError: it ended between the two
        logger.warning("requests of the API are not counted: %s", error)
        return 0
