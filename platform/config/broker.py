"""The way to Celery's broker: Redis, whose loss a worker must outlive. Knows nothing of tasks."""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisConnectionError


class Channel(redis.Channel):
    """One whose connection was given up says so, as one whose server is away does.

    A worker that loses Redis first drops the connection, then gives back what it had not
    acknowledged, and its tasks go on to acknowledge theirs. Kombu 5.7 then reads the host's name
    off the connection that is no more: no error that Celery expects, so that the worker ended.
    """

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection.client is None:
            raise RedisConnectionError("the connection of this channel was given up")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]  # not in stubs


class Transport(redis.Transport):
    """What `CELERY_BROKER_TRANSPORT` names."""

    Channel = Channel
