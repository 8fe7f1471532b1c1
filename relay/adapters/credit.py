"""CreditGate: what a Call may cost, then what it did, by way of the gate's scripts.

Prices are known here and not in the proxy. A settle that gets no answer is tried again behind, as
long as this process lives: the gate takes each request id once.
"""

import asyncio
import logging
import math
import time
from datetime import UTC, datetime

from billing.gate.errors import GateError, GateUnavailable
from billing.gate.gate import HOLD_LIFETIME_MS, Gate
from billing.gate.types import (
    AdmitRequest,
    Budget,
    Denied,
    HoldRef,
    HoldState,
    RateState,
    RateWindow,
    RenewRequest,
    Rule,
    Scope,
    SettleRequest,
)
from billing.periods import current
from billing.pricing import worst_case
from relay.adapters import usage_events
from relay.adapters.rights import Rights
from relay.proxy import types as proxy
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Admission, Call, Rates

log = logging.getLogger(__name__)

# The least output worth asking a model for (design, section 4.4).
OUTPUT_TOKENS_MIN = 16
# Settles that wait for Redis to come back; about 2 kB each. Beyond that the reaper has to do.
UNSETTLED_MAX = 20_000
RETRY_PAUSE_S = 0.5

_CAUSES = {
    Rule.KEY_BUDGET: Cause.KEY_BUDGET,
    Rule.ORGANIZATION_BUDGET: Cause.KEY_BUDGET,
    Rule.BALANCE: Cause.NO_CREDIT,
}


class GateCredit:
    """Implements the proxy's CreditGate. One per process."""

    def __init__(self, gate: Gate, *, hold_lifetime_ms: int = HOLD_LIFETIME_MS) -> None:
        self._gate = gate
        self._renew_s = hold_lifetime_ms / 3_000  # two renewals may be lost
        self._unsettled: dict[str, SettleRequest] = {}
        self._retrying: asyncio.Task[None] | None = None
        self._renewing: dict[str, asyncio.Task[None]] = {}

    async def admit(self, call: Call) -> None:
        """See `ports.CreditGate.admit`."""
        try:
            reply = await self._gate.admit(_admit_request(call))
        except GateUnavailable:
            raise ApiError(Cause.GATE_UNAVAILABLE, retry_after_s=1) from None
        if isinstance(reply, Denied):
            raise _denial(reply)
        call.renewed_at = call.started_at
        call.admission = Admission(
            hold_nanos=reply.hold_nanos,
            output_tokens_cap=reply.output_tokens_cap,
            is_clamped=reply.is_clamped,
            rates=_rates(reply.rates),
        )

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

    async def settle(self, call: Call) -> None:
        """See `ports.CreditGate.settle`."""
        final = usage_events.final(call)
        request = SettleRequest(
            hold=_hold(call),
            charge_nanos=final.charge_nanos,
            tokens=final.tokens,
            ending=call.ending.value,
            event=final.event,
        )
        try:
            await self._gate.settle(request)
        except GateUnavailable:
            self._retry_later(request)
        except asyncio.CancelledError:
            self._retry_later(request)  # it may have run: repeating it changes nothing
            raise
        except (GateError, ValueError):  # ValueError: a figure beyond the gate's arithmetic
            log.exception("%s: the gate refused to settle", call.request_id)

    async def drain(self) -> None:
        """Wait until every settle got through; called at shutdown, bounded by the caller."""
        if self._retrying is not None:
            await self._retrying

    async def _renew(self, call: Call) -> None:
        checkpoint = usage_events.checkpoint(call)
        request = RenewRequest(
            hold=_hold(call), checkpoint_nanos=checkpoint.charge_nanos, event=checkpoint.event
        )
        try:
            renewal = await self._gate.renew(request)
        except GateUnavailable:
            call.renewed_at -= self._renew_s  # the next tick tries again
        except (GateError, ValueError):
            log.exception("%s: the gate refused to renew", call.request_id)
        else:
            if renewal.state is not HoldState.OPEN and not call.is_settled:
                log.warning("%s: its Hold was ended elsewhere: %s", call.request_id, renewal.state)

    def _retry_later(self, request: SettleRequest) -> None:
        if len(self._unsettled) >= UNSETTLED_MAX:
            log.error("%s: not settled, too many wait; left to the reaper", request.hold.request_id)
            return
        self._unsettled[request.hold.request_id] = request
        if self._retrying is None or self._retrying.done():
            self._retrying = asyncio.get_running_loop().create_task(self._retry())

    async def _retry(self) -> None:
        while self._unsettled:
            request = next(iter(self._unsettled.values()))
            try:
                await self._gate.settle(request)
            except GateUnavailable:
                await asyncio.sleep(RETRY_PAUSE_S)
                continue
            except (GateError, ValueError):
                log.exception("%s: the gate refused to settle", request.hold.request_id)
            self._unsettled.pop(request.hold.request_id, None)


