"""The gate and the sink in memory. The gate keeps the rule that matters most: a Call that was
admitted ends exactly once."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Admission, Call, Ending, Rates, RateState, Usage

RATES = Rates(RateState(600, 599, 42), RateState(1_000_000, 999_000, 42))


@dataclass(frozen=True, slots=True)
class Ended:
    """A Call as it stood when it was settled."""

    ending: Ending
    usage: Usage | None
    status: int
    error_code: str
    upstream_id: str
    attempts: tuple[tuple[str, int, str], ...]


@dataclass(slots=True)
class FakeGate:
    """Admits everyone unless `denial` is set; a second end of a Call is an AssertionError."""

    journal: list[str]  # shared with the exchanges: what happened, in order
    denial: ApiError | None = None
    clamped_to: int | None = None
    affordable_tokens: int | None = None  # of output in one Call
    admitted: list[Call] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    checkpoints: list[int] = field(default_factory=list)
    let_go_of: list[Call] = field(default_factory=list)
    may_settle: asyncio.Event = field(default_factory=asyncio.Event)
    unaffordable: set[str] = field(default_factory=set)
    _open: set[Call] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.may_settle.set()

    async def admit(self, call: Call) -> None:
        if self.denial is not None:
            raise self.denial
        call.admission = Admission(
            hold_nanos=1_000,
            output_tokens_cap=self.clamped_to or call.output_tokens_cap,
            is_clamped=self.clamped_to is not None,
            rates=RATES,
        )
        self.admitted.append(call)
        self._open.add(call)

    async def switch(self, call: Call) -> None:
        if call.offer.model_id in self.unaffordable:
            raise ApiError(Cause.NO_CREDIT)

    async def extend(self, call: Call, tokens: int) -> None:
        if self.affordable_tokens is not None and tokens > self.affordable_tokens:
            raise ApiError(Cause.NO_CREDIT)
        call.covered_tokens = tokens

    def checkpoint(self, call: Call) -> None:
        if call.delivered_tokens > call.noted_tokens:
            call.noted_tokens = call.delivered_tokens
            self.checkpoints.append(call.delivered_tokens)

    def let_go(self, call: Call) -> None:
        assert call in self._open, "only an open Call goes on"
        self._open.remove(call)
        self.admitted.remove(call)  # it ends elsewhere
        self.let_go_of.append(call)

    async def settle(self, call: Call) -> None:
        assert call in self._open, "a Call ends once, and only if it was admitted"
        self._open.remove(call)
        attempts = tuple((each.upstream_id, each.status, each.code) for each in call.attempts)
        end = (call.ending, call.usage, call.status, call.error_code, call.upstream_id, attempts)
        await self.may_settle.wait()
        self.ended.append(Ended(*end))
        self.journal.append("settled")

    @property
    def open_count(self) -> int:
        return len(self._open)


@dataclass(slots=True)
class FakeSink:
    refusals: list[dict[str, Any]] = field(default_factory=list)

    def refused(self, error: ApiError, **facts: Any) -> None:
        self.refusals.append({"code": error.cause.value.code, "rule": error.rule, **facts})
