"""One Call from the admitted request to the settled end.

Whatever happens in between, a Call that was admitted is settled exactly once, and the debit comes
before the last byte.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from relay.proxy import metering
from relay.proxy.answer_headers import rate_headers, request_id_headers
from relay.proxy.attempts import Opened, Opener
from relay.proxy.client import Client
from relay.proxy.errors import ApiError, Cause
from relay.proxy.fallbacks import Fallback, figures, open_first
from relay.proxy.objects import Job
from relay.proxy.ports import CreditGate, ObjectDirectory
from relay.proxy.request import Reader, Request, Whole
from relay.proxy.types import Call, Caller, Ending, Offer, Site
from relay.proxy.upstream.errors import UpstreamError
from relay.proxy.upstream.port import UpstreamResponse

log = logging.getLogger(__name__)

# A checkpoint is written after so many tokens, or a second (the Relay's ticker), at the latest.
CHECKPOINT_TOKENS = 64
# An upstream's end of body follows its `[DONE]` at once; a new connection costs less than a wait.
RUN_OUT_S = 0.2


@dataclass(slots=True)
class Conductor:
    """Leads Calls through the gate, the Routes and the stream; one per relay process."""

    gate: CreditGate
    objects: ObjectDirectory
    opener: Opener
    live: set[Call]  # Calls under way, for the ticker that renews their Holds
    # Event streams under way, for comments while they are silent.
    streams: dict[Call, tuple[Client, Reader]] = field(default_factory=dict)

    async def conduct(
        self, call: Call, request: Request, client: Client, fallbacks: Sequence[Fallback] = ()
    ) -> None:
        """Serve `call`, by a fallback's model if need be.

        Raises ApiError while nothing was sent; the Hold is ended then too.
        """
        await self.gate.admit(call)
        self.live.add(call)
        client.watch()
        try:
            request, opened = await open_first(self.gate, self.opener, call, request, fallbacks)
            try:
                await self._relay(call, request, opened, client)
            finally:
                self.opener.close(call, opened)
        except asyncio.CancelledError:
            await self._left(call, client)
        except ApiError as error:
            client.unwatch()
            call.status = call.site.contract.status(error.cause)
            call.error_code = error.cause.value.code
            raise
        except Exception:
            call.status, call.error_code = call.status or 500, Cause.INTERNAL.value.code
            raise
        finally:
            client.unwatch()
            self.live.discard(call)
            if not call.is_settled:
                call.usage = metering.delivered(call)
                await self.settle(call)

    def keep_alive(self, now: float) -> None:
        """Let the clients of silent streams hear of us, but never inside a frame."""
        for client, reader in tuple(self.streams.values()):
            if not reader.has_overlong:
                client.keep_alive(now)

    async def settle(self, call: Call) -> None:
        """End the Hold; the Call's figures are final."""
        call.is_settled = True
        await self.gate.settle(call)

    async def _relay(self, call: Call, request: Request, opened: Opened, client: Client) -> None:
        call.first_byte_ms = call.elapsed_ms()
        if opened.reader is not None:
            await self._stream(call, request, opened, opened.reader, client)
        elif opened.whole is not None:
            await self._whole(call, opened.whole, client)

    async def _whole(self, call: Call, whole: Whole, client: Client) -> None:
        """The answer in one piece: metered, settled, sent."""
        client.unwatch()
        if whole.job is not None:
            await self._job(call, whole, whole.job, client)
            return
        if not call.is_free:
            call.usage = metering.of_answer(call, whole)
        call.ending, call.status = Ending.COMPLETED, 200
        await self.settle(call)
        await client.answer(200, (*whole.headers, *answer_headers(call)), whole.body)

    async def _job(self, call: Call, whole: Whole, job: Job, client: Client) -> None:
        """What the Call made is in the making: the answer goes out, the Hold lives on with it."""
        call.ending, call.status = Ending.COMPLETED, 200
        try:
            await self.objects.begin(call, job)
        except BaseException:
            call.ending = Ending.UPSTREAM_FAILED  # nobody will ever find it: nobody pays
            raise
        call.is_settled = True
        self.gate.let_go(call)
        await client.answer(200, (*whole.headers, *answer_headers(call)), whole.body)

    async def _stream(
        self, call: Call, request: Request, opened: Opened, reader: Reader, client: Client
    ) -> None:
        call.status, call.ending = 200, Ending.CUT
        call.is_started = True
        head = request.stream_headers(opened.content_type)
        await client.start(200, (*head, *answer_headers(call)))
        failure: UpstreamError | ApiError | None = None
        if any(name == b"content-type" and b"event-stream" in value for name, value in head):
            self.streams[call] = client, reader
        try:
            await self._pump(call, opened, reader, client)
        except (UpstreamError, ApiError) as error:
            failure = error
        finally:
            self.streams.pop(call, None)
        client.unwatch()
        last: bytes | None
        if failure is None and reader.is_complete:
            call.usage = metering.of_stream(call, reader.usage, is_whole=True)
            call.ending = Ending.COMPLETED
            last = metering.with_public_model(call, reader.last)
        else:
            broken_by = "" if isinstance(failure, ApiError) else _how(failure)
            self.opener.close(call, opened, broken_by)
            last = _cut_short(call, request, reader, failure)
        await self.settle(call)
        if last is not None:  # else the connection is cut: the body's framing tells
            await client.write(last, is_last=True)
        if call.ending is Ending.COMPLETED:
            await _run_out(opened.response)

    async def _pump(self, call: Call, opened: Opened, reader: Reader, client: Client) -> None:
        """Chunks as they come. The next one is asked for when the client has taken this one."""
        # An answer may have begun with nothing for the client yet: an empty head is no end.
        ready, is_over = opened.head, False
        while not (is_over or reader.is_done or reader.has_error):
            if ready:
                await self._deliver(call, ready, reader.delivered_tokens, client)
                if call.delivered_tokens - call.noted_tokens >= CHECKPOINT_TOKENS:
                    self.gate.checkpoint(call)
            chunk = await opened.response.chunk()
            ready, is_over = reader.feed(chunk), not chunk
        if ready:
            await self._deliver(call, ready, reader.delivered_tokens, client)

    async def _deliver(self, call: Call, ready: bytes, tokens: int, client: Client) -> None:
        """Hand on what makes `tokens` of output in all; raises ApiError where nobody pays them."""
        if tokens > call.covered_tokens:
            await self.gate.extend(call, tokens)
        await client.write(metering.with_public_model(call, ready))
        call.delivered_tokens = tokens

    async def _left(self, call: Call, client: Client) -> None:
        """The task was cancelled: by the client's leaving, or from outside (a forced shutdown)."""
        if not client.has_left:
            call.ending = Ending.CUT if call.is_started else Ending.UPSTREAM_FAILED
            raise asyncio.CancelledError
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        call.ending = Ending.CLIENT_LEFT


