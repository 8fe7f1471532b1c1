"""This process' blocking connection to the gate's Redis, and what is done over it.

For tasks, commands and pages; the relay has a connection of its own.
"""

from functools import lru_cache

from django.conf import settings
from redis import Redis

from billing.gate import blocking
from billing.gate.steward import Steward
from billing.gate.usage_stream import UsageStream

# Money fails closed within a second, and a page would rather show posted figures than wait.
TIMEOUT_S = 0.9


@lru_cache(maxsize=1)
def redis() -> Redis:
    """One pool per process; it notices a fork. Never repeats a command by itself.

    Where Redis is a cluster the first call raises `GateUnavailable` while it is out of reach.
    """
    return blocking.connect(
        settings.REDIS_URL, is_cluster=settings.REDIS_IS_CLUSTER, timeout_s=TIMEOUT_S
    )


def steward() -> Steward:
    """The gate's cold side."""
    return Steward(redis())


def usage_stream(site_id: str) -> UsageStream:
    """A site's usage events."""
    return UsageStream(redis(), site_id)
