"""The two facts the relay hands to billing through Redis Streams. Pure data: no Django, no I/O.

A UsageEvent is the payload of an entry of `tg:{site}:usage`, appended by the gate's settle script,
which adds what only it knows: what was debited, what was written off, whether it came late.
A RefusalEvent is an entry of `tg:{site}:refusals`; it may stand for many calls refused alike.
"""

import msgspec

REFUSALS_STREAM = "tg:{%s}:refusals"
# About ten minutes of refusals at one group a millisecond; older ones are trimmed unposted.
REFUSALS_STREAM_MAX = 10_000


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One try of a Call on one Route; `status` is the upstream's, 0 when it gave none."""

    upstream: str
    status: int
    code: str
    latency_ms: int


class PriceLine(msgspec.Struct, frozen=True, gc=False):
    """One line of the arithmetic: quantity × nanos_per_mtok."""

    bucket: str
    quantity: int
    nanos_per_mtok: int


class UsageEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How one Call ended and what it used. Times are Unix milliseconds, amounts nanos."""

    request_id: str
    site: str
    organization: str
    api_key: str
    endpoint: str
    model: str
    ending: str
    status: int
    admitted_at_ms: int
    ended_at_ms: int
    duration_ms: int
    price_id: int
    hold_nanos: int
    upstream: str = ""
    error_code: str = ""
    is_stream: bool = False
    is_estimated: bool = False
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    lines: tuple[PriceLine, ...] = ()
    cost_nanos: int = 0
    attempts: tuple[Attempt, ...] = ()
    first_byte_ms: int | None = None


class RefusalEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`count` calls of one organization, key, code and model refused since the last such event."""

    request_id: str
    organization: str
    api_key: str
    code: str
    status: int
    endpoint: str
    model: str
    rule: str
    param: str
    count: int
    first_at_ms: int
    last_at_ms: int


encode = msgspec.json.Encoder().encode
decode_usage = msgspec.json.Decoder(UsageEvent).decode
decode_refusal = msgspec.json.Decoder(RefusalEvent).decode
