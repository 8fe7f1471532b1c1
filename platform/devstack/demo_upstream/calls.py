"""What the demo upstream saw and did: one record per call, and sums per ending.

It keeps no credential, only whether there was a right one, and it is bounded in calls and bytes.
"""

import time
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

CALLS_MAX = 20_000  # twice the largest acceptance run (10,000 calls)
BODY_BYTES_MAX = 256 * 1024  # a longer body is recorded by its length alone
BODIES_BYTES_MAX = 64 * 1024 * 1024  # beyond it the oldest calls lose their bodies, not their sums

OPEN = "open"
COMPLETED = "completed"
CLIENT_CLOSED = "client_closed"
REFUSED = "refused"
BROKEN = "broken"  # the demo upstream itself failed, or was stopped


@dataclass(slots=True)
class Call:
    """One request for a completion. Times are monotonic seconds."""

    sequence: int
    started_at_s: float
    header_names: list[str]
    authorized: bool
    route: str = ""
    body: bytes = b""
    body_bytes: int = 0
    model: str | None = None
    stream: bool = False
    fault: str | None = None
    status: int | None = None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    usage: dict[str, int] = field(default_factory=dict)  # disjoint buckets, of the whole answer
    tokens_sent: int = 0
    bytes_sent: int = 0
    ending: str = OPEN
    ended_at_s: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The record as the control API shows it; times in milliseconds since the request."""
        shown = {name: getattr(self, name) for name in _SHOWN}
        ended_ms = None
        if self.ended_at_s is not None:
            ended_ms = round((self.ended_at_s - self.started_at_s) * 1000, 3)
        shown["ended_ms"] = ended_ms
        shown["client_closed_ms"] = ended_ms if self.ending == CLIENT_CLOSED else None
        shown["body"] = _as_json(self.body)
        return shown


_HIDDEN = {"started_at_s", "ended_at_s", "body"}
_SHOWN = [name for name in Call.__dataclass_fields__ if name not in _HIDDEN]
_SUMMED = ("prompt_tokens", "cached_tokens", "completion_tokens", "tokens_sent", "bytes_sent")


class CallBook:
    """The calls in the order they came. A sequence number is never used twice, cleared or not."""

    def __init__(
        self, *, calls_max: int = CALLS_MAX, bodies_bytes_max: int = BODIES_BYTES_MAX
    ) -> None:
        self._calls_max = calls_max
        self._bodies_bytes_max = bodies_bytes_max
        self._calls: deque[Call] = deque(maxlen=calls_max)
        self._with_body: deque[Call] = deque()
        self._bodies_bytes = 0
        self._sequence = 0
        self._totals: dict[str, dict[str, int]] = {}
        self._routes: dict[str, dict[str, dict[str, int]]] = {}

    def open(self, header_names: list[str], *, authorized: bool, route: str = "") -> Call:
        """A new call, with the next sequence number."""
        self._sequence += 1
        call = Call(self._sequence, time.monotonic(), header_names, authorized, route)
        self._calls.append(call)
        return call

    def keep_body(self, call: Call, body: bytes) -> None:
        """Remember what was asked, as far as the bounds allow."""
        call.body_bytes = len(body)
        if len(body) > BODY_BYTES_MAX:
            return
        call.body = body
        self._with_body.append(call)
        self._bodies_bytes += len(body)
        # The queue is held to the ring's length too: a dropped call must not live on in here.
        while self._is_over_bounds():
            oldest = self._with_body.popleft()
            self._bodies_bytes -= len(oldest.body)
            oldest.body = b""

    def _is_over_bounds(self) -> bool:
        too_many = len(self._with_body) > self._calls_max
        return too_many or self._bodies_bytes > self._bodies_bytes_max

    def end(self, call: Call, ending: str, at_s: float | None = None) -> None:
        """Settle how a call ended and add it to the sums; only the first ending counts."""
        if call.ending != OPEN:
            return
        call.ending = ending
        call.ended_at_s = time.monotonic() if at_s is None else at_s
        sums = self._totals.setdefault(ending, dict.fromkeys(("calls", *_SUMMED), 0))
        sums["calls"] += 1
        for name in _SUMMED:
            sums[name] += getattr(call, name)
        of_route = self._routes.setdefault(call.route, {}).setdefault(ending, {"calls": 0})
        of_route["calls"] += 1
        for bucket, used in call.usage.items():
            of_route[bucket] = of_route.get(bucket, 0) + used

    def after(self, sequence: int) -> list[dict[str, Any]]:
        """The calls kept with a larger sequence number, oldest first."""
        if not self._calls:
            return []
        skipped = max(0, sequence - self._calls[0].sequence + 1)
        return [call.to_json() for call in islice(self._calls, skipped, None)]

    def totals(self) -> dict[str, dict[str, int]]:
        """Calls, tokens and bytes by ending, over every call since the last `clear`."""
        return self._totals

    def routes(self) -> dict[str, dict[str, dict[str, int]]]:
        """Calls and usage, bucket by bucket, by route and ending, since the last `clear`."""
        return self._routes

    def clear(self) -> None:
        """Forget calls and sums. A call still open counts in the new sums when it ends."""
        self._calls.clear()
        self._with_body.clear()
        self._bodies_bytes = 0
        self._totals = {}
        self._routes = {}


def _as_json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # what was sent is no JSON: its length says that something was
