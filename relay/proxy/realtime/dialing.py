"""From an admitted Call to an open session with one of its Routes; fails over until one answers."""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import quote

from relay.proxy import failures, passing, routing
from relay.proxy.attempts import Opener
from relay.proxy.causes import Cause
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError
from relay.proxy.failures import Blame, Failed
from relay.proxy.health import Health, Turn
from relay.proxy.passing import Skip
from relay.proxy.types import Attempt, Call, Route
from relay.proxy.upstream.errors import ConnectTimeout, UpstreamError
from relay.proxy.upstream.sockets import HandshakeRefused, SocketDialer, UpstreamSocket
from relay.proxy.wire import Kind

OPERATION = "realtime"
BETA_HEADER = ("OpenAI-Beta", "realtime=v1")
SWITCHING = 101  # RFC 9110: the handshake succeeded


@dataclass(frozen=True, slots=True)
class Line:
    """An open session with an Upstream, and the Opener's book of its health."""

    socket: UpstreamSocket
    route: Route
    turn: Turn
    health: Health

    async def close(self, broken_by: str = "") -> None:
        """Hang up; `broken_by` is how the Upstream did. Idempotent, never raises."""
        if broken_by:
            self.health.broke(self.turn, broken_by, asyncio.get_running_loop().time())
        self.health.over(self.turn)
        await self.socket.close()


@dataclass(frozen=True, slots=True)
class Caller:
    """How sessions are opened; one per relay process."""

    sockets: SocketDialer
    opener: Opener  # its knowledge of Upstreams, and its way to draw

    async def open(self, call: Call, *, is_beta: bool) -> Line:
        """The first session that a Route gives; notes every try in `call.attempts`.

        Raises ApiError when the session itself was refused, or no Route answered.
        """
        now, health = asyncio.get_running_loop().time, self.opener.health
        able = tuple(route for route in call.offer.routes if route.wire.has(OPERATION))
        if call.offer.routes and not able:
            model = call.offer.model_id
            raise ApiError(Cause.ENDPOINT_NOT_SUPPORTED, param="model", detail=model)
        selection = routing.Selection(able, health, self.opener.draw)
        failed: Failed | None = None
        while len(call.attempts) < routing.ATTEMPTS_MAX:
            if (route := selection.next(now())) is None:
                break
            started = now()
            turn = health.begin(route, started)
            try:
                socket = await self._connect(route, is_beta=is_beta)
            except Failed as failure:
                failed = failure
                health.failed(turn, failure, now())
                health.over(turn)
                _note(call, route, failure.status, failure.code, now() - started)
                if failure.final is not None:
                    passing.note(call, selection.passed_over, able, route, Skip.NOT_ABLE)
                    raise failure.final from None
                if failure.blame is not Blame.CREDENTIAL:
                    selection.spend(route.upstream_id)
            except BaseException:
                health.over(turn)
                raise
            else:
                health.succeeded(turn, now())
                _note(call, route, SWITCHING, "", now() - started)
                passing.note(call, selection.passed_over, able, route, Skip.NOT_ABLE)
                return Line(socket, route, turn, health)
        passing.note(call, selection.passed_over, able, None, Skip.NOT_ABLE)
        if failed is None or failed.cause is Cause.NO_UPSTREAM_AVAILABLE:
            wait_s = health.wait_s(able, now())
            raise ApiError(Cause.NO_UPSTREAM_AVAILABLE, retry_after_s=wait_s)
        raise ApiError(failed.cause)

    async def _connect(self, route: Route, *, is_beta: bool) -> UpstreamSocket:
        more = [BETA_HEADER] if is_beta else []
        try:
            return await self.sockets.connect(route.origin, path(route), route.wire.bare_head, more)
        except HandshakeRefused as refused:
            raise await failures.of_response(refused, Dialect.CHAT, time.time()) from None
        except ConnectTimeout as error:
            failure = failures.of_connection(error)
            failure.cause = Cause.UPSTREAM_TIMEOUT
            raise failure from None
        except UpstreamError as error:
            raise failures.of_connection(error) from None


def _note(call: Call, route: Route, status: int, code: str, latency_s: float) -> None:
    call.attempts.append(Attempt(route.upstream_id, status, code, int(latency_s * 1000)))


def path(route: Route) -> str:
    """Where a Route's sessions are opened, after the base path; the model is in the query.

    Azure: "GPT Realtime API via WebSockets", read 2026-11, takes OpenAI's own path below /openai.
    """
    name = quote(route.name, safe="")
    own = route.wire.quirks.paths.get(OPERATION)
    if own is None:
        own = "/v1/realtime" if route.wire.kind is Kind.AZURE else "/realtime"
    return own.replace("{name}", name) if "{name}" in own else f"{own}?model={name}"
