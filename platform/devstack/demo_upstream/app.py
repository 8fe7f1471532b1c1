"""The demo upstream as an ASGI application: who may ask, what is asked, and the record of it.

It runs only on `connection.DemoConnection`, which gives it resets and the client's leaving.
"""

import hmac
import re

import msgspec

from devstack.demo_upstream import faults, stream, whole
from devstack.demo_upstream.asgi import Receive, Scope, Send, answer, read_body
from devstack.demo_upstream.asked import Asked, header_of, query_of
from devstack.demo_upstream.calls import BROKEN, CLIENT_CLOSED, REFUSED, Call, CallBook
from devstack.demo_upstream.connection import SCOPE_STATE_KEY, DemoConnection
from devstack.demo_upstream.control import PREFIX as CONTROL_PREFIX
from devstack.demo_upstream.control import control
from devstack.demo_upstream.endpoints import Found, find, is_known, shape_of
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.exchange import Exchange, Options
from devstack.demo_upstream.faults import Strikes
from devstack.demo_upstream.model_list import models
from devstack.demo_upstream.realtime.socket import Sockets
from devstack.demo_upstream.shapes import Shape
from devstack.demo_upstream.shelf import Shelf

_MODELS = re.compile(r"/v1(?:beta)?/models(?:/([^:]+))?/?")


class DemoUpstream:
    """One demo upstream: its options, its record of calls, its count of strikes."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._expected = None if options.api_key is None else options.api_key.encode()
        self._book = CallBook()
        self._strikes = Strikes(options.name)
        self._shelf = Shelf()
        self._sockets = Sockets(options, self._book, self._strikes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sockets.serve(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        found = find(scope["method"], scope["path"])
        shape = shape_of(scope) if found is None else found[0].shape
        try:
            if found is None:
                await self._other(scope, send, shape)
            else:
                await self._call(scope, receive, send, found)
        except Refusal as refusal:
            await answer(send, refusal.status, shape.body(refusal))

    async def _other(self, scope: Scope, send: Send, shape: Shape) -> None:
        path, method = scope["path"], scope["method"]
        if path.startswith(CONTROL_PREFIX):
            await control(self._book, self._strikes, scope, send)
        elif path == "/healthz":
            body = {"status": "ok", "name": self._options.name}
            await answer(send, 200, msgspec.json.encode(body))
        elif (listed := _MODELS.fullmatch(path)) is not None:
            self._authorize(scope, shape)
            if method != "GET":
                raise Refusal(405, f"{method} is not allowed here.")
            await answer(send, 200, models(shape, listed[1] or ""))
        elif is_known(path):
            raise Refusal(405, f"{method} is not allowed here.")
        else:
            raise Refusal(404, f"Unknown URL: {method} {path}", code="unknown_url")

    def _is_authorized(self, scope: Scope, shape: Shape) -> bool:
        if self._expected is None:
            return True
        given = header_of(scope, shape.key_header)
        if not given and shape.key_parameter is not None:
            given = query_of(scope).get(shape.key_parameter, "").encode()
        return hmac.compare_digest(given, shape.key_prefix + self._expected)

    def _authorize(self, scope: Scope, shape: Shape) -> None:
        if not self._is_authorized(scope, shape):
            status, message, code = shape.wrong_key
            raise Refusal(status, message, code=code)

    async def _call(self, scope: Scope, receive: Receive, send: Send, found: Found) -> None:
        endpoint, _ = found
        names = [name.decode("latin-1") for name, _ in scope["headers"]]
        is_authorized = self._is_authorized(scope, endpoint.shape)
        call = self._book.open(names, authorized=is_authorized, route=endpoint.route)
        connection: DemoConnection = scope["state"][SCOPE_STATE_KEY]
        ending = BROKEN
        try:
            ending = await self._answer_call(scope, receive, send, call, found)
        except Refusal as refusal:
            call.status, ending = refusal.status, REFUSED
            raise
        finally:
            self._end(call, ending, connection)

    def _end(self, call: Call, ending: str, connection: DemoConnection) -> None:
        if ending != CLIENT_CLOSED:
            self._book.end(call, ending)
            return
        self._book.end(call, ending, connection.lost_at_s)
        connection.hang_up()  # or uvicorn would complain of a response without an end

    async def _answer_call(
        self, scope: Scope, receive: Receive, send: Send, call: Call, found: Found
    ) -> str:
        body = await read_body(receive)
        if body is None:
            return CLIENT_CLOSED
        self._book.keep_body(call, body)
        endpoint, parts = found
        self._authorize(scope, endpoint.shape)
        reply = endpoint.reply(Asked(body, scope, self._shelf, parts))
        usage = reply.usage
        call.model, call.stream, call.usage = reply.model, reply.is_stream, usage.to_json()
        call.prompt_tokens, call.cached_tokens = usage.prompt_tokens, usage.cached_tokens
        fault = self._strikes.fault(reply.directive)
        call.fault = fault
        connection: DemoConnection = scope["state"][SCOPE_STATE_KEY]
        return await _respond(
            Exchange(connection, send, call, reply, endpoint.shape, fault, self._options)
        )


async def _respond(exchange: Exchange) -> str:
    wait_ms = exchange.directive.wait_ms
    if wait_ms:
        await exchange.connection.pause(wait_ms / 1000)
        if exchange.connection.is_gone:
            return CLIENT_CLOSED
    replacing = None if exchange.fault is None else faults.REPLACING.get(exchange.fault)
    if replacing is not None:
        return await replacing(exchange)
    if exchange.reply.is_stream:
        return await stream.send(exchange)
    return await whole.send(exchange)
