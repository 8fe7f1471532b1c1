"""Between a Call and the gate's admission: what to hold, and what a refusal means. No I/O."""

import math
import sys
import time
from datetime import UTC, datetime

from billing.gate.types import (
    AdmitRequest,
    Admitted,
    Budget,
    Denied,
    HoldRef,
    HoldState,
    RateState,
    RateWindow,
    Renewal,
    Rule,
    Scope,
)
from billing.periods import current
from billing.price_versions import FALLBACK, PROMPT_BUCKETS, Bucket, PriceVersion
from billing.pricing import Bounds, Buckets, price, worst_case
from relay.adapters import usage_events
from relay.adapters.price_lists import PriceList
from relay.adapters.rights import Rights
from relay.proxy import types as proxy
from relay.proxy.errors import ApiError, Cause, Detail
from relay.proxy.types import Admission, Call, Rates

# The least output worth asking a model for (design, section 4.4).
OUTPUT_TOKENS_MIN = 16

# Every Call is one request.
REQUEST = {Bucket.REQUEST.value: 1}

_CAUSES = {
    Rule.KEY_BUDGET: Cause.KEY_BUDGET,
    Rule.ORGANIZATION_BUDGET: Cause.ORGANIZATION_BUDGET,
    Rule.BALANCE: Cause.NO_CREDIT,
}


def admit_request(call: Call) -> AdmitRequest:
    """The worst case at real prices; sets `call.price` and `call.hold`."""
    rights: Rights = call.caller.rights
    prices: PriceList = call.offer.price
    call.price = version = prices.version_for(call.caller)
    if call.measures and not any(version.prices(*buckets) for buckets in call.measures):
        # Nothing that this endpoint counts has a price: it would be given away.
        raise ApiError(
            Cause.ENDPOINT_NOT_SUPPORTED, param="model", detail=call.offer.model_id, rule="price"
        )
    named = version.components
    call.sold_by = frozenset(name for names in call.measures for name in names if name in named)
    input_nanos, output_nanos_per_token = worst_case(call.price, bounds(call))
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


def hold_of(call: Call) -> HoldRef:
    """The Hold of an admitted Call."""
    hold: HoldRef = call.hold
    return hold


def note_admitted(call: Call, request: AdmitRequest, reply: Admitted) -> None:
    """Set what the gate granted."""
    call.renewed_at = call.started_at
    call.admission = Admission(
        hold_nanos=reply.hold_nanos,
        output_tokens_cap=reply.output_tokens_cap,
        is_clamped=reply.is_clamped,
        rates=_rates(reply.rates),
    )
    if call.is_stream:  # of others nothing goes out before they are paid
        call.covered_tokens = _covered(call, reply.hold_nanos, request.output_nanos_per_token)


def hold_nanos_of(request: AdmitRequest) -> int:
    """The whole Hold that a request asks for."""
    return request.input_nanos + request.output_tokens_cap * request.output_nanos_per_token


def note_switched(call: Call, wanted: AdmitRequest, renewal: Renewal) -> None:
    """Set what the grown Hold grants at another model's price; raises ApiError if it is too
    little."""
    if renewal.state is not HoldState.OPEN:
        raise ApiError(Cause.GATE_UNAVAILABLE, retry_after_s=1, rule=renewal.state.value)
    cap = call.output_tokens_cap
    is_short = renewal.hold_nanos < hold_nanos_of(wanted)
    if is_short:
        room, each = renewal.hold_nanos - wanted.input_nanos, wanted.output_nanos_per_token
        cap = room // each if each and wanted.is_clampable else 0
        if cap < max(1, min(wanted.output_tokens_min, call.output_tokens_cap)):
            rule = renewal.stopped_by or Rule.BALANCE
            raise ApiError(cause_of(rule), rule=rule.value)
    call.admission = Admission(
        hold_nanos=renewal.hold_nanos,
        output_tokens_cap=cap,
        is_clamped=is_short,
        rates=call.admission.rates if call.admission else Rates(),
    )
    call.covered_tokens = covered_tokens(call, renewal.hold_nanos)


