"""Replays: answers by Idempotency-Key, in Redis for a day. One script for each step, so that of two
relays with the same key only one does the work."""

import asyncio
import logging
from typing import Any

import msgspec

from billing.gate.client import RedisClient
from billing.gate.errors import GateError
from billing.gate.keys import site_prefix
from billing.gate.scripts import Script
from relay.proxy.errors import ApiError, Cause
from relay.proxy.recording import KeptAnswer
from relay.proxy.replays import Claim, Found

log = logging.getLogger(__name__)

# A client tries again within seconds or after a night's outage (Stripe keeps 24 hours too).
KEPT_MS = 86_400_000
# A relay that died says nothing for so long: three of its signs of life.
CLAIM_MS = 30_000
# An answer that Redis could not take is offered again for a minute: longer than its claim lives.
OFFERS_MAX = 60
OFFER_PAUSE_S = 1.0

# KEYS 1 the key's hash. ARGV 1 digest 2 owner 3 claim ms. Returns {state} or {'kept', answer}.
CLAIM = Script(
    "replay_claim",
    """
local row = redis.call('HMGET', KEYS[1], 'state', 'digest', 'answer')
if not row[1] then
  redis.call('HSET', KEYS[1], 'state', 'running', 'digest', ARGV[1], 'owner', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {'yours'}
end
if row[2] ~= ARGV[1] then return {'other'} end
return {row[1], row[3] or ''}
""",
)
# KEYS 1 the key's hash. ARGV 1 owner 2 claim ms. Nothing where it is another's by now.
RENEW = Script(
    "replay_renew",
    """
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
""",
)
# KEYS 1 the key's hash. ARGV 1 digest 2 owner 3 state 4 answer 5 ms. It was charged, so it is kept
# even where the claim has run out; but never over what another has ended.
FINISH = Script(
    "replay_finish",
    """
local row = redis.call('HMGET', KEYS[1], 'state', 'owner')
if row[1] and row[1] ~= 'running' and row[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[3], 'digest', ARGV[1], 'owner', ARGV[2],
  'answer', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
""",
)
# KEYS 1 the key's hash. ARGV 1 owner.
ABANDON = Script(
    "replay_abandon",
    """
local row = redis.call('HMGET', KEYS[1], 'state', 'owner')
if row[1] == 'running' and row[2] == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
""",
)

_FOUND = {b"running": Found.RUNNING, b"other": Found.OTHER_REQUEST, b"not_kept": Found.NOT_KEPT}
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(KeptAnswer).decode


class RedisReplays:
    """Implements the proxy's Replays. One per process; `stop` from the lifespan."""

    def __init__(self, redis: RedisClient, *, claim_ms: int = CLAIM_MS) -> None:
        self._redis = redis
        self._claim_ms = claim_ms
        self._offers: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Stop offering what Redis has not taken, and let go of it."""
        for task in self._offers:
            task.cancel()
        await asyncio.gather(*self._offers, return_exceptions=True)
        await self._redis.close()

    async def claim(self, claim: Claim) -> Found | KeptAnswer | None:
        """See `Replays.claim`."""
        try:
            reply = await self._run(CLAIM, claim, claim.digest, claim.owner, self._claim_ms)
        except GateError:
            raise ApiError(Cause.GATE_UNAVAILABLE, retry_after_s=1) from None
        if reply[0] == b"yours":
            return None
        if reply[0] == b"kept":
            return _decode(reply[1])
        return _FOUND[reply[0]]

    async def renew(self, claim: Claim) -> None:
        """See `Replays.renew`."""
        await self._quietly(RENEW, claim, claim.owner, self._claim_ms)

    async def abandon(self, claim: Claim) -> None:
        """See `Replays.abandon`."""
        await self._quietly(ABANDON, claim, claim.owner)

    async def finish(self, claim: Claim, answer: KeptAnswer | None) -> None:
        """See `Replays.finish`. Returns when it is kept, or after one time-out: then it is offered
        again behind."""
        state, kept = ("kept", _encode(answer)) if answer is not None else ("not_kept", b"")
        words = (claim.digest, claim.owner, state, kept, KEPT_MS)
        if await self._quietly(FINISH, claim, *words):
            return
        task = asyncio.get_running_loop().create_task(self._offer(claim, words))
        self._offers.add(task)
        task.add_done_callback(self._offers.discard)

    async def _offer(self, claim: Claim, words: tuple[bytes | str | int, ...]) -> None:
        for _ in range(OFFERS_MAX):
            await asyncio.sleep(OFFER_PAUSE_S)
            if await self._quietly(FINISH, claim, *words):
                return
        log.error("%s: its answer could not be kept for a retry", claim.owner)

    async def _quietly(self, script: Script, claim: Claim, *words: bytes | str | int) -> bool:
        try:
            await self._run(script, claim, *words)
        except GateError as error:
            log.warning("%s: %s: %s", claim.owner, script.name, error)
            return False
        return True

    async def _run(self, script: Script, claim: Claim, *words: bytes | str | int) -> Any:
        key = f"{site_prefix(claim.site)}replay:{claim.name}"
        return await self._redis.run(script, [key], words)
