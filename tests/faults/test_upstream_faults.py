"""Acceptance 16: however an upstream fails, one charge at most, no leak, failover only in time.

Every fault is asked for once, and then their records are waited for together. The price of
`scripted` and `single` is 1.00 a million tokens in and 4.00 out: 1,000 nanos a token of the prompt
and 4,000 a token of the answer.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from tests.faults.calls import Answer, body, call, posted_record
from tests.faults.cluster import Cluster, Customer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

# Faults that show before the first byte, and what a caller sees when no other Route is left.
BEFORE = {
    "429": 503,
    "500": 502,
    "503": 503,
    "reset": 502,
    "silence": 504,
    "html-200": 502,
    "empty": 502,
}
BREAKING = ["error-event", "cut"]
# Faults of the usage figures alone: the answer is whole, the charge is our own count. (A whole
# answer with a NaN in it is no JSON, and so no answer.)
USAGE = ["no-usage", "negative-usage", "absurd-usage", "float-usage", "nan-usage"]
MISCOUNTED = [(fault, True) for fault in USAGE] + [(fault, False) for fault in USAGE[:4]]
ODD = ["drip", "crlf", "split", "comments"]


class Ask(NamedTuple):
    """A fault of the first upstream: for a model with another Route (`scripted`), or without."""

    model: str
    directive: str
    is_stream: bool


class Told(NamedTuple):
    """What the caller got of it, and what is on record."""

    answer: Answer
    row: dict[str, Any]


def moving_on(fault: str, is_stream: bool) -> Ask:
    return Ask("scripted", f"fault={fault} only=first tokens=5 retry_after=0", is_stream)


def failing(fault: str, is_stream: bool) -> Ask:
    return Ask("single", f"fault={fault} retry_after=0", is_stream)


def breaking(fault: str) -> Ask:
    # `after=7` of 20 tokens: no failover, although a second Route is there.
    return Ask("scripted", f"fault={fault} after=7 tokens=20", True)


def broken(fault: str) -> Ask:
    return Ask("scripted", f"fault={fault} only=first tokens=5", False)


def miscounted(fault: str, is_stream: bool) -> Ask:
    return Ask("scripted", f"fault={fault} tokens=12", is_stream)


def odd(fault: str) -> Ask:
    return Ask("scripted", f"fault={fault} tokens=6 pace=1", True)


REFUSED = Ask("scripted", "fault=400", False)
ASKS = [
    *[
        make(fault, stream)
        for make in (moving_on, failing)
        for fault in BEFORE
        for stream in (True, False)
    ],
    *[make(fault) for make in (breaking, broken) for fault in BREAKING],
    *[miscounted(fault, is_stream) for fault, is_stream in MISCOUNTED],
    *[odd(fault) for fault in ODD],
    REFUSED,
]


@pytest.fixture(scope="module")
def impatient(deployment: Cluster) -> Iterator[str]:
    """A relay that takes two seconds for silence. The others wait as in production: on a starved
    machine a good upstream may need as long."""
    child, url = deployment.start_relay(UPSTREAM_FIRST_BYTE_S="2")
    yield url
    deployment.end(child)


async def _ask(url: str, customer: Customer, asked: Ask) -> Answer:
    """Good answers beside the bad one: an upstream that does nothing but fail is left alone, which
    tests/relay/proxy is about."""
    for _ in range(2):
        good = await call(url, customer, body("single", "tokens=1", stream=False))
        assert good.status == 200
    model, directive, is_stream = asked
    return await call(url, customer, body(model, directive, stream=is_stream))


async def _ask_all(deployment: Cluster, customer: Customer, impatient: str) -> dict[Ask, Told]:
    silent = [asked for asked in ASKS if "silence" in asked.directive]
    waiting = asyncio.gather(*[_ask(impatient, customer, asked) for asked in silent])
    url = deployment.relays[0][1]
    loud = {asked: await _ask(url, customer, asked) for asked in ASKS if asked not in silent}
    answers = loud | dict(zip(silent, await waiting, strict=True))
    return {
        asked: Told(answer, await posted_record(deployment, answer.request_id))
        for asked, answer in answers.items()
    }


@pytest.fixture(scope="module")
def told(deployment: Cluster, impatient: str) -> dict[Ask, Told]:
    (customer,) = deployment.customers(1, amount="50.00")
    return asyncio.run(_ask_all(deployment, customer, impatient))


def _assert_clean(answer: Answer) -> None:
    assert LEAK_MARK not in answer.text
    assert LEAK_MARK not in str(answer.headers)
    assert "x-demo-upstream" not in answer.headers


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", BEFORE)
def test_a_fault_before_the_first_byte_moves_on_to_the_next_route(
    told: dict[Ask, Told], fault: str, stream: bool
) -> None:
    answer, row = told[moving_on(fault, stream)]
    assert answer.status == 200, answer.text
    _assert_clean(answer)
    assert (row["upstream"], row["attempts"], row["ending"]) == ("second", 2, "completed")
    assert row["charge_nanos"] == row["input_tokens"] * 1_000 + 5 * 4_000


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", BEFORE)
def test_without_another_route_the_caller_gets_our_error_and_pays_nothing(
    told: dict[Ask, Told], fault: str, stream: bool
) -> None:
    answer, row = told[failing(fault, stream)]
    assert answer.status == BEFORE[fault], answer.text
    assert '"type":"server_error"' in answer.text
    _assert_clean(answer)
    assert (row["ending"], row["charge_nanos"]) == ("upstream_failed", 0)


@pytest.mark.parametrize("fault", BREAKING)
def test_a_stream_that_breaks_ends_with_an_error_event_and_charges_what_was_delivered(
    told: dict[Ask, Told], fault: str
) -> None:
    answer, row = told[breaking(fault)]
    assert answer.status == 200
    assert not answer.is_done
    assert answer.events[-1]["error"]["code"] == "upstream_error"
    _assert_clean(answer)
    assert (row["ending"], row["attempts"], row["is_estimated"]) == ("cut", 1, True)
    assert row["output_tokens"] == 7
    assert row["charge_nanos"] == row["input_tokens"] * 1_000 + 7 * 4_000


@pytest.mark.parametrize("fault", BREAKING)
def test_a_broken_whole_answer_is_not_sent_and_moves_on(told: dict[Ask, Told], fault: str) -> None:
    answer, row = told[broken(fault)]
    assert answer.status == 200
    assert (row["upstream"], row["output_tokens"]) == ("second", 5)


@pytest.mark.parametrize(("fault", "stream"), MISCOUNTED)
def test_missing_or_absurd_usage_is_counted_by_us_and_flagged(
    told: dict[Ask, Told], fault: str, stream: bool
) -> None:
    answer, row = told[miscounted(fault, stream)]
    assert answer.status == 200
    assert (row["ending"], row["is_estimated"], row["attempts"]) == ("completed", True, 1)
    # By deltas a stream is counted exactly; a whole answer by its length, within its JSON.
    assert row["output_tokens"] == 12 if stream else row["output_tokens"] > 0
    assert 0 < row["charge_nanos"] < 2_000_000


@pytest.mark.parametrize("fault", ODD)
def test_odd_but_whole_streams_pass_and_are_billed_by_the_upstreams_figure(
    told: dict[Ask, Told], fault: str
) -> None:
    answer, row = told[odd(fault)]
    assert answer.is_done
    assert (row["ending"], row["is_estimated"], row["output_tokens"]) == ("completed", False, 6)


def test_an_upstreams_refusal_of_the_request_is_a_400_without_its_words(
    told: dict[Ask, Told],
) -> None:
    answer, row = told[REFUSED]
    assert answer.status == 400
    assert '"type":"invalid_request_error"' in answer.text
    _assert_clean(answer)
    assert (row["charge_nanos"], row["attempts"]) == (0, 1)


def test_after_all_that_the_books_agree(deployment: Cluster, told: dict[Ask, Told]) -> None:
    assert len(told) == len(ASKS)
    assert deployment.settled_audit()["ok"]
