"""A Call is admitted only if the balance pays its worst case."""

from typing import Any

import pytest

from billing.gate.errors import GateClosed, HoldMismatch
from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import Admitted, Balance, Denied, Rule
from billing.gate.wire import NANOS_MAX
from tests.billing.gate.calls import SITE, a_call, an_end, ref


async def test_admit_moves_the_worst_case_from_available_to_held(
    gate: Gate, steward: Steward
) -> None:
    answer = await gate.admit(a_call(fixed_nanos=5))

    assert isinstance(answer, Admitted)
    assert (answer.hold_nanos, answer.output_tokens_cap, answer.is_clamped) == (105, 8, False)
    assert answer.available_nanos == 895
    assert steward.read_balance(SITE, "acme") == Balance(895, 105, 0, 1)
    assert steward.read_balance(SITE, "globex") == Balance(500, 0, 0, 0)


async def test_the_last_nano_is_enough(gate: Gate) -> None:
    assert isinstance(await gate.admit(a_call(input_nanos=920)), Admitted)


async def test_one_nano_short_is_refused_and_holds_nothing(gate: Gate, steward: Steward) -> None:
    answer = await gate.admit(a_call(input_nanos=921))

    assert isinstance(answer, Denied)
    assert answer.rule is Rule.BALANCE
    assert (answer.available_nanos, answer.needed_nanos) == (1_000, 1_001)
    assert answer.retry_after_ms == 0
    assert steward.read_balance(SITE, "acme") == Balance(1_000, 0, 0, 0)


async def test_an_organization_the_gate_never_heard_of_has_nothing(gate: Gate) -> None:
    answer = await gate.admit(a_call(ref(organization="unheard-of")))

    assert isinstance(answer, Denied)
    assert answer.rule is Rule.BALANCE


async def test_a_free_call_needs_no_balance(gate: Gate) -> None:
    free = a_call(ref(organization="zero"), input_nanos=0, output_nanos_per_token=0)

    answer = await gate.admit(free)

    assert isinstance(answer, Admitted)
    assert answer.hold_nanos == 0
    assert (await gate.settle(an_end(free.hold, 0))).debited_nanos == 0


async def test_an_open_output_cap_is_lowered_to_what_the_balance_pays(gate: Gate) -> None:
    answer = await gate.admit(a_call(input_nanos=945, is_clampable=True))

    assert isinstance(answer, Admitted)
    assert (answer.output_tokens_cap, answer.is_clamped) == (5, True)
    assert (answer.hold_nanos, answer.available_nanos) == (995, 5)


async def test_an_output_cap_is_never_lowered_under_the_minimum(gate: Gate) -> None:
    fits = a_call(input_nanos=980, is_clampable=True)
    answer = await gate.admit(a_call(ref("call-2"), input_nanos=981, is_clampable=True))

    assert isinstance(answer, Denied)
    assert (answer.available_nanos, answer.needed_nanos) == (1_000, 1_001)
    assert isinstance(await gate.admit(fits), Admitted)


async def test_a_cap_under_the_minimum_is_taken_whole_or_not_at_all(gate: Gate) -> None:
    answer = await gate.admit(
        a_call(input_nanos=985, output_tokens_cap=2, output_tokens_min=16, is_clampable=True)
    )

    assert isinstance(answer, Denied)
    assert answer.needed_nanos == 1_005


async def test_a_repeated_admit_gets_the_same_hold_taken_once(gate: Gate, steward: Steward) -> None:
    first = await gate.admit(a_call(input_nanos=945, is_clampable=True))
    second = await gate.admit(a_call(input_nanos=945, is_clampable=True))

    assert isinstance(first, Admitted)
    assert isinstance(second, Admitted)
    assert (first.is_replay, second.is_replay) == (False, True)
    assert second.hold_nanos == first.hold_nanos
    assert second.output_tokens_cap == first.output_tokens_cap
    assert second.is_clamped
    assert steward.read_balance(SITE, "acme") == Balance(5, 995, 0, 1)


async def test_an_admit_repeated_after_the_end_takes_nothing(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())
    await gate.settle(an_end())

    answer = await gate.admit(a_call())

    assert isinstance(answer, Admitted)
    assert (answer.is_replay, answer.hold_nanos) == (True, 100)
    assert steward.read_balance(SITE, "acme") == Balance(940, 0, 60, 0)


async def test_a_stranger_cannot_take_over_a_request_id(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())

    with pytest.raises(HoldMismatch):
        await gate.admit(a_call(ref(organization="globex")))
    with pytest.raises(HoldMismatch):
        await gate.settle(an_end(ref(organization="globex")))
    assert steward.read_balance(SITE, "acme") == Balance(900, 100, 0, 1)
    assert steward.read_balance(SITE, "globex") == Balance(500, 0, 0, 0)


async def test_a_closed_site_admits_and_settles_nothing(gate: Gate, steward: Steward) -> None:
    await gate.admit(a_call())
    steward.close(SITE)

    with pytest.raises(GateClosed):
        await gate.admit(a_call(ref("call-2")))
    with pytest.raises(GateClosed):
        await gate.settle(an_end())
    assert steward.read_balance(SITE, "acme") == Balance(900, 100, 0, 1)


@pytest.mark.parametrize(
    "figures",
    [
        {"input_nanos": NANOS_MAX},
        {"output_tokens_cap": 2**31},
        {"output_nanos_per_token": 2**51},
        {"input_nanos": -1},
        {"event": b"x" * (64 * 1024 + 1)},
    ],
)
async def test_figures_a_script_could_not_hold_exactly_are_refused(
    gate: Gate, figures: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"must be|at most"):
        await gate.admit(a_call(**figures))


async def test_the_largest_exact_hold_is_exact(gate: Gate, steward: Steward) -> None:
    steward.credit(SITE, "acme", NANOS_MAX, "top-up-1")

    answer = await gate.admit(
        a_call(input_nanos=NANOS_MAX, output_tokens_cap=0, output_nanos_per_token=0)
    )
    ended = await gate.settle(an_end(charge_nanos=NANOS_MAX - 1))

    assert isinstance(answer, Admitted)
    assert (answer.hold_nanos, answer.available_nanos) == (NANOS_MAX, 1_000)
    assert ended.debited_nanos == NANOS_MAX - 1
    assert steward.read_balance(SITE, "acme") == Balance(1_001, 0, NANOS_MAX - 1, 0)
