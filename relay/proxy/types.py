"""The values that travel through a Call. Plain data; opaque ones belong to an adapter."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Any, NamedTuple

import msgspec

from relay.proxy import error_contract
from relay.proxy.dialect import Dialect
from relay.proxy.error_contract import ErrorContract
from relay.proxy.renaming import Renaming
from relay.proxy.upstream.port import Origin
from relay.proxy.wire import Wire


class Standing(StrEnum):
    """Whether a known key may call at all, and if not, why."""

    ACTIVE = "active"
    REVOKED = "revoked"
    DISABLED = "disabled"
    SUSPENDED = "suspended"  # its organization
    SITE_SUSPENDED = "site_suspended"
    FROZEN = "frozen"  # its organization, whose figures disagree


@dataclass(frozen=True, slots=True)
class Caller:
    """A known key, its organization and its rights, as of a moment ago (at most 10 s)."""

    key_id: str
    organization_id: str
    site_id: str
    standing: Standing
    expires_at: float | None  # Unix seconds
    allowed_models: frozenset[str] | None  # None: all
    rights: Any  # limits and budget; only the CreditGate adapter reads them
    endpoints: frozenset[str] | None = None  # their families (`families`); None: all
    networks: tuple[IPv4Network | IPv6Network, ...] | None = None  # None: from anywhere
    retired_secret: int = 0  # which of the key's old secrets was given; 0: the one it has


# Where clients of other makes expect `/v1` (Alibaba Model Studio's documents, read 2026-11).
PATH_ALIASES = ("/compatible-mode/v1",)


@dataclass(frozen=True, slots=True)
class Site:
    """A storefront, as far as a Call needs it."""

    id: str
    language: str
    contract: ErrorContract = error_contract.DEFAULT
    cors_origins: frozenset[str] = frozenset()  # where browsers may call from; "*" is anywhere
    path_aliases: tuple[str, ...] = PATH_ALIASES  # path prefixes that mean `/v1`


@dataclass(frozen=True, slots=True)
class Route:
    """One way to serve a model, with everything that can be worked out once."""

    upstream_id: str
    origin: Origin
    wire: Wire
    name: str  # the upstream's own model name
    output_tokens_max: int  # of the model, in one answer
    renaming: Renaming | None  # None: the upstream's name is the public one
    priority: int
    weight: int
    provider: str
    cost: Any = None  # the CreditGate adapter's
    credential_id: str = ""  # tells an Upstream's credentials apart
    concurrency_max: int | None = None  # tries under way on its Upstream, over all relays
    keyed: tuple["Route", ...] = ()  # the same Route with each credential, where there are several


class Passed(NamedTuple):
    """An Upstream that a Call was not tried on."""

    upstream_id: str
    reason: str  # a `passing.Skip`, or a `health.Obstacle`


class LeftOut(NamedTuple):
    """A Route of the catalog that no Call is tried on for now."""

    upstream_id: str
    priority: int
    reason: str  # a `passing.Skip`


@dataclass(frozen=True, slots=True)
class Offer:
    """A model as one site sells it."""

    model_id: str
    max_output_tokens: int
    context_tokens: int
    created: int  # Unix seconds
    owned_by: str
    price: Any  # the CreditGate adapter's: what whom it is sold to pays
    routes: tuple[Route, ...]
    listed_as: str = ""  # in lists; "": by its id
    is_hidden: bool = False  # in no list
    left_out: tuple[LeftOut, ...] = ()  # by priority


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is sold where, at one instant. A Call sees one snapshot from start to end."""

    sites_by_host: Mapping[str, Site]
    offers_by_site: Mapping[str, Mapping[str, Offer]]
    aliases_by_site: Mapping[str, Mapping[str, Offer]] = field(default_factory=dict)
    # Models that were sold and have retired, under every name: what to call instead, or "".
    retired_by_site: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Usage:
    """What was used, in disjoint buckets; only `reasoning_tokens` are counted in output too.

    `other` holds the rarer buckets by billing's names: cache_write_5m, cache_write_1h,
    audio_input, cached_audio_input, audio_output, image_input, image_output (tokens), characters,
    seconds, and images as `image:quality:size`.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    is_estimated: bool = False
    other: Mapping[str, int] = field(default_factory=dict)
    counted: frozenset[str] = frozenset()  # exact although the rest is estimated


class RateState(msgspec.Struct, frozen=True, gc=False):
    """The tightest window of one kind, for the x-ratelimit-* headers."""

    limit: int
    remaining: int
    reset_s: int


class Rates(msgspec.Struct, frozen=True, gc=False):
    """What is left of this minute; None where no limit applies."""

    requests: RateState | None = None
    tokens: RateState | None = None


class Admission(msgspec.Struct, frozen=True, gc=False):
    """The gate's yes: a Hold is placed under the Call's request id."""

    hold_nanos: int
    output_tokens_cap: int  # in all, over all choices
    is_clamped: bool
    rates: Rates


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One try on one Route. `status` is the upstream's, 0 when it gave none."""

    upstream_id: str
    status: int
    code: str  # "" when it answered
    latency_ms: int


