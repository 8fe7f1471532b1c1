"""Trying Routes until one answers. Fails over only while the client has got nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import random

from relay.proxy import routing, sse
from relay.proxy.dialects.faults import caller_fault
from relay.proxy.errors import ApiError, Cause
from relay.proxy.request import NotAnAnswer, Reader, Request, Whole
from relay.proxy.types import Attempt, Call, Route
from relay.proxy.upstream.errors import (
    BodyTooLarge,
    FirstByteTimeout,
    ReadTimeout,
    UpstreamError,
)
from relay.proxy.upstream.port import Timeouts, UpstreamClient, UpstreamResponse

# A non-streamed answer is read whole before it is sent on; text answers stay under 2 MB.
ANSWER_BYTES_MAX = 64_000_000
# An upstream's error body is only looked at for `code` and `param`.
ERROR_BYTES_MAX = 64_000

_ANSWERED = frozenset({200, 201, 202})
# The vendor's own judgement of the request: another Route would say the same.
_CALLER_FAULTS = frozenset({400, 413, 422})


class _Failed(Exception):
    """One attempt came to nothing; the next Route may be tried, but not where it is `final`."""

    def __init__(
        self,
        code: str,
        *,
        status: int = 0,
        cause: Cause = Cause.UPSTREAM_ERROR,
        final: ApiError | None = None,
        error: ApiError | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.cause = cause
        self.final = final
        self.error = error  # what to tell if nobody else does better


@dataclass(slots=True)
class Opened:
    """An answer that has begun, or is all there. `head` is what the client gets first."""

    response: UpstreamResponse
    content_type: bytes
    head: bytes = b""
    reader: Reader | None = None
    whole: Whole | None = None  # instead of a reader


@dataclass(slots=True)
class Opener:
    """Opens answers; one per relay process."""

    client: UpstreamClient
    timeouts: Timeouts
    deadline_s: float  # for all attempts of a Call together
    cooldowns: routing.Cooldowns = field(default_factory=routing.Cooldowns)
    draw: Callable[[], float] = random

    async def open(self, call: Call, request: Request) -> Opened:
        """The first answer that a Route gives; sets `call.route` and `call.attempts`.

        Raises ApiError when the request itself was refused, or no Route answered.
        """
        now = asyncio.get_running_loop().time
        cool = [r for r in call.offer.routes if self.cooldowns.is_cool(r.upstream_id, now())]
        failed: _Failed | None = None
        for route in routing.ordered(cool, self.draw):
            if len(call.attempts) >= routing.ATTEMPTS_MAX:
                break
            if any(attempt.upstream_id == route.upstream_id for attempt in call.attempts):
                continue  # it failed under another name of the model
            left_s = self.deadline_s - (now() - call.started_at)
            if left_s <= 0:
                break
            started = now()
            try:
                opened = await self._attempt(route, call, request, left_s)
            except _Failed as failure:
                failed = failure
                _note(call, route, failure.status, failure.code, now() - started)
                if failure.final is not None:
                    raise failure.final from None
                continue
            _note(call, route, 200, "", now() - started)
            call.route = route
            return opened
        raise self._given_up(call, failed, now())

    def _given_up(self, call: Call, failed: _Failed | None, now: float) -> ApiError:
        if failed is None or failed.cause is Cause.NO_UPSTREAM_AVAILABLE:
            wait_s = self.cooldowns.wait_s(call.offer.routes, now)
            return ApiError(Cause.NO_UPSTREAM_AVAILABLE, retry_after_s=wait_s)
        return failed.error or ApiError(failed.cause)

    async def _attempt(self, route: Route, call: Call, request: Request, left_s: float) -> Opened:
        response = None
        try:
            sent = request.outgoing(route, _cap(call, request))
        except ApiError as error:  # another Upstream may be able to
            raise _Failed(error.cause.value.code, error=error) from None
        try:
            async with asyncio.timeout(left_s):
                response = await self.client.request(
                    route.origin, sent.method, sent.path, sent.head, sent.body, self.timeouts
                )
                opened = await self._judge(route, request, response)
        except TimeoutError:
            raise _Failed("deadline", cause=Cause.UPSTREAM_TIMEOUT) from None
        except (FirstByteTimeout, ReadTimeout) as error:
            raise _Failed(type(error).__name__, cause=Cause.UPSTREAM_TIMEOUT) from None
        except BodyTooLarge:  # asking elsewhere would only pay for as long an answer again
            final = ApiError(Cause.UPSTREAM_ERROR)
            raise _Failed("BodyTooLarge", status=200, final=final) from None
        except NotAnAnswer as error:
            raise _Failed(str(error), status=200) from None
        except UpstreamError as error:
            raise _Failed(type(error).__name__) from None
        else:
            response = None if opened.reader is not None else response
            return opened
        finally:
            if response is not None:
                response.close()

    async def _judge(self, route: Route, request: Request, response: UpstreamResponse) -> Opened:
        if response.status not in _ANSWERED:
            await self._refused(route, request, response)
        content_type = (response.header(b"content-type") or b"").lower()
        if not request.is_stream:
            body = await response.read(ANSWER_BYTES_MAX)
            whole = request.whole(route, body, content_type)
            return Opened(response, content_type, whole=whole)
        reader = request.reader(route, content_type)
        head = await _until_output(reader, response)
        return Opened(response, content_type, head, reader)

    async def _refused(self, route: Route, request: Request, response: UpstreamResponse) -> None:
        status = response.status
        if status in _CALLER_FAULTS:
            dialect = request.spoken(route)
            error = caller_fault(dialect, await _error_bytes(response))
            if error is not None:
                if dialect is not request.dialect:
                    error.param = None  # the upstream's spelling says nothing to this caller
                raise _Failed(error.cause.value.code, status=status, final=error)
        if status in (429, 503):
            now = asyncio.get_running_loop().time()
            if (wait := _retry_after(response.header(b"retry-after"))) is not None:
                self.cooldowns.note(route.upstream_id, now=now, retry_after_s=wait)
            raise _Failed(f"status_{status}", status=status, cause=Cause.NO_UPSTREAM_AVAILABLE)
        raise _Failed(f"status_{status}", status=status)


async def _until_output(reader: Reader, response: UpstreamResponse) -> bytes:
    """What the client gets first: comments and empty frames wait for the first choice, so that a
    stream that comes to nothing can still fail over."""
    head = b""
    while not reader.has_output and len(head) < sse.FRAME_BYTES_MAX:
        chunk = await response.chunk()
        head += reader.feed(chunk)
        if reader.has_output:
            break
        if reader.has_error or reader.is_done or not chunk:
            raise _Failed("error_event" if reader.has_error else "empty_stream", status=200)
    return head


def _note(call: Call, route: Route, status: int, code: str, latency_s: float) -> None:
    call.attempts.append(Attempt(route.upstream_id, status, code, int(latency_s * 1000)))


def _cap(call: Call, request: Request) -> int | None:
    """The output cap to send, per choice; None leaves the caller's own.

    What is held was worked out from the model's own cap, so a caller can't ask for more than it.
    """
    if call.admission is not None and call.admission.is_clamped:
        return call.admission.output_tokens_cap // call.choices
    is_excessive = (request.demand.output_tokens_asked or 0) > call.offer.max_output_tokens
    return call.offer.max_output_tokens if is_excessive else None


def _retry_after(value: bytes | None) -> float | None:
    """Seconds; the HTTP-date form is rare enough to be left out (RFC 9110, 10.2.3)."""
    return float(value) if value is not None and value.isdigit() and len(value) < 7 else None


async def _error_bytes(response: UpstreamResponse) -> bytes:
    try:
        return await response.read(ERROR_BYTES_MAX)
    except BodyTooLarge:
        return b""  # a page rather than an error object: the status says enough
