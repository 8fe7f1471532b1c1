"""A site's stream of usage events, as posting reads it over redis-py. Never posts, never trims:
an event leaves the stream only by being acknowledged.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from redis import Redis

from billing.gate import keys, wire
from billing.gate.blocking import command, run_script
from billing.gate.errors import ScriptRefused
from billing.gate.scripts import ACKNOWLEDGE, FORGET_CONSUMERS
from billing.gate.types import Acknowledgement, Backlog, HoldState, UsageEvent

GROUP = "posting"
# About a millisecond of Redis per script; a larger batch is acknowledged in several.
EVENTS_PER_SCRIPT = 500


class UsageStream:
    """One site's usage events for one consumer group; safe to share between threads."""

    def __init__(self, redis: Redis, site: str) -> None:
        self._redis = redis
        self._site = site
        self._key = keys.usage_key(site)

    def create_group(self) -> None:
        """Make the stream and its group, from the first event on. Idempotent."""
        try:
            command(self._redis, "xgroup_create", self._key, GROUP, id="0", mkstream=True)
        except ScriptRefused as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def read_batch(
        self, consumer: str, count: int, *, block_ms: int | None = None
    ) -> list[UsageEvent]:
        """Up to `count` events that no consumer has been given, now pending for this one.

        `block_ms` waits for the first event so long; None does not wait.
        """
        reply = command(
            self._redis,
            "xreadgroup",
            GROUP,
            consumer,
            {self._key: ">"},
            count=count,
            block=block_ms,
        )
        return _events(_entries(reply))

    def reclaim(self, consumer: str, count: int, *, idle_ms: int) -> list[UsageEvent]:
        """Up to `count` events that another consumer took and kept for `idle_ms`: it died."""
        reply = command(
            self._redis, "xautoclaim", self._key, GROUP, consumer, idle_ms, "0-0", count=count
        )
        return _events(reply[1])

    def give_back(self, consumer: str, stream_ids: Sequence[str], *, idle_ms: int) -> None:
        """Let events that this consumer holds look kept for `idle_ms`, so that the next `reclaim`
        takes them. Those that were acknowledged meanwhile stay so."""
        for at in range(0, len(stream_ids), EVENTS_PER_SCRIPT):
            ids = list(stream_ids[at : at + EVENTS_PER_SCRIPT])
            claim = (self._key, GROUP, consumer, 0, ids)
            command(self._redis, "xclaim", *claim, idle=idle_ms, justid=True)

    def acknowledge(self, batch: Sequence[Acknowledgement]) -> int:
        """Take events that are committed to Postgres off the stream and off `unposted`.

        Each counts once however often it is acknowledged; the answer is how many counted now.
        Raises `GateClosed` (acknowledge again once it is open).
        """
        return sum(
            self._acknowledge_chunk(batch[at : at + EVENTS_PER_SCRIPT])
            for at in range(0, len(batch), EVENTS_PER_SCRIPT)
        )

    def forget_consumers(self, *, idle_ms: int) -> int:
        """Remove consumers that asked for nothing for `idle_ms` and own no event: how many.

        One that was only slow is made anew by its next read. Zero where there is no group yet.
        """
        try:
            removed: int = run_script(self._redis, FORGET_CONSUMERS, [self._key], [GROUP, idle_ms])
        except ScriptRefused as error:
            if is_no_group(error):
                return 0
            raise
        return removed

    def read_backlog(self) -> Backlog:
        """How many events wait for posting, and for how long the oldest has (Redis time)."""
        length = command(self._redis, "xlen", self._key)
        oldest = command(self._redis, "xrange", self._key, count=1)
        if not oldest:
            return Backlog(length, 0)
        seconds, microseconds = command(self._redis, "time")
        born_ms = int(oldest[0][0].partition(b"-")[0])
        return Backlog(length, max(0, seconds * 1000 + microseconds // 1000 - born_ms))

    def _acknowledge_chunk(self, chunk: Sequence[Acknowledgement]) -> int:
        organizations = list(dict.fromkeys(each.organization for each in chunk))
        # KEYS counts from 1, and epoch and stream come first
        position = {organization: at for at, organization in enumerate(organizations, start=3)}
        names = [keys.epoch_key(self._site), self._key]
        names += [keys.organization_key(self._site, each) for each in organizations]
        words: list[bytes | str | int] = [GROUP]
        for each in chunk:
            debited = wire.exact_nanos("debited_nanos", each.debited_nanos)
            duplicate = 1 if each.is_duplicate else 0
            words += (each.stream_id, position[each.organization], debited, duplicate)
        reply = run_script(self._redis, ACKNOWLEDGE, names, words)
        return wire.parse_count(reply)


def is_no_group(error: ScriptRefused) -> bool:
    """Whether Redis refused because nobody has read from the stream yet, or it is not there."""
    return any(words in str(error) for words in ("NOGROUP", "no such key"))


def _entries(reply: Any) -> Iterable[Any]:
    """XREADGROUP's entries: redis-py gives a list of pairs under RESP2, a dict under RESP3."""
    if isinstance(reply, dict):
        return chain.from_iterable(chain.from_iterable(reply.values()))
    return chain.from_iterable(entries for _, entries in reply or ())


def _events(entries: Iterable[Any]) -> list[UsageEvent]:
    # an entry that was acknowledged while it was being claimed comes without its fields
    return [_event(stream_id.decode(), row) for stream_id, row in entries if row]


def _event(stream_id: str, row: dict[bytes, bytes]) -> UsageEvent:
    return UsageEvent(
        stream_id=stream_id,
        request_id=row[b"request_id"].decode(),
        organization=row[b"organization"].decode(),
        key=row[b"key"].decode(),
        debited_nanos=int(row[b"debited"]),
        written_off_nanos=int(row[b"written_off"]),
        state=HoldState(row[b"state"].decode()),
        ending=row[b"ending"].decode(),
        event=row[b"event"],
    )
