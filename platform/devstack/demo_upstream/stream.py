"""Streamed answers: frames as server-sent events, at a pace, in a chosen dress, or broken off."""

import asyncio
from collections.abc import Iterator

from devstack.demo_upstream.calls import CLIENT_CLOSED
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import LEAK_MARK, error_body
from devstack.demo_upstream.exchange import Exchange
from devstack.demo_upstream.frames import Frame, frames

EVENT_STREAM = b"text/event-stream; charset=utf-8"
BREAK_AFTER_TOKENS = 3  # where a stream breaks when the directive has no `after`

# With no pace a long stream would keep the loop to itself; 64 chunks take well under 1 ms.
_YIELD_EVERY = 64
_SPLIT_GAP_S = 0.002  # long enough that the kernel sends the parts of an event one by one

_BREAKS = (Fault.CUT, Fault.ERROR_EVENT, Fault.BAD_JSON)


async def send(exchange: Exchange) -> str:
    """Answer with an event stream; returns how the call ended."""
    call, plan, fault = exchange.call, exchange.plan, exchange.fault
    call.completion_tokens = 0 if fault is Fault.EMPTY else plan.completion_tokens
    breaks_at = _breaking_point(exchange)
    pace_s = exchange.pace_s
    await exchange.start(200, EVENT_STREAM)
    sequence = frames(plan, exchange.call_id, exchange.created, fault)
    for number, frame in enumerate(sequence):
        if breaks_at is not None and call.tokens_sent >= breaks_at:
            breaks_at = None
            ending = await _break(exchange, frame)
            if ending is not None:
                return ending
        if pace_s and frame.tokens and call.tokens_sent:
            await exchange.connection.pause(pace_s)
        elif number % _YIELD_EVERY == _YIELD_EVERY - 1:
            await asyncio.sleep(0)
        data = event(frame.data, fault)
        if fault is Fault.SPLIT:
            data = await _all_but_last_part(exchange, data, number)
        if not await exchange.write(data, frame.tokens):
            return CLIENT_CLOSED
    return await exchange.finish()


def event(data: bytes, fault: Fault | None = None) -> bytes:
    """One server-sent event in the dress that the fault asks for."""
    if fault is Fault.CRLF:
        return b"data: " + data + b"\r\n\r\n"
    if fault is Fault.COMMENTS:
        return b": keep-alive\n\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"


def _breaking_point(exchange: Exchange) -> int | None:
    if exchange.fault not in _BREAKS:
        return None
    after = exchange.plan.directive.after
    wanted = BREAK_AFTER_TOKENS if after is None else after
    return min(wanted, exchange.plan.completion_tokens)


async def _break(exchange: Exchange, frame: Frame) -> str | None:
    """Do what the fault says in place of the next frame; None: the stream goes on after it."""
    if exchange.fault is Fault.BAD_JSON:
        return None if await exchange.write(event(frame.data[:-10])) else CLIENT_CLOSED
    if exchange.fault is Fault.CUT:
        whole = event(frame.data)
        await exchange.write(whole[: len(whole) // 2])
        exchange.connection.hang_up()
        return exchange.fault_ending
    message = f"The demo upstream failed in mid-stream; {LEAK_MARK}"
    await exchange.write(event(error_body(message, kind="server_error")))
    await exchange.finish()
    return exchange.fault_ending


async def _all_but_last_part(exchange: Exchange, data: bytes, number: int) -> bytes:
    """Send an event's first parts one by one; returns the last part, which completes it."""
    *first, last = _split(data, number)
    for part in first:
        await exchange.write(part)
        await exchange.connection.pause(_SPLIT_GAP_S)
    return last


def _split(data: bytes, number: int) -> Iterator[bytes]:
    """Three parts, cut at places that wander, so that a long stream is cut everywhere."""
    places = sorted({1 + number % (len(data) - 1), 1 + number * 7 % (len(data) - 1)})
    for start, end in zip([0, *places], [*places, len(data)], strict=True):
        yield data[start:end]
