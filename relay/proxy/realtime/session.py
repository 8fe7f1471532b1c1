"""A session from the accepted socket to its close: events both ways, each response paid for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from relay.proxy import errors
from relay.proxy.answer_headers import Header
from relay.proxy.causes import Cause
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError
from relay.proxy.exchange import Exchange
from relay.proxy.realtime import client_socket, commands, server_events
from relay.proxy.realtime.client_socket import ClientGone, ClientSocket
from relay.proxy.realtime.context import Context
from relay.proxy.realtime.dialing import Line
from relay.proxy.realtime.turns import Turns
from relay.proxy.types import Ending
from relay.proxy.upstream.errors import ConnectionReset, UpstreamError

log = logging.getLogger(__name__)

# OpenAI ends a session after 60 minutes ("Realtime conversations", read 2026-11).
SESSION_S_MAX = 3_600.0
# What is over when it is refused: waiting a minute or sending another event does not help.
_WAITING_HELPS = frozenset({Cause.RATE_LIMIT, Cause.GATE_UNAVAILABLE})


class Session:
    """One client, one Upstream, and the Calls between them."""

    def __init__(
        self,
        exchange: Exchange,
        client: ClientSocket,
        line: Line,
        context: Context,
        turns: Turns,
        refused: Callable[[ApiError], object],
    ) -> None:
        self._exchange = exchange
        self._client = client
        self._line = line
        self._upstream = line.socket
        self._route = line.route
        self._context = context
        self._turns = turns
        self._refused = refused  # counts a refusal
        self._errors = 0

    async def run(self, headers: Sequence[Header]) -> None:
        """Accept, and serve until either side ends, the money does, or the relay stops.

        Everything is settled then.
        """
        ends: ApiError | None = None
        code, ending = client_socket.GOING_AWAY, Ending.CUT
        try:
            await self._client.accept(headers)
            ends, code, ending = await self._pumped()
        except asyncio.CancelledError:  # the drain time of a restart is over
            code = client_socket.RESTART
            raise
        finally:
            is_cut = ends is not None and ends.cause is Cause.STREAM_CUT
            await self._line.close("socket_closed" if is_cut else "")
            await self._turns.close(ending, ends.cause.value.code if ends else "")
            with suppress(ClientGone):
                if ends is not None:
                    await self._tell(ends)
                await self._client.close(code)

    async def _pumped(self) -> tuple[ApiError | None, int, Ending]:
        """Events both ways; why it ended: an error to tell, a close code, how Calls ended."""
        pumps = [
            asyncio.ensure_future(self._pump(each))
            for each in (self._from_client, self._from_upstream)
        ]
        try:
            done, _ = await asyncio.wait(
                pumps, timeout=SESSION_S_MAX, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        failures = [pump.exception() for pump in pumps if pump in done]
        return _why(next(iter(failures), None))

    async def _pump(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            await step()

    async def _from_client(self) -> None:
        message = await self._client.receive()
        if message is None:
            await self._tell(ApiError(Cause.INVALID_JSON))
            return
        event_id = None
        try:
            names = {"model": self._exchange.model, "upstream_model": self._route.name}
            command = commands.take(message, self._context, **names)
            event_id = command.event_id
            if command.type == "response.create":
                await self._turns.ask()
        except ApiError as error:
            self._refused(error)
            if error.cause not in _WAITING_HELPS and error.cause.value.status != 400:
                raise
            await self._tell(error, event_id or commands.event_id_of(message))
            return
        await self._upstream.send(command.message)

    async def _from_upstream(self) -> None:
        message = await self._upstream.receive()
        try:
            kind = server_events.type_of(message)
            if kind.endswith(".delta"):
                await self._delta(kind, message)
            elif kind == "response.created":
                await self._turns.begin(server_events.begun(message))
            elif kind == "response.done":
                await self._done(message)
                return
            elif kind == "error":
                self._turns.forget_asked()
                await self._tell(*server_events.refusal(message))
                return
            elif kind in ("session.created", "session.updated"):
                server_events.note_formats(message, self._context)
        except server_events.ODD as error:
            raise ConnectionReset("what came is no event", after_head=True) from error
        if kind not in server_events.HIDDEN:
            is_model_named = kind.startswith(("session.", "response.created"))
            await self._client.send(self._public(message) if is_model_named else message)

    async def _delta(self, kind: str, message: bytes) -> None:
        """A piece of an answer: paid for before it goes on."""
        if not kind.startswith("response."):
            return  # of a transcript of what came in
        text, sound = server_events.delta_tokens(kind, message, self._context)
        await self._turns.deliver(server_events.response_id(message), text, sound)

    async def _done(self, message: bytes) -> None:
        """A response has ended: it is charged first, then told; then the next one is prepared."""
        done = server_events.done(message)
        await self._turns.end(done.response_id, done.status, done.usage, done.has_usage)
        await self._client.send(self._public(done.message))
        try:
            await self._turns.prepare()
        except ApiError as error:
            if error.cause not in _WAITING_HELPS:
                self._refused(error)
                raise

    def _public(self, message: bytes) -> bytes:
        renaming = self._route.renaming
        return renaming.apply(message) if renaming is not None else message

    async def _tell(self, error: ApiError, client_event_id: str | None = None) -> None:
        """Send an `error` event in the words of the site's language."""
        self._errors += 1
        site = self._exchange.site
        event = errors.event(
            error,
            site.contract,
            Dialect.REALTIME,
            site.language,
            self._exchange.id,
            sequence_number=self._errors,
            client_event_id=client_event_id,
        )
        await self._client.send(event)


def _why(failure: BaseException | None) -> tuple[ApiError | None, int, Ending]:
    if failure is None:
        return None, client_socket.GOING_AWAY, Ending.CUT
    if isinstance(failure, ClientGone):
        return None, client_socket.NORMAL, Ending.CLIENT_LEFT
    if isinstance(failure, ApiError):
        return failure, client_socket.CLOSE_BASE + failure.cause.value.status, Ending.CUT
    if isinstance(failure, UpstreamError):
        return ApiError(Cause.STREAM_CUT), client_socket.INTERNAL, Ending.CUT
    log.error("a session broke", exc_info=failure)
    return ApiError(Cause.INTERNAL), client_socket.INTERNAL, Ending.CUT
