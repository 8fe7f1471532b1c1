"""What a caller may know of their own key, balance and Calls. Plain data; amounts are nanos."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from relay.proxy.types import Caller


@dataclass(frozen=True, slots=True)
class Spending:
    """One budget that counts for the key."""

    scope: str  # key or organization
    period: str  # day, week, month or total
    limit_nanos: int
    spent_nanos: int
    resets_at: int | None  # Unix seconds; None: never


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key as its holder sees it: nothing that would help to use it."""

    label: str
    name: str
    expires_at: int | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    concurrency: int | None
    budgets: tuple[Spending, ...]
    used_nanos: int  # ever, as are the next ones in the period that is running
    used_today_nanos: int
    used_this_week_nanos: int
    used_this_month_nanos: int


@dataclass(frozen=True, slots=True)
class Credits:
    """An organization's money: what came in less what was used is what is there."""

    balance_nanos: int
    used_nanos: int
    currency: str

    @property
    def total_nanos(self) -> int:
        """All that ever came in."""
        return self.balance_nanos + self.used_nanos


@dataclass(frozen=True, slots=True)
class Generation:
    """The record of one Call; not who served it."""

    id: str
    endpoint: str
    model: str
    created_at: str  # ISO 8601
    is_stream: bool
    is_estimated: bool
    ending: str
    status: int
    charge_nanos: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    first_byte_ms: int | None
    duration_ms: int


class Accounts(Protocol):
    """The books as callers may read them; ApiError(GATE_UNAVAILABLE) while it can't tell."""

    async def key(self, caller: Caller) -> KeyFacts:
        """The caller's key."""
        ...

    async def credits(self, caller: Caller) -> Credits:
        """The caller's organization's money."""
        ...

    async def generation(self, caller: Caller, request_id: str) -> Generation:
        """A Call of the caller's organization; ApiError(OBJECT_NOT_FOUND) for all others."""
        ...

    async def used_nanos(self, caller: Caller, start: date | None, end: date | None) -> int:
        """What the organization used from `start` to before `end`; None: without a bound."""
        ...
