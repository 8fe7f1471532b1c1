"""What every page test starts from: nobody has tried anything yet."""

import pytest

from billing import connections


@pytest.fixture(autouse=True)
def forgotten_attempts() -> None:
    """Counters of attempts live in Redis, and every test comes from the same address."""
    redis = connections.redis()
    for name in redis.scan_iter("*allauth:rl:*"):
        redis.delete(name)
