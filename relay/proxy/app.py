"""The relay as an ASGI callable: who calls, may they, then hand over. Raw ASGI, no middleware."""

import asyncio
import logging
import time
from dataclasses import dataclass

from relay.proxy import chat_request, errors, model_list
from relay.proxy.attempts import Opener
from relay.proxy.calls import ENDPOINT, Conductor, new_call
from relay.proxy.client import Client, Receive, Scope, Send
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError, Cause
from relay.proxy.ports import CreditGate, KeyDirectory, RouteTable, UsageSink
from relay.proxy.request_ids import new_request_id
from relay.proxy.types import Call, Caller, Site, Snapshot, Standing

log = logging.getLogger(__name__)

# Acceptance parameter: a checkpoint a second for Calls that delivered something since.
TICK_S = 1.0
ENGLISH_ONLY = Site(id="", language="en")
_JSON = (b"content-type", b"application/json")
_CHAT_PATHS = frozenset({"/v1/chat/completions", "/compatible-mode/v1/chat/completions"})
_MODELS_PATHS = ("/v1/models", "/compatible-mode/v1/models")

_STANDING_CAUSES = {
    Standing.REVOKED: Cause.REVOKED_KEY,
    Standing.DISABLED: Cause.KEY_DISABLED,
    Standing.SUSPENDED: Cause.ORGANIZATION_SUSPENDED,
    Standing.FROZEN: Cause.ORGANIZATION_FROZEN,
}


@dataclass(frozen=True, slots=True)
class Ports:
    """What the composition root hands in."""

    keys: KeyDirectory
    routes: RouteTable
    gate: CreditGate
    sink: UsageSink


@dataclass(slots=True)
class _Request:
    """One request as it becomes known: filled in step by step, for the answer to an error."""

    id: str
    client: Client
    site: Site = ENGLISH_ONLY
    caller: Caller | None = None
    model: str = ""
    call: Call | None = None


class Relay:
    """Serves `/v1/…`. Call `start` before and `stop` after, from the lifespan."""

    def __init__(self, ports: Ports, opener: Opener, *, body_bytes_max: int) -> None:
        self._ports = ports
        self._conductor = Conductor(gate=ports.gate, opener=opener, live=set())
        self._body_bytes_max = body_bytes_max
        self._ticker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to renew the Holds of Calls under way."""
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Stop renewing; open Calls have ended by then."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for call in tuple(self._conductor.live):
                self._ports.gate.checkpoint(call)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _Request(new_request_id(), Client(scope, receive, send))
        try:
            await self._serve(request)
        except ApiError as error:
            await self._refuse(request, error)
        except ConnectionError:
            pass  # the client left before it had sent its request: nobody to answer
        except Exception:  # the outermost frame: a bug of ours, told apart by its request id
            log.exception("%s: internal error", request.id)
            await self._refuse(request, ApiError(Cause.INTERNAL))

    async def _serve(self, request: _Request) -> None:
        path, method = request.client.scope["path"], request.client.scope["method"]
        snapshot = self._ports.routes.snapshot()
        request.site = _site(snapshot, request.client.host)
        if path in _CHAT_PATHS:
            _require(method, "POST")
            await self._chat(request, snapshot)
        elif path.startswith(_MODELS_PATHS):
            _require(method, "GET", "HEAD")
            await self._models(request, snapshot, path)
        else:
            raise ApiError(Cause.NOT_FOUND, detail=f"{method} {path[:200]}")

    async def _chat(self, request: _Request, snapshot: Snapshot) -> None:
        caller = await self._authenticate(request)
        parsed = chat_request.parse(await request.client.body(self._body_bytes_max))
        request.model = parsed.model[:200]
        offer = model_list.find_offer(
            snapshot.offers_by_site.get(request.site.id, {}), caller, parsed.model
        )
        call = new_call(
            request_id=request.id, site=request.site, caller=caller, offer=offer, request=parsed
        )
        request.call = call
        await self._conductor.conduct(call, parsed, request.client)

    async def _models(self, request: _Request, snapshot: Snapshot, path: str) -> None:
        caller = await self._authenticate(request)
        offers = snapshot.offers_by_site.get(request.site.id, {})
        rest = path.partition("/v1/models")[2]
        if rest.strip("/"):
            if not rest.startswith("/"):
                raise ApiError(Cause.NOT_FOUND, detail=path[:200])
            body = model_list.single(offers, caller, rest[1:])
        else:
            body = model_list.listing(offers, caller)
        await request.client.answer(200, (_JSON, _id_header(request)), body)

    async def _authenticate(self, request: _Request) -> Caller:
        """The caller, in good standing on this site; raises ApiError otherwise."""
        secret = request.client.secret()
        if secret is None:
            raise ApiError(Cause.NO_KEY)
        caller = await self._ports.keys.find(secret)
        if caller is None or caller.site_id != request.site.id:
            raise ApiError(Cause.UNKNOWN_KEY)
        request.caller = caller
        if caller.standing is not Standing.ACTIVE:
            raise ApiError(_STANDING_CAUSES[caller.standing], rule=caller.standing.value)
        if caller.expires_at is not None and caller.expires_at <= time.time():
            raise ApiError(Cause.EXPIRED_KEY, rule="expired")
        return caller

    async def _refuse(self, request: _Request, error: ApiError) -> None:
        """Answer with the error and count it; after the first byte there is nothing to answer."""
        client, site = request.client, request.site
        admission = request.call.admission if request.call else None
        if admission is not None:
            error.rates = admission.rates
        status, headers, body = errors.answer(
            error, site.contract, Dialect.CHAT, site.language, request.id
        )
        if request.caller is not None and admission is None:
            self._ports.sink.refused(
                error,
                status=status,
                request_id=request.id,
                caller=request.caller,
                endpoint=ENDPOINT,
                model=request.model,
            )
        if not (client.has_left or client.is_started):
            await client.answer(status, headers, body)


def _site(snapshot: Snapshot, host: str) -> Site:
    site = snapshot.sites_by_host.get(host)
    if site is None:
        raise ApiError(Cause.MISDIRECTED)
    return site


def _require(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise ApiError(Cause.METHOD_NOT_ALLOWED, detail=", ".join(allowed))


def _id_header(request: _Request) -> tuple[bytes, bytes]:
    return (b"x-request-id", request.id.encode())
