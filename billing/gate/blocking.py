"""Runs the gate's scripts over redis-py, for tasks and commands. Decides nothing.

A `RedisCluster` passes for a `Redis` here: what the gate asks of either is the same.
"""

from collections.abc import Sequence
from typing import Any, cast

from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.exceptions import ClusterError, NoScriptError, RedisClusterException, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from billing.gate.errors import GateUnavailable, ScriptRefused
from billing.gate.runner import Word
from billing.gate.scripts import Script

# ClusterDownError and the like are ResponseErrors too, so that these come first.
_UNANSWERED = (RedisConnectionError, RedisTimeoutError, RedisClusterException, ClusterError)

# In place of the run id that every script expects as its last argument.
ASK_SERVER = ""


def connect(url: str, *, is_cluster: bool, timeout_s: float) -> Redis:
    """redis-py's client, which never repeats a command by itself.

    For a cluster it reads the map of slots first, and raises `GateUnavailable` if it can't.
    """
    options: dict[str, Any] = {
        "decode_responses": False,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
    }
    if not is_cluster:
        return Redis.from_url(url, **options)
    try:
        return cast("Redis", RedisCluster.from_url(url, **options))
    except _UNANSWERED as error:
        raise GateUnavailable("no node of the cluster answered") from error


def run_script(redis: Redis, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
    """EVALSHA, or EVAL when Redis does not know the script; replies and errors as `ScriptRunner`.

    Which connection of the pool will carry it is not known here, so that the script looks its
    server's run id up: some microseconds, off every Call's path.
    `redis` must be made with `decode_responses=False`. redis-py may repeat a command whose
    connection broke; every script is idempotent, so that is harmless.
    """
    words = cast("Any", (*keys, *args, ASK_SERVER))
    try:
        try:
            return redis.evalsha(script.sha, len(keys), *words)
        except NoScriptError:
            return redis.eval(script.text, len(keys), *words)
    except _UNANSWERED as error:
        raise GateUnavailable("Redis did not answer the steward") from error
    except ResponseError as error:
        raise ScriptRefused(str(error)) from error


def command(redis: Redis, name: str, *args: Any, **options: Any) -> Any:
    """One plain redis-py method, typed as what it is (its stubs mix in awaitables).

    Raises `GateUnavailable` and `ScriptRefused` as `run_script` does.
    """
    try:
        return getattr(redis, name)(*args, **options)
    except _UNANSWERED as error:
        raise GateUnavailable("Redis did not answer the steward") from error
    except ResponseError as error:
        raise ScriptRefused(str(error)) from error