async def _run_out(response: UpstreamResponse) -> None:
    """Read to the body's end, which often comes apart from `[DONE]`: then the connection lives."""
    with suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(RUN_OUT_S):
            while await response.chunk():
                pass


def answer_headers(call: Call) -> list[tuple[bytes, bytes]]:
    """What every inference answer carries; says so where we had to lower the output cap."""
    headers = request_id_headers(call.request_id, call.dialect)
    if call.admission is not None:
        headers += rate_headers(call.admission.rates)
        if call.admission.is_clamped:
            headers.append((b"x-output-tokens-capped", b"%d" % call.admission.output_tokens_cap))
    return headers


def new_call(
    *, request_id: str, site: Site, caller: Caller, offer: Offer, request: Request
) -> Call:
    """A Call in its first state: nothing held, nothing sent."""
    demand = request.demand
    return Call(
        request_id=request_id,
        endpoint=request.endpoint,
        dialect=request.dialect,
        site=site,
        caller=caller,
        is_stream=request.is_stream,
        measures=demand.measures,
        is_free=demand.is_free,
        choices=demand.choices,
        is_clampable=demand.generates and demand.output_tokens_asked is None,
        admitted_at_ms=time.time_ns() // 1_000_000,
        started_at=asyncio.get_running_loop().time(),
        units=demand.units,
        units_guess=demand.units if demand.units_guess is None else demand.units_guess,
        token_kinds=demand.token_kinds,
        **figures(offer, demand),
    )


def _how(failure: UpstreamError | ApiError | None) -> str:
    return type(failure).__name__ if failure is not None else "incomplete"


def _cut_short(
    call: Call, request: Request, reader: Reader, failure: UpstreamError | ApiError | None
) -> bytes | None:
    """Note that the stream ends early, and what to send last: an error, and no false end.

    A Call that outgrew its money pays by our own count, which its Hold covers.
    """
    if isinstance(failure, ApiError):
        error, given = failure, None
    else:
        error, given = ApiError(Cause.STREAM_CUT), reader.usage
    call.usage = metering.of_stream(call, given, is_whole=False)
    call.ending, call.error_code = Ending.CUT, error.cause.value.code
    why = _how(failure)
    log.info("%s: %s of %s cut: %s", call.request_id, call.error_code, call.upstream_id, why)
    frame = request.failure(error, reader, call.site, call.request_id)
    # set apart from whatever half frame the client may hold
    return b"\n\n" + frame if frame is not None and reader.has_overlong else frame
