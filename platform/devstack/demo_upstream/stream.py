"""Streamed answers: frames on the wire, at a pace, in a chosen dress, or broken off."""

import asyncio
from collections.abc import Iterator

from devstack.demo_upstream.calls import CLIENT_CLOSED
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import LEAK_MARK, Refusal
from devstack.demo_upstream.exchange import Exchange
from devstack.demo_upstream.filler import MARK_BYTES, filler
from devstack.demo_upstream.reply import Frame, Framing

BREAK_AFTER_TOKENS = 3  # where a stream breaks when the directive has no `after`

# With no pace a long stream would keep the loop to itself; 64 chunks take well under 1 ms.
_YIELD_EVERY = 64
_SPLIT_GAP_S = 0.002  # long enough that the kernel sends the parts of an event one by one

_BREAKS = (Fault.CUT, Fault.ERROR_EVENT, Fault.BAD_JSON)


async def send(exchange: Exchange) -> str:
    """Answer with a stream; returns how the call ended."""
    call, fault = exchange.call, exchange.fault
    call.completion_tokens = 0 if fault is Fault.EMPTY else exchange.reply.usage.completion_tokens
    breaks_at = _breaking_point(exchange)
    pace_s = exchange.pace_s
    await exchange.start(200, exchange.reply.content_type)
    for number, frame in enumerate(frames(exchange)):
        if breaks_at is not None and call.tokens_sent >= breaks_at:
            breaks_at = None
            ending = await _break(exchange, frame)
            if ending is not None:
                return ending
        if pace_s and _is_paced(exchange, frame):
            await exchange.connection.pause(pace_s)
        elif number % _YIELD_EVERY == _YIELD_EVERY - 1:
            await asyncio.sleep(0)
        data = dress(exchange, frame)
        if fault is Fault.SPLIT and len(data) > 1:
            data = await _all_but_last_part(exchange, data, number)
        if not await exchange.write(data, frame.tokens):
            return CLIENT_CLOSED
    return await exchange.finish()


def _is_paced(exchange: Exchange, frame: Frame) -> bool:
    """Whether the frame comes a pause after the one before: what delivers, but for the first."""
    if exchange.reply.framing is Framing.RAW:
        return exchange.call.bytes_sent > 0
    return frame.tokens > 0 and exchange.call.tokens_sent > 0


def frames(exchange: Exchange) -> Iterator[Frame]:
    """The reply's frames, with as much filler in them as `size` asks for."""
    sequence = exchange.reply.frames(exchange.stamp, exchange.fault)
    size_bytes = exchange.directive.size_bytes
    if size_bytes is None:
        return sequence
    text = b"".join(filler(size_bytes, size_bytes))
    return (frame._replace(data=frame.data.replace(MARK_BYTES, text)) for frame in sequence)


def dress(exchange: Exchange, frame: Frame) -> bytes:
    """One frame as its bytes on the wire, in the dress that the fault asks for."""
    if exchange.reply.framing is Framing.RAW:
        return frame.data
    data = b"data: " + frame.data
    if frame.event:
        data = b"event: %b\n%b" % (frame.event.encode(), data)
    if exchange.fault is Fault.CRLF:
        return data.replace(b"\n", b"\r\n") + b"\r\n\r\n"
    if exchange.fault is Fault.COMMENTS:
        return b": keep-alive\n\n" + data + b"\n\n"
    return data + b"\n\n"


def _breaking_point(exchange: Exchange) -> int | None:
    if exchange.fault not in _BREAKS:
        return None
    after = exchange.directive.after
    wanted = BREAK_AFTER_TOKENS if after is None else after
    return min(wanted, exchange.reply.usage.completion_tokens)


async def _break(exchange: Exchange, frame: Frame) -> str | None:
    """Do what the fault says in place of the next frame; None: the stream goes on after it."""
    if exchange.fault is Fault.BAD_JSON:
        bad = frame._replace(data=frame.data[: -min(10, len(frame.data) // 2)])
        return None if await exchange.write(dress(exchange, bad)) else CLIENT_CLOSED
    if exchange.fault is Fault.CUT or exchange.reply.framing is Framing.RAW:
        data = dress(exchange, frame)
        await exchange.write(data[: len(data) // 2])
        exchange.connection.hang_up()
        return exchange.fault_ending
    refusal = Refusal(500, f"The demo upstream failed in mid-stream; {LEAK_MARK}")
    await exchange.write(dress(exchange, exchange.shape.event(refusal)))
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
