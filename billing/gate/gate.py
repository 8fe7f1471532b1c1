"""The hot side of the gate: admit, renew, settle, release, one Redis script each.

Never reads then writes, never retries, never guesses: no answer is `GateUnavailable`.
"""

from billing.gate import wire
from billing.gate.keys import epoch_key, hold_keys
from billing.gate.runner import ScriptRunner
from billing.gate.scripts import ADMIT, READING, RENEW, RESTORE, SETTLE
from billing.gate.types import (
    AdmitRequest,
    Admitted,
    Denied,
    HoldRef,
    Renewal,
    RenewRequest,
    RestoreRequest,
    Settlement,
    SettleRequest,
)

# A relay renews every 30 s: two renewals may be lost before the reaper takes the Hold.
HOLD_LIFETIME_MS = 90_000


class Gate:
    """Implements the relay's credit port. Safe for any number of coroutines of one event loop.

    `owner` names this relay process in its Holds. Every method raises `GateUnavailable` when
    Redis does not answer, `GateClosed` when the site's balances are not loaded, and ValueError
    for a figure that the scripts could not compute exactly.
    """

    __slots__ = ("_lifetime_ms", "_owner", "_runner")

    def __init__(
        self, runner: ScriptRunner, *, owner: str, hold_lifetime_ms: int = HOLD_LIFETIME_MS
    ) -> None:
        self._runner = runner
        self._owner = owner
        self._lifetime_ms = hold_lifetime_ms

    async def admit(self, request: AdmitRequest) -> Admitted | Denied:
        """Check every rule and place the Hold, or say which rule refused.

        Idempotent by request id: an admitted Call gets the same Hold again, taken once. After
        `GateUnavailable` the Hold may exist; the reaper ends it if nobody settles.
        """
        keys = hold_keys(request.hold)
        args = wire.admit_args(request, owner=self._owner, lifetime_ms=self._lifetime_ms)
        return wire.parse_admission(await self._runner.run(ADMIT, keys, args))

    async def renew(self, request: RenewRequest) -> Renewal:
        """Push the expiry, store the checkpoint and, if asked, grow the Hold."""
        keys = hold_keys(request.hold)
        args = wire.renew_args(request, lifetime_ms=self._lifetime_ms)
        return wire.parse_renewal(await self._runner.run(RENEW, keys, args))

    async def restore(self, request: RestoreRequest) -> Renewal:
        """Register a running Call's Hold again after Redis was lost and rebuilt. Idempotent.

        The Hold gets what the balance still has, up to what it was; settle writes off the rest.
        """
        keys = hold_keys(request.hold)
        args = wire.restore_args(request, owner=self._owner, lifetime_ms=self._lifetime_ms)
        return wire.parse_renewal(await self._runner.run(RESTORE, keys, args))

    async def settle(self, request: SettleRequest) -> Settlement:
        """End the Hold with its charge and append the usage event. Idempotent by request id.

        A Hold that expired uncharged, or that Redis has forgotten, is charged once as `late`.
        """
        keys = hold_keys(request.hold)
        args = wire.settle_args(request)
        return wire.parse_settlement(await self._runner.run(SETTLE, keys, args))

    async def read_epoch(self, site: str) -> str | None:
        """The epoch under which the site's gate is open, None while it is closed.

        Another epoch than before means that Redis lost the site's data and was loaded anew.
        """
        reply = await self._runner.run(READING, [epoch_key(site)], [])
        return reply[0].decode() or None

    async def release(
        self, hold: HoldRef, *, ending: str, event: bytes, tokens: int = 0
    ) -> Settlement:
        """End the Hold with no charge; the usage event is appended all the same."""
        keys = hold_keys(hold)
        args = wire.release_args(hold, tokens=tokens, ending=ending, event=event)
        return wire.parse_settlement(await self._runner.run(SETTLE, keys, args))
