"""Answers that are not streamed: the plain one, the big one, and those that break on the way."""

from weakref import WeakKeyDictionary

from devstack.demo_upstream import render
from devstack.demo_upstream.asgi import JSON
from devstack.demo_upstream.calls import CLIENT_CLOSED
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import LEAK_MARK, error_body
from devstack.demo_upstream.exchange import Exchange
from devstack.demo_upstream.plan import Plan, filler, filler_tokens

WRITE_BYTES = 64 * 1024  # uvicorn's own high-water mark: more at once would only queue

# A plan that is used again (equal requests) is rendered once, and forgotten together.
_TAILS: WeakKeyDictionary[Plan, bytes] = WeakKeyDictionary()


async def send(exchange: Exchange) -> str:
    """Answer with one JSON object; returns how the call ended."""
    plan, fault = exchange.plan, exchange.fault
    if fault is Fault.ERROR_EVENT:  # without a stream the error stands where the answer would
        message = f"The demo upstream failed; {LEAK_MARK}"
        await exchange.answer(200, error_body(message, kind="server_error"))
        return exchange.fault_ending
    if fault is Fault.BAD_JSON:
        await exchange.answer(200, _completion(exchange)[:-20])
        return exchange.fault_ending
    if fault is Fault.CUT:
        return await _cut(exchange)
    exchange.call.completion_tokens = plan.completion_tokens
    if fault is Fault.EMPTY:
        exchange.call.completion_tokens = 0
        return await exchange.answer(200, _completion(exchange))
    if plan.size_bytes is not None:
        return await _send_big(exchange, plan.size_bytes)
    return await exchange.answer(200, _completion(exchange), tokens=plan.completion_tokens)


async def _cut(exchange: Exchange) -> str:
    body = _completion(exchange)
    await exchange.start(200, JSON, length=len(body))
    await exchange.write(body[: len(body) // 2])
    exchange.connection.hang_up()
    return exchange.fault_ending


async def _send_big(exchange: Exchange, size_bytes: int) -> str:
    before, after = render.big_tail(exchange.plan, exchange.fault)
    before = render.head(exchange.call_id, exchange.created) + before
    await exchange.start(200, JSON, length=len(before) + size_bytes + len(after))
    await exchange.write(before)
    for data in filler(size_bytes, WRITE_BYTES):
        if not await exchange.write(data, filler_tokens(len(data))):
            return CLIENT_CLOSED
    await exchange.write(after)
    return await exchange.finish()


def _completion(exchange: Exchange) -> bytes:
    return render.head(exchange.call_id, exchange.created) + _tail(exchange)


def _tail(exchange: Exchange) -> bytes:
    if exchange.fault is not None:
        return render.tail(exchange.plan, exchange.fault)
    tail = _TAILS.get(exchange.plan)
    if tail is None:
        tail = _TAILS[exchange.plan] = render.tail(exchange.plan)
    return tail
