"""The WebSockets of the relay as an ASGI callable: who calls, may they, then a session."""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from relay.proxy import errors
from relay.proxy.answer_headers import rate_headers
from relay.proxy.app import Relay, site_of
from relay.proxy.causes import Cause
from relay.proxy.client import Client, Receive, Scope, Send
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError
from relay.proxy.exchange import Exchange
from relay.proxy.realtime.client_socket import ClientGone, ClientSocket
from relay.proxy.realtime.context import Context
from relay.proxy.realtime.dialing import SWITCHING, Caller
from relay.proxy.realtime.session import Session
from relay.proxy.realtime.turns import OUTPUT_TOKENS_SLICE, Turns
from relay.proxy.request import TOKENS
from relay.proxy.request_ids import new_request_id
from relay.proxy.types import Attempt, Call, Ending, Offer, Route, Site
from relay.proxy.upstream.sockets import SocketDialer

log = logging.getLogger(__name__)

PATH = "/v1/realtime"
ENDPOINT = "realtime"
# Sessions that still settle when the process has stopped waiting for them.
LAST_SETTLES_S = 5.0


class RealtimeDoor:
    """Serves `/v1/realtime`. Shares ports, live Calls and cooldowns with the Relay."""

    def __init__(self, relay: Relay, sockets: SocketDialer) -> None:
        self._relay = relay
        self._caller = Caller(sockets, relay.conductor.opener)
        self._sessions: set[asyncio.Task[Any]] = set()

    async def aclose(self) -> None:
        """End every session (close code 1012) and wait, in bounds, until all are settled."""
        for task in self._sessions:
            if not task.cancelling():  # else the server did it: a second time would cut it short
                task.cancel()
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=LAST_SETTLES_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = ClientSocket(scope, receive, send)
        request = Client(client.request_scope(), receive, send)
        exchange = Exchange(new_request_id(), request, self._relay.ports.routes.snapshot(), 0)
        exchange.endpoint, exchange.dialect = ENDPOINT, Dialect.REALTIME
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an ASGI server runs each connection in a task")
        self._sessions.add(task)
        # A stopping server cancels: the session has told its client and settled by then.
        with suppress(asyncio.CancelledError):
            await self._serve(exchange, client)
        self._sessions.discard(task)

    async def _serve(self, exchange: Exchange, client: ClientSocket) -> None:
        try:
            await client.connected()
            await self._open(exchange, client)
        except ClientGone:
            pass
        except ApiError as error:
            await self._refuse(exchange, client, error)
        except Exception:  # the outermost frame: a bug of ours, told apart by its request id
            log.exception("%s: internal error", exchange.id)
            await self._refuse(exchange, client, ApiError(Cause.INTERNAL))

    async def _refuse(self, exchange: Exchange, client: ClientSocket, error: ApiError) -> None:
        site = exchange.site
        answer = self._relay.refusal(exchange, error)
        event = errors.event(error, site.contract, Dialect.REALTIME, site.language, exchange.id)
        with suppress(ClientGone):
            await client.refuse(answer, event)

    async def _open(self, exchange: Exchange, client: ClientSocket) -> None:
        """Everything that can be refused over plain HTTP, then the session."""
        exchange.site = site_of(exchange.snapshot, exchange.client.host)
        path = exchange.client.scope["path"]
        if _plain(path, exchange.site) != PATH:
            raise ApiError(Cause.NOT_FOUND, detail=path[:200])
        await self._relay.authenticate(exchange)
        exchange.model = exchange.query().get("model", "")[:200]
        if not exchange.model:
            raise ApiError(Cause.MISSING_PARAMETER, param="model", detail="model")
        first = exchange.call = await self._admit(exchange, None)
        try:
            line = await self._caller.open(first, is_beta=client.is_beta)
        except BaseException as error:
            await self._release(first, error)
            raise
        route = first.route = line.route
        context = Context(first.offer.context_tokens)
        conductor = self._relay.conductor
        turns = Turns(
            conductor.gate, context, first, lambda: self._admit(exchange, route), conductor.live
        )
        session = Session(
            exchange,
            client,
            line,
            context,
            turns,
            lambda error: self._count(exchange, error),
        )
        admission = first.admission
        headers = rate_headers(admission.rates if admission is not None else None)
        await session.run([(b"x-request-id", exchange.id.encode()), *headers])

    async def _admit(self, exchange: Exchange, route: Route | None) -> Call:
        """A Call for the next response. The key is looked at again: a socket can outlive it."""
        caller = await self._relay.authenticate(exchange)
        offer = self._relay.offer(exchange, caller, exchange.model)
        request_id = new_request_id() if route is not None else exchange.id
        call = _call(request_id, exchange, offer)
        if route is not None:
            call.route = route
            call.attempts.append(Attempt(route.upstream_id, SWITCHING, "", 0))
        await self._relay.ports.gate.admit(call)
        return call

    async def _release(self, call: Call, error: BaseException) -> None:
        """No session came of it."""
        call.is_settled = True
        if isinstance(error, ApiError):
            call.status = call.site.contract.status(error.cause)
            call.error_code = error.cause.value.code
        await self._relay.ports.gate.settle(call)

    def _count(self, exchange: Exchange, error: ApiError) -> None:
        exchange.call = None  # the one that opened the socket was admitted; this one was not
        self._relay.refusal(exchange, error)


def _call(request_id: str, exchange: Exchange, offer: Offer) -> Call:
    """One response's Call in its first state: it holds the first slice of its output."""
    caller = exchange.caller
    if caller is None:
        raise RuntimeError("an unauthenticated request must not get this far")
    return Call(
        request_id=request_id,
        endpoint=ENDPOINT,
        site=exchange.site,
        caller=caller,
        offer=offer,
        is_stream=True,
        measures=TOKENS,
        input_tokens_bound=0,
        input_tokens_guess=0,
        output_tokens_cap=min(OUTPUT_TOKENS_SLICE, offer.max_output_tokens),
        choices=1,
        is_clampable=True,
        admitted_at_ms=time.time_ns() // 1_000_000,
        started_at=asyncio.get_running_loop().time(),
        token_kinds=("audio_output",),
        ip=exchange.client.ip,
        ending=Ending.UPSTREAM_FAILED,
    )


def _plain(path: str, site: Site) -> str:
    """The path without the site's own prefix."""
    for alias in site.path_aliases:
        if path.startswith(alias + "/"):
            return "/v1" + path.removeprefix(alias)
    return path
