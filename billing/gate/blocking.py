"""Runs the gate's scripts over redis-py, for tasks and commands. Decides nothing."""

from collections.abc import Sequence
from typing import Any, cast

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from billing.gate.errors import GateUnavailable, ScriptRefused
from billing.gate.runner import Word
from billing.gate.scripts import Script


def run_script(redis: Redis, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
    """EVALSHA, or EVAL when Redis does not know the script; replies and errors as `ScriptRunner`.

    `redis` must be made with `decode_responses=False`. redis-py may repeat a command whose
    connection broke; every script is idempotent, so that is harmless.
    """
    words = cast("Any", (*keys, *args))
    try:
        try:
            return redis.evalsha(script.sha, len(keys), *words)
        except NoScriptError:
            return redis.eval(script.text, len(keys), *words)
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise GateUnavailable("Redis did not answer the steward") from error
    except ResponseError as error:
        raise ScriptRefused(str(error)) from error


def command(redis: Redis, name: str, *args: Any, **options: Any) -> Any:
    """One plain redis-py method, typed as what it is (its stubs mix in awaitables).

    Raises `GateUnavailable` and `ScriptRefused` as `run_script` does.
    """
    try:
        return getattr(redis, name)(*args, **options)
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise GateUnavailable("Redis did not answer the steward") from error
    except ResponseError as error:
        raise ScriptRefused(str(error)) from error
