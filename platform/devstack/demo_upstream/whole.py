"""Answers that are not streamed: the plain one, the big one, and those that break on the way."""

from devstack.demo_upstream.calls import CLIENT_CLOSED
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import LEAK_MARK, Refusal
from devstack.demo_upstream.exchange import Exchange
from devstack.demo_upstream.filler import MARK_BYTES, filler, filler_tokens

WRITE_BYTES = 64 * 1024  # uvicorn's own high-water mark: more at once would only queue


async def send(exchange: Exchange) -> str:
    """Answer with one body; returns how the call ended."""
    reply, fault = exchange.reply, exchange.fault
    if fault is Fault.ERROR_EVENT:  # without a stream the error stands where the answer would
        refusal = Refusal(500, f"The demo upstream failed; {LEAK_MARK}")
        await exchange.answer(200, exchange.shape.body(refusal))
        return exchange.fault_ending
    body = reply.whole(exchange.stamp, fault)
    content_type = reply.content_type
    if fault is Fault.BAD_JSON:
        await exchange.answer(200, body[: -min(20, len(body) // 2)], content_type=content_type)
        return exchange.fault_ending
    if fault is Fault.CUT:
        await exchange.start(200, content_type, length=len(body))
        await exchange.write(body[: len(body) // 2])
        exchange.connection.hang_up()
        return exchange.fault_ending
    completion_tokens = 0 if fault is Fault.EMPTY else reply.usage.completion_tokens
    exchange.call.completion_tokens = completion_tokens
    if reply.directive.size_bytes is not None and fault is not Fault.EMPTY:
        return await _send_big(exchange, body, reply.directive.size_bytes)
    return await exchange.answer(200, body, tokens=completion_tokens, content_type=content_type)


async def _send_big(exchange: Exchange, body: bytes, size_bytes: int) -> str:
    """The body with filler where the mark stands; only the first counts as delivered."""
    first, *others = body.split(MARK_BYTES)
    length = len(first) + sum(size_bytes + len(other) for other in others)
    await exchange.start(200, exchange.reply.content_type, length=length)
    await exchange.write(first)
    for number, other in enumerate(others):
        for data in filler(size_bytes, WRITE_BYTES):
            tokens = filler_tokens(len(data)) if number == 0 else 0
            if not await exchange.write(data, tokens):
                return CLIENT_CLOSED
        await exchange.write(other)
    return await exchange.finish()
