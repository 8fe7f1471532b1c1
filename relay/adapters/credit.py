"""CreditGate: what a Call may cost, then what it did, by way of the gate's scripts.

Prices are known here and not in the proxy. While Redis is away nothing is admitted; what was
admitted goes on, and what Redis lost is given back to it (`unposted`, `losses`).
"""

import asyncio
import logging
from collections.abc import Callable

from msgspec.structs import replace

from billing.gate.errors import GateError, GateUnavailable, HoldTooLarge
from billing.gate.gate import HOLD_LIFETIME_MS, Gate
from billing.gate.types import (
    Denied,
    HoldState,
    Renewal,
    RenewRequest,
    RestoreRequest,
    SettleRequest,
)
from relay.adapters import usage_events
from relay.adapters.admissions import (
    admit_request,
    cause_of,
    covered_tokens,
    denial,
    hold_nanos_of,
    hold_of,
    nanos_to_cover,
    note_admitted,
    note_switched,
)
from relay.adapters.losses import LossWatch
from relay.adapters.unposted import FindPosted, UnpostedUsage
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Call

log = logging.getLogger(__name__)

# By how much output a Hold grows at once: some seconds of a fast model, so that few Calls ask
# often, and little enough that a balance is not tied up by what may never come.
GROWTH_TOKENS = 1_024


