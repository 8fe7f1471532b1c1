"""The money of one socket: each response is a Call of its own, admitted, metered and settled once.

One Call is admitted when the socket opens and waits for the first response; when that has been
settled the next one is admitted. So a socket counts once against concurrency, always holds what
begins a response, and a response that the Upstream starts by itself (turn detection) is paid for.
A Call that still waits in the end is settled without a charge: the record of the socket's end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from relay.proxy import metering
from relay.proxy.causes import Cause
from relay.proxy.errors import ApiError
from relay.proxy.ports import CreditGate
from relay.proxy.realtime.context import Context, Load
from relay.proxy.types import Call, Ending, Usage

# The first slice of a response's output that is held for: 3 minutes of speech.
OUTPUT_TOKENS_SLICE = 4_096
# OpenAI lets responses run beside the conversation's own; more at once are nobody's honest need.
RESPONSES_MAX = 8
# As calls.CHECKPOINT_TOKENS.
CHECKPOINT_TOKENS = 64


@dataclass(slots=True)
class _Turn:
    """A response under way."""

    call: Call
    load: Load  # what it reads, as we guess
    text: int = 0  # tokens handed on
    sound: int = 0

    def estimate(self) -> Usage:
        """What it used, by our own count."""
        counts = {
            "audio_input": self.load.audio,
            "image_input": self.load.image,
            "audio_output": self.sound,
        }
        return Usage(
            input_tokens=self.load.text,
            output_tokens=self.text,
            other={name: count for name, count in counts.items() if count},
            is_estimated=True,
        )


class Turns:
    """Admits, follows and settles; one per socket. `admit` makes a Call that was admitted."""

    def __init__(
        self,
        gate: CreditGate,
        context: Context,
        first: Call,
        admit: Callable[[], Awaitable[Call]],
        live: set[Call],
    ) -> None:
        self._gate = gate
        self._context = context
        self._admit = admit
        self._live = live  # whose Holds are renewed
        live.add(first)
        self._ready = [first]
        self._turns: dict[str, _Turn] = {}
        self._asked = 0  # responses asked for that have not begun
        self._admitting = asyncio.Lock()
        self._work: set[asyncio.Task[None]] = set()

    async def ask(self) -> None:
        """The client asks for a response. Raises ApiError: it may not have one."""
        if self._asked + len(self._turns) >= RESPONSES_MAX:
            raise ApiError(Cause.RATE_LIMIT, rule=f"responses at once {RESPONSES_MAX}")
        await self.prepare(self._asked + 1)
        self._asked += 1

    def forget_asked(self) -> None:
        """The Upstream refused something: perhaps the response that was asked for last."""
        self._asked = max(0, self._asked - 1)

    async def prepare(self, count: int = 1) -> None:
        """See to it that `count` Calls wait for a response. Raises ApiError."""
        await self._whole(self._fill(count))

    async def begin(self, response_id: str) -> None:
        """A response begins. Raises ApiError where it can't be paid: nothing of it may go on."""
        if response_id in self._turns:
            return
        if len(self._turns) >= RESPONSES_MAX:
            raise ApiError(Cause.RATE_LIMIT, rule=f"responses at once {RESPONSES_MAX}")
        self.forget_asked()
        await self.prepare()
        call, load = self._ready.pop(), self._context.begin()
        turn = self._turns[response_id] = _Turn(call, load)
        call.started_at = asyncio.get_running_loop().time()
        call.input_tokens_bound = call.input_tokens_guess = load.text
        call.units = {"audio_input": load.audio, "image_input": load.image}
        call.status, call.is_started, call.ending = 200, True, Ending.CUT
        call.estimate = turn.estimate
        await self._gate.extend(call, 1)

    async def deliver(self, response_id: str, text: int, sound: int) -> None:
        """So many tokens are about to be handed on. Raises ApiError where nobody pays them."""
        turn = self._turns.get(response_id)
        if turn is None and len(self._turns) == 1:
            turn = next(iter(self._turns.values()))
        if turn is None:  # output of a response that never began: nobody could be charged for it
            raise ApiError(Cause.STREAM_CUT)
        call = turn.call
        tokens = call.delivered_tokens + text + sound
        if tokens > call.covered_tokens:
            await self._gate.extend(call, tokens)
        if call.first_byte_ms is None:
            call.first_byte_ms = call.elapsed_ms()
        turn.text, turn.sound = turn.text + text, turn.sound + sound
        call.delivered_tokens = tokens
        if tokens - call.noted_tokens >= CHECKPOINT_TOKENS:
            self._gate.checkpoint(call)

    async def end(
        self, response_id: str, status: str, usage: Usage | None, has_usage: bool
    ) -> None:
        """A response is done: charged by the Upstream's figures before the client hears of it.

        One that was cancelled or failed without figures is not charged; one that was completed
        without any that make sense is charged by our own count.
        """
        turn = self._turns.pop(response_id, None)
        if turn is None:
            return
        call = turn.call
        call.ending = Ending.CUT if status == "failed" else Ending.COMPLETED
        if usage is not None and metering.is_plausible(call, usage) and self._is_possible(usage):
            call.usage = usage
            self._context.correct(usage)
        elif has_usage or status in ("completed", "incomplete"):
            call.usage = turn.estimate()
        if status == "failed":
            call.error_code = Cause.UPSTREAM_ERROR.value.code
            if call.usage is None:
                call.ending = Ending.UPSTREAM_FAILED
        await self._whole(self._settle(call))

    async def close(self, ending: Ending, error_code: str = "") -> None:
        """Settle everything that is open; what was handed on is charged by our own count."""
        if self._work:
            await asyncio.gather(*self._work, return_exceptions=True)
        for turn in self._turns.values():
            call = turn.call
            call.ending, call.error_code = ending, error_code
            if call.delivered_tokens or ending is Ending.CLIENT_LEFT:
                call.usage = turn.estimate()
            else:
                call.ending = Ending.UPSTREAM_FAILED
            await self._settle(call)
        self._turns.clear()
        for call in self._ready:
            call.ending, call.status = Ending.COMPLETED, 200
            await self._settle(call)
        self._ready.clear()

    def _is_possible(self, usage: Usage) -> bool:
        """As metering.is_plausible, of what is counted in other buckets."""
        tokens = usage.input_tokens + usage.cached_input_tokens + usage.output_tokens
        return tokens + sum(usage.other.values()) <= 2 * self._context.tokens_max

    async def _fill(self, count: int) -> None:
        async with self._admitting:
            while len(self._ready) < count:
                call = await self._admit()
                self._live.add(call)
                self._ready.append(call)

    async def _settle(self, call: Call) -> None:
        call.is_settled = True
        self._live.discard(call)
        await self._gate.settle(call)

    async def _whole(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it to its end, even when the socket is closed meanwhile: it is about money."""
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        await asyncio.shield(task)
