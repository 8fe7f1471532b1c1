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
    cost_nanos: int = 0
    cost_id: int = 0  # the version it was worked out by; 0: not known, or nothing to pay


# Prices are per million tokens, or each: then a unit counts as a million.
PER_MILLION = 1_000_000


class PriceLine(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of the arithmetic: quantity × a price per million, or a price each."""

    bucket: str
    quantity: int
    nanos_per_mtok: int = 0
    nanos_per_unit: int = 0

    @property
    def product(self) -> int:
        """In millionths of a nano: nothing is rounded yet."""
        return self.quantity * (self.nanos_per_mtok + self.nanos_per_unit * PER_MILLION)


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
    reasoning_tokens: int = 0  # of the output
    quantities: dict[str, int] = {}  # the rarer buckets, by name
    adjustment_bp: int = 0  # the plan's, in basis points of the version's prices
    lines: tuple[PriceLine, ...] = ()
    cost_nanos: int = 0
    attempts: tuple[Attempt, ...] = ()
    first_byte_ms: int | None = None
    ip: str = ""  # of the caller
    retired_secret: int = 0  # of the key's, that opened; 0: the one it has
    # (upstream, why it was not asked); left out of the bytes where there is none, as is the rule
    passed: tuple[tuple[str, str], ...] | msgspec.UnsetType = msgspec.UNSET


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
