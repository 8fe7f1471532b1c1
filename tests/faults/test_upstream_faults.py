"""Acceptance 16: however an upstream fails, one charge at most, no leak, failover only in time.

The price of `scripted` and `single` is 1.00 a million tokens in and 4.00 out: 1,000 nanos a token
of the prompt and 4,000 a token of the answer.
"""

import asyncio

import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from tests.faults.calls import Answer, body, call, posted_record
from tests.faults.cluster import Cluster, Customer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

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
# Faults of the usage figures alone: the answer is whole, the charge is our own count. (A whole
# answer with a NaN in it is no JSON, and so no answer.)
USAGE = ["no-usage", "negative-usage", "absurd-usage", "float-usage", "nan-usage"]


@pytest.fixture(scope="module")
def customer(deployment: Cluster) -> Customer:
    return deployment.customers(1, amount="50.00")[0]


@pytest.fixture(autouse=True)
async def among_others(deployment: Cluster, customer: Customer) -> None:
    """Good answers beside the bad one: an upstream that does nothing but fail is left alone, which
    tests/relay/proxy is about."""
    for _ in range(2):
        answer = await call(_url(deployment), customer, body("single", "tokens=1", stream=False))
        assert answer.status == 200


def _url(deployment: Cluster) -> str:
    return deployment.relays[0][1]


def _assert_clean(answer: Answer) -> None:
    assert LEAK_MARK not in answer.text
    assert LEAK_MARK not in str(answer.headers)
    assert "x-demo-upstream" not in answer.headers


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", BEFORE)
async def test_a_fault_before_the_first_byte_moves_on_to_the_next_route(
    deployment: Cluster, customer: Customer, fault: str, stream: bool
) -> None:
    request = body("scripted", f"fault={fault} only=first tokens=5 retry_after=0", stream=stream)
    answer = await call(_url(deployment), customer, request)
    assert answer.status == 200, answer.text
    _assert_clean(answer)
    row = await posted_record(deployment, answer.request_id)
    assert (row["upstream"], row["attempts"], row["ending"]) == ("second", 2, "completed")
    assert row["charge_nanos"] == row["input_tokens"] * 1_000 + 5 * 4_000


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", BEFORE)
async def test_without_another_route_the_caller_gets_our_error_and_pays_nothing(
    deployment: Cluster, customer: Customer, fault: str, stream: bool
) -> None:
    answer = await call(
        _url(deployment), customer, body("single", f"fault={fault} retry_after=0", stream=stream)
    )
    assert answer.status == BEFORE[fault], answer.text
    assert '"type":"server_error"' in answer.text
    _assert_clean(answer)
    row = await posted_record(deployment, answer.request_id)
    assert (row["ending"], row["charge_nanos"]) == ("upstream_failed", 0)


@pytest.mark.parametrize("fault", ["error-event", "cut"])
async def test_a_stream_that_breaks_ends_with_an_error_event_and_charges_what_was_delivered(
    deployment: Cluster, customer: Customer, fault: str
) -> None:
    # `after=7` of 20 tokens: no failover, although a second Route is there.
    answer = await call(
        _url(deployment),
        customer,
        body("scripted", f"fault={fault} after=7 tokens=20", stream=True),
    )
    assert answer.status == 200
    assert not answer.is_done
    assert answer.events[-1]["error"]["code"] == "upstream_error"
    _assert_clean(answer)
    row = await posted_record(deployment, answer.request_id)
    assert (row["ending"], row["attempts"], row["is_estimated"]) == ("cut", 1, True)
    assert row["output_tokens"] == 7
    assert row["charge_nanos"] == row["input_tokens"] * 1_000 + 7 * 4_000


@pytest.mark.parametrize("fault", ["error-event", "cut"])
async def test_a_broken_whole_answer_is_not_sent_and_moves_on(
    deployment: Cluster, customer: Customer, fault: str
) -> None:
    request = body("scripted", f"fault={fault} only=first tokens=5", stream=False)
    answer = await call(_url(deployment), customer, request)
    assert answer.status == 200
    row = await posted_record(deployment, answer.request_id)
    assert (row["upstream"], row["output_tokens"]) == ("second", 5)


@pytest.mark.parametrize(
    ("fault", "stream"),
    [(fault, True) for fault in USAGE] + [(fault, False) for fault in USAGE[:4]],
)
async def test_missing_or_absurd_usage_is_counted_by_us_and_flagged(
    deployment: Cluster, customer: Customer, fault: str, stream: bool
) -> None:
    request = body("scripted", f"fault={fault} tokens=12", stream=stream)
    answer = await call(_url(deployment), customer, request)
    assert answer.status == 200
    row = await posted_record(deployment, answer.request_id)
    assert (row["ending"], row["is_estimated"], row["attempts"]) == ("completed", True, 1)
    # By deltas a stream is counted exactly; a whole answer by its length, within its JSON.
    assert row["output_tokens"] == 12 if stream else row["output_tokens"] > 0
    assert 0 < row["charge_nanos"] < 2_000_000


@pytest.mark.parametrize("fault", ["drip", "crlf", "split", "comments"])
async def test_odd_but_whole_streams_pass_and_are_billed_by_the_upstreams_figure(
    deployment: Cluster, customer: Customer, fault: str
) -> None:
    request = body("scripted", f"fault={fault} tokens=6 pace=1", stream=True)
    answer = await call(_url(deployment), customer, request)
    assert answer.is_done
    row = await posted_record(deployment, answer.request_id)
    assert (row["ending"], row["is_estimated"], row["output_tokens"]) == ("completed", False, 6)


async def test_an_upstreams_refusal_of_the_request_is_a_400_without_its_words(
    deployment: Cluster, customer: Customer
) -> None:
    answer = await call(_url(deployment), customer, body("scripted", "fault=400", stream=False))
    assert answer.status == 400
    assert '"type":"invalid_request_error"' in answer.text
    _assert_clean(answer)
    row = await posted_record(deployment, answer.request_id)
    assert (row["charge_nanos"], row["attempts"]) == (0, 1)


async def test_after_all_that_the_books_agree(deployment: Cluster) -> None:
    await asyncio.to_thread(deployment.settled_audit)
