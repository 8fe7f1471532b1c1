"""The demo upstream as an ASGI application: who may ask, what is asked, and the record of it.

It runs only on `connection.DemoConnection`, which gives it resets and the client's leaving.
"""

import hmac

import msgspec

from devstack.demo_upstream import faults, stream, whole
from devstack.demo_upstream.asgi import Receive, Scope, Send, answer, read_body
from devstack.demo_upstream.calls import BROKEN, CLIENT_CLOSED, REFUSED, Call, CallBook
from devstack.demo_upstream.connection import SCOPE_STATE_KEY, DemoConnection
from devstack.demo_upstream.control import PREFIX as CONTROL_PREFIX
from devstack.demo_upstream.control import control
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.exchange import Exchange, Options
from devstack.demo_upstream.faults import Strikes
from devstack.demo_upstream.plan import plan
from devstack.demo_upstream.request import check_model

MODELS = ("demo-model", "demo-large", "demo-mini")
MODELS_CREATED = 1_767_225_600  # 2026-01-01: a fixed date, so that the list never changes

_CHAT = "/v1/chat/completions"
_MODELS = "/v1/models"


class DemoUpstream:
    """One demo upstream: its options, its record of calls, its count of strikes."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._expected = None
        if options.api_key is not None:
            self._expected = b"Bearer " + options.api_key.encode()
        self._book = CallBook()
        self._strikes = Strikes(options.name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            if scope["path"] == _CHAT and scope["method"] == "POST":
                await self._chat(scope, receive, send)
            else:
                await self._other(scope, send)
        except Refusal as refusal:
            await answer(send, refusal.status, refusal.body())

    async def _other(self, scope: Scope, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path.startswith(CONTROL_PREFIX):
            await control(self._book, self._strikes, scope, send)
        elif path == "/healthz":
            body = {"status": "ok", "name": self._options.name}
            await answer(send, 200, msgspec.json.encode(body))
        elif path == _MODELS or path.startswith(_MODELS + "/"):
            self._authorize(scope)
            if method != "GET":
                raise Refusal(405, f"{method} is not allowed here.")
            await answer(send, 200, _models(path.removeprefix(_MODELS).lstrip("/")))
        elif path == _CHAT:
            raise Refusal(405, f"{method} is not allowed here.")
        else:
            raise Refusal(404, f"Unknown URL: {method} {path}", code="unknown_url")

    def _is_authorized(self, scope: Scope) -> bool:
        if self._expected is None:
            return True
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        return hmac.compare_digest(given, self._expected)

    def _authorize(self, scope: Scope) -> None:
        if not self._is_authorized(scope):
            raise Refusal(401, "Incorrect API key provided.", code="invalid_api_key")

    async def _chat(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = [name.decode("latin-1") for name, _ in scope["headers"]]
        call = self._book.open(names, authorized=self._is_authorized(scope))
        connection: DemoConnection = scope["state"][SCOPE_STATE_KEY]
        ending = BROKEN
        try:
            ending = await self._answer_chat(scope, receive, send, call, connection)
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

    async def _answer_chat(
        self, scope: Scope, receive: Receive, send: Send, call: Call, connection: DemoConnection
    ) -> str:
        body = await read_body(receive)
        if body is None:
            return CLIENT_CLOSED
        self._book.keep_body(call, body)
        self._authorize(scope)
        settled = plan(body)
        call.model, call.stream = settled.request.model, bool(settled.request.stream)
        call.prompt_tokens, call.cached_tokens = settled.prompt_tokens, settled.cached_tokens
        fault = self._strikes.fault(settled.directive)
        call.fault = fault
        return await _respond(Exchange(connection, send, call, settled, fault, self._options))


async def _respond(exchange: Exchange) -> str:
    wait_ms = exchange.plan.directive.wait_ms
    if wait_ms:
        await exchange.connection.pause(wait_ms / 1000)
        if exchange.connection.is_gone:
            return CLIENT_CLOSED
    replacing = _replacing(exchange.fault)
    if replacing is not None:
        return await replacing(exchange)
    if exchange.plan.request.stream:
        return await stream.send(exchange)
    return await whole.send(exchange)


def _replacing(fault: Fault | None) -> faults.Replacement | None:
    return None if fault is None else faults.REPLACING.get(fault)


def _models(model: str) -> bytes:
    if not model:
        return msgspec.json.encode({"object": "list", "data": [_model(name) for name in MODELS]})
    check_model(model)
    return msgspec.json.encode(_model(model))


def _model(name: str) -> dict[str, str | int]:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "tollgate-demo"}
