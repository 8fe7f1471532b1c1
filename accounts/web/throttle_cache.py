"""Django's cache on Redis, for counting attempts. When Redis is away, nobody is locked out.

Nothing else may rely on it: a lost entry only gives somebody a few more attempts.
"""

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class ThrottleCache(RedisCache):
    """Fails open, and says so in the log: a person must be able to log in while Redis is down."""

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        try:
            return bool(super().add(key, value, *args, **kwargs))
        except RedisError:
            return bool(_away(True))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except RedisError:
            return _away(default)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        try:
            super().set(key, value, *args, **kwargs)
        except RedisError:
            _away(None)

    def delete(self, key: Any, version: int | None = None) -> bool:
        try:
            return bool(super().delete(key, version))
        except RedisError:
            return bool(_away(False))


def _away(answer: Any) -> Any:
    logger.warning("attempts are not counted: Redis does not answer")
    return answer