class Ending(StrEnum):
    """How a Call ended; the words of billing's UsageRecord."""

    COMPLETED = "completed"
    CLIENT_LEFT = "client_left"
    UPSTREAM_FAILED = "upstream_failed"
    CUT = "cut"


@dataclass(slots=True, eq=False)
class Call:
    """One customer request under way. Mutable: the stages fill it in, in order."""

    request_id: str
    endpoint: str
    site: Site
    caller: Caller
    offer: Offer
    is_stream: bool
    input_tokens_bound: int  # no tokenizer can find more in this body
    input_tokens_guess: int  # about what a tokenizer will find
    output_tokens_cap: int  # in all, over all choices
    choices: int
    is_clampable: bool  # the caller named no cap of their own
    admitted_at_ms: int
    started_at: float  # loop clock, seconds
    units: Mapping[str, int] = field(default_factory=dict)  # asked for at most, beside tokens
    units_guess: Mapping[str, int] = field(default_factory=dict)  # of them, where nobody tells
    token_kinds: tuple[str, ...] = ()  # rarer buckets of `Usage` that its tokens may fall in
    dialect: Dialect = Dialect.CHAT  # of the answer
    is_free: bool = False
    measures: tuple[tuple[str, ...], ...] = ()  # one of these sets of buckets must have a price
    routes: tuple[Route, ...] | None = None  # None: all of the offer's
    is_single_try: bool = False  # the caller wants no Upstream but the first
    affinity: int = 0  # tells its conversation from others; 0: nothing to tell it by
    admission: Admission | None = None
    route: Route | None = None
    renaming: Renaming | None = None  # the Route's, once the stream has told its model's name
    turn: Any = None  # the Opener's, while an Upstream works for it
    attempts: list[Attempt] = field(default_factory=list)
    passed: tuple[Passed, ...] = ()  # what came before them and was not asked
    usage: Usage | None = None
    delivered_tokens: int = 0
    estimate: Callable[[], Usage] | None = None  # what it has used so far, where tokens can't tell
    covered_tokens: int = sys.maxsize  # output that the Hold pays for, beside the prompt
    noted_tokens: int = 0  # of them, at the last checkpoint
    renewed_at: float = 0.0  # loop clock, seconds
    hold: Any = None  # the CreditGate adapter's
    price: Any = None  # the CreditGate adapter's: the version that this caller pays
    ip: str = ""  # where it came from
    sold_by: frozenset[str] = frozenset()  # the buckets of `measures` that the price names
    first_byte_ms: int | None = None
    is_started: bool = False  # the head of the answer went out
    is_settled: bool = False
    ending: Ending = Ending.UPSTREAM_FAILED
    status: int = 0  # what the caller saw; 0: nothing
    error_code: str = ""

    def elapsed_ms(self) -> int:
        """Milliseconds since the request came in."""
        return int((asyncio.get_running_loop().time() - self.started_at) * 1000)

    @property
    def upstream_id(self) -> str:
        """The Upstream that answers; "" before one did."""
        return self.route.upstream_id if self.route else ""
