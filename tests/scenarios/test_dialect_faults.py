"""Upstreams of every kind that fail, before callers of every dialect: one error in the caller's own
dialect, nothing of the upstream's text, and nobody pays for what they did not get."""

from collections.abc import AsyncIterator, Iterator

import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from relay.proxy.errors import ApiError, Cause
from relay.proxy.health import Health
from relay.proxy.types import Ending
from tests.scenarios.dialects.ask import Ask
from tests.scenarios.dialects.pairs import KEY, PAIRS, SPEECHES, Pair, buckets, paired

# What the caller gets for what the upstream did, where nothing of an answer has come yet.
STATUSES = {
    "400": 400,
    "401": 502,
    "403": 502,
    "404": 502,
    "429": 503,
    "500": 502,
    "503": 503,
    "529": 503,
    "reset": 502,
    "html-200": 502,
    "error-event after=0": 502,
}
# Vendors whose answers hold a list of blocks, which may be empty; to others no choice is no answer.
MAY_BE_EMPTY = {"anthropic", "openai-responses"}
WHOLE_ONLY = {"bad-json": 502, "cut": 502}
# What an upstream's stream may look like without being wrong.
DRESSES = ["crlf", "split", "comments"]


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    with running(Options(api_key=KEY.decode())) as upstream:
        yield upstream


@pytest.fixture(params=PAIRS, ids="-".join)
async def pair(request: pytest.FixtureRequest, demo: Running) -> AsyncIterator[Pair]:
    client, upstream = request.param
    demo.clear()
    async with paired(client, upstream, demo) as made:
        yield made


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def is_stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def test_a_failure_before_the_first_byte_costs_nothing(pair: Pair, is_stream: bool) -> None:
    statuses = STATUSES if is_stream else STATUSES | WHOLE_ONLY
    if pair.upstream not in MAY_BE_EMPTY:
        statuses = statuses | {"empty": 502}
    for fault, status in statuses.items():
        pair.house.opener.health = Health()  # no failure is held against it
        exchange = await pair.exchange(Ask(f"hello [[demo: fault={fault}]]", is_stream))
        assert (fault, exchange.status) == (fault, status), exchange.body
        assert pair.speech.error(exchange.body).message
        assert LEAK_MARK.encode() not in exchange.body
        assert (pair.end.usage, pair.end.ending) == (None, Ending.UPSTREAM_FAILED)


@pytest.mark.parametrize("fault", ["cut", "error-event"])
async def test_a_stream_that_breaks_off_ends_with_an_error(pair: Pair, fault: str) -> None:
    asked = Ask(f"hello [[demo: tokens=40 fault={fault} after=20]]", is_stream=True)
    exchange = await pair.exchange(asked)
    assert exchange.status == 200
    assert pair.speech.broken(exchange.body).message
    assert LEAK_MARK.encode() not in exchange.body
    end = pair.end
    assert end.ending is Ending.CUT
    assert 0 < buckets(end.usage)["output_tokens"] <= pair.upstream_call["tokens_sent"]


@pytest.mark.parametrize("fault", DRESSES)
async def test_a_stream_in_odd_dress_is_charged_exactly(pair: Pair, fault: str) -> None:
    seen = await pair.answer(Ask(f"hello [[demo: tokens=30 fault={fault}]]", is_stream=True))
    assert seen.text
    assert buckets(pair.end.usage) == pair.upstream_call["usage"]


async def test_usage_that_makes_no_sense_is_counted_by_us(pair: Pair, is_stream: bool) -> None:
    for fault in ("no-usage", "negative-usage", "absurd-usage", "float-usage"):
        exchange = await pair.exchange(Ask(f"hello [[demo: tokens=40 fault={fault}]]", is_stream))
        assert (exchange.status, exchange.is_whole) == (200, True)
        used, counted = pair.end.usage, pair.upstream_call["usage"]
        assert used is not None
        assert (fault, used.is_estimated) == (fault, True)
        assert abs(used.output_tokens - counted["output_tokens"]) <= counted["output_tokens"] // 2
        assert 0 < used.input_tokens <= 4 * counted["input_tokens"]


@pytest.mark.parametrize("client", SPEECHES)
@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.NO_CREDIT, 402),
        (Cause.KEY_BUDGET, 402),
        (Cause.RATE_LIMIT, 429),
        (Cause.GATE_UNAVAILABLE, 503),
        (Cause.MODEL_NOT_ALLOWED, 403),
    ],
    ids=lambda each: each.name.lower() if isinstance(each, Cause) else str(each),
)
async def test_a_refusal_is_in_the_callers_dialect(
    client: str, cause: Cause, status: int, demo: Running
) -> None:
    async with paired(client, "openai", demo) as pair:
        pair.house.gate.denial = ApiError(cause, rule="a rule")
        assert (await pair.refusal(Ask(), status)).message
        assert not pair.house.gate.admitted
        (refusal,) = pair.house.sink.refusals
        assert (refusal["code"], refusal["status"]) == (cause.value.code, status)


@pytest.mark.parametrize("client", SPEECHES)
async def test_strangers_and_unknown_models_are_told_so(client: str, demo: Running) -> None:
    async with paired(client, "openai", demo) as pair:
        pair.house.keys.callers.clear()
        assert (await pair.refusal(Ask(), 401)).message
    async with paired(client, "openai", demo) as pair:
        pair.house.routes.offers.clear()
        assert "small" in (await pair.refusal(Ask(), 404)).message
