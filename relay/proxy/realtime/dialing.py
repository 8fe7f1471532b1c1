"""From an admitted Call to an open session with one of its Routes; fails over until one answers."""

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from relay.proxy import routing
from relay.proxy.attempts import Opener
from relay.proxy.causes import Cause
from relay.proxy.dialect import Dialect
from relay.proxy.dialects.faults import caller_fault
from relay.proxy.errors import ApiError
from relay.proxy.types import Attempt, Call, Route
from relay.proxy.upstream.errors import ConnectTimeout, UpstreamError
from relay.proxy.upstream.sockets import HandshakeRefused, SocketDialer, UpstreamSocket
from relay.proxy.wire import Kind

OPERATION = "realtime"
BETA_HEADER = ("OpenAI-Beta", "realtime=v1")
_CALLER_FAULTS = frozenset({400, 413, 422})
_BUSY = frozenset({429, 503})
# A digit more than a day in seconds.
_RETRY_AFTER_CHARS_MAX = 6


@dataclass(frozen=True, slots=True)
class Caller:
    """How sessions are opened; one per relay process."""

    sockets: SocketDialer
    opener: Opener  # its cooldowns, and its way to draw

    async def open(self, call: Call, *, is_beta: bool) -> tuple[UpstreamSocket, Route]:
        """The first session that a Route gives; notes every try in `call.attempts`.

        Raises ApiError when the session itself was refused, or no Route answered.
        """
        now = asyncio.get_running_loop().time
        able = [route for route in call.offer.routes if route.wire.has(OPERATION)]
        if call.offer.routes and not able:
            model = call.offer.model_id
            raise ApiError(Cause.ENDPOINT_NOT_SUPPORTED, param="model", detail=model)
        cool = [r for r in able if self.opener.cooldowns.is_cool(r.upstream_id, now())]
        error = ApiError(Cause.NO_UPSTREAM_AVAILABLE)
        for route in routing.ordered(cool, self.opener.draw):
            tried = {attempt.upstream_id for attempt in call.attempts}
            if route.upstream_id in tried or len(tried) >= routing.ATTEMPTS_MAX:
                continue
            started, status, code = now(), 0, ""
            try:
                more = [BETA_HEADER] if is_beta else []
                wire = route.wire
                socket = await self.sockets.connect(route.origin, path(route), wire.bare_head, more)
                status = 101
                return socket, route
            except HandshakeRefused as refused:
                status, code = refused.status, f"status_{refused.status}"
                error = self._refused(route, refused, now())
                if refused.status in _CALLER_FAULTS and error.cause is not Cause.UPSTREAM_ERROR:
                    raise error from None
            except UpstreamError as failure:
                code = type(failure).__name__
                is_late = isinstance(failure, ConnectTimeout)
                error = ApiError(Cause.UPSTREAM_TIMEOUT if is_late else Cause.UPSTREAM_ERROR)
            finally:
                latency_ms = int((now() - started) * 1000)
                call.attempts.append(Attempt(route.upstream_id, status, code, latency_ms))
        if error.cause is Cause.NO_UPSTREAM_AVAILABLE:
            error.retry_after_s = self.opener.cooldowns.wait_s(able, now())
        raise error

    def _refused(self, route: Route, refused: HandshakeRefused, now: float) -> ApiError:
        if refused.status in _CALLER_FAULTS:
            return caller_fault(Dialect.CHAT, refused.body) or ApiError(Cause.UPSTREAM_ERROR)
        if refused.status not in _BUSY:
            return ApiError(Cause.UPSTREAM_ERROR)
        wait = refused.retry_after or ""
        if wait.isdigit() and len(wait) <= _RETRY_AFTER_CHARS_MAX:
            self.opener.cooldowns.note(route.upstream_id, now=now, retry_after_s=float(wait))
        return ApiError(Cause.NO_UPSTREAM_AVAILABLE)


def path(route: Route) -> str:
    """Where a Route's sessions are opened, after the base path; the model is in the query.

    Azure: "GPT Realtime API via WebSockets", read 2026-11, takes OpenAI's own path below /openai.
    """
    name = quote(route.name, safe="")
    own = route.wire.quirks.paths.get(OPERATION)
    if own is None:
        own = "/v1/realtime" if route.wire.kind is Kind.AZURE else "/realtime"
    return own.replace("{name}", name) if "{name}" in own else f"{own}?model={name}"
