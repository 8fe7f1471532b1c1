"""The credit port on a real gate: who is let in, what is held, what is charged."""

import asyncio
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from redis import Redis

from accounts.models import Organization
from billing.events import PriceLine, decode_usage
from billing.gate.blocking import command
from billing.gate.keys import organization_key, usage_key
from billing.gate.types import UNLIMITED, Limits
from billing.price_versions import PriceVersion
from relay.adapters import unposted
from relay.adapters.credit import GateCredit
from relay.adapters.price_lists import PriceList
from relay.adapters.rights import Rights
from relay.proxy.errors import ApiError, Cause, Detail
from relay.proxy.types import Attempt, Call, Ending, Passed, Usage
from tests.patience import promised
from tests.relay.adapters.conftest import Link
from tests.relay.proxy import fakes
from tests.relay.upstream.scripted_server import until

UNIT = 10**9
# 1.00 a million in, 10.00 a million out: 1,000 and 10,000 nanos a token.
PRICE = PriceVersion(7, {"input": UNIT, "cached_input": UNIT // 2, "output": 10 * UNIT})
COST = PriceVersion(0, {"input": UNIT // 2, "output": 5 * UNIT})
RIGHTS = Rights(UNLIMITED, UNLIMITED, None, "", ZoneInfo("Asia/Shanghai"))


def call(organization: Organization, *, rights: Rights = RIGHTS, **changes: Any) -> Call:
    owner = fakes.caller(
        organization_id=organization.pk,
        site_id=organization.site_id,
        key_id="key_test",
        rights=rights,
    )
    own: dict[str, Any] = {"site": fakes.site(organization.site_id), "caller": owner}
    own |= {
        "offer": fakes.offer(price=PriceList(PRICE)),
        "started_at": asyncio.get_running_loop().time(),
    }
    return fakes.call(**(own | changes))


def figures(organization: Organization, redis: Redis) -> tuple[int, int]:
    """What the gate has available and held."""
    fields = command(redis, "hgetall", organization_key(organization.site_id, organization.pk))
    return int(fields[b"available"]), int(fields.get(b"held", 0))


def events(organization: Organization, redis: Redis) -> list[dict[bytes, bytes]]:
    return [fields for _, fields in command(redis, "xrange", usage_key(organization.site_id))]


async def refusal(credit: GateCredit, refused: Call) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await credit.admit(refused)
    assert refused.admission is None
    return caught.value


async def test_the_worst_case_is_held(credit: GateCredit, acme: Organization, gate: Redis) -> None:
    admitted = call(acme)
    before, _ = figures(acme, gate)
    await credit.admit(admitted)
    assert admitted.admission is not None
    hold = 40 * 1_000 + 100 * 10_000
    assert admitted.admission.hold_nanos == hold
    assert (admitted.admission.output_tokens_cap, admitted.admission.is_clamped) == (100, False)
    assert figures(acme, gate) == (before - hold, hold)


async def test_the_keys_of_an_organization_share_its_budgets(
    credit: GateCredit, acme: Organization
) -> None:
    hold = 40 * 1_000 + 100 * 10_000
    shared = replace(RIGHTS, organization_budgets=(("total", 10**15), ("day", 2 * hold)))
    of_key = replace(shared, budget_nanos=hold, budget_period="month")
    for number in range(2):
        owner = {"key_id": f"key_{number}", "rights": of_key, "organization_id": acme.pk}
        caller = fakes.caller(site_id=acme.site_id, **owner)
        await credit.admit(call(acme, caller=caller, is_clampable=False, request_id=f"r{number}"))
    third = call(acme, rights=shared, is_clampable=False, request_id="r3")
    error = await refusal(credit, third)
    assert (error.cause, error.cause.value.status) == (Cause.ORGANIZATION_BUDGET, 402)
    assert error.cause.value.code == "organization_budget_exceeded"
    assert isinstance(error.detail, Detail)
    assert error.detail.name == "renews_at"


@pytest.mark.parametrize("is_clampable", [True, False])
async def test_a_hold_beyond_what_the_gate_can_count_is_no_fault_of_ours(
    credit: GateCredit, acme: Organization, gate: Redis, is_clampable: bool
) -> None:
    dearest = PriceVersion(1, {"input": 0, "output": 2**50 * 10**6})
    absurd = fakes.offer(price=PriceList(dearest))
    before = figures(acme, gate)
    error = await refusal(credit, call(acme, offer=absurd, is_clampable=is_clampable))
    assert (error.cause, error.rule) == (Cause.NO_CREDIT, "hold_too_large")
    assert figures(acme, gate) == before


async def test_a_cap_of_our_own_is_lowered_to_what_the_balance_covers(
    credit: GateCredit, acme: Organization
) -> None:
    dear = fakes.offer(price=PriceList(PriceVersion(1, {"input": 0, "output": 50 * UNIT * 10**6})))
    admitted = call(acme, offer=dear, output_tokens_cap=64)
    error = await refusal(credit, admitted)  # 16 tokens at 50 each are 800
    assert error.cause is Cause.NO_CREDIT
    cheaper = fakes.offer(
        price=PriceList(PriceVersion(1, {"input": 0, "output": 5 * UNIT * 10**6}))
    )
    admitted = call(acme, offer=cheaper, output_tokens_cap=64)
    await credit.admit(admitted)
    assert admitted.admission is not None
    assert (admitted.admission.output_tokens_cap, admitted.admission.is_clamped) == (20, True)


async def test_without_credit_the_balance_is_the_rule(
    credit: GateCredit, zero: Organization
) -> None:
    error = await refusal(credit, call(zero))
    assert (error.cause, error.rule) == (Cause.NO_CREDIT, "credit_balance_exhausted")
    assert error.retry_after_s is None


LIMITS = [
    (Limits(requests_per_minute=1), UNLIMITED, "requests_per_minute 1 (key)"),
    (UNLIMITED, Limits(requests_per_minute=1), "requests_per_minute 1 (organization)"),
    (Limits(tokens_per_minute=15), UNLIMITED, "tokens_per_minute 15 (key)"),
    (Limits(concurrency=1), UNLIMITED, "concurrency 1 (key)"),
]


@pytest.mark.parametrize(("of_key", "of_organization", "rule"), LIMITS)
async def test_a_limit_is_named_and_says_when_to_come_back(
    credit: GateCredit, acme: Organization, of_key: Limits, of_organization: Limits, rule: str
) -> None:
    rights = replace(RIGHTS, key_limits=of_key, organization_limits=of_organization)
    await credit.admit(call(acme, rights=rights, request_id="req_a"))
    error = await refusal(credit, call(acme, rights=rights, request_id="req_b"))
    assert (error.cause, error.rule) == (Cause.RATE_LIMIT, rule)
    assert error.retry_after_s is not None
    assert 1 <= error.retry_after_s <= 60
    assert error.rates is not None


async def test_a_limit_is_shown_with_what_is_left(credit: GateCredit, acme: Organization) -> None:
    rights = replace(RIGHTS, key_limits=Limits(requests_per_minute=5))
    admitted = call(acme, rights=rights)
    await credit.admit(admitted)
    assert admitted.admission is not None
    requests, tokens = admitted.admission.rates.requests, admitted.admission.rates.tokens
    assert requests is not None
    assert (requests.limit, requests.remaining, tokens) == (5, 4, None)
    assert 1 <= requests.reset_s <= 60


@pytest.mark.parametrize(("period", "resets"), [("day", True), ("total", False)])
async def test_a_spent_budget_says_when_it_begins_anew(
    credit: GateCredit, acme: Organization, period: str, resets: bool
) -> None:
    rights = replace(RIGHTS, budget_nanos=1_000, budget_period=period)
    error = await refusal(credit, call(acme, rights=rights))
    assert (error.cause, error.rule) == (Cause.KEY_BUDGET, "key_budget_exceeded")
    # Midnight in Shanghai is 16:00 UTC.
    if resets:
        assert isinstance(error.detail, Detail)
        assert (error.detail.name, str(error.detail.value)[10:]) == ("renews_at", " 16:00 UTC")
    else:
        assert error.detail == ""


async def test_a_gate_that_is_down_or_closed_is_a_503(
    credit: GateCredit, link: Link, acme: Organization, gate: Redis
) -> None:
    link.down = True
    assert (await refusal(credit, call(acme))).cause is Cause.GATE_UNAVAILABLE
    link.down = False
    gate.flushall()
    error = await refusal(credit, call(acme))
    assert (error.cause, error.retry_after_s) == (Cause.GATE_UNAVAILABLE, 1)


def finished(admitted: Call, usage: Usage | None, ending: Ending = Ending.COMPLETED) -> Call:
    admitted.route = fakes.route("http://127.0.0.1:1", "demo", cost=COST)
    admitted.attempts.append(Attempt("demo", 200, "", 12))
    admitted.usage, admitted.ending, admitted.status = usage, ending, 200
    return admitted


async def test_a_settled_call_is_debited_and_explained(
    credit: GateCredit, acme: Organization, gate: Redis
) -> None:
    before, _ = figures(acme, gate)
    admitted = call(acme)
    await credit.admit(admitted)
    await credit.settle(finished(admitted, Usage(30, 10, 20, reasoning_tokens=5)))
    charge = 30 * 1_000 + 10 * 500 + 20 * 10_000
    assert figures(acme, gate) == (before - charge, 0)
    (fields,) = events(acme, gate)
    event = decode_usage(fields[b"event"])
    assert (fields[b"debited"], fields[b"ending"]) == (b"%d" % charge, b"completed")
    assert (event.request_id, event.organization, event.model) == ("req_1", acme.pk, "small")
    assert (event.price_id, event.upstream, event.status) == (7, "demo", 200)
    assert event.lines == (
        PriceLine("input", 30, UNIT),
        PriceLine("cached_input", 10, UNIT // 2),
        PriceLine("output", 20, 10 * UNIT),
    )
    assert event.cost_nanos == 40 * 500 + 20 * 5_000  # cached input has no cost of its own
    assert event.hold_nanos == 40 * 1_000 + 100 * 10_000
    assert [(a.upstream, a.status) for a in event.attempts] == [("demo", 200)]
    assert b"passed" not in fields[b"event"]  # the ordinary Call carries nothing for it


async def test_what_was_passed_over_is_in_the_event(
    credit: GateCredit, acme: Organization, gate: Redis
) -> None:
    admitted = call(acme)
    await credit.admit(admitted)
    admitted.passed = (Passed("vendor", "upstream_rests"),)
    await credit.settle(finished(admitted, None, Ending.UPSTREAM_FAILED))
    (fields,) = events(acme, gate)
    assert decode_usage(fields[b"event"]).passed == (("vendor", "upstream_rests"),)


async def test_a_request_that_costs_us_is_booked_though_the_price_knows_none(
    credit: GateCredit, acme: Organization, gate: Redis
) -> None:
    admitted = call(acme)
    await credit.admit(admitted)
    done = finished(admitted, Usage(30, 0, 20))
    assert done.route is not None
    done.route = replace(done.route, cost=PriceVersion(9, {"request": 77}))
    await credit.settle(done)
    (fields,) = events(acme, gate)
    event = decode_usage(fields[b"event"])
    assert (event.cost_nanos, event.quantities) == (77, {"request": 1})
    assert [line.bucket for line in event.lines] == ["input", "output"]
    assert [(each.cost_nanos, each.cost_id) for each in event.attempts] == [(77, 9)]


async def test_no_usage_is_no_charge(credit: GateCredit, acme: Organization, gate: Redis) -> None:
    before, _ = figures(acme, gate)
    admitted = call(acme)
    await credit.admit(admitted)
    await credit.settle(finished(admitted, None, Ending.UPSTREAM_FAILED))
    assert figures(acme, gate) == (before, 0)
    (fields,) = events(acme, gate)
    assert (fields[b"debited"], decode_usage(fields[b"event"]).lines) == (b"0", ())


async def test_a_settle_that_gets_no_answer_is_tried_again_until_it_does(
    credit: GateCredit, link: Link, acme: Organization, gate: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unposted, "RETRY_PAUSE_S", 0.01)
    before, _ = figures(acme, gate)
    admitted = [call(acme, request_id=f"req_{number}") for number in range(3)]
    for each in admitted:
        await credit.admit(each)
    link.down = True
    for each in admitted:
        await credit.settle(finished(each, Usage(input_tokens=10)))
    assert events(acme, gate) == []
    link.down = False
    async with asyncio.timeout(promised(5.0)):
        await credit.stop()
    assert figures(acme, gate) == (before - 3 * 10_000, 0)
    assert len(events(acme, gate)) == 3


async def test_a_settle_that_is_cancelled_is_made_up_for(
    credit: GateCredit, link: Link, acme: Organization, gate: Redis
) -> None:
    admitted = call(acme)
    await credit.admit(admitted)
    settling = asyncio.ensure_future(credit.settle(finished(admitted, Usage(input_tokens=10))))
    await asyncio.sleep(0)  # it has begun, and waits for Redis
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    await credit.stop()
    assert figures(acme, gate)[1] == 0
    assert len(events(acme, gate)) == 1


async def test_a_figure_beyond_the_gates_arithmetic_raises_nothing(
    credit: GateCredit, acme: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    admitted = call(acme)
    await credit.admit(admitted)
    await credit.settle(finished(admitted, Usage(input_tokens=2**60)))
    assert "refused to settle" in caplog.text


async def test_a_checkpoint_stores_what_was_delivered(
    credit: GateCredit, acme: Organization, gate: Redis
) -> None:
    admitted = call(acme)
    await credit.admit(admitted)
    admitted.is_started, admitted.delivered_tokens = True, 5
    hold = f"tg:{{{acme.site_id}}}:hold:req_1"
    credit.checkpoint(admitted)
    expected = 10 * 1_000 + 5 * 10_000

    def is_stored() -> bool:
        return b"%d" % expected in command(gate, "hgetall", hold).values()

    await until(is_stored)
    assert admitted.noted_tokens == 5


async def test_a_call_that_goes_on_with_another_model_holds_at_its_price_and_pays_once(
    credit: GateCredit, acme: Organization, gate: Redis
) -> None:
    made = call(acme)
    before, _ = figures(acme, gate)
    await credit.admit(made)
    dear = PriceVersion(8, {"input": 2 * UNIT, "output": 20 * UNIT})
    made.offer = fakes.offer(model_id="dear", price=PriceList(dear))
    await credit.switch(made)
    hold = 40 * 2_000 + 100 * 20_000
    assert figures(acme, gate) == (before - hold, hold)
    made.usage, made.ending = Usage(input_tokens=10, output_tokens=5), Ending.COMPLETED
    await credit.settle(made)
    charge = 10 * 2_000 + 5 * 20_000
    assert figures(acme, gate) == (before - charge, 0)
    (event,) = events(acme, gate)
    assert decode_usage(event[b"event"]).model == "dear"


async def test_a_model_that_the_balance_cannot_pay_is_refused_and_the_hold_stays(
    credit: GateCredit, acme: Organization, gate: Redis
) -> None:
    made = call(acme, is_clampable=False)
    await credit.admit(made)
    made.offer = fakes.offer(price=PriceList(PriceVersion(8, {"input": UNIT, "output": 10**15})))
    with pytest.raises(ApiError) as caught:
        await credit.switch(made)
    assert caught.value.cause is Cause.NO_CREDIT
    await credit.settle(made)
    assert figures(acme, gate)[1] == 0