class GateCredit:
    """Implements the proxy's CreditGate. One per process; `start` and `stop` from the lifespan."""

    def __init__(
        self,
        gate: Gate,
        *,
        connections_made: Callable[[], int],
        find_posted: FindPosted,
        hold_lifetime_ms: int = HOLD_LIFETIME_MS,
    ) -> None:
        self._gate = gate
        self._renew_s = hold_lifetime_ms / 3_000  # two renewals may be lost
        self._live: dict[str, Call] = {}
        self._renewing: dict[str, asyncio.Task[None]] = {}
        self._unposted = UnpostedUsage(gate, find_posted)
        self._losses = LossWatch(gate, connections_made=connections_made, on_loss=self._give_back)

    async def start(self) -> None:
        """Begin to look after what Redis may lose."""
        await self._unposted.start()
        await self._losses.start()

    async def stop(self) -> None:
        """Wait until every settle got through; bounded by the caller."""
        await self._losses.stop()
        await self._unposted.stop()

    async def admit(self, call: Call) -> None:
        """See `ports.CreditGate.admit`."""
        try:
            request = admit_request(call)
            reply = await self._gate.admit(request)
        except GateUnavailable:
            raise ApiError(Cause.GATE_UNAVAILABLE, retry_after_s=1) from None
        except HoldTooLarge:  # no balance can be so large
            raise ApiError(Cause.NO_CREDIT, rule="hold_too_large") from None
        if isinstance(reply, Denied):
            raise denial(reply)
        note_admitted(call, request, reply)
        self._live[call.request_id] = call
        self._losses.watch(call.site.id)

    async def switch(self, call: Call) -> None:
        """See `ports.CreditGate.switch`. The same Hold: so there is one record, whatever comes."""
        hold = call.hold
        try:
            wanted = admit_request(call)
            call.hold = hold  # with the budgets that it was placed in
            renewal = await self._gate.renew(_renewal(call, hold_nanos_of(wanted)))
        except (HoldTooLarge, ValueError):  # no balance can be so large
            raise ApiError(Cause.NO_CREDIT, rule="hold_too_large") from None
        except GateError:
            raise ApiError(Cause.GATE_UNAVAILABLE, retry_after_s=1) from None
        finally:
            call.hold = hold
        note_switched(call, wanted, renewal)

    async def extend(self, call: Call, tokens: int) -> None:
        """See `ports.CreditGate.extend`."""
        target = tokens + GROWTH_TOKENS
        try:
            renewal = await self._gate.renew(_renewal(call, nanos_to_cover(call, target)))
        except (GateError, ValueError) as error:
            # It was admitted, and settle takes no more than there is: asked again a step later.
            log.warning("%s: its Hold could not grow: %s", call.request_id, error)
            call.covered_tokens = target
            return
        if renewal.state is HoldState.MISSING:
            await self._restore(call)
            call.covered_tokens = target
            return
        _note_hold(call, renewal)
        if tokens <= call.covered_tokens:
            return
        if renewal.stopped_by is None:  # the reaper ended it: nobody pays for the rest
            raise ApiError(Cause.GATE_UNAVAILABLE, rule=renewal.state.value)
        raise ApiError(cause_of(renewal.stopped_by), rule=renewal.stopped_by.value)

    def checkpoint(self, call: Call) -> None:
        """See `ports.CreditGate.checkpoint`. Does nothing while nothing changed."""
        now = asyncio.get_running_loop().time()
        has_more = call.delivered_tokens > call.noted_tokens
        if call.is_settled or not (has_more or now - call.renewed_at >= self._renew_s):
            return
        if call.request_id in self._renewing:
            return
        call.noted_tokens, call.renewed_at = call.delivered_tokens, now
        task = asyncio.get_running_loop().create_task(self._renew(call))
        self._renewing[call.request_id] = task
        task.add_done_callback(lambda _: self._renewing.pop(call.request_id, None))

    def let_go(self, call: Call) -> None:
        """See `ports.CreditGate.let_go`."""
        self._live.pop(call.request_id, None)

    async def settle(self, call: Call) -> None:
        """See `ports.CreditGate.settle`."""
        self._live.pop(call.request_id, None)
        final = usage_events.final(call)
        request = SettleRequest(
            hold=hold_of(call),
            charge_nanos=final.charge_nanos,
            tokens=final.tokens,
            ending=call.ending.value,
            event=final.event,
        )
        await self._unposted.settle(request)

    async def _renew(self, call: Call) -> None:
        try:
            renewal = await self._gate.renew(_renewal(call))
            if renewal.state is HoldState.MISSING and not call.is_settled:
                await self._restore(call)
        except GateUnavailable:
            call.renewed_at -= self._renew_s  # the next tick tries again
        except (GateError, ValueError):
            log.exception("%s: the gate refused to renew", call.request_id)
        else:
            if renewal.state is HoldState.EXPIRED and not call.is_settled:
                log.warning("%s: its Hold was ended by the reaper", call.request_id)

    async def _give_back(self, site: str) -> None:
        """Redis may have lost data of this site: usage first, then the Holds of running Calls.

        Raises GateError; then it is asked for again.
        """
        await self._unposted.send_again(site)
        for call in tuple(self._live.values()):
            if call.site.id == site and not call.is_settled:
                await self._restore(call)

    async def _restore(self, call: Call) -> None:
        checkpoint = usage_events.checkpoint(call)
        request = RestoreRequest(
            hold=hold_of(call),
            hold_nanos=call.admission.hold_nanos if call.admission else 0,
            output_tokens_cap=call.output_tokens_cap,
            checkpoint_nanos=checkpoint.charge_nanos,
            event=checkpoint.event,
        )
        await self._gate.restore(request)


def _renewal(call: Call, hold_nanos_min: int = 0) -> RenewRequest:
    checkpoint = usage_events.checkpoint(call)
    return RenewRequest(
        hold=hold_of(call),
        checkpoint_nanos=checkpoint.charge_nanos,
        event=checkpoint.event,
        hold_nanos_min=hold_nanos_min,
    )


def _note_hold(call: Call, renewal: Renewal) -> None:
    call.covered_tokens = covered_tokens(call, renewal.hold_nanos)
    if call.admission is not None:
        call.admission = replace(
            call.admission,
            hold_nanos=renewal.hold_nanos,
            # An upstream that ignores the cap is paid for as far as the Hold grew.
            output_tokens_cap=max(call.admission.output_tokens_cap, call.covered_tokens),
        )
