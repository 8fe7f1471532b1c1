"""Faults that stand in place of an answer, and the count of how often each has struck.

Faults that spoil an answer on its way are in `whole`, `stream` and `reply.spoil`.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from devstack.demo_upstream import stream
from devstack.demo_upstream.calls import CLIENT_CLOSED, COMPLETED
from devstack.demo_upstream.directives import Directive, Fault
from devstack.demo_upstream.errors import LEAK_MARK, Refusal
from devstack.demo_upstream.exchange import Exchange

IDS_MAX = 10_000  # ids counted at once; a test suite uses hundreds
SILENCE_S_MAX = 600.0  # longer than any time-out under test; then a reset
DRIP_MS = 100  # between two bytes, when the directive has no pace
RETRY_AFTER_S = 2  # of a 429, when the directive says nothing else

_HTML = b"<!doctype html><title>Welcome</title><p>Some proxy answers in the API's place.</p>"

# Fault: status, OpenAI's code, message. The messages name a key, as careless vendors' do.
STATUSES: dict[Fault, tuple[int, str | None, str]] = {
    Fault.BAD_REQUEST: (400, "bad_request", "Bad request for key {}."),
    Fault.UNAUTHORIZED: (401, "invalid_api_key", "Incorrect key: {}."),
    Fault.FORBIDDEN: (403, "permission_denied", "{} may not do this."),
    Fault.NOT_FOUND: (404, "model_not_found", "Nothing here for {}."),
    Fault.RATE_LIMITED: (429, "rate_limit_exceeded", "Limit reached for {}."),
    Fault.SERVER_ERROR: (500, None, "Internal error while serving {}."),
    Fault.BAD_GATEWAY: (502, None, "A gateway failed for {}."),
    Fault.UNAVAILABLE: (503, "overloaded", "Overloaded; {} has to wait."),
    Fault.GATEWAY_TIMEOUT: (504, None, "No answer in time for {}."),
    Fault.OVERLOADED: (529, "overloaded", "Overloaded; {} has to wait."),
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
    assert exchange.fault is not None
    code, name, message = STATUSES[exchange.fault]
    retry_after_s = exchange.directive.retry_after_s
    if retry_after_s is None and exchange.fault is Fault.RATE_LIMITED:
        retry_after_s = RETRY_AFTER_S
    headers = [] if retry_after_s is None else [(b"retry-after", b"%d" % retry_after_s)]
    body = exchange.shape.body(Refusal(code, message.format(LEAK_MARK), code=name))
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
    directive, connection, call = exchange.directive, exchange.connection, exchange.call
    call.status, call.completion_tokens = 200, exchange.reply.usage.completion_tokens
    response = _raw_response(exchange)
    at_once = directive.after or 0
    pace_s = (DRIP_MS if directive.pace_ms is None else directive.pace_ms) / 1000
    if at_once:
        connection.write_raw(response[:at_once])
        call.bytes_sent += min(at_once, len(response))
    for position in range(at_once, len(response)):
        await connection.pause(pace_s)
        if connection.is_gone:
            return CLIENT_CLOSED
        connection.write_raw(response[position : position + 1])
        call.bytes_sent += 1
    call.tokens_sent = call.completion_tokens
    connection.hang_up()
    return COMPLETED


def _raw_response(exchange: Exchange) -> bytes:
    reply = exchange.reply
    if reply.is_stream:
        body = b"".join(stream.dress(exchange, frame) for frame in stream.frames(exchange))
    else:
        body = reply.whole(exchange.stamp, None)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    return head % (reply.content_type, len(body)) + body


Replacement = Callable[[Exchange], Awaitable[str]]

REPLACING: dict[Fault, Replacement] = {
    **dict.fromkeys(STATUSES, status),
    Fault.RESET: reset,
    Fault.SILENCE: silence,
    Fault.HTML_200: html,
    Fault.DRIP: drip,
}
