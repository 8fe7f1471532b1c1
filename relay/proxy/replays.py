"""`Idempotency-Key`: a request that was answered and charged once is answered again from what was
kept, never done again. Where answers are kept is an adapter's business.

A key is scoped to organization, API key and endpoint. Kept is what was charged; what cost nothing
may be tried again under the same key. As Stripe and the IETF draft "The Idempotency-Key HTTP Header
Field" have it, read 2026-11.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from relay.proxy.answer_headers import Header
from relay.proxy.client import Client
from relay.proxy.dialects.decoding import wrong
from relay.proxy.errors import ApiError, Cause
from relay.proxy.exchange import Exchange
from relay.proxy.recording import HEADER, KeptAnswer, Recording
from relay.proxy.types import Call, Ending

REPLAYED: Header = (b"idempotency-replayed", b"true")
# Vendors' own bound (Stripe), and more than a UUID needs.
KEY_CHARS_MAX = 255
# How often a running request says that it lives; its claim ends some time after the last word.
RENEW_S = 10.0
RETRY_AFTER_S = 1

_KEY = re.compile(rb"[!-~]{1,%d}" % KEY_CHARS_MAX)


class Found(Enum):
    """Why a key cannot be used now."""

    RUNNING = auto()
    OTHER_REQUEST = auto()
    NOT_KEPT = auto()


@dataclass(frozen=True, slots=True)
class Claim:
    """A key, and who has it: `owner` is the request that works under it now."""

    name: str
    digest: bytes
    owner: str
    site: str


class Replays(Protocol):
    """Answers by key. All but `finish` and `renew` raise ApiError(GATE_UNAVAILABLE)."""

    async def claim(self, claim: Claim) -> Found | KeptAnswer | None:
        """Take the key for a request; None: it is yours until `finish`, or until you fall
        silent."""
        ...

    async def renew(self, claim: Claim) -> None:
        """The request is still under way. Never raises."""
        ...

    async def finish(self, claim: Claim, answer: KeptAnswer | None) -> None:
        """It was charged: keep its answer; None: that it has one which cannot be repeated. Never
        raises."""
        ...

    async def abandon(self, claim: Claim) -> None:
        """It cost nothing: whoever comes next may try. Never raises."""
        ...


def asked_for(exchange: Exchange) -> bool:
    """Whether the caller sent a key. Raises ApiError for one that is none."""
    key = exchange.client.headers.get(HEADER)
    if key is None:
        return False
    if not _KEY.fullmatch(key.strip()):
        raise wrong("Idempotency-Key", f"must be 1 to {KEY_CHARS_MAX} visible ASCII characters")
    return True


async def once(store: Replays, exchange: Exchange, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work, or answer what it answered before. Raises what `work` raises, and ApiError."""
    claim = _claim(exchange)
    found = await store.claim(claim)
    if isinstance(found, KeptAnswer):
        await _repeat(exchange.client, found)
        return
    if found is not None:
        raise _refusal(found)
    ended = False

    async def end() -> None:
        nonlocal ended
        if ended:
            return
        ended = True
        await _end(store, claim, exchange.call, recording)

    recording = exchange.client.recording = Recording(end)
    renewing = asyncio.create_task(_renew(store, claim))
    try:
        await work()
    finally:
        exchange.client.recording = None
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await asyncio.shield(asyncio.ensure_future(end()))


async def _end(store: Replays, claim: Claim, call: Call | None, recording: Recording) -> None:
    """Keep what was charged."""
    if call is None or call.admission is None:
        await store.abandon(claim)
    elif call.is_settled and call.ending is Ending.COMPLETED:
        await store.finish(claim, recording.answer)
    elif call.usage is not None:  # some of it was delivered, and paid
        await store.finish(claim, None)
    else:
        await store.abandon(claim)


async def _renew(store: Replays, claim: Claim) -> None:
    while True:
        await asyncio.sleep(RENEW_S)
        await store.renew(claim)


async def _repeat(client: Client, kept: KeptAnswer) -> None:
    await client.start(kept.status, (*kept.headers, REPLAYED))
    await client.write(kept.body, is_last=True)


def _refusal(found: Found) -> ApiError:
    if found is Found.OTHER_REQUEST:
        return ApiError(Cause.IDEMPOTENCY_MISMATCH, param="Idempotency-Key")
    if found is Found.NOT_KEPT:
        return ApiError(Cause.IDEMPOTENCY_NOT_KEPT, param="Idempotency-Key")
    cause = Cause.IDEMPOTENCY_CONFLICT
    return ApiError(cause, param="Idempotency-Key", retry_after_s=RETRY_AFTER_S)


def _claim(exchange: Exchange) -> Claim:
    client, caller = exchange.client, exchange.caller
    if caller is None or client.fingerprint is None:
        raise RuntimeError("a key counts once its owner and its body are known")
    key = client.headers[HEADER].strip()
    scope = (caller.organization_id, caller.key_id, exchange.endpoint)
    name = hashlib.sha256(b"\0".join([*(part.encode() for part in scope), key])).hexdigest()
    about = client.scope["path"].encode() + b"?" + client.scope.get("query_string", b"")
    return Claim(name, client.fingerprint.digest(about), exchange.id, caller.site_id)
