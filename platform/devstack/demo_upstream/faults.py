"""Faults that stand in place of an answer, and the count of how often each has struck.

Faults that spoil an answer on its way are where the answer is made: `whole`, `stream`, `usage`.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from devstack.demo_upstream import render
from devstack.demo_upstream.asgi import JSON
from devstack.demo_upstream.calls import CLIENT_CLOSED, COMPLETED
from devstack.demo_upstream.directives import Directive, Fault
from devstack.demo_upstream.errors import LEAK_MARK, error_body
from devstack.demo_upstream.exchange import Exchange
from devstack.demo_upstream.frames import frames
from devstack.demo_upstream.stream import EVENT_STREAM, event

IDS_MAX = 10_000  # ids counted at once; a test suite uses hundreds
SILENCE_S_MAX = 600.0  # longer than any time-out under test; then a reset
DRIP_MS = 100  # between two bytes, when the directive has no pace
RETRY_AFTER_S = 2  # of a 429, when the directive says nothing else

_HTML = b"<!doctype html><title>Welcome</title><p>Some proxy answers in the API's place.</p>"

# Fault: status, type, code, message. The messages name a key, as careless vendors' do.
_STATUSES: dict[Fault, tuple[int, str, str | None, str]] = {
    Fault.BAD_REQUEST: (400, "invalid_request_error", "bad_request", "Bad request for key {}."),
    Fault.UNAUTHORIZED: (401, "invalid_request_error", "invalid_api_key", "Incorrect key: {}."),
    Fault.RATE_LIMITED: (429, "rate_limit_error", "rate_limit_exceeded", "Limit reached for {}."),
    Fault.SERVER_ERROR: (500, "server_error", None, "Internal error while serving {}."),
    Fault.OVERLOADED: (503, "server_error", "overloaded", "Overloaded; {} has to wait."),
}


class Strikes:
    """Which calls a fault strikes: all, those of one server, or the first few of an id."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._counts: OrderedDict[str, int] = OrderedDict()

    def fault(self, directive: Directive) -> Fault | None:
        """The fault that strikes this call; counts it when the directive has `times`."""
        if directive.only and directive.only != self._name:
            return None
        if directive.fault is None or directive.times is None:
            return directive.fault
        struck = self._counts.get(directive.id, 0)
        if struck >= directive.times:
            return None
        self._counts[directive.id] = struck + 1
        self._counts.move_to_end(directive.id)
        if len(self._counts) > IDS_MAX:
            self._counts.popitem(last=False)
        return directive.fault

    def clear(self) -> None:
        """Start every id at none again."""
        self._counts.clear()


async def status(exchange: Exchange) -> str:
    """An error status with an error body that names a key."""
    fault, directive = exchange.fault, exchange.plan.directive
    assert fault is not None
    code, kind, name, message = _STATUSES[fault]
    retry_after_s = directive.retry_after_s
    if retry_after_s is None and fault is Fault.RATE_LIMITED:
        retry_after_s = RETRY_AFTER_S
    headers = [] if retry_after_s is None else [(b"retry-after", b"%d" % retry_after_s)]
    body = error_body(message.format(LEAK_MARK), kind=kind, code=name)
    await exchange.answer(code, body, headers=headers)
    return exchange.fault_ending


async def reset(exchange: Exchange) -> str:
    """A TCP reset before any byte."""
    exchange.connection.reset()
    return exchange.fault_ending


async def silence(exchange: Exchange) -> str:
    """Nothing at all, until the client has had enough."""
    await exchange.connection.pause(SILENCE_S_MAX)
    if exchange.connection.is_gone:
        return CLIENT_CLOSED
    exchange.connection.reset()
    return exchange.fault_ending


async def html(exchange: Exchange) -> str:
    """A web page with status 200."""
    await exchange.answer(200, _HTML, content_type=b"text/html; charset=utf-8")
    return exchange.fault_ending


async def drip(exchange: Exchange) -> str:
    """The right answer, head and all, byte by byte; the first `after` bytes come at once."""
    plan, connection, call = exchange.plan, exchange.connection, exchange.call
    call.status, call.completion_tokens = 200, plan.completion_tokens
    response = _raw_response(exchange)
    at_once = plan.directive.after or 0
    pace_s = (DRIP_MS if plan.directive.pace_ms is None else plan.directive.pace_ms) / 1000
    if at_once:
        connection.write_raw(response[:at_once])
        call.bytes_sent += min(at_once, len(response))
    for position in range(at_once, len(response)):
        await connection.pause(pace_s)
        if connection.is_gone:
            return CLIENT_CLOSED
        connection.write_raw(response[position : position + 1])
        call.bytes_sent += 1
    call.tokens_sent = plan.completion_tokens
    connection.hang_up()
    return COMPLETED


def _raw_response(exchange: Exchange) -> bytes:
    plan = exchange.plan
    if plan.request.stream:
        sequence = frames(plan, exchange.call_id, exchange.created, None)
        content_type, body = EVENT_STREAM, b"".join(event(frame.data) for frame in sequence)
    else:
        body = render.head(exchange.call_id, exchange.created) + render.tail(plan)
        content_type = JSON
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    return head % (content_type, len(body)) + body


Replacement = Callable[[Exchange], Awaitable[str]]

REPLACING: dict[Fault, Replacement] = {
    **dict.fromkeys(_STATUSES, status),
    Fault.RESET: reset,
    Fault.SILENCE: silence,
    Fault.HTML_200: html,
    Fault.DRIP: drip,
}
