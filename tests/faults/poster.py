"""Posts usage in processes of its own, which it kills; run by `test_posting_faults`.

The parent forks workers that run the product's own `posting.drain` and ends them with SIGKILL at
random moments, or ends their database backends. Prints one JSON object.
"""

import json
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

TICK_S = 0.002
END_S = 60.0
# After the worker took a batch; so that a kill falls into reading, booking, committing,
# acknowledging.
KILL_AFTER_S_MAX = 0.03
# Alive at a time while one after the other is killed: the next is connected already.
KILLED_AMONG = 2
LAST_BATCH_EVENTS = 2_500


def main(order: dict[str, Any]) -> None:
    """`order`: site, mode, seed, times, batch_events, batch_tries, workers."""
    import django

    django.setup()
    from channels.layers import get_channel_layer

    from billing import posting

    get_channel_layer()  # imported once here instead of by every worker

    # Shortened alike, so that a dead worker's batch is soon taken over.
    posting.READ_EVENTS = posting.BATCH_EVENTS = order["batch_events"]
    posting.RECLAIM_IDLE_MS = 300
    posting.BATCH_TRIES = order["batch_tries"]
    print(json.dumps(MODES[order["mode"]](order)))  # noqa: T201


def kill(order: dict[str, Any]) -> dict[str, int]:
    """SIGKILL one worker after the other, `times` in all; then let one finish."""
    return _kill(order, drain)


def kill_careless(order: dict[str, Any]) -> dict[str, int]:
    """The same for workers that acknowledge before they commit: the negative control."""
    return _kill(order, drain_carelessly)


def _kill(order: dict[str, Any], work: Callable[[str], None]) -> dict[str, int]:
    site, draw, mid_batch = order["site"], random.Random(order["seed"]), 0
    workers = [_fork(lambda: work(site)) for _ in range(KILLED_AMONG)]
    for _ in range(order["times"]):
        worker, before = workers.pop(0), _waiting(site)
        end_s = time.monotonic() + END_S
        while before and not _pending(site, worker) and time.monotonic() < end_s:
            if _waiting(site) < before:
                break  # the careless take their batch off at once
            time.sleep(TICK_S)
        time.sleep(draw.uniform(0, KILL_AFTER_S_MAX))
        os.kill(worker, 9)
        os.waitpid(worker, 0)
        mid_batch += _pending(site, worker) > 0
        workers.append(_fork(lambda: work(site)))
    for worker in workers:
        os.kill(worker, 9)
        os.waitpid(worker, 0)
    _finish([_fork(lambda: drain(site, LAST_BATCH_EVENTS))])
    return {"kills": order["times"], "mid_batch": mid_batch}


def terminate(order: dict[str, Any]) -> dict[str, int]:
    """`pg_terminate_backend` for workers that are in a transaction, until `times` were."""
    import psycopg

    workers = [_fork(lambda: drain(order["site"])) for _ in range(order["workers"])]
    terminated, end_s = 0, time.monotonic() + END_S
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
        while terminated < order["times"] and _waiting(order["site"]) and time.monotonic() < end_s:
            rows = other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND application_name = 'poster' AND state LIKE 'idle in transaction%' LIMIT 1"
            ).fetchall()
            terminated += len(rows)
            time.sleep(TICK_S)
    _finish(workers)
    return {"terminated": terminated}


def together(order: dict[str, Any]) -> dict[str, int]:
    """`workers` of them until nothing waits."""
    _finish([_fork(lambda: drain(order["site"])) for _ in range(order["workers"])])
    return {}


def unguarded(order: dict[str, Any]) -> dict[str, int]:
    """The same without the look for earlier records: the negative control."""
    from django.db import transaction

    from billing import usage_rows

    insert = usage_rows.insert

    def trust(usages: Any, transaction_ids: Any) -> None:
        with suppress(usage_rows.AlreadyOnRecord), transaction.atomic():
            insert(usages, transaction_ids)

    usage_rows.find_known = lambda *_: {}  # type: ignore[assignment]
    usage_rows.insert = trust
    return together(order)


def drain(site: str, batch_events: int = 0) -> None:
    """Post until nothing waits, over every lost connection."""
    from django.db import DatabaseError, connection

    from billing import posting

    posting.BATCH_EVENTS = batch_events or posting.BATCH_EVENTS
    posting.READ_EVENTS = min(500, posting.BATCH_EVENTS)
    while _waiting(site):
        try:
            posting.drain(site, _consumer(os.getpid()), until_s=time.monotonic() + 0.05)
        except DatabaseError:
            connection.close()
        time.sleep(TICK_S)


def drain_carelessly(site: str) -> None:
    """A test double: takes a batch off the stream, and only then books it."""
    from billing import connections, posting
    from billing.gate.types import Acknowledgement

    stream = connections.usage_stream(site)
    stream.create_group()
    while batch := stream.read_batch(_consumer(os.getpid()), posting.BATCH_EVENTS):
        stream.acknowledge(
            [
                Acknowledgement(each.stream_id, each.organization, each.debited_nanos, False)
                for each in batch
            ]
        )
        posting.post_batch(site, batch)


def _waiting(site: str) -> int:
    from billing import connections

    return connections.usage_stream(site).read_backlog().length


def _pending(site: str, worker: int) -> int:
    """Events that the worker took and has not acknowledged."""
    from redis.exceptions import ResponseError

    from billing import connections
    from billing.gate.keys import usage_key

    try:
        answer: Any = connections.redis().xpending(usage_key(site), "posting")
    except ResponseError:  # no worker has come so far as to make the group
        return 0
    names = {each["name"]: each["pending"] for each in answer["consumers"]}
    return int(names.get(_consumer(worker).encode(), 0))


def _consumer(process: int) -> str:
    return f"worker-{process}"


def _fork(work: Callable[[], None]) -> int:
    """A worker process; its id. The parent never touches Django's database."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()  # what follows ends the process at once
        raise
    finally:
        os._exit(code)


def _finish(workers: list[int]) -> None:
    assert [os.waitpid(worker, 0)[1] for worker in workers] == [0] * len(workers)


MODES = {mode.__name__: mode for mode in (kill, kill_careless, terminate, together, unguarded)}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
