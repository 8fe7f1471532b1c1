"""The values that cross the gate's boundary. No behaviour but derived figures; no Redis.

What every Call makes some of is a Struct, which is made in a fifth of a frozen dataclass's time.
Money is integer nanos of the site's currency; every instant is milliseconds of Redis time.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec


class Scope(StrEnum):
    """Whose limit or budget it is."""

    KEY = "key"
    ORGANIZATION = "organization"


class Rule(StrEnum):
    """The rule that refused a Call, in the order in which the gate checks them."""

    KEY_REQUESTS = "key_requests_per_minute"
    ORGANIZATION_REQUESTS = "organization_requests_per_minute"
    KEY_TOKENS = "key_tokens_per_minute"
    ORGANIZATION_TOKENS = "organization_tokens_per_minute"
    KEY_CONCURRENCY = "key_concurrency"
    ORGANIZATION_CONCURRENCY = "organization_concurrency"
    KEY_BUDGET = "key_budget_exceeded"
    ORGANIZATION_BUDGET = "organization_budget_exceeded"
    BALANCE = "credit_balance_exhausted"


class HoldState(StrEnum):
    """A Hold's life: open, then one of settled, released, expired; an expired one may turn late."""

    OPEN = "open"
    SETTLED = "settled"
    RELEASED = "released"
    EXPIRED = "expired"
    LATE = "late"
    MISSING = "missing"  # never admitted, or ended longer ago than its tombstone lives


class Limits(msgspec.Struct, frozen=True, gc=False):
    """Limits of one scope; None means unlimited, 0 refuses every Call."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Budget:
    """A spending limit for one named period.

    `period` is computed by the caller in the organization's time zone: `2026-11-21`, `2026-W47`,
    `2026-11` or `total`. `resets_at_ms` is the end of the period (Unix time), 0 for `total`.
    """

    scope: Scope
    period: str
    limit_nanos: int
    resets_at_ms: int = 0


class HoldRef(msgspec.Struct, frozen=True, gc=False):
    """Names a Hold and everything it counts against; the same value from admit to settle."""

    site: str
    request_id: str
    organization: str
    key: str
    budgets: tuple[Budget, ...] = ()


class AdmitRequest(msgspec.Struct, frozen=True, gc=False):
    """A Call that asks to be let in. The Hold is input + fixed + output cap x output price."""

    hold: HoldRef
    input_nanos: int  # the prompt at its worst case
    output_tokens_cap: int  # over all n choices
    output_nanos_per_token: int  # rounded up by the caller
    fixed_nanos: int = 0  # per request, image, second
    output_tokens_min: int = 16  # x n choices; the cap is never lowered under it
    is_clampable: bool = False  # the caller gave no max_tokens, so the cap may be lowered
    tokens_estimate: int = 0  # counted against tokens per minute until settle corrects it
    key_limits: Limits = UNLIMITED
    organization_limits: Limits = UNLIMITED
    event: bytes = b"{}"  # JSON to post should the relay die before the first checkpoint


class RateWindow(msgspec.Struct, frozen=True, gc=False):
    """One limit per minute as the headers show it: of the scope that has the least left."""

    limit: int
    remaining: int


class RateState(msgspec.Struct, frozen=True, gc=False):
    """What is left of this minute; a window is None where no limit applies."""

    requests: RateWindow | None
    tokens: RateWindow | None
    reset_ms: int  # until the fixed minute ends


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """The Call may go on; `output_tokens_cap` must be sent upstream when `is_clamped`."""

    hold_nanos: int
    output_tokens_cap: int
    is_clamped: bool
    available_nanos: int  # after the Hold was taken
    is_replay: bool  # this request id had been admitted before; nothing was taken again
    rates: RateState


@dataclass(frozen=True, slots=True)
class Denied:
    """The Call is refused by `rule`; nothing is held.

    `limit` is in the rule's unit (requests, tokens, Calls, nanos; 0 for the balance).
    `available_nanos` and `needed_nanos` are given for budgets and balance: what is left, and the
    least that would have been admitted. `retry_after_ms` is 0 when waiting does not help.
    """

    rule: Rule
    limit: int
    retry_after_ms: int
    available_nanos: int
    needed_nanos: int
    rates: RateState


class SettleRequest(msgspec.Struct, frozen=True, gc=False):
    """The end of a Call whose price is known."""

    hold: HoldRef
    charge_nanos: int
    tokens: int  # actual, against tokens per minute
    ending: str  # how the Call ended, one word, copied to the usage event
    event: bytes  # the usage event's JSON, opaque to the gate


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """How a Hold stands after settle, release or expire."""

    state: HoldState
    debited_nanos: int
    written_off_nanos: int  # what neither the Hold nor the balance could pay
    is_replay: bool  # it had ended before; nothing was changed by this request


class RenewRequest(msgspec.Struct, frozen=True, gc=False):
    """A sign of life of a running Call.

    The checkpoint is what to charge, and the event to post, should the relay die now.
    `hold_nanos_min` asks that the Hold grow to so much, as far as it can be paid (a target, not
    a step: repeating it is harmless); 0 leaves it.
    """

    hold: HoldRef
    checkpoint_nanos: int
    event: bytes
    hold_nanos_min: int = 0


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """A running Call whose Hold Redis lost with its data; figures as the relay last knew them."""

    hold: HoldRef
    hold_nanos: int
    output_tokens_cap: int
    checkpoint_nanos: int
    event: bytes


class Renewal(msgspec.Struct, frozen=True, gc=False):
    """How a Hold stands: `expired` if the reaper ended it, `missing` if Redis lost it.

    It grew as far as balance and budgets go; `stopped_by` names the one that did not suffice.
    """

    state: HoldState
    hold_nanos: int
    available_nanos: int
    stopped_by: Rule | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """An organization's money at the gate: posted = available + held + unposted."""

    available_nanos: int
    held_nanos: int
    unposted_nanos: int
    open_holds: int


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """What the books say was spent of a budget; `owner` is the id of the key or organization."""

    scope: Scope
    owner: str
    period: str
    spent_nanos: int
    resets_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """One entry of a site's usage stream. `event` is the JSON that the relay built."""

    stream_id: str
    request_id: str
    organization: str
    key: str
    debited_nanos: int
    written_off_nanos: int
    state: HoldState
    ending: str
    event: bytes


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An event that posting has dealt with.

    `is_duplicate`: a record of this Call was there already and nothing was posted for this event,
    so its debit goes back to the balance.
    """

    stream_id: str
    organization: str
    debited_nanos: int
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """Usage events that wait for posting."""

    length: int
    oldest_age_ms: int  # 0 when empty


@dataclass(frozen=True, slots=True)
class RateUse:
    """What a key or an organization has used of its limits just now."""

    requests: int
    tokens: int
    open_calls: int


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A Hold as the reaper and the dashboard see it."""

    hold: HoldRef
    amount_nanos: int
    checkpoint_nanos: int
    expires_at_ms: int
    owner: str


@dataclass(frozen=True, slots=True)
class CreditResult:
    """`is_applied` is False when a take would have gone below zero; then nothing was taken."""

    is_applied: bool
    is_replay: bool
    available_nanos: int
