"""A Call as billing sees it: its charge and the event that posting will read."""

import time

import msgspec
from msgspec.structs import replace

from billing import events
from billing.price_versions import FALLBACK, Bucket, PriceVersion
from billing.pricing import NOTHING, Buckets, Charge, price
from relay.proxy.types import Call, Ending, Usage

NO_USAGE, NO_BUCKETS = Usage(), Buckets()


class Priced(msgspec.Struct, frozen=True, gc=False):
    """An event, and the figures the gate needs beside it."""

    event: bytes
    charge_nanos: int
    tokens: int  # for tokens per minute


def final(call: Call) -> Priced:
    """The Call as it ended; no usage is no charge."""
    return _priced(call, call.usage, call.ending)


def checkpoint(call: Call) -> Priced:
    """What to charge should this relay die now: the prompt and what was delivered."""
    if not call.is_started:
        return untouched(call)
    usage = call.estimate() if call.estimate is not None else _delivered(call)
    return _priced(call, usage, Ending.CUT)


def _delivered(call: Call) -> Usage:
    return Usage(
        input_tokens=call.input_tokens_guess,
        output_tokens=call.delivered_tokens,
        other=call.units_guess,
        is_estimated=True,
    )


def untouched(call: Call) -> Priced:
    """A Call that delivered nothing."""
    return _priced(call, None, Ending.UPSTREAM_FAILED)


def _priced(call: Call, usage: Usage | None, ending: Ending) -> Priced:
    version: PriceVersion = call.price
    used, buckets, charge, cost = NO_USAGE, NO_BUCKETS, NOTHING, NOTHING
    if usage is not None:
        used, buckets = usage, _buckets(call, usage)
        charge, cost = price(buckets, version), _cost(call, buckets)
    event = events.UsageEvent(
        request_id=call.request_id,
        site=call.site.id,
        organization=call.caller.organization_id,
        api_key=call.caller.key_id,
        endpoint=call.endpoint,
        model=call.offer.model_id,
        upstream=call.upstream_id,
        ending=ending.value,
        status=call.status,
        error_code=call.error_code,
        is_stream=call.is_stream,
        is_estimated=used.is_estimated,
        input_tokens=used.input_tokens,
        cached_input_tokens=used.cached_input_tokens,
        output_tokens=used.output_tokens,
        reasoning_tokens=used.reasoning_tokens,
        quantities=dict(buckets.other),
        adjustment_bp=version.adjustment_bp,
        price_id=version.id,
        lines=charge.lines,
        cost_nanos=cost.nanos,
        hold_nanos=call.admission.hold_nanos if call.admission else 0,
        attempts=_attempts(call, cost.nanos),
        admitted_at_ms=call.admitted_at_ms,
        ended_at_ms=time.time_ns() // 1_000_000,
        first_byte_ms=call.first_byte_ms,
        ip=call.ip,
        retired_secret=call.caller.retired_secret,
        passed=call.passed or msgspec.UNSET,
        duration_ms=call.elapsed_ms(),
    )
    return Priced(events.encode(event), charge.nanos, _tokens(used))


def _buckets(call: Call, used: Usage) -> Buckets:
    """As the arithmetic takes it; the request itself counts where it has a price or a cost."""
    other = used.other
    cost: PriceVersion | None = call.route.cost if call.route else None
    if Bucket.REQUEST in call.price.components or (cost and Bucket.REQUEST in cost.components):
        other = {**other, Bucket.REQUEST.value: 1}
    return Buckets(
        used.input_tokens,
        used.cached_input_tokens,
        used.output_tokens - used.reasoning_tokens,
        used.reasoning_tokens,
        other,
    )


def _tokens(used: Usage) -> int:
    tokens = used.input_tokens + used.cached_input_tokens + used.output_tokens
    return tokens + sum(used.other.get(name, 0) for name in FALLBACK) if used.other else tokens


def _attempts(call: Call, cost_nanos: int) -> tuple[events.Attempt, ...]:
    """Every try; the one that answered, the last, is the one that costs."""
    tries = [events.Attempt(a.upstream_id, a.status, a.code, a.latency_ms) for a in call.attempts]
    if tries and cost_nanos and call.route is not None:
        tries[-1] = replace(tries[-1], cost_nanos=cost_nanos, cost_id=call.route.cost.id)
    return tuple(tries)


def _cost(call: Call, buckets: Buckets) -> Charge:
    """What the Upstream charges us; nothing while no cost is known or nothing was used."""
    cost: PriceVersion | None = call.route.cost if call.route else None
    return price(buckets, cost) if cost is not None else NOTHING
