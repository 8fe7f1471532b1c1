"""Limits of a key and of a plan: who runs into one gets a 429 that says when to come back, and
every answer says how much is left."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.faults.calls import new_mark
from tests.faults.cluster import READY_S, Cluster, Customer, wait_until
from tests.patience import promised
from tests.scenarios.wire import Wire, await_refusal, chat

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

MINUTE_S = 60
HELLO = chat("scripted", "[[demo: tokens=1]]", max_tokens=8)
# About 20 tokens of prompt by our guess and 150 of output asked for: two fit into 400.
LONG = chat("scripted", "[[demo: tokens=150]]", max_tokens=150)


def _until_refused(wire: Wire, customers: list[Customer], body: dict[str, Any]) -> tuple[int, Any]:
    """How many calls were let in before the first 429, and that one; spread over both relays.

    A minute may end in between: then the count begins anew.
    """
    for number in range(10):
        customer = customers[number % len(customers)]
        answer = wire.post(customer, body, relay=number % 2)
        if answer.status_code != 200:
            return number, answer
    raise AssertionError("never refused")


def _assert_rate_limited(answer: httpx.Response, detail: str) -> None:
    assert answer.status_code == 429
    assert answer.json()["error"] == {
        "message": f"Rate limit reached: {detail}.",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    assert 1 <= int(answer.headers["retry-after"]) <= MINUTE_S
    assert "x-should-retry" not in answer.headers


KEY_LIMITS = [
    ({"requests_per_minute": 2}, HELLO, "requests", 2, "2 requests per minute"),
    ({"tokens_per_minute": 400}, LONG, "tokens", 400, "400 tokens per minute"),
]


@pytest.mark.parametrize(("key", "body", "kind", "limit", "detail"), KEY_LIMITS)
def test_a_keys_limit_per_minute_holds_over_both_relays(
    deployment: Cluster,
    wire: Wire,
    key: dict[str, Any],
    body: dict[str, Any],
    kind: str,
    limit: int,
    detail: str,
) -> None:
    (customer,) = deployment.customers(1, amount="5.00", **key)
    let_in, answer = _until_refused(wire, [customer], body)
    assert 2 <= let_in <= 4
    _assert_rate_limited(answer, detail)
    assert answer.headers[f"x-ratelimit-limit-{kind}"] == str(limit)
    assert int(answer.headers[f"x-ratelimit-remaining-{kind}"]) < 100
    reset_s = int(answer.headers[f"x-ratelimit-reset-{kind}"].removesuffix("s"))
    assert 1 <= reset_s <= MINUTE_S
    told, _ = await_refusal(deployment, answer.headers["x-request-id"])
    assert told["rule"] == f"{kind}_per_minute {limit} (key)"
    assert told["episode_key"] == customer.key_id


@pytest.mark.parametrize(
    ("plan", "body", "rule"),
    [
        ("two-requests", HELLO, "requests_per_minute 2 (organization)"),
        ("few-tokens", LONG, "tokens_per_minute 400 (organization)"),
    ],
)
def test_a_plans_limit_counts_all_keys_of_the_organization(
    deployment: Cluster, wire: Wire, plan: str, body: dict[str, Any], rule: str
) -> None:
    (first,) = deployment.cast([{"amount": "5.00", "plan": plan}])
    made = deployment.manage("create_key", "--organization", first.organization)
    second = Customer(first.organization, made["id"], made["secret"])
    let_in, answer = _until_refused(wire, [first, second], body)
    assert 2 <= let_in <= 4
    told, _ = await_refusal(deployment, answer.headers["x-request-id"])
    assert (answer.status_code, told["rule"]) == (429, rule)


@pytest.mark.parametrize("scope", ["key", "organization"])
def test_concurrency_is_free_again_when_a_call_ends(
    deployment: Cluster, wire: Wire, scope: str
) -> None:
    order: dict[str, Any] = {"amount": "5.00"}
    order |= {"key": {"concurrency": 1}} if scope == "key" else {"plan": "one-at-once"}
    (customer,) = deployment.cast([order])
    mark = new_mark()
    with ThreadPoolExecutor(1) as threads:
        # Longer than a busy machine needs to ask again.
        slow = chat("scripted", "[[demo: tokens=2 wait=5000]]", user=mark)
        open_call = threads.submit(wire.post, customer, slow)
        wait_until(
            lambda: any(mark in str(call["body"]) for call in deployment.first.calls()),
            timeout_s=READY_S,
        )
        refused = wire.post(customer, HELLO, relay=1)
        assert open_call.result().status_code == 200
    _assert_rate_limited(refused, "1 calls at a time")
    assert wire.post(customer, HELLO, relay=1).status_code == 200
    told, _ = await_refusal(deployment, refused.headers["x-request-id"])
    assert told["rule"] == f"concurrency 1 ({scope})"


def test_every_answer_says_what_is_left(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(
        1, amount="5.00", requests_per_minute=1_000, tokens_per_minute=100_000
    )
    left = []
    for is_stream in (False, True):
        answer = wire.post(customer, HELLO | {"stream": is_stream})
        assert answer.headers["x-ratelimit-limit-requests"] == "1000"
        assert answer.headers["x-ratelimit-limit-tokens"] == "100000"
        left.append(int(answer.headers["x-ratelimit-remaining-requests"]))
        assert int(answer.headers["x-ratelimit-remaining-tokens"]) < 100_000
    assert left in ([999, 998], [999, 999])  # the latter when a minute began in between


def test_a_changed_plan_is_in_force_within_a_second(deployment: Cluster, wire: Wire) -> None:
    deployment.apply("plans:\n  - {id: growing, requests_per_minute: 1}\n")
    (customer,) = deployment.cast([{"amount": "5.00", "plan": "growing"}])
    assert _until_refused(wire, [customer], HELLO)[1].status_code == 429
    deployment.apply("plans:\n  - {id: growing, requests_per_minute: 1000}\n")
    wait_until(lambda: wire.post(customer, HELLO).status_code == 200, timeout_s=promised(1.0))