def _admit_request(call: Call) -> AdmitRequest:
    rights: Rights = call.caller.rights
    input_nanos, output_nanos_per_token = worst_case(call.offer.price, call.input_tokens_bound)
    # A caller's own cap counts at once, as vendors do it; ours is far above what is used.
    output_estimate = 0 if call.is_clampable else call.output_tokens_cap
    call.hold = HoldRef(
        site=call.site.id,
        request_id=call.request_id,
        organization=call.caller.organization_id,
        key=call.caller.key_id,
        budgets=_budgets(rights),
    )
    return AdmitRequest(
        hold=call.hold,
        input_nanos=input_nanos,
        output_tokens_cap=call.output_tokens_cap,
        output_nanos_per_token=output_nanos_per_token,
        output_tokens_min=OUTPUT_TOKENS_MIN * call.choices,
        is_clampable=call.is_clampable,
        tokens_estimate=call.input_tokens_guess + output_estimate,
        key_limits=rights.key_limits,
        organization_limits=rights.organization_limits,
        event=usage_events.untouched(call).event,
    )


def _budgets(rights: Rights) -> tuple[Budget, ...]:
    if rights.budget_nanos is None:
        return ()
    period = current(rights.budget_period, rights.zone, datetime.now(UTC))
    return (Budget(Scope.KEY, period.name, rights.budget_nanos, period.ends_at_ms),)


def _hold(call: Call) -> HoldRef:
    hold: HoldRef = call.hold
    return hold


def _denial(denied: Denied) -> ApiError:
    cause = _CAUSES.get(denied.rule, Cause.RATE_LIMIT)
    rates = _rates(denied.rates)
    if cause is Cause.RATE_LIMIT:
        wait_s = max(1, math.ceil(denied.retry_after_ms / 1000))
        scope, _, what = denied.rule.value.partition("_")
        unit = "calls at a time" if what == "concurrency" else what.replace("_", " ")
        rule = f"{what} {denied.limit} ({scope})"
        return ApiError(
            cause, detail=f"{denied.limit} {unit}", rule=rule, retry_after_s=wait_s, rates=rates
        )
    resets = ""
    if denied.retry_after_ms:
        # Periods begin on a full minute; two clocks may differ by a little.
        ends_at_s = time.time() + denied.retry_after_ms / 1000
        at = datetime.fromtimestamp(round(ends_at_s / 60) * 60, UTC)
        resets = f"({at:%Y-%m-%d %H:%M} UTC)"
    return ApiError(cause, detail=resets, rule=denied.rule.value, rates=rates)


def _rates(state: RateState) -> Rates:
    reset_s = max(1, math.ceil(state.reset_ms / 1000))

    def shown(window: RateWindow | None) -> proxy.RateState | None:
        if window is None:
            return None
        return proxy.RateState(window.limit, window.remaining, reset_s)

    return Rates(shown(state.requests), shown(state.tokens))
