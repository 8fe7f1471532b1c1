"""Trying Routes until one answers. Fails over only while the client has got nothing."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import random

from relay.proxy import failures, passing, routing, sse
from relay.proxy.affinity import Affinity
from relay.proxy.errors import ApiError, Cause
from relay.proxy.failures import Blame, Failed
from relay.proxy.health import Health, Turn
from relay.proxy.request import NotAnAnswer, Reader, Request, Whole
from relay.proxy.routing import Selection
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
# Vectors are longer: 3,072 numbers (text-embedding-3-large) of 22 characters, for 2,048 inputs.
VECTOR_BYTES_MAX = 70_000
VECTORS_MAX = 2_048

_ANSWERED = frozenset({200, 201, 202})


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
    health: Health = field(default_factory=Health)
    affinity: Affinity = field(default_factory=Affinity)
    draw: Callable[[], float] = random

    async def open(self, call: Call, request: Request) -> Opened:
        """The first answer that a Route gives; sets `call.route`, `turn` and `attempts`.

        The caller gives the turn back (`close`). Raises ApiError when the request itself was
        refused, or no Route answered; then there is none to give back.
        """
        now = asyncio.get_running_loop().time
        routes = call.offer.routes if call.routes is None else call.routes
        last = self.affinity.find(call.affinity, now()) if call.affinity else routing.NOWHERE
        selection = Selection(routes, self.health, self.draw, last)
        failed: Failed | None = None
        tries_max = len(call.attempts) + (1 if call.is_single_try else routing.ATTEMPTS_MAX)
        while len(call.attempts) < tries_max:
            left_s = self.deadline_s - (now() - call.started_at)
            if left_s <= 0 or (route := selection.next(now())) is None:
                break
            started = now()
            turn = self.health.begin(route, started)
            try:
                opened = await self._attempt(route, call, request, left_s)
            except Failed as failure:
                failed = failure
                self.health.failed(turn, failure, now())
                _note(call, route, failure.status, failure.code, now() - started)
                if failure.final is not None:
                    passing.note(call, selection.passed_over, routes, route)
                    raise failure.final from None
                if failure.blame is not Blame.CREDENTIAL:
                    selection.spend(route.upstream_id)
                continue
            else:
                self.health.succeeded(turn, now())
                _note(call, route, 200, "", now() - started)
                call.route, call.turn = route, turn
                if call.affinity:
                    self.affinity.note(call.affinity, route, now())
                if selection.passed_over or call.offer.left_out or call.routes is not None:
                    passing.note(call, selection.passed_over, routes, route)
                return opened
            finally:
                if call.turn is not turn:
                    self.health.over(turn)
        passing.note(call, selection.passed_over, routes, None)
        raise self._given_up(call, routes, failed, now())

    def close(self, call: Call, opened: Opened, broken_by: str = "") -> None:
        """Let go of an answer, whole or not; `broken_by` is how the Upstream broke it off."""
        opened.response.close()
        turn: Turn | None = call.turn
        if turn is None:
            return
        call.turn = None
        if broken_by:
            self.health.broke(turn, broken_by, asyncio.get_running_loop().time())
        self.health.over(turn)

    def _given_up(
        self, call: Call, routes: tuple[Route, ...], failed: Failed | None, now: float
    ) -> ApiError:
        if failed is None or failed.cause is Cause.NO_UPSTREAM_AVAILABLE:
            wait_s = self.health.wait_s(routes, now)
            return ApiError(Cause.NO_UPSTREAM_AVAILABLE, retry_after_s=wait_s)
        return failed.error or ApiError(failed.cause)

    async def _attempt(self, route: Route, call: Call, request: Request, left_s: float) -> Opened:
        response = None
        try:
            sent = request.outgoing(route, _cap(call, request))
        except ApiError as error:  # another Upstream may be able to
            code = error.cause.value.code
            raise Failed(code, error=error, blame=Blame.NOBODY) from None
        try:
            async with asyncio.timeout(left_s):
                response = await self.client.request(
                    route.origin, sent.method, sent.path, sent.head, sent.body, self.timeouts
                )
                opened = await self._judge(route, request, response)
        except TimeoutError:
            # With little time left, the slowness was others'.
            blame = Blame.UPSTREAM if left_s * 2 >= self.deadline_s else Blame.NOBODY
            raise Failed("deadline", cause=Cause.UPSTREAM_TIMEOUT, blame=blame) from None
        except (FirstByteTimeout, ReadTimeout) as error:
            raise Failed(type(error).__name__, cause=Cause.UPSTREAM_TIMEOUT) from None
        except BodyTooLarge:  # asking elsewhere would only pay for as long an answer again
            final = ApiError(Cause.UPSTREAM_ERROR)
            raise Failed("BodyTooLarge", status=200, final=final, blame=Blame.NOBODY) from None
        except NotAnAnswer as error:
            raise Failed(str(error), status=200) from None
        except UpstreamError as error:
            raise failures.of_connection(error) from None
        else:
            response = None if opened.reader is not None else response
            return opened
        finally:
            if response is not None:
                response.close()

    async def _judge(self, route: Route, request: Request, response: UpstreamResponse) -> Opened:
        if response.status not in _ANSWERED:
            failure = await failures.of_response(response, request.spoken(route), time.time())
            if failure.final is not None and request.spoken(route) is not request.dialect:
                failure.final.param = None  # the upstream's spelling says nothing to this caller
            raise failure
        content_type = (response.header(b"content-type") or b"").lower()
        if not request.is_stream:
            body = await response.read(answer_bytes_max(request.demand.inputs))
            whole = request.whole(route, body, content_type)
            return Opened(response, content_type, whole=whole)
        reader = request.reader(route, content_type)
        head = await _until_output(reader, response)
        return Opened(response, content_type, head, reader)


def answer_bytes_max(inputs: int) -> int:
    """How long a whole answer to so many inputs may be."""
    return max(ANSWER_BYTES_MAX, min(inputs, VECTORS_MAX) * VECTOR_BYTES_MAX)


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
            raise Failed("error_event" if reader.has_error else "empty_stream", status=200)
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
