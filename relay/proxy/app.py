"""The relay as an ASGI callable: who calls, may they, then hand over. Raw ASGI, no middleware."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from relay.proxy import cors, errors, model_list, paths, permits, replays
from relay.proxy.account import Accounts
from relay.proxy.attempts import Opener
from relay.proxy.calls import Conductor, new_call
from relay.proxy.client import Client, Receive, Scope, Send
from relay.proxy.endpoints import table
from relay.proxy.errors import ApiError, Cause
from relay.proxy.exchange import Exchange
from relay.proxy.fallbacks import Fallback
from relay.proxy.owned import Owned
from relay.proxy.ports import CreditGate, KeyDirectory, ObjectDirectory, RouteTable, UsageSink
from relay.proxy.replays import Replays
from relay.proxy.request import Request
from relay.proxy.request_ids import new_request_id
from relay.proxy.types import Caller, Offer, Site, Snapshot, Standing
from relay.proxy.wishes import arrange

log = logging.getLogger(__name__)

# Acceptance parameter: a checkpoint a second for Calls that delivered something since.
TICK_S = 1.0

_STANDING_CAUSES = {
    Standing.REVOKED: Cause.REVOKED_KEY,
    Standing.DISABLED: Cause.KEY_DISABLED,
    Standing.SUSPENDED: Cause.ORGANIZATION_SUSPENDED,
    Standing.SITE_SUSPENDED: Cause.SITE_SUSPENDED,
    Standing.FROZEN: Cause.ORGANIZATION_FROZEN,
}


@dataclass(frozen=True, slots=True)
class Ports:
    """What the composition root hands in."""

    keys: KeyDirectory
    routes: RouteTable
    gate: CreditGate
    sink: UsageSink
    objects: ObjectDirectory
    replays: Replays
    accounts: Accounts


class Relay:
    """Serves `/v1/…`. Call `start` before and `stop` after, from the lifespan."""

    def __init__(
        self, ports: Ports, opener: Opener, *, body_bytes_max: int, upload_bytes_max: int
    ) -> None:
        self._ports = ports
        self._conductor = Conductor(
            gate=ports.gate, objects=ports.objects, opener=opener, live=set()
        )
        self.objects, self.accounts = ports.objects, ports.accounts
        self.owned = Owned(ports.objects, opener.client, opener.timeouts)
        self._body_bytes_max = body_bytes_max
        self._upload_bytes_max = upload_bytes_max
        self._paths = table.paths()
        self._ticker: asyncio.Task[None] | None = None

    @property
    def ports(self) -> Ports:
        """What it was given."""
        return self._ports

    @property
    def conductor(self) -> Conductor:
        """What leads its Calls; shared with the Realtime door."""
        return self._conductor

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
            self._conductor.keep_alive(asyncio.get_running_loop().time())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(
            new_request_id(),
            Client(scope, receive, send),
            self._ports.routes.snapshot(),
            self._body_bytes_max,
            upload_bytes_max=self._upload_bytes_max,
        )
        try:
            await self._serve(exchange)
        except ApiError as error:
            await self._refuse(exchange, error)
        except ConnectionError:
            pass  # the client left before it had sent its request: nobody to answer
        except Exception:  # the outermost frame: a bug of ours, told apart by its request id
            log.exception("%s: internal error", exchange.id)
            await self._refuse(exchange, ApiError(Cause.INTERNAL))

    async def _serve(self, exchange: Exchange) -> None:
        path, method = exchange.client.scope["path"], exchange.client.scope["method"]
        exchange.dialect = paths.dialect_of(path)
        exchange.site = site_of(exchange.snapshot, exchange.client.host)
        if exchange.site.cors_origins or method == "OPTIONS":
            exchange.client.every_answer = cors.response_headers(
                exchange.site.cors_origins, exchange.client.headers
            )
            if method == "OPTIONS":
                await self._options(exchange, path)
                return
        endpoint, exchange.params = self._paths.find(method, path, exchange.site.path_aliases)
        exchange.endpoint, exchange.dialect = endpoint.name, endpoint.dialect
        await endpoint.serve(self, exchange)

    async def _options(self, exchange: Exchange, path: str) -> None:
        """A browser's preflight, or the question of what a path can do; neither needs a key."""
        client, origins = exchange.client, exchange.site.cors_origins
        if origins and cors.is_preflight("OPTIONS", client.headers):
            client.every_answer = ()
            status, headers = cors.preflight(origins, client.headers)
        else:
            status, headers = (
                204,
                [
                    (
                        b"allow",
                        ", ".join(self._paths.methods(path, exchange.site.path_aliases)).encode(),
                    )
                ],
            )
        await client.start(status, [*headers, (b"x-request-id", exchange.id.encode())])
        await client.write(b"", is_last=True)

    async def conduct(
        self, exchange: Exchange, request: Request, further: Sequence[Request] = ()
    ) -> None:
        """Lead a request of an authenticated caller through gate, Routes and stream; `further`
        put it to other models, in case that it comes to nothing. Under an `Idempotency-Key` it is
        done once."""
        if replays.asked_for(exchange):
            work = partial(self._conduct, exchange, request, further)
            await replays.once(self._ports.replays, exchange, work)
        else:
            await self._conduct(exchange, request, further)

    async def _conduct(
        self, exchange: Exchange, request: Request, further: Sequence[Request]
    ) -> None:
        caller = exchange.caller
        if caller is None:
            raise RuntimeError("an unauthenticated request must not get this far")
        exchange.model = request.model[:200]
        offer = self.offer(exchange, caller, request.model)
        call = exchange.call = new_call(
            request_id=exchange.id, site=exchange.site, caller=caller, offer=offer, request=request
        )
        call.ip = exchange.client.ip
        fallbacks = [
            Fallback(each, asked, each.routes)
            for asked in further
            for each in (self.offer(exchange, caller, asked.model),)
        ]
        fallbacks = arrange(exchange, call, fallbacks)
        await self._conductor.conduct(call, request, exchange.client, fallbacks)

    def offer(self, exchange: Exchange, caller: Caller, model: str) -> Offer:
        """What the site sells under this name; ApiError: it does not, or not to this key."""
        return model_list.find_offer(
            exchange.offers, caller, model, exchange.aliases, exchange.retired
        )

    async def authenticate(self, exchange: Exchange) -> Caller:
        """The caller, in good standing on this site; raises ApiError otherwise."""
        secret = exchange.client.secret()
        if secret is None:
            raise ApiError(Cause.NO_KEY)
        caller = await self._ports.keys.find(secret)
        if caller is None or caller.site_id != exchange.site.id:
            raise ApiError(Cause.UNKNOWN_KEY)
        exchange.caller = caller
        if caller.standing is not Standing.ACTIVE:
            raise ApiError(_STANDING_CAUSES[caller.standing], rule=caller.standing.value)
        if caller.expires_at is not None and caller.expires_at <= time.time():
            raise ApiError(Cause.EXPIRED_KEY, rule="expired")
        permits.check(caller, endpoint=exchange.endpoint, ip=exchange.client.ip)
        return caller

    def refusal(self, exchange: Exchange, error: ApiError) -> errors.Answer:
        """The error as an HTTP answer; counts it where nothing was admitted."""
        site = exchange.site
        admission = exchange.call.admission if exchange.call else None
        if admission is not None:
            error.rates = admission.rates
        answer = errors.answer(error, site.contract, exchange.dialect, site.language, exchange.id)
        if exchange.caller is not None and admission is None:
            self._ports.sink.refused(
                error,
                status=answer.status,
                request_id=exchange.id,
                caller=exchange.caller,
                endpoint=exchange.endpoint,
                model=exchange.model,
            )
        return answer

    async def _refuse(self, exchange: Exchange, error: ApiError) -> None:
        """Answer with the error; after the first byte there is nothing to answer."""
        client, answer = exchange.client, self.refusal(exchange, error)
        if not (client.has_left or client.is_started):
            await client.answer(*answer)


def site_of(snapshot: Snapshot, host: str) -> Site:
    """The site of a Host header. Raises ApiError for none of ours."""
    site = snapshot.sites_by_host.get(host)
    if site is None:
        raise ApiError(Cause.MISDIRECTED)
    return site
