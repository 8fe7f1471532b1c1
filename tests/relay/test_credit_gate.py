"""What a relay does for its Calls when a Hold runs out, or Redis loses it; on a real Valkey."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from redis import Redis

from billing.gate.client import RedisClient
from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import UNLIMITED, Balance
from billing.price_versions import PriceVersion
from relay.adapters.credit import GROWTH_TOKENS, GateCredit
from relay.adapters.price_lists import PriceList
from relay.adapters.rights import Rights
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Call, Ending, Usage
from tests.billing.gate.valkey import Valkey
from tests.relay.proxy.fakes import caller, offer, site

ACME = "org_acme"
# Ten nanos a token of output, none for the prompt.
PRICE = PriceVersion(1, {"input": 0, "output": 10_000_000})
CAP = 100


class Books:
    """Postgres, as far as a relay asks it."""

    def __init__(self) -> None:
        self.posted: set[str] = set()

    async def find_posted(self, request_ids: Sequence[str]) -> set[str]:
        return self.posted & set(request_ids)


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    server = Valkey(Path(tempfile.mkdtemp(prefix="gate-")))
    server.start()
    yield server
    server.remove()


@pytest.fixture
def redis(valkey: Valkey) -> Iterator[Redis]:
    with valkey.redis() as client:
        client.flushall()
        yield client


@pytest.fixture
def steward(redis: Redis) -> Steward:
    """Acme has what 2,000 tokens cost."""
    steward = Steward(redis)
    steward.open("acme", "epoch-1", {ACME: 20_000})
    return steward


@pytest.fixture
async def gate(valkey: Valkey, steward: Steward) -> AsyncIterator[Gate]:
    client = RedisClient(valkey.url)
    yield Gate(client, owner="relay-1")
    await client.close()


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def credit(gate: Gate, books: Books) -> GateCredit:
    return GateCredit(gate, connections_made=lambda: 1, find_posted=books.find_posted)


def a_call(request_id: str = "req_1", **changes: Any) -> Call:
    fields: dict[str, Any] = {
        "request_id": request_id,
        "endpoint": "chat/completions",
        "site": site(),
        "caller": caller(rights=Rights(UNLIMITED, UNLIMITED, None, "total", ZoneInfo("UTC"))),
        "offer": offer(price=PriceList(PRICE)),
        "is_stream": True,
        "input_tokens_bound": 40,
        "input_tokens_guess": 10,
        "output_tokens_cap": CAP,
        "choices": 1,
        "is_clampable": False,
        "admitted_at_ms": 0,
        "started_at": asyncio.get_running_loop().time(),
    }
    return Call(**(fields | changes))


async def end(credit: GateCredit, call: Call, tokens: int) -> None:
    call.is_settled, call.ending = True, Ending.COMPLETED
    call.usage = Usage(input_tokens=10, output_tokens=tokens)
    await credit.settle(call)


async def lose_everything(redis: Redis, steward: Steward) -> None:
    redis.flushall()
    steward.open("acme", "epoch-2", {ACME: 20_000})


async def test_the_hold_covers_the_cap_and_grows_with_the_answer(
    credit: GateCredit, steward: Steward
) -> None:
    call = a_call()
    await credit.admit(call)
    assert call.covered_tokens == CAP

    await credit.extend(call, CAP + 1)

    assert call.covered_tokens >= CAP + 1 + GROWTH_TOKENS
    assert steward.read_balance("acme", ACME).held_nanos >= 10 * (CAP + 1 + GROWTH_TOKENS)


async def test_an_answer_beyond_the_balance_is_refused_with_everything_held(
    credit: GateCredit, steward: Steward
) -> None:
    call = a_call()
    await credit.admit(call)
    await credit.extend(call, 1_900)  # a step of 1,024 more would not fit
    assert call.covered_tokens == 2_000

    with pytest.raises(ApiError) as refusal:
        await credit.extend(call, 2_001)

    assert refusal.value.cause is Cause.NO_CREDIT
    await end(credit, call, tokens=2_000)
    assert steward.read_balance("acme", ACME) == Balance(0, 0, 20_000, 0)


async def test_control_without_growth_another_call_takes_what_the_answer_costs(
    credit: GateCredit, steward: Steward, redis: Redis
) -> None:
    greedy = a_call("req_1")
    await credit.admit(greedy)
    await credit.admit(a_call("req_2", output_tokens_cap=1_900))
    await end(credit, greedy, tokens=1_500)

    ((_, fields),) = redis.xrange("tg:{acme}:usage")
    assert int(fields[b"written_off"]) == 14_000
    assert steward.read_balance("acme", ACME).available_nanos == 0


async def test_a_running_calls_hold_comes_back_after_a_loss(
    credit: GateCredit, steward: Steward, redis: Redis
) -> None:
    call = a_call()
    await credit.admit(call)
    await credit._losses.look()
    await lose_everything(redis, steward)

    await credit._losses.look()

    assert steward.read_balance("acme", ACME) == Balance(19_000, 1_000, 0, 1)
    await end(credit, call, tokens=50)
    assert steward.read_balance("acme", ACME) == Balance(19_500, 0, 500, 0)


async def test_usage_that_is_not_on_record_is_sent_again_after_a_loss(
    credit: GateCredit, books: Books, steward: Steward, redis: Redis
) -> None:
    for request_id in ("req_1", "req_2"):
        call = a_call(request_id)
        await credit.admit(call)
        await end(credit, call, tokens=50)
    books.posted.add("req_1")
    await credit._unposted._forget_posted()
    await lose_everything(redis, steward)

    await credit._losses.look()
    await credit.stop()

    ((_, fields),) = redis.xrange("tg:{acme}:usage")
    assert fields[b"request_id"] == b"req_2"
    assert steward.read_balance("acme", ACME) == Balance(19_500, 0, 500, 0)


@pytest.mark.parametrize(
    ("posted", "available_nanos"),
    [
        ({"req_1"}, 19_500),
        # The control: a relay that sends without asking takes the same 500 nanos once more.
        (set(), 19_000),
    ],
    ids=["asked", "control: unasked"],
)
async def test_usage_posted_just_before_a_loss_is_not_taken_from_the_rebuilt_balance_again(
    credit: GateCredit,
    books: Books,
    steward: Steward,
    redis: Redis,
    posted: set[str],
    available_nanos: int,
) -> None:
    call = a_call()
    await credit.admit(call)
    await end(credit, call, tokens=50)
    books.posted = posted  # since the relay asked last
    redis.flushall()
    steward.open("acme", "epoch-2", {ACME: 19_500})  # as Postgres knows it

    await credit._losses.look()
    await credit.stop()

    assert steward.read_balance("acme", ACME).available_nanos == available_nanos


async def test_control_a_relay_that_does_not_look_loses_usage(
    credit: GateCredit, steward: Steward, redis: Redis
) -> None:
    call = a_call()
    await credit.admit(call)
    await end(credit, call, tokens=50)
    await lose_everything(redis, steward)

    await credit.stop()

    assert redis.xlen("tg:{acme}:usage") == 0


async def test_a_settle_waits_for_a_closed_gate(
    credit: GateCredit, steward: Steward, redis: Redis
) -> None:
    call = a_call()
    await credit.admit(call)
    steward.close("acme")
    await end(credit, call, tokens=50)
    assert steward.read_balance("acme", ACME).open_holds == 1

    steward.open("acme", "epoch-1", {ACME: 19_000})
    await credit.stop()

    assert steward.read_balance("acme", ACME) == Balance(19_500, 0, 500, 0)
