"""The WebSocket's handshake: who may open a session, with which model, in which version."""

import hmac
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from devstack.demo_upstream import directives
from devstack.demo_upstream.asgi import JSON, Receive, Scope, Send
from devstack.demo_upstream.asked import header_of, query_of
from devstack.demo_upstream.calls import BROKEN, REFUSED, CallBook
from devstack.demo_upstream.connection import SCOPE_STATE_KEY, abort
from devstack.demo_upstream.decoding import check_model
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import LEAK_MARK, Refusal
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.faults import STATUSES, Strikes
from devstack.demo_upstream.realtime.conversation import Conversation
from devstack.demo_upstream.realtime.session import Session
from devstack.demo_upstream.shapes import AZURE, OPENAI, Shape

# Path: where its credential and its model are.
_PATHS: Mapping[str, tuple[Shape, str]] = {
    "/v1/realtime": (OPENAI, "model"),
    "/openai/v1/realtime": (AZURE, "model"),
    "/openai/realtime": (AZURE, "deployment"),
}
_KEY_PROTOCOL = "openai-insecure-api-key."  # browsers cannot send headers with a WebSocket
_BETA_PROTOCOL = "openai-beta.realtime-v1"
ROUTE = "realtime/session"


class DemoSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket connection, which the application finds in its scope."""

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # a broken handshake was answered without one
            self.scope["state"][SCOPE_STATE_KEY] = self

    def reset(self) -> None:
        """Send a TCP reset."""
        abort(self.transport)


class Sockets:
    """Everything that arrives as a WebSocket."""

    def __init__(self, options: Options, book: CallBook, strikes: Strikes) -> None:
        self._options = options
        self._book = book
        self._strikes = strikes

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a session, or refuse it with the status and body of plain HTTP."""
        await receive()  # websocket.connect
        names = [name.decode("latin-1") for name, _ in scope["headers"]]
        shape, parameter = _PATHS.get(scope["path"], (OPENAI, ""))
        is_authorized = self._is_authorized(scope, shape)
        call = self._book.open(names, authorized=is_authorized, route=ROUTE)
        ending = BROKEN
        try:
            model = self._check(scope, shape, parameter, is_authorized=is_authorized)
            call.model = model
            session = self._session(scope, send, model, call.sequence)
            offered = scope.get("subprotocols") or ()
            subprotocol = "realtime" if "realtime" in offered else None
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
            call.status, call.stream = 101, True
            ending = await session.run(receive, names)
        except Refusal as refusal:
            call.status, ending = refusal.status, REFUSED
            await _refuse(send, refusal.status, shape.body(refusal))
        finally:
            self._book.end(call, ending)

    def _is_authorized(self, scope: Scope, shape: Shape) -> bool:
        if self._options.api_key is None:
            return True
        expected = self._options.api_key.encode()
        given = header_of(scope, shape.key_header)
        if given:
            return hmac.compare_digest(given, shape.key_prefix + expected)
        offered = scope.get("subprotocols") or ()
        keys = [each.removeprefix(_KEY_PROTOCOL) for each in offered if _KEY_PROTOCOL in each]
        keys += [query_of(scope).get("api-key", "")] if shape is AZURE else []
        return any(hmac.compare_digest(key.encode(), expected) for key in keys)

    def _check(self, scope: Scope, shape: Shape, parameter: str, *, is_authorized: bool) -> str:
        if not parameter:
            raise Refusal(404, f"Unknown URL: {scope['path']}", code="unknown_url")
        if not is_authorized:
            status, message, code = shape.wrong_key
            raise Refusal(status, message, code=code)
        model = query_of(scope).get(parameter, "")
        if not model:
            message = f"You must provide a {parameter} parameter."
            raise Refusal(400, message, code=f"missing_{parameter}", param=parameter)
        check_model(model)
        directive = directives.parse(model, "")
        # A status stands in the handshake's place; other faults wait for the first response.
        if directive.fault in STATUSES:
            fault = self._strikes.fault(directive)
            if fault is not None:
                status, name, text = STATUSES[Fault(fault)]
                raise Refusal(status, text.format(LEAK_MARK), code=name)
        return model

    def _session(self, scope: Scope, send: Send, model: str, sequence: int) -> Session:
        is_beta = b"realtime=v1" in header_of(scope, b"openai-beta")
        is_beta = is_beta or _BETA_PROTOCOL in (scope.get("subprotocols") or ())
        conversation = Conversation(model, f"{self._options.name}-{sequence}", is_beta)
        socket: DemoSocket = scope["state"][SCOPE_STATE_KEY]
        return Session(conversation, send, self._book, self._strikes, self._options, socket.reset)


async def _refuse(send: Send, status: int, body: bytes) -> None:
    """Answer the handshake as plain HTTP (ASGI's WebSocket Denial Response)."""
    headers = [(b"content-type", JSON), (b"content-length", b"%d" % len(body))]
    start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})
