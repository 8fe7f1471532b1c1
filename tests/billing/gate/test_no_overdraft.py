"""However many Calls come at once, over however many relays, the balance is never overdrawn."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from billing.gate.client import RedisClient
from billing.gate.gate import Gate
from billing.gate.keys import hold_keys
from billing.gate.steward import Steward
from billing.gate.types import AdmitRequest, Admitted, Denied, Rule
from tests.billing.gate.calls import SITE, a_call, ref
from tests.billing.gate.valkey import PATIENCE_S

# How many are let in is the question here, not how soon: a busy machine may take its time.

UNIT = 1_000_000_000  # nanos in one of the site's currency
SEEDS = range(50)

Admit = Callable[[AdmitRequest], Awaitable[bool]]


@pytest.fixture
async def clients(valkey_url: str) -> AsyncIterator[list[RedisClient]]:
    clients = [RedisClient(valkey_url, timeout_s=PATIENCE_S) for _ in range(2)]
    yield clients
    for client in clients:
        await client.close()


async def storm(
    relays: list[Admit], seed: int, calls: int, worst_case_nanos: int
) -> tuple[int, int]:
    """How many of `calls` at once were admitted, and how many refused."""
    chance = random.Random(seed)
    input_nanos = chance.randrange(worst_case_nanos)

    async def one(number: int) -> bool:
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        call = a_call(
            ref(f"call-{seed}-{number}"),
            input_nanos=input_nanos,
            output_tokens_cap=1,
            output_nanos_per_token=worst_case_nanos - input_nanos,
        )
        return await relays[chance.randrange(len(relays))](call)

    answers = await asyncio.gather(*(one(number) for number in range(calls)))
    return answers.count(True), answers.count(False)


def through(gate: Gate) -> Admit:
    async def admit(call: AdmitRequest) -> bool:
        answer = await gate.admit(call)
        if isinstance(answer, Denied):
            assert answer.rule is Rule.BALANCE
        return isinstance(answer, Admitted)

    return admit


def unguarded(client: RedisClient) -> Admit:
    """The same decision without the script: reads the balance, then takes from it."""

    async def admit(call: AdmitRequest) -> bool:
        organization = hold_keys(call.hold)[3]
        worst_case = call.input_nanos + call.output_tokens_cap * call.output_nanos_per_token
        if int(await client.command("HGET", organization, "available")) < worst_case:
            return False
        await client.command("HINCRBY", organization, "available", -worst_case)
        return True

    return admit


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("balance_nanos", "worst_case_nanos", "calls", "admitted"),
    [(UNIT, 75 * UNIT // 1000, 200, 13), (500, 75, 20, 6)],
)
async def test_exactly_what_the_balance_covers_is_admitted(
    clients: list[RedisClient],
    steward: Steward,
    seed: int,
    balance_nanos: int,
    worst_case_nanos: int,
    calls: int,
    admitted: int,
) -> None:
    steward.credit(SITE, "acme", balance_nanos - 1_000, "top-up-1")
    relays = [through(Gate(client, owner=f"relay-{n}")) for n, client in enumerate(clients)]

    counted = await storm(relays, seed, calls, worst_case_nanos)

    assert counted == (admitted, calls - admitted)
    balance = steward.read_balance(SITE, "acme")
    assert balance.available_nanos == balance_nanos - admitted * worst_case_nanos
    assert balance.held_nanos == admitted * worst_case_nanos


async def test_control_without_the_script_the_balance_is_overdrawn(
    clients: list[RedisClient], steward: Steward
) -> None:
    steward.credit(SITE, "acme", UNIT - 1_000, "top-up-1")

    admitted, _ = await storm([unguarded(client) for client in clients], 0, 200, 75_000_000)

    assert admitted > 13
    assert steward.read_balance(SITE, "acme").available_nanos < 0