def bounds(call: Call) -> Bounds:
    """What the Call can use at most."""
    version: PriceVersion = call.price
    # A model whose pictures are priced by the token draws unasked, in whatever dialect.
    draws = Bucket.IMAGE_OUTPUT in version.components
    if not (call.units or call.token_kinds or draws):
        return Bounds(call.input_tokens_bound, REQUEST)
    kinds = [Bucket(kind) for kind in call.token_kinds]
    if draws:
        kinds.append(Bucket.IMAGE_OUTPUT)
    inputs = [kind for kind in kinds if kind in PROMPT_BUCKETS]
    outputs = [kind for kind in kinds if kind in FALLBACK and kind not in PROMPT_BUCKETS]
    return Bounds(
        call.input_tokens_bound,
        {**REQUEST, **call.units},
        (Bucket.INPUT, Bucket.CACHED_INPUT, *inputs),
        (Bucket.OUTPUT, Bucket.REASONING, *outputs),
    )


def covered_tokens(call: Call, hold_nanos: int) -> int:
    """How many tokens of output `hold_nanos` pay for, beside the prompt as we guess it."""
    return _covered(call, hold_nanos, worst_case(call.price, bounds(call))[1])


def _covered(call: Call, hold_nanos: int, nanos_per_token: int) -> int:
    if nanos_per_token == 0:
        return sys.maxsize
    return (hold_nanos - price(_prompt(call), call.price).nanos) // nanos_per_token


def nanos_to_cover(call: Call, output_tokens: int) -> int:
    """The Hold that pays for the prompt and so much output."""
    version: PriceVersion = call.price
    output_nanos_per_token = worst_case(version, bounds(call))[1]
    # One rounding, and it may have been down.
    return price(_prompt(call), version).nanos + output_tokens * output_nanos_per_token + 1


def _prompt(call: Call) -> Buckets:
    """The prompt as we guess it, and what is known beside tokens."""
    return Buckets(input=call.input_tokens_guess, other={**REQUEST, **call.units})


def denial(denied: Denied) -> ApiError:
    """A refusal of the gate, as the caller hears of it."""
    cause = cause_of(denied.rule)
    rates = _rates(denied.rates)
    if cause is Cause.RATE_LIMIT:
        wait_s = max(1, math.ceil(denied.retry_after_ms / 1000))
        scope, _, what = denied.rule.value.partition("_")
        return ApiError(
            cause,
            detail=Detail(what, denied.limit),
            rule=f"{what} {denied.limit} ({scope})",
            retry_after_s=wait_s,
            rates=rates,
        )
    resets: str | Detail = ""
    if denied.retry_after_ms:
        # Periods begin on a full minute; two clocks may differ by a little.
        ends_at_ms = time.time_ns() // 1_000_000 + denied.retry_after_ms
        at = datetime.fromtimestamp((ends_at_ms + 30_000) // 60_000 * 60, UTC)
        resets = Detail("renews_at", f"{at:%Y-%m-%d %H:%M} UTC")
    return ApiError(cause, detail=resets, rule=denied.rule.value, rates=rates)


def cause_of(rule: Rule) -> Cause:
    """Which of the relay's causes a rule of the gate is."""
    return _CAUSES.get(rule, Cause.RATE_LIMIT)


def _budgets(rights: Rights) -> tuple[Budget, ...]:
    owned = [(Scope.ORGANIZATION, *each) for each in rights.organization_budgets]
    if rights.budget_nanos is not None:
        owned.insert(0, (Scope.KEY, rights.budget_period, rights.budget_nanos))
    now = datetime.now(UTC)
    budgets = []
    for scope, kind, limit_nanos in owned:
        period = current(kind, rights.zone, now)
        budgets.append(Budget(scope, period.name, limit_nanos, period.ends_at_ms))
    return tuple(budgets)


def _rates(state: RateState) -> Rates:
    reset_s = max(1, math.ceil(state.reset_ms / 1000))

    def shown(window: RateWindow | None) -> proxy.RateState | None:
        if window is None:
            return None
        return proxy.RateState(window.limit, window.remaining, reset_s)

    return Rates(shown(state.requests), shown(state.tokens))
